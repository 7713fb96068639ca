"""traces.py ROOT: the traces hold the tensors and times that are known of their
networks, and are what bench/traces/make.py writes."""

import csv
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

# Tensors, parameters, ms forward and backward. The counts of Inception-v4, VGG-16
# and BERT-base are those of pretrainedmodels, torchvision and transformers; the
# times of the first three are the paper's.
KNOWN = {
    "resnet50": (161, 25557032, 90, 120),
    "inception_v4": (449, 42679816, 305, 524),
    "lstm_ptb": (11, 2 * 1500 * 10000 + 10000 + 2 * (2 * 6000 * 1500 + 2 * 6000), 76, 131),
    "vgg16": (32, 138357544, 340, 453),
    "transformer": (199, 109482240, 245, 327),
}


def findings(folder, name, known):
    with open(folder / f"{name}.csv", encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    elements = sum(int(row["elements"]) for row in rows)
    forward, backward = (sum(float(row[key]) for row in rows)
                         for key in ("forward_ms", "backward_ms"))
    if (len(rows), elements) != known[:2]:
        yield f"{name}: {len(rows)} tensors, {elements} elements"
    if abs(forward - known[2]) > 0.5 or abs(backward - known[3]) > 0.5:
        yield f"{name}: {forward} ms forward, {backward} ms backward"
    rms = [float(row["rms"]) for row in rows]
    if min(rms) <= 0 or max(rms) < 10 * min(rms):
        yield f"{name}: rms from {min(rms)} to {max(rms)}"


def outdated(folder):
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([sys.executable, "-B", str(folder / "make.py"), "--out", fresh],
                       check=True)
        for path in sorted(Path(fresh).iterdir()):
            if not filecmp.cmp(path, folder / path.name, shallow=False):
                yield f"{path.name} is not what make.py writes"


def main():
    folder = Path(sys.argv[1]) / "bench" / "traces"
    found = [line for name, known in KNOWN.items()
             for line in findings(folder, name, known)] + list(outdated(folder))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
