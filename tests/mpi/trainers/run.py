#!/usr/bin/python3
"""run.py LIST [NAME...]: the trainers of LIST (lines "NAME RANKS COMMAND"), or
those named: each once with SPAR_MODE=off and once with Spar's defaults on a
network whose dense sums are slow, so that only what Spar thinks of a call keeps
it dense. Prints one table of what went sparse and what did not; the exit code
is 1 if that, or what was learnt, is not as it should be (common.py has the
lines of a trainer), and 77 if PyTorch is needed and not here. LIBSPAR names the
library, LIBSPAR_SLOW the slow network.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Microseconds that a dense sum of any size takes longer. On a busy machine sparse
# ones may take as long; then the run says nothing, and dense ones get slower.
SLOW_DENSE = (8000, 24000, 72000)
# A dense layer that should be dense says nothing if it is so for one of these.
MATTERS_OF_TIME = ("dense is predicted faster", "sparse proved slower",
                   "the dense exchange hides behind the computation")
# Loss with Spar over loss without, and least that must be learnt.
MOST_LOSS, LEAST_LEARNT = 1.05, 0.7
NO_TORCH = "No module named 'torch'"
FORMAT = "%-20s %8s %8s %8s %8s %9s %9s"
TITLES = ("trainer", "sparse", "missed", "dense", "failed", "loss", "dense")


class Trainer:
    """One line of the list, and what came of it."""

    def __init__(self, line):
        self.name, self.ranks, *self.command = line.split()
        self.forget()

    def forget(self):
        self.sparse = self.missed = self.dense = self.failed = 0
        self.losses = []
        self.remarks = []
        self.untimely = self.skipped = False

    def remark(self, kind, *words):
        self.remarks.append("%s: %s" % (kind, " ".join(map(str, words))))

    def run_until_told(self):
        for slow_dense in SLOW_DENSE:
            self.forget()
            self.run(slow_dense)
            if not self.untimely:
                return

    def job(self, **settings):
        """Runs it; its output, or None."""
        job = [str(HERE.parent / "job.sh"), "-n", self.ranks, "-m",
               "replicas are identical", "--"]
        done = subprocess.run(
            job + self.command, stdout=subprocess.PIPE, text=True, check=False,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, OPENBLAS_NUM_THREADS="1",
                     OMP_NUM_THREADS="1", **settings))
        self.skipped = NO_TORCH in done.stdout
        if self.skipped:
            self.remark("skipped", NO_TORCH)
            return None
        if done.returncode != 0:
            self.remark("MISTAKE", "the job failed:\n" + done.stdout)
            return None
        self.losses.append(re.search(r"^loss (\S+) (\S+)$", done.stdout,
                                     re.MULTILINE).groups())
        return done.stdout

    def run(self, slow_dense):
        if self.job(SPAR_MODE="off") is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            output = self.job(
                SPAR_DENSE="mpi", SPAR_REPORT=folder + "/report.json",
                SPAR_TRACE=folder, SLOW_DENSE=str(slow_dense),
                LIBSPAR_BEHIND=os.environ["LIBSPAR_SLOW"])
            if output is None:
                return
            report = json.loads(Path(folder, "report.json").read_text("utf-8"))
            calls = calls_of(Path(folder, "spar.rank0.json"))
        self.check_loss()
        for what, rest in re.findall(r"^expect (\S+) (.+)$", output,
                                     re.MULTILINE):
            if what == "note":
                self.check_note(report, rest)
            else:
                self.check(Expected(what, rest), report["layers"], calls)

    def check_loss(self):
        (start, dense), (_, spar) = ([float(word) for word in loss]
                                     for loss in self.losses)
        if not dense < LEAST_LEARNT * start:
            self.remark("MISTAKE", "learns nothing without Spar")
        if not spar < MOST_LOSS * dense:
            self.remark("MISTAKE", "learns less with Spar")

    def check_note(self, report, text):
        if not any(text in note for note in report["notes"]):
            self.remark("MISTAKE", "the report does not say:", text)

    def check(self, expected, layers, calls):
        layers = [each for each in layers if expected.fits(each["count"])]
        densities = [density for count, density in calls
                     if expected.fits(count)]
        if not densities:
            self.remark("MISTAKE", "no sums of", expected.text)
        if expected.sparse:
            self.check_sparse(expected, layers, densities)
        else:
            self.check_dense(expected, layers, densities)

    def check_sparse(self, expected, layers, densities):
        wrong = [each["why"] for each in layers if each["state"] != "sparse"]
        if expected.layers not in (None, len(layers)) or not layers:
            wrong.append("it is %d layers" % len(layers))
        elif not wrong and densities and densities[-1] >= 1:
            wrong.append("it ended densely")
        for why in wrong:
            self.missed += 1
            self.untimely |= why in MATTERS_OF_TIME
            self.remark("MISSED", expected.text + ":", why)
        self.sparse += sum(each["state"] == "sparse" for each in layers)

    def check_dense(self, expected, layers, densities):
        wrong = []
        sparse = sum(density < 1 for density in densities)
        if sparse:
            wrong.append("%d of %d went sparse" % (sparse, len(densities)))
        if not layers and not expected.optional:
            wrong.append("it was in no step")
        for layer in layers:
            if layer["why"] in MATTERS_OF_TIME:
                wrong.append("only since " + layer["why"])
                self.untimely |= not sparse
            elif layer["state"] != "sparse":
                self.remark("dense", expected.text + ":", layer["why"])
        for why in wrong:
            self.remark("FAILED", expected.text + ":", why)
        self.failed += bool(wrong)
        self.dense += not wrong

    def is_right(self):
        wrong = any(text.startswith("MISTAKE") for text in self.remarks)
        return not (wrong or self.missed or self.failed)

    def row(self):
        losses = [loss[1] for loss in self.losses] + ["-", "-"]
        return FORMAT % (self.name, self.sparse, self.missed, self.dense,
                         self.failed, losses[1], losses[0])


class Expected:
    """One line of a trainer."""

    def __init__(self, what, rest):
        words = dict((word + "=").split("=")[:2] for word in rest.split())
        self.text = rest
        self.sparse = what == "sparse"
        self.count = words["count"]
        self.layers = int(words["layers"]) if "layers" in words else None
        self.optional = "optional" in words or self.count == "any"

    def fits(self, count):
        return self.count in ("any", str(count))


def calls_of(path):
    """(count, density) of all calls of a rank, in their order."""
    trace = json.loads(path.read_text("utf-8"))
    calls = sorted((event["ts"], event["args"]) for event in
                   trace["traceEvents"] if event.get("cat") == "call"
                   and "density" in event.get("args", {}))
    return [(args["count"], args["density"]) for _, args in calls]


def main():
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    trainers = [Trainer(line) for line in lines]
    names = sys.argv[2:] or [trainer.name for trainer in trainers]
    chosen = [trainer for trainer in trainers if trainer.name in names]
    if len(chosen) != len(names):
        sys.exit("run.py: not in %s: one of %s" % (sys.argv[1], names))
    print(FORMAT % TITLES)
    for trainer in chosen:
        trainer.run_until_told()
        print("\n    ".join([trainer.row()] + sorted(set(trainer.remarks))),
              flush=True)
    if all(trainer.skipped for trainer in chosen):
        return 77
    return 0 if all(trainer.is_right() for trainer in chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
