"""The link gets slower and fast again while Spar runs: how long until it fits."""

import os
import statistics
import sys
import tempfile
import threading
import time

from runs import Lab, TableJobs
from variants import LABELS, SPAR, SPAR_THREAD, spar_variant

RATES = ["1gbit", "100mbit", "1gbit"]
# Settled: the median exposed time of so many steps is within this factor of the
# steady state's, the last third of a phase. Medians that occur in the steady state
# before any change are noise; what is below this share of the computation counts as
# that share: ratios of almost nothing mean nothing.
WINDOW, FACTOR, FLOOR = 5, 1.3, 0.01


def read_steps(path):
    """(time, wait) in seconds of the steps that are complete in the file."""
    try:
        with open(path, encoding="ascii") as file:
            lines = file.read().split("\n")[1:-1]
    except OSError:
        return []
    return [tuple(map(float, line.split(","))) for line in lines]


class Changer(threading.Thread):
    """Changes the rate when so many steps are done. `done_at`: the steps that were
    when it was changed."""

    def __init__(self, lab, path, phase):
        super().__init__(daemon=True)
        self.lab = lab
        self.path = path
        self.phase = phase
        self.ended = threading.Event()
        self.done_at = []

    def run(self):
        for number, rate in enumerate(RATES[1:], 1):
            while len(read_steps(self.path)) < number * self.phase:
                if self.ended.wait(0.02):
                    return
            self.lab.set_rate(rate)
            self.done_at.append(len(read_steps(self.path)))
            print(f"{rate} after {self.done_at[-1]} steps", file=sys.stderr)

    def end(self):
        self.ended.set()
        self.join()


def last_third(values):
    return values[-max(1, len(values) // 3):]


def steady(exposed):
    return statistics.median(last_third(exposed))


def medians(exposed):
    """Of each WINDOW steps in a row."""
    return [statistics.median(exposed[start:start + WINDOW])
            for start in range(len(exposed) - WINDOW + 1)]


def steps_to_settle(exposed, limit):
    """Steps until medians stay within the limit; all of them if they never do."""
    above = [start for start, median in enumerate(medians(exposed)) if median > limit]
    if not above:
        return 0
    # The last window that is above it: its slow steps are the first ones.
    window = range(above[-1], above[-1] + WINDOW)
    return [place for place in window if exposed[place] > limit][-1] + 1


def best_of(rate, phases):
    """The best steady state at this rate: what it was before must come again."""
    return min(steady(exposed) for other, exposed in phases if other == rate)


def phases_of(steps, done_at, compute):
    """Per phase: rate, steps, the steady exposed time and the steps until then. The
    step in which the rate changes belongs to the new phase."""
    borders = [0] + done_at + [len(steps)]
    phases = []
    for rate, begin, end in zip(RATES, borders, borders[1:]):
        exposed = [max(0.0, step - compute) for step, _ in steps[begin:end]]
        if len(exposed) < WINDOW:
            break
        phases.append((rate, exposed))
    # What the steady state shows by itself
    noise = max(last_third(medians(phases[0][1]))) if phases else 0

    def limit_of(rate):
        return max(noise, FACTOR * max(best_of(rate, phases), FLOOR * compute))

    return [{"rate": rate, "steps": len(exposed), "exposed_s": steady(exposed),
             "worst_s": max(exposed), "noise_s": noise,
             "settled_after": steps_to_settle(exposed, limit_of(rate))}
            for rate, exposed in phases]


def run_job(key, model, arguments, lab, jobs):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "steps.csv")
        variant = spar_variant(key, model, arguments, len(RATES) * arguments.phase,
                               ["--steps-out", path])
        changer = Changer(lab, path, arguments.phase)
        lab.set_rate(RATES[0])
        time.sleep(0.2)  # what the slower link has queued
        changer.start()
        try:
            numbers = jobs.run(variant, f"{model.name}, {key}")
        finally:
            changer.end()
        if numbers is None:
            return None
        return phases_of(read_steps(path), changer.done_at, numbers["compute_time_s"])


def print_phases(model, key, phases):
    print(f"\n{model.title}, {LABELS[key]}: exposed time per step as the rate changes, "
          "noise %.1f ms" % (1e3 * phases[0]["noise_s"]))
    for phase in phases:
        verdict = "" if phase is phases[0] else \
            ", aim 50: " + ("met" if phase["settled_after"] <= 50 else "missed")
        print("   %8s: %4d steps, %7.1f ms in the steady state, %8.1f ms at worst; "
              "within 1.3 x after %d steps%s"
              % (phase["rate"], phase["steps"], 1e3 * phase["exposed_s"],
                 1e3 * phase["worst_s"], phase["settled_after"], verdict))
    sys.stdout.flush()


def measure(arguments):
    result = {"rate_change": [], "notes": []}
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
                print(f"rate change: {model.name}, {key}", file=sys.stderr)
                phases = run_job(key, model, arguments, lab, jobs)
                if phases:
                    print_phases(model, key, phases)
                    result["rate_change"].append(
                        {"model": model.name, "variant": key, "phases": phases})
        result["notes"] = jobs.notes
    for note in result["notes"]:
        print("   note: " + note)
    return result
