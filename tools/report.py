"""spar report: shows the JSON report of a run as a table and a picture."""

import argparse
import sys
from pathlib import Path

from spartools import layer_table, report_file
from spartools.errors import ToolError, run_tool


def parse_arguments(words):
    parser = argparse.ArgumentParser(
        prog="spar report", description=__doc__, allow_abbrev=False,
        usage="spar report [-o FILE.png] FILE.json",
        epilog="A run with SPAR_REPORT=FILE.json in its environment leaves the "
               "file. Exit code: 0; 1 when the file cannot be read.")
    parser.add_argument("file", type=Path, metavar="FILE.json")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.png",
                        help="the picture (default: FILE.png beside the "
                             "report)")
    return parser.parse_args(words)


def run(args):
    report = report_file.load(args.file)
    print(layer_table.text(report))
    picture = args.output or args.file.with_suffix(".png")
    try:
        from spartools import plot_report
    except ImportError as error:
        print("spar report: no picture: %s (Debian package "
              "python3-matplotlib)" % error, file=sys.stderr)
        return
    try:
        plot_report.draw(picture, report, args.file.name)
    except OSError as error:
        raise ToolError("%s: %s" % (picture, error.strerror)) from error
    print("\nPicture: %s" % picture)


if __name__ == "__main__":
    sys.exit(run_tool("spar report", lambda: run(parse_arguments(sys.argv[1:]))))
