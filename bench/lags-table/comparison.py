"""The LAGS table: every model with all variants, side by side."""

import os
import sys

from models import ROOT, paper_share
from runs import Lab, TableJobs
from variants import DENSE, LABELS, SPAR, SPAR_THREAD, make

sys.path.insert(0, os.path.join(ROOT, "tools"))
# pylint: disable=wrong-import-position
from spartools import figures  # noqa: E402

HEAD = ["", "step", "share", "exposed", "waiting", "density", "by layer",
        "bytes/step"]


def share(numbers):
    """Of the compute-only limit, in %."""
    return 100 * numbers["compute_time_s"] / numbers["step_time_median_s"]


def row(key, numbers):
    def percent(name):
        return "%.3g %%" % (100 * numbers[name]) if name in numbers else "-"
    step = numbers["step_time_median_s"]
    return [LABELS[key], figures.seconds(step), "%.1f %%" % share(numbers),
            figures.seconds(max(0, step - numbers["compute_time_s"])),
            figures.seconds(numbers["wait_time_median_s"]),
            percent("density_elements"), percent("density_layers"),
            figures.size(numbers.get("bytes"))]


def best_dense(found):
    """The key of the fastest dense variant, or None."""
    return min((key for key in DENSE if key in found), default=None,
               key=lambda key: found[key]["step_time_median_s"])


def summary(model, found):
    """What is compared with the paper and with the aim."""
    best = best_dense(found)
    lines = []
    for key in (SPAR, SPAR_THREAD):
        if key not in found:
            continue
        got = share(found[key])
        words = ["%.1f %% of the compute-only limit" % got]
        if model.target:
            words.append("aim %d %%: %s" % (model.target, "met" if got >= model.target
                                            else "missed"))
        if paper_share(model):
            words.append("paper: %.0f %%" % paper_share(model))
        if best:
            words.append("best dense (%s) / Spar: %s" % (best, figures.factor(
                figures.ratio(found[best]["step_time_median_s"],
                              found[key]["step_time_median_s"]))))
        lines.append("%s: %s" % (LABELS[key], "; ".join(words)))
    return lines


def print_model(model, found, notes):
    print("\n%s: 4 hosts, 1 Gbit/s" % model.title)
    rows = [HEAD] + [row(key, numbers) for key, numbers in found.items()]
    for line in figures.rows_as_text(rows, right=range(1, len(HEAD))) + \
            summary(model, found) + ["note: " + note for note in notes]:
        print("   " + line)
    sys.stdout.flush()


def measure(arguments):
    """{model's name: {variant: medians}}, notes and all jobs, for the JSON file."""
    result = {"models": {}, "notes": [], "jobs": []}
    with Lab(arguments.lab) as lab:
        if lab.why:
            result["notes"].append("skipped: " + lab.why)
            print(result["notes"][0])
            return result
        for model in arguments.models:
            jobs = TableJobs(arguments, lab)
            found = jobs.measure(list(make(model, arguments)), arguments.rounds,
                                 model.name)
            print_model(model, found, jobs.notes)
            result["models"][model.name] = found
            result["notes"] += jobs.notes
            result["jobs"] += jobs.rounds
    return result
