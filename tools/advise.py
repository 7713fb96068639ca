"""spar advise: what Spar would do for a program, and what a step would take."""

import json
import sys
import tempfile
from pathlib import Path

from spartools import advice, advice_text, command_line
from spartools.errors import ToolError, run_launcher
from spartools.job import Job
from spartools.progress import Progress

EPILOG = """The program runs densely for N steps, then with Spar for %d more: exchanges must
be tried before they can be predicted. Then it is ended. It was only a test:
throw away what it trained. Nothing is kept but what --json names.

Exit code: 0; the command's own when a run of it fails; 1 when nothing could be
predicted; 2 for a mistake in this command line; 130 after Ctrl-C."""


def make_parser():
    parser = command_line.make_parser("advise", __doc__,
                                      EPILOG % advice.TRIAL_STEPS)
    add = parser.add_argument
    add("--steps", type=command_line.parse_count, default=200, metavar="N",
        help="dense steps, from %d on (default 200)" % advice.LEAST_STEPS)
    add("--check", action="store_true",
        help="run the program once more, with Spar as it would be used, for "
        "about as many steps, and compare the prediction with it")
    add("--json", type=Path, metavar="FILE",
        help="write all that is known there")
    return parser


def parse_arguments(words):
    parser = make_parser()
    args = command_line.parse(parser, words)
    if args.steps < advice.LEAST_STEPS:
        parser.error("--steps %d is too few: from %d on"
                     % (args.steps, advice.LEAST_STEPS))
    return args


def run_job(args, progress, settings, folder, name):
    job = Job(args.command, dict(settings, SPAR_MODE="auto"),
              Path(folder) / name)
    job.run(lambda s: progress.tick("%s ..." % name))
    progress.clear()
    progress.say("%s: %d steps, %.1f s"
                 % (name, job.report["steps"].get("count") or 0, job.wall_s))
    return job


def examine(args, folder, progress):
    """The advice as a dictionary."""
    test = run_job(args, progress, advice.test_settings(args.steps), folder,
                   "test")
    result = advice.make(args, test)
    if args.check:
        check = run_job(args, progress,
                        advice.check_settings(args.steps, test), folder,
                        "check")
        result["check"] = advice.compare(result["predicted"], check)
    return result


def write_json(path, result):
    try:
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ToolError("%s: %s" % (path, error.strerror), 2) from error


def run(args):
    progress = Progress()
    if args.json:
        write_json(args.json, None)  # the run may take hours
    try:
        with tempfile.TemporaryDirectory(prefix="spar-advise-") as folder:
            result = examine(args, folder, progress)
    except BaseException:
        if args.json:
            args.json.unlink(missing_ok=True)
        raise
    finally:
        progress.clear()
    if args.json:
        write_json(args.json, result)
    print(advice_text.text(result))


if __name__ == "__main__":
    sys.exit(run_launcher("spar advise",
                          lambda: run(parse_arguments(sys.argv[1:]))))
