"""The error that ends a command with one clear line."""
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
