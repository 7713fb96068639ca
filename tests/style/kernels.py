"""kernels.py ROOT: every kernel of cuda/ is in the table of its file, and every
table in cuda/load.cu, so that a device that is opened loads them all."""

import re
import subprocess
import sys
from pathlib import Path

KERNEL = re.compile(r"\b__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)"
                    r"\s*)?(\w+)\s*\(")
TABLE = re.compile(r"\bconst spar_cuda_\w+_kernels\[\]\s*=\s*\{(.*?)\}",
                   re.DOTALL)
NAME = re.compile(r"\bspar_cuda_\w+_kernels\b")
LOADER = "cuda/load.cu"


def findings(name, text, loaded):
    """Lines about one file; `loaded`: the tables that the loader names."""
    kernels = KERNEL.findall(text)
    # A qualifier that is written otherwise shall not hide a kernel.
    if len(kernels) != len(re.findall(r"\b__global__\b", text)):
        yield "%s: a kernel that this checker cannot read" % name
    listed = set(re.findall(r"\w+", " ".join(TABLE.findall(text))))
    for kernel in kernels:
        if kernel not in listed:
            yield "%s: kernel %s is in no table" % (name, kernel)
    for table in set(NAME.findall(text)) - loaded:
        yield "%s: %s is not in %s" % (name, table, LOADER)


def main():
    root = Path(sys.argv[1])
    names = subprocess.run(["git", "-C", str(root), "ls-files", "cuda/*.cu",
                            "cuda/*.cuh"],
                           capture_output=True, text=True, check=True)
    texts = {name: (root / name).read_text(encoding="utf-8")
             for name in names.stdout.split() if (root / name).exists()}
    loaded = set(NAME.findall(texts.get(LOADER, "")))
    found = [finding for name, text in texts.items()
             for finding in findings(name, text, loaded)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
