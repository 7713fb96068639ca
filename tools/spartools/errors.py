"""The error that ends a command with one clear line."""


class ToolError(Exception):
    """What the user needs to know, and the exit code that goes with it."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code
