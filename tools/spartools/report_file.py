"""The JSON report that libspar.so writes at MPI_Finalize (SPAR_REPORT)."""

import json

from spartools.errors import ToolError

SCHEMA_VERSION = 2


def load(path):
    """The report as a dictionary; ToolError names what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except OSError as error:
        raise ToolError("%s: %s" % (path, error.strerror)) from error
    except ValueError as error:
        raise ToolError("%s is not a JSON file: %s" % (path, error)) from error
    if not isinstance(report, dict) or "schema_version" not in report:
        raise ToolError("%s is not a report of Spar" % path)
    if report["schema_version"] != SCHEMA_VERSION:
        raise ToolError("%s has report schema %s; this command reads schema %d"
                        % (path, report["schema_version"], SCHEMA_VERSION))
    for part in ("job", "steps", "bytes", "layers"):
        if part not in report:
            raise ToolError("%s lacks the part '%s'" % (path, part))
    return report
