"""densities.py TRACES RANKS SLOW FAST END: the link was slow from step SLOW to
step FAST. All ranks had the same densities throughout, and these changed. How far they
follow the link is printed only: on a busy machine waits of other causes hold
them down."""

import json
import statistics
import sys
from pathlib import Path


def densities_of(path):
    """{(plan, step, slot): density} of a rank's calls."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    return {tuple(event["args"][key] for key in ("plan", "step", "slot")):
            event["args"]["density"] for event in events
            if event.get("cat") == "call" and "slot" in event.get("args", {})}


def mean(calls, begin, end):
    """Over the calls of these steps."""
    found = [density for (_, step, _), density in calls.items()
             if begin <= step < end]
    return statistics.mean(found)


def main():
    folder = Path(sys.argv[1])
    count, slow, fast, end = map(int, sys.argv[2:])
    ranks = [densities_of(folder / ("spar.rank%d.json" % rank))
             for rank in range(count)]
    for rank, calls in enumerate(ranks):
        if calls != ranks[0]:
            sys.exit("rank %d disagrees" % rank)
    before, during, after = (mean(ranks[0], border - 30, border)
                             for border in (slow, fast, end))
    print("mean density %.4f, slow link %.4f, fast again %.4f"
          % (before, during, after))
    if len(set(ranks[0].values())) < 3:
        sys.exit("densities did not change")


main()
