"""One step of a trace: which one, and what each rank did in it."""

from collections import Counter
from dataclasses import dataclass, field

from spartools.errors import ToolError


@dataclass
class Call:
    """Times are microseconds of the trace."""
    args: dict
    posted: float
    begun: float = None  # its exchange; None: it had none
    done: float = None
    waited: float = 0
    selected: float = 0

    def is_sparse(self):
        return self.args["density"] < 1


@dataclass
class Step:
    """One rank's part of the step."""
    rank: object
    begin: float
    end: float
    calls: list = field(default_factory=list)
    waits: dict = field(default_factory=dict)  # thread: [(begin, end)]
    selections: list = field(default_factory=list)  # (begin, end)


def choose(steps):
    """(comm, plan, step) of the step of median length in the second half of
    the latest plan, on the communicator that has most steps."""
    if not steps:
        raise ToolError("the trace has no steps: the run was too short, or its "
                        "calls do not repeat")
    comm = Counter(step[0] for step in steps).most_common(1)[0][0]
    plan = max(step[1] for step in steps if step[0] == comm)
    times = sorted((number, begin) for c, p, number, begin in steps
                   if (c, p) == (comm, plan))
    lengths = sorted((after[1] - this[1], this[0])
                     for this, after in zip(times, times[1:]))
    late = [pair for pair in lengths if pair[1] >= times[-1][0] // 2]
    if not late:
        raise ToolError("the trace has no complete step")
    return comm, plan, late[(len(late) - 1) // 2][1]


def bounds(rank, wanted):
    """When the step begins on the rank, and the next one; None: not there."""
    comm, plan, number = wanted
    begins = {step[:3]: step[3] for step in rank.steps}
    return begins.get(wanted), begins.get((comm, plan, number + 1))


def calls_of(events):
    """By their places, in the order of their posts."""
    calls, by_id = {}, {}
    for event in events:
        if event.get("cat") != "call":
            continue
        if event["ph"] == "b" and "args" in event:
            call = Call(event["args"], event["ts"])
            by_id[event["id"]] = call
            calls[place_of(event)] = call
        elif event["ph"] == "b":
            by_id[event["id"]].begun = event["ts"]
        else:
            by_id[event["id"]].done = event["ts"]
    return calls


def place_of(event):
    args = event["args"]
    return args.get("slot"), args.get("persistent")


def look_at(rank, wanted):
    """The rank's part of the step; None: it has none."""
    begin, end = bounds(rank, wanted)
    if begin is None:
        return None
    calls = calls_of(rank.events)
    step = Step(rank, begin, end)
    for event in rank.events:
        if event.get("cat") not in ("wait", "selection"):
            continue
        span = event["ts"], event["ts"] + event["dur"]
        call = calls.get(place_of(event))
        if event["cat"] == "wait":
            step.waits.setdefault(event["tid"], []).append(span)
            if call:
                call.waited += event["dur"]
        else:
            step.selections.append(span)
            if call:
                call.selected += event["dur"]
    step.calls = sorted(calls.values(), key=lambda call: call.posted)
    if step.end is None:
        step.end = max([call.done for call in step.calls] + [begin])
    return step


def blocked(step):
    """Microseconds, of the thread that was blocked longest."""
    return max([sum(end - begin for begin, end in spans)
                for spans in step.waits.values()] + [0])
