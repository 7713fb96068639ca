"""Progress on stderr: one line per run, and the time that is left."""

import sys
import time


class Progress:
    """Prints "[elapsed] text"; on a terminal the last line stays alive."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.alive = self.stream.isatty()
        self.left_s = None   # estimate when the present run began
        self.left_at = None  # the time when that was said

    @staticmethod
    def clock(seconds):
        return "%d:%02d" % divmod(int(seconds + 0.5), 60)

    def set_left(self, seconds):
        """`seconds` remain from now on, or None when that is not known."""
        self.left_s = seconds
        self.left_at = time.monotonic()

    def line(self, text):
        """A line with the time since the start and what may be left."""
        now = time.monotonic()
        left = ""
        if self.left_s is not None:
            remaining = max(0, self.left_s - (now - self.left_at))
            left = ", about %s left" % self.clock(remaining)
        return "[%s%s] %s" % (self.clock(now - self.start), left, text)

    def say(self, text):
        """Prints a line that stays."""
        clear = "\r\033[K" if self.alive else ""
        print(clear + self.line(text), file=self.stream, flush=True)

    def tick(self, text):
        """Refreshes the line that shows what is going on."""
        if self.alive:
            self.stream.write("\r\033[K" + self.line(text)[:100])
            self.stream.flush()

    def clear(self):
        if self.alive:
            self.stream.write("\r\033[K")
            self.stream.flush()
