"""trace.py DIR RANKS: the traces of a job of that many ranks are complete,
begin before they end, and agree with each other."""

import json
import sys
from pathlib import Path


def check(condition, *words):
    if not condition:
        sys.exit("trace.py: " + " ".join(str(word) for word in words))


def check_slices(events):
    """Every slice that begins ends later, inner ones first."""
    stacks = {}
    for event in events:
        if event["ph"] == "b":
            stack = stacks.setdefault((event["cat"], event["id"]), [])
            check(not stack or stack[-1]["ts"] <= event["ts"],
                  "not inside its outer slice:", event)
            stack.append(event)
        elif event["ph"] == "e":
            stack = stacks.get((event["cat"], event["id"]))
            check(stack, "ends without a begin:", event)
            begin = stack.pop()
            check(begin["name"] == event["name"], "ends another one:", event)
            check(begin["ts"] <= event["ts"], "ends before it begins:", event)
        elif event["ph"] == "X":
            check(event["dur"] >= 0, "ends before it begins:", event)
    check(not any(stacks.values()), "does not end:", stacks)


def of(events, category, phase):
    return [event for event in events
            if event.get("cat") == category and event["ph"] == phase]


def calls_by_place(events):
    """{(comm, plan, step, slot): call} of the calls of known steps."""
    calls = {}
    for event in of(events, "call", "b"):
        args = event.get("args", {})
        if "slot" in args and args["step"] >= 0:
            place = tuple(args[key] for key in ("comm", "plan", "step", "slot"))
            check(place not in calls, "two calls of one place:", event)
            calls[place] = event
    return calls


def check_inside(events, category, calls):
    """What belongs to a call happens while it is under way. Returns the calls'
    places."""
    ends = {event["id"]: event["ts"] for event in of(events, "call", "e")}
    places = set()
    for event in of(events, category, "X"):
        args = event["args"]
        place = tuple(args.get(key) for key in ("comm", "plan", "step", "slot"))
        if place not in calls:
            continue
        call = calls[place]
        check(call["ts"] <= event["ts"] + 0.01 and
              event["ts"] + event["dur"] <= ends[call["id"]] + 0.01,
              category, "is not within its call:", event)
        places.add(place)
    check(places, "no", category, "of a call of a step")
    return places


def check_plan(events, calls):
    plans = [event for event in of(events, "plan", "i")
             if event["name"] == "plan %d" % event["args"]["plan"]]
    check(plans, "no plan")
    for plan in plans:
        parts = [event["args"]["layers"] for event in of(events, "plan", "i")
                 if event["ts"] == plan["ts"] and "method" in event["args"]]
        check(sum(parts) == plan["args"]["layers"], "layers are missing:", plan)
    slots = max(plan["args"]["layers"] for plan in plans)
    check({place[3] for place in calls} == set(range(slots)),
          "layers without calls")


def check_bytes(events, calls):
    """The counters are the sums of the calls' bytes; the last step has no
    counter."""
    total = sum(event["args"]["bytes"] for event in events
                if event["ph"] == "C" and "bytes" in event["args"])
    steps = [event["args"]["step"] for event in of(events, "step", "i")]
    check(steps == list(range(len(steps))), "steps are missing:", steps)
    of_calls = sum(event["args"]["bytes"] for place, event in calls.items()
                   if place[2] < steps[-1])
    check(total > 0 and total == of_calls, "bytes:", total, of_calls)


def look_at(path, rank, ranks):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    events = trace["traceEvents"]
    other = trace["otherData"]
    check(other["rank"] == rank and other["ranks"] == ranks, other)
    check(other["dropped"] == 0 and other["clock_offset_us"] == 0, other)
    names = [event["args"]["name"] for event in events
             if event["ph"] == "M" and event["name"] == "process_name"]
    check(names == ["rank %d (%s)" % (rank, other["host"])], names)
    check(all(event["pid"] == rank for event in events), "another's events")
    check_slices(events)
    calls = calls_by_place(events)
    check_inside(events, "wait", calls)
    selected = check_inside(events, "selection", calls)
    check(all(place in selected for place, call in calls.items()
              if call["args"]["density"] < 1), "sparse without a selection")
    check_plan(events, calls)
    check_bytes(events, calls)
    return calls


def main():
    folder, ranks = Path(sys.argv[1]), int(sys.argv[2])
    names = sorted(path.name for path in folder.iterdir())
    check(names == ["spar.rank%d.json" % rank for rank in range(ranks)], names)
    calls = [look_at(folder / name, rank, ranks)
             for rank, name in enumerate(names)]
    for rank in range(1, ranks):
        check(calls[rank].keys() == calls[0].keys(), "other calls on", rank)
        check(all(calls[rank][place]["args"]["method"] ==
                  calls[0][place]["args"]["method"] for place in calls[0]),
              "other methods on", rank)
    print("%d calls on each of %d ranks" % (len(calls[0]), ranks))


main()
