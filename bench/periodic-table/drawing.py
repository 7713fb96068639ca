"""The picture: variance of the replicas over the training, and the period below it."""

import os
import sys

from ways import ADPSGD, DECREASING, ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

WIDTHS = {ADPSGD: 2.4}


def courses(rows):
    """[(key, label, steps, variances, periods)] of the first seed of each row that
    tells its history."""
    found = []
    for key, row in rows.items():
        periodic = next((each for each in row["periodic"] if each), None)
        history = periodic["history"] if periodic else []
        if history:
            found.append((key, row["label"], [item["step"] for item in history],
                          [item["variance"] for item in history],
                          [item["period"] for item in history]))
    return found


def colours(style, found):
    """Fixed periods are shades from light to dark; the others stand out."""
    table = {ADPSGD: style.SPAR, DECREASING: style.ACCENT}
    fixed = [key for key, *_ in found if key not in table]
    shades = ["#b8c4ce", "#7b8794", style.TEXT]
    return dict(table, **dict(zip(fixed, shades)))


def positive(steps, values):
    """The points that a logarithmic axis can show."""
    pairs = [(step, value) for step, value in zip(steps, values)
             if value is not None and value > 0]
    return ([step for step, _ in pairs], [value for _, value in pairs])


def draw(rows, path):
    """False: no row has a history to draw."""
    from spartools import style  # needs matplotlib
    found = courses(rows)
    if not found:
        return False
    colour = colours(style, found)
    figure, (above, below) = style.pyplot.subplots(
        2, 1, figsize=(9, 6.4), sharex=True, height_ratios=(1.6, 1))
    for key, label, steps, variances, periods in found:
        width = WIDTHS.get(key, 1.5)
        above.plot(*positive(steps, variances), color=colour[key], linewidth=width,
                   label=label)
        below.step(steps, periods, where="post", color=colour[key], linewidth=width)
    above.set_yscale("log")
    above.set_title("Variance of the replicas just before each averaging")
    below.set_title("Steps from one averaging to the next")
    below.set_xlabel("step")
    below.set_ylim(0)
    figure.legend(loc="lower center", ncols=3)
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    style.save(figure, path)
    return True
