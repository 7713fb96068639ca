"""One run of the user's command under `spar run`, with its output in files."""

import os
import subprocess
import sys
import time
from pathlib import Path

from spartools import report_file
from spartools.errors import ToolError

# The launcher gets this long to end its ranks before it is killed.
GRACE_S = 10


def spar_command():
    """The command `spar` that these scripts belong to."""
    here = Path(__file__).resolve()
    for up in (here.parents[3], here.parents[4]):
        if os.access(up / "bin" / "spar", os.X_OK):
            return str(up / "bin" / "spar")
    return "spar"


class Job:
    """A run: after `run`, `report`, `wall_s` and `output()` are known."""

    def __init__(self, command, settings, prefix):
        """`settings` are environment variables; the files of the run are named
        after `prefix`."""
        self.command = command
        self.settings = settings
        self.report_path = Path("%s.json" % prefix)
        self.stdout_path = Path("%s.stdout" % prefix)
        self.stderr_path = Path("%s.stderr" % prefix)
        self.report = None
        self.steps_in_one = 1  # of the program, in one of the report
        self.wall_s = None
        self.process = None

    def run(self, tick, limit_s=None):
        """True when the run ended well, False when it was cut off after
        `limit_s`. A failed run ends in a ToolError with its exit code, after
        its output was printed. `tick(seconds)` is called while it runs."""
        self.report_path.unlink(missing_ok=True)
        environment = dict(os.environ, **self.settings,
                           SPAR_REPORT=str(self.report_path))
        start = time.monotonic()
        with open(self.stdout_path, "wb") as out, \
                open(self.stderr_path, "wb") as err:
            # A process group of its own: Ctrl-C reaches this command only,
            # which then ends the launcher in order.
            self.process = subprocess.Popen(
                [spar_command(), "run", "--"] + self.command,
                env=environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, start_new_session=True)
            try:
                ended = self._wait(start, tick, limit_s)
            finally:
                self.stop()
        self.wall_s = time.monotonic() - start
        if not ended:
            return False
        self._check()
        return True

    def _wait(self, start, tick, limit_s):
        while True:
            try:
                self.process.wait(timeout=0.2)
                return True
            except subprocess.TimeoutExpired:
                now = time.monotonic() - start
                tick(now)
                if limit_s is not None and now > limit_s:
                    return False

    def stop(self):
        """Ends the launcher when it still runs, and waits for its end."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()

    def _check(self):
        code = self.process.returncode
        if code != 0:
            self._print_output()
            code = 128 - code if code < 0 else code
            raise ToolError("the command failed with exit code %d; its output "
                            "is above" % code, code)
        if not self.report_path.exists():
            self._print_output()
            raise ToolError(
                "the run left no report: either MPI_Init or MPI_Finalize was "
                "not reached with Spar loaded, or rank 0 cannot write %s"
                % self.report_path)
        self.report = report_file.load(self.report_path)

    def _print_output(self):
        for path, stream in ((self.stdout_path, sys.stdout),
                             (self.stderr_path, sys.stderr)):
            stream.flush()
            stream.write(path.read_text(encoding="utf-8", errors="replace"))
            stream.flush()

    def output(self):
        """The lines that the program wrote to stdout."""
        text = self.stdout_path.read_text(encoding="utf-8", errors="replace")
        return [line.rstrip() for line in text.splitlines() if line.strip()]
