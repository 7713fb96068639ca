"""The traces that the ranks leave in a directory (SPAR_TRACE): read one event
at a time, because they may be large."""

import json
import re
from dataclasses import dataclass, field

from spartools.errors import ToolError

MERGED = "spar.trace.json"
NAME = re.compile(r"spar\.rank(\d+)\.json")


@dataclass
class Rank:
    """What is kept of one rank's trace. Times are microseconds."""
    number: int
    host: str
    dropped: int
    clock_error: float
    steps: list = field(default_factory=list)  # (comm, plan, step, begin)
    events: list = field(default_factory=list)  # of the step that is looked at


def find(folder):
    """The ranks' files, by rank."""
    try:
        found = [(int(match[1]), path) for path in folder.iterdir()
                 if (match := NAME.fullmatch(path.name))]
    except OSError as error:
        raise ToolError("%s: %s" % (folder, error.strerror)) from error
    if not found:
        raise ToolError("%s holds no spar.rankN.json: a run with "
                        "SPAR_TRACE=%s leaves them" % (folder, folder))
    return [path for _, path in sorted(found)]


def parse(path, text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise ToolError("%s is not a trace of Spar: %s" % (path, error)) \
            from error


def read_head(path, file):
    other = parse(path, file.readline() + "]}").get("otherData", {})
    if "rank" not in other:
        raise ToolError("%s is not a trace of Spar" % path)
    return Rank(other["rank"], other.get("host", "?"), other.get("dropped", 0),
                other.get("clock_error_us", 0))


def read(path):
    """Yields the rank first, then (event, its text) for each event."""
    try:
        with open(path, encoding="utf-8") as file:
            yield read_head(path, file)
            for line in file:
                text = line.rstrip("\n").rstrip(",")
                if text == "]}":
                    return
                yield parse(path, text), text
    except OSError as error:
        raise ToolError("%s: %s" % (path, error.strerror)) from error
    except UnicodeDecodeError as error:
        raise ToolError("%s is not a trace of Spar" % path) from error
    raise ToolError("%s is cut off" % path)


def step_of(event):
    args = event.get("args", {})
    return args.get("comm"), args.get("plan"), args.get("step")


def read_steps(path):
    """The steps of one rank: (comm, plan, step, begin)."""
    events = read(path)
    next(events)
    return [step_of(event) + (event["ts"],) for event, _ in events
            if event.get("cat") == "step"]


def keep(rank, event, wanted, open_calls):
    """Keeps what belongs to the step. The parts of a call follow each other,
    and only the first one tells where it belongs."""
    category = event.get("cat")
    if category == "step":
        rank.steps.append(step_of(event) + (event["ts"],))
    elif category == "call":
        if event["ph"] == "b" and step_of(event) == wanted:
            open_calls.add(event["id"])
        if event["id"] in open_calls:
            rank.events.append(event)
    elif category in ("wait", "selection") and step_of(event) == wanted:
        rank.events.append(event)


def merge(paths, target, wanted):
    """Writes all events into one file; returns the ranks with those of the
    step (comm, plan, step)."""
    ranks = []
    try:
        with open(target, "w", encoding="utf-8") as file:
            file.write('{"displayTimeUnit":"ms","traceEvents":[')
            before = "\n"
            for path in paths:
                events = read(path)
                ranks.append(next(events))
                open_calls = set()
                for event, text in events:
                    file.write(before + text)
                    before = ",\n"
                    keep(ranks[-1], event, wanted, open_calls)
            file.write("\n]}\n")
    except OSError as error:
        raise ToolError("%s: %s" % (target, error.strerror)) from error
    return ranks
