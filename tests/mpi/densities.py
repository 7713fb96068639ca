"""densities.py DIR RANKS AIM POST: the densities that a job of replay chose,
from DIR/trace and DIR/report.json: the same on all ranks, within their bounds,
and for what they are to be solved for."""

import json
import sys
from pathlib import Path


def check(condition, *words):
    if not condition:
        sys.exit("densities.py: " + " ".join(str(word) for word in words))


def calls_of(path):
    """{(plan, step, slot): (density, method)} of a rank's calls of steps."""
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    check(trace["otherData"]["dropped"] == 0, "events were dropped:", path)
    calls = {}
    for event in trace["traceEvents"]:
        args = event.get("args", {})
        if event.get("cat") == "call" and "slot" in args:
            place = tuple(args[key] for key in ("comm", "plan", "step", "slot"))
            calls[place] = (args["density"], args["method"])
    return calls


def check_agreement(ranks):
    for rank, calls in enumerate(ranks):
        check(calls.keys() == ranks[0].keys(), "other calls on rank", rank)
        for place, call in calls.items():
            check(call == ranks[0][place], "rank", rank, "has", call, "at", place,
                  "and rank 0", ranks[0][place])


def sparse_densities(calls):
    return [density for density, _ in calls.values() if density < 1]


def most_in_a_step(calls):
    """Different densities of the same step."""
    steps = {}
    for (_, plan, step, _), (density, _) in calls.items():
        if density < 1:
            steps.setdefault((plan, step), set()).add(density)
    return max(map(len, steps.values()))


def check_bounds(calls, config):
    least, most = (float(config[key]) for key in
                   ("SPAR_DENSITY_MIN", "SPAR_DENSITY_MAX"))
    for density in sparse_densities(calls):
        check(0.999 * least <= density <= 1.001 * most, density, "is outside",
              least, "to", most)


def check_times(layers):
    """The calls of a step follow each other. Releases are the slowest rank's,
    needs the fastest one's, so that these may be earlier."""
    releases = [layer["release_s"] for layer in layers]
    check(releases == sorted(releases), "releases fall:", releases)
    for layer in layers:
        check(layer["need_s"] > 0 or not layer["nonblocking"], "not needed:",
              layer)


def check_report(report, calls, aim, post):
    found = report["densities"]
    check(found is not None, "no densities were solved for")
    if aim != "any":
        check(found["aim"] == aim, "aim", found["aim"], "is not", aim)
    if aim in ("hide", "spend"):
        check(found["second_thread"] == (post == "thread"),
              "second_thread:", found["second_thread"])
    check(found["step_s"] >= found["compute_s"] > 0, found)
    check(found["predicted_step_least_s"] <= found["predicted_step_s"] <=
          found["predicted_step_most_s"], found)
    check_times(report["layers"])
    # What is posted last hides behind nothing.
    if post == "iallreduce" and report["job"]["mode"] == "sparse":
        check(most_in_a_step(calls) > 1, "one density for all layers")


def main():
    folder, count, aim, post = sys.argv[1:]
    with open(Path(folder) / "report.json", encoding="utf-8") as file:
        report = json.load(file)
    names = ["spar.rank%d.json" % rank for rank in range(int(count))]
    ranks = [calls_of(Path(folder) / "trace" / name) for name in names]
    check_agreement(ranks)
    sparse = sparse_densities(ranks[0])
    if not sparse and report["job"]["mode"] == "auto" and post == "iallreduce":
        print("all of it hides: agreed on all ranks")
        return
    check(sparse, "nothing went sparse")
    check_bounds(ranks[0], report["config"])
    check_report(report, ranks[0], aim, post)
    print("%d calls on each rank, %d sparse with %d densities, %g to %g"
          % (len(ranks[0]), len(sparse), len(set(sparse)), min(sparse),
             max(sparse)))


main()
