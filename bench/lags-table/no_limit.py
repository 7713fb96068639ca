"""No rate limit, plain local ranks: Spar must not make a step slower."""

import sys

from runs import TableJobs, Variant
from variants import NBC_RING, RANKS, RING, SPAR, SPAR_THREAD, replay, spar_variant

# What Spar in each form is compared with, by default and with the ring.
PLAIN = {SPAR: ("iallreduce", NBC_RING), SPAR_THREAD: ("thread", RING)}
MOST = 1.02


def make(model, key, arguments):
    post, ring = PLAIN[key]
    program = replay(model, post, arguments.steps, arguments.warmup)
    return [Variant("plain, default", RANKS, program),
            Variant("plain, ring", RANKS, program, mpirun=ring),
            spar_variant(key, model, arguments, arguments.steps)]


def print_form(model, key, found):
    steps = {name: numbers["step_time_median_s"] for name, numbers in found.items()}
    best = min((seconds for name, seconds in steps.items() if name != key),
               default=None)
    print(f"\n{model.title}, {PLAIN[key][0]}: 4 local ranks, no rate limit")
    for name, seconds in steps.items():
        print("   %-15s %8.1f ms" % (name, 1e3 * seconds))
    if key in steps and best:
        ratio = steps[key] / best
        print("   Spar / best plain %.3f, aim <= %.2f: %s; mean density %.3g"
              % (ratio, MOST, "met" if ratio <= MOST else "missed",
                 found[key]["density_elements"]))
    sys.stdout.flush()


def measure(arguments):
    jobs = TableJobs(arguments)
    result = {"no_limit": {}, "notes": jobs.notes, "jobs": jobs.rounds}
    for model in arguments.models:
        for key in PLAIN:
            if key not in arguments.variants:
                continue
            found = jobs.measure(make(model, key, arguments), arguments.rounds,
                                 f"no limit, {model.name}")
            print_form(model, key, found)
            result["no_limit"].setdefault(model.name, {})[key] = found
    for note in jobs.notes:
        print("   note: " + note)
    return result
