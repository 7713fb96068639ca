"""spar ab: measures a program dense and with Spar, side by side."""

import argparse
import json
import sys
from pathlib import Path

from spartools import command_line, table, variants
from spartools.errors import ToolError, run_launcher
from spartools.measure import Measurement
from spartools.progress import Progress
from spartools.summary import make as make_summary

EPILOG = """Every variant runs the command with the library loaded, so that all
are timed alike: dense with Open MPI's own choice of algorithm, dense with the
algorithm that was best in a short trial, with --quantised dense with values of
fewer bits (SPAR_MODE=quantised, the baseline of QSGD), and Spar with the SPAR_
variables of the environment. The rounds are interleaved. FOLDER gets ab.json
(all numbers), ab.png (a picture) and, under runs/, the output and report of
every run.

Exit code: 0; the command's own when a run of it fails; 2 for a mistake in this
command line; 130 after Ctrl-C."""


def parse_algorithms(text):
    if text == "none":
        return []
    numbers = []
    for word in text.split(","):
        if not word.isdigit() or int(word) not in range(
                1, len(variants.ALGORITHMS)):
            raise argparse.ArgumentTypeError(
                "'%s' is not a number from 1 to 6, and not none" % word)
        numbers.append(int(word))
    return numbers


def make_parser():
    parser = command_line.make_parser("ab", __doc__, EPILOG)
    add = parser.add_argument
    add("--rounds", type=command_line.parse_count, default=3, metavar="N",
        help="runs of each variant (default 3)")
    add("--steps", type=command_line.parse_count, metavar="N",
        help="end each run after N steps (default: the program's own end)")
    add("--out", type=Path, default=Path("spar-ab"), metavar="FOLDER",
        help="where the results go (default spar-ab)")
    add("--label", default="", metavar="TEXT",
        help="the set-up, for the picture's title")
    add("--skip-default", action="store_true",
        help="leave out dense with Open MPI's own choice")
    add("--quantised", nargs="?", choices=variants.QUANTISED,
        const=variants.QUANTISED[0], metavar="VALUES",
        help="also dense sums with fewer bits: %s (default %s)" % (
            ", ".join(variants.QUANTISED), variants.QUANTISED[0]))
    add("--algorithms", type=parse_algorithms, default=[1, 2, 3, 4, 5, 6],
        metavar="LIST", help="Open MPI's allreduce algorithms to try, such as "
        "3,4,6, or none (default: all, 1 to 6)")
    add("--probe-steps", type=command_line.parse_count, default=12, metavar="N",
        help="steps of each trial (default 12)")
    return parser


def prepare_folder(out):
    """The folder of the runs. Results of an earlier call are removed first, so
    that a failure leaves none that could be taken for new ones."""
    runs = (out / "runs").resolve()
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for name in ("ab.json", "ab.png"):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise ToolError("%s: %s" % (error.filename, error.strerror),
                        2) from error
    return runs


def write_json(path, result):
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def write_picture(path, result, measurement):
    """False, after a line that says why, when there can be no picture."""
    try:
        from spartools import plot_ab
    except ImportError as error:
        print("spar ab: no picture: %s (Debian package python3-matplotlib)"
              % error, file=sys.stderr)
        return False
    plot_ab.draw(path, result, measurement.variants)
    return True


def run(args):
    progress = Progress()
    measurement = Measurement(args, prepare_folder(args.out), progress)
    try:
        best = measurement.probe()
        measurement.compare(best)
    finally:
        progress.clear()
    result = make_summary(measurement, best)
    write_json(args.out / "ab.json", result)
    print(table.text(result))
    files = [args.out / "ab.json"]
    if write_picture(args.out / "ab.png", result, measurement):
        files.append(args.out / "ab.png")
    print("\nResults: %s" % ", ".join(str(file) for file in files))


if __name__ == "__main__":
    sys.exit(run_launcher("spar ab", lambda: run(command_line.parse(
        make_parser(), sys.argv[1:]))))
