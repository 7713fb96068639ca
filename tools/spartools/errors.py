"""The error that ends a command with one clear line."""

import os
import signal
import sys


class ToolError(Exception):
    """What the user needs to know, and the exit code that goes with it."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def run_tool(name, run):
    """Runs a command; returns its exit code."""
    try:
        run()
    except ToolError as error:
        print("%s: %s" % (name, error), file=sys.stderr)
        return error.code
    except BrokenPipeError:
        return 1
    return 0


def run_launcher(name, run):
    """The same for a command that starts jobs, which end with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        run()
    except ToolError as error:
        print("%s: %s" % (name, error), file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("%s: interrupted" % name, file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
