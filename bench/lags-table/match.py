"""What densities by layer gain: the largest uniform density whose step takes no
longer, beside the mean density of SPAR_DENSITY=auto."""

import sys

from runs import Lab, TableJobs, Variant
from variants import LABELS, NBC_RING, RANKS, RING, SPAR, SPAR_THREAD, \
    replay, spar_variant, spar_ways

UNIFORM = [0.001 * 2 ** (power / 2) for power in range(17)]
# The steps of both may differ by so much.
WITHIN = 1.02
AIM = 1.5


def uniform_variant(key, model, density, arguments):
    post, _ = spar_ways(arguments.density)[key]
    return Variant("%.4g" % density, RANKS,
                   replay(model, post, arguments.steps, arguments.warmup),
                   spar={"SPAR_MODE": "sparse", "SPAR_DENSITY": "%.4g" % density},
                   mpirun=NBC_RING + RING)


def interpolate(slower, faster, limit):
    """Density whose step takes `limit`, between two (density, step)."""
    (high, high_step), (low, low_step) = slower, faster
    part = (limit - low_step) / (high_step - low_step)
    return low * (high / low) ** min(1.0, max(0.0, part))


def search(step_of, limit):
    """The largest density within the limit (0: none is) by halving UNIFORM, and the
    [(density, step)] that were measured, ascending. step_of may return None."""
    steps = {}
    low, high = -1, len(UNIFORM)
    while high - low > 1:
        middle = (low + high) // 2
        step = step_of(UNIFORM[middle])
        if step is None:
            return None
        steps[middle] = (UNIFORM[middle], step)
        low, high = (middle, high) if step <= limit else (low, middle)
    if low < 0:
        largest = 0.0
    elif high == len(UNIFORM):
        largest = UNIFORM[-1]
    else:
        largest = interpolate(steps[high], steps[low], limit)
    return largest, [steps[number] for number in sorted(steps)]


def compare(model, key, arguments, jobs):
    """auto, then uniform densities."""
    title = f"{model.name}, {key}"
    own = jobs.measure([spar_variant(key, model, arguments, arguments.steps)],
                       arguments.rounds, title)
    if key not in own:
        return None

    def step_of(density):
        variant = uniform_variant(key, model, density, arguments)
        found = jobs.measure([variant], arguments.rounds, title)
        return found.get(variant.name, {}).get("step_time_median_s")

    found = search(step_of, WITHIN * own[key]["step_time_median_s"])
    if found is None:
        return None
    return {"auto": own[key], "uniform": found[1], "largest_uniform": found[0]}


def print_match(model, key, found):
    auto, uniform = found["auto"], found["largest_uniform"]
    print("\n%s, %s: 4 hosts, 1 Gbit/s" % (model.title, LABELS[key]))
    print("   auto            %8.1f ms, mean density %.4g of elements, %.4g of layers"
          % (1e3 * auto["step_time_median_s"], auto["density_elements"],
             auto["density_layers"]))
    for density, step in found["uniform"]:
        print("   uniform %-8.4g %7.1f ms" % (density, 1e3 * step))
    for name in ("density_elements", "density_layers"):
        if uniform > 0:
            gain = "%.2f x" % (auto[name] / uniform)
            verdict = "met" if auto[name] >= AIM * uniform else "missed"
        else:
            gain, verdict = "no uniform density is as fast", "met"
        print("   mean %s over the largest uniform density in that time (%.4g): %s, "
              "aim %.1f: %s" % (name, uniform, gain, AIM, verdict))
    sys.stdout.flush()


def measure(arguments):
    result = {"match": {}, "notes": []}
    with Lab(arguments.lab) as lab:
        if lab.why:
            result["notes"].append("skipped: " + lab.why)
            print(result["notes"][0])
            return result
        jobs = TableJobs(arguments, lab)
        for model in arguments.models:
            for key in (SPAR, SPAR_THREAD):
                if key not in arguments.variants:
                    continue
                found = compare(model, key, arguments, jobs)
                if found:
                    print_match(model, key, found)
                    result["match"].setdefault(model.name, {})[key] = found
        result["notes"] = jobs.notes
    for note in result["notes"]:
        print("   note: " + note)
    return result
