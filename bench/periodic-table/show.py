"""The table as text."""

import os
import sys

from ways import DEFAULT, FULL, ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))
# pylint: disable=wrong-import-position
from spartools import figures  # noqa: E402

TIME_HEAD = ["", "epoch", "step", "vs default", "vs best", "bytes/step", "from steps"]
QUALITY_HEAD = ["", "final loss", "accuracy", "mean period", "seeds"]
RATE_TITLES = {"unlimited": "no limit", "10gbit": "10 Gbit/s", "1gbit": "1 Gbit/s",
               "100mbit": "100 Mbit/s"}


def number(form, value):
    return "-" if value is None else form % value


def time_row(label, found):
    if found is None:
        return [label] + ["-"] * (len(TIME_HEAD) - 1)
    return [label, figures.seconds(found["epoch_s"]), figures.seconds(found["step_s"]),
            figures.factor(found["gain_vs_default"]),
            figures.factor(found["gain_vs_best"]),
            figures.size(found["bytes_per_step"]), "%d" % found["measured_steps"]]


def default_row(results, rate, found):
    """Full communication by Open MPI's own choice."""
    step = results.algorithms(rate).get(DEFAULT)
    if step is None or found is None:
        return None
    factor = step / found["step_s"]
    return dict(found, step_s=step, epoch_s=factor * found["epoch_s"],
                gain_vs_default=1.0, gain_vs_best=found["gain_vs_best"] / factor)


def time_lines(results, keys, rate):
    """One link; full communication takes two lines."""
    lines = [TIME_HEAD]
    for key, row in results.rows(keys).items():
        found = row["rates"].get(rate)
        label = row["label"]
        if key == FULL:
            lines.append(time_row(label + ", default", default_row(results, rate, found)))
            label += ", best (%s)" % results.best_algorithm(rate)
        lines.append(time_row(label, found))
    return figures.rows_as_text(lines, right=range(1, len(TIME_HEAD)))


def spread(row, name):
    """Half the range of the seeds, or an empty text."""
    values = [seed[name] for seed in row["seeds"]]
    return " +- %.2g" % ((max(values) - min(values)) / 2) if len(values) > 1 else ""


def quality_row(row):
    share = row["exchanged_share"]
    loss, accuracy = row["final_loss"], row["test_accuracy"]
    if loss is None:
        return [row["label"]] + ["-"] * 3 + ["0"]
    return [row["label"], "%.4f" % loss + spread(row, "final_loss"),
            "%.2f %%" % accuracy + spread(row, "test_accuracy"),
            number("%.2f", 1 / share if share else None), "%d" % len(row["seeds"])]


def quality_lines(results, keys):
    lines = [QUALITY_HEAD] + [quality_row(row) for row in results.rows(keys).values()]
    return figures.rows_as_text(lines, right=range(1, len(QUALITY_HEAD)))


def print_lines(title, lines):
    print("\n" + title)
    for line in lines:
        print("   " + line)
    sys.stdout.flush()
