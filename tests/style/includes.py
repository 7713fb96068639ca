"""includes.py ROOT: dependencies between the rooms point one way, and MPI is
known only where it may be."""

import re
import subprocess
import sys
from pathlib import Path

# What a room may include, besides itself.
ALLOWED = {
    "base": set(),
    "sparsify": {"base"},
    "cuda": {"base", "sparsify"},
    "exchange": {"base", "sparsify"},
    "policy": {"base"},
    "report": {"base", "policy"},
    "pmpi": {"base", "sparsify", "exchange", "policy", "report", "cuda"},
    "tools": {"base", "policy"},
    "apps": set(),
}
WITHOUT_MPI = {"base", "sparsify", "cuda", "policy", "report", "tools"}
# All that the host knows of cuda/.
PLUGIN = "cuda/plugin.h"
# The part of `spar info -t` that runs in the ranks of a job.
WITH_MPI = {"tools/topology/main.c", "tools/topology/measure.c",
            "tools/topology/measure.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def findings(root, name):
    """Lines about one file."""
    room = name.split("/")[0]
    text = (root / name).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(text, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[1].split("/")[0]
        if match[1] == "mpi.h" and room in WITHOUT_MPI \
                and name not in WITH_MPI:
            yield "%s:%d: %s/ knows no MPI" % (name, number, room)
        if target == "cuda" and room not in ("cuda", "bench", "tests") and \
                match[1] != PLUGIN:
            yield "%s:%d: only %s is for others" % (name, number, PLUGIN)
        if target in ALLOWED and target != room and \
                target not in ALLOWED[room]:
            yield "%s:%d: %s/ must not include %s/" % (name, number, room,
                                                       target)


def main():
    root = Path(sys.argv[1])
    names = subprocess.run(["git", "-C", str(root), "ls-files", "*.c", "*.h",
                            "*.cu", "*.cuh"],
                           capture_output=True, text=True, check=True)
    found = [finding for name in names.stdout.split()
             if name.split("/")[0] in ALLOWED and (root / name).exists()
             for finding in findings(root, name)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
