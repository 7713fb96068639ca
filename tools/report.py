"""spar report: shows the JSON report of a run, or its trace, as a table and a
picture."""

import argparse
import sys
from pathlib import Path

from spartools import (layer_table, report_file, trace_file, trace_step,
                       trace_table)
from spartools.errors import ToolError, run_tool


def parse_arguments(words):
    parser = argparse.ArgumentParser(
        prog="spar report", description=__doc__, allow_abbrev=False,
        usage="spar report [-o FILE.png] FILE.json\n"
              "       spar report [-o FILE.png] --trace DIR",
        epilog="A run with SPAR_REPORT=FILE.json or SPAR_TRACE=DIR in its "
               "environment leaves these behind. Exit code: 0; 1 when a file "
               "cannot be read or written.")
    parser.add_argument("file", type=Path, metavar="FILE.json", nargs="?")
    parser.add_argument("--trace", type=Path, metavar="DIR",
                        help="the traces of all ranks: merges them into "
                             "DIR/%s, for Perfetto or chrome://tracing, and "
                             "shows a step of median length"
                             % trace_file.MERGED)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.png",
                        help="the picture (default: FILE.png beside the "
                             "report, or DIR/step.png)")
    args = parser.parse_args(words)
    if (args.file is None) == (args.trace is None):
        parser.error("either FILE.json or --trace DIR")
    return args


def draw(path, drawer, *what):
    """Makes the picture by spartools' module of that name, if it can."""
    try:
        module = __import__("spartools." + drawer, fromlist=["draw"])
    except ImportError as error:
        print("spar report: no picture: %s (Debian package "
              "python3-matplotlib)" % error, file=sys.stderr)
        return
    try:
        module.draw(path, *what)
    except OSError as error:
        raise ToolError("%s: %s" % (path, error.strerror)) from error
    print("\nPicture: %s" % path)


def show_report(args):
    report = report_file.load(args.file)
    print(layer_table.text(report))
    draw(args.output or args.file.with_suffix(".png"), "plot_report", report,
         args.file.name)


def show_trace(args):
    paths = trace_file.find(args.trace)
    wanted = trace_step.choose(trace_file.read_steps(paths[0]))
    target = args.trace / trace_file.MERGED
    ranks = trace_file.merge(paths, target, wanted)
    steps = [step for rank in ranks if (step := trace_step.look_at(rank, wanted))]
    print(trace_table.text(steps, wanted))
    print("\nTrace: %s" % target)
    draw(args.output or args.trace / "step.png", "plot_trace", steps, wanted,
         str(target))


def run(args):
    if args.trace is None:
        show_report(args)
    else:
        show_trace(args)


if __name__ == "__main__":
    sys.exit(run_tool("spar report", lambda: run(parse_arguments(sys.argv[1:]))))
