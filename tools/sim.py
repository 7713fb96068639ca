"""spar sim: predicts the time of one exchange by method, from 2 to 65,536 ranks."""

import argparse
import subprocess
import sys
from pathlib import Path

from spartools import report_file, sim_table
from spartools.errors import ToolError, run_tool

EPILOG = """The table has the predicted time of one layer's exchange by each method, the
fastest method, and the break-even densities: up to these, a sparse method is
as fast as the faster dense one. Of a network whose latency and rate are given,
all else is guessed; a report holds what Spar fitted to a run.

Exit code: 0; 1 when a file cannot be read or written; 2 for a mistake in this
command line."""

# Options that the model's own program reads (tools/sim), and their help.
PASSED_ON = (
    ("--latency", "TIME", "of a message between two nodes (default 50us)"),
    ("--rate", "RATE", "of a node's interface, such as 10gbit or 125MB/s "
     "(default 1gbit)"),
    ("--ranks", "LIST", "numbers of ranks (default: 2, 4, 8 ... 65536)"),
    ("--ranks-per-node", "N", "which share the node's interface (default 1)"),
    ("--elements", "N", "of the layer (default 25557032, as of ResNet-50)"),
    ("--density", "D", "share of the elements that travel (default 0.01)"),
    ("--values", "TYPE", "fp64, fp32, bf16, fp16 or int8: how values travel "
     "(default fp32)"))


def make_parser():
    parser = argparse.ArgumentParser(
        prog="spar sim", description=__doc__, epilog=EPILOG,
        usage="spar sim [OPTIONS]", allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    for option, metavar, text in PASSED_ON:
        add(option, metavar=metavar, help=text)
    add("--report", type=Path, metavar="FILE.json",
        help="take the numbers of this run")
    add("--set", action="append", default=[], metavar="NAME=VALUE",
        help="one number of the model, by its name in reports")
    add("--csv", type=Path, metavar="FILE", help="write the table there, too")
    add("--png", type=Path, metavar="FILE", help="draw it")
    return parser


def words_of_report(path, args):
    """The options that say the same as a report."""
    report = report_file.load(path)
    model = report.get("model")
    if not isinstance(model, dict):
        raise ToolError("%s holds no fitted model: no step sequence was found"
                        % path)
    words = []
    for name, value in model.items():
        words += ["--set", "%s=%r" % (name, value)]
    ranks, nodes = (report["job"].get(key, 1) for key in ("ranks", "nodes"))
    if args.ranks_per_node is None:
        words += ["--ranks-per-node", str(-(-ranks // max(nodes, 1)))]
    return words


def words_of(args):
    words = words_of_report(args.report, args) if args.report else []
    for option, _, _ in PASSED_ON:
        value = getattr(args, option[2:].replace("-", "_"))
        if value is not None:
            words += [option, value]
    for number in args.set:
        words += ["--set", number]
    return words


def predict(words):
    """The model's answer as CSV text."""
    program = Path(__file__).resolve().parent / "sim"
    try:
        done = subprocess.run([program] + words, capture_output=True,
                              text=True, check=False)
    except OSError as error:
        raise ToolError("%s: %s" % (program, error.strerror), 2) from error
    if done.returncode != 0:
        raise ToolError(done.stderr.strip().removeprefix("spar sim: "),
                        done.returncode)
    return done.stdout


def draw(path, rows, words):
    try:
        from spartools import plot_sim
    except ImportError as error:
        raise ToolError("no picture: %s (Debian package python3-matplotlib)"
                        % error) from error
    plot_sim.draw(path, rows, words)


def run(args):
    words = words_of(args)
    text = predict(words)
    rows = sim_table.read(text)
    print(sim_table.text(rows))
    for path, write in ((args.csv, lambda: args.csv.write_text(text)),
                        (args.png, lambda: draw(args.png, rows, words))):
        if path is None:
            continue
        try:
            write()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ToolError("%s: %s" % (path, reason)) from error


if __name__ == "__main__":
    sys.exit(run_tool("spar sim", lambda: run(make_parser().parse_args(sys.argv[1:]))))
