"""python.py ROOT: every tracked Python file compiles, and no line of it is
longer than 100 columns."""

import subprocess
import sys
from pathlib import Path

LONGEST = 100


def is_python(path):
    if path.suffix == ".py":
        return True
    try:
        with open(path, "rb") as file:
            first = file.readline()
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def findings(path, name):
    source = path.read_text(encoding="utf-8")
    try:
        compile(source, name, "exec")
    except SyntaxError as error:
        yield "%s:%s: %s" % (name, error.lineno, error.msg)
    for number, line in enumerate(source.splitlines(), 1):
        if len(line) > LONGEST:
            yield "%s:%d: %d columns" % (name, number, len(line))


def main():
    root = Path(sys.argv[1])
    names = subprocess.run(["git", "-C", str(root), "ls-files"],
                           capture_output=True, text=True, check=True)
    found = [finding for name in names.stdout.splitlines()
             if is_python(root / name) for finding in findings(root / name,
                                                               name)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
