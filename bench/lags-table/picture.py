"""Bars: the share of the compute-only limit, of the paper and of Spar."""

import os
import sys

from models import MODELS, ROOT, paper_share
from comparison import best_dense, share
from variants import SPAR, SPAR_THREAD

sys.path.insert(0, os.path.join(ROOT, "tools"))

WIDTH = 0.19


def series(style, found):
    """Label, colour and value per model of each group of bars."""
    def of(key):
        return [share(numbers[key]) if key in numbers else None
                for numbers in found.values()]
    best = [share(numbers[best_dense(numbers)]) if best_dense(numbers) else None
            for numbers in found.values()]
    paper = [paper_share(MODELS[name]) for name in found]
    return [("best dense, here", style.DENSE, best),
            ("LAGS-SGD, its paper (16 GPUs)", style.DENSE_BEST, paper),
            ("Spar, Iallreduce + Waitall", style.SPAR, of(SPAR)),
            ("Spar, second thread", style.ACCENT, of(SPAR_THREAD))]


def draw(found, path):
    """`found`: medians by model and variant."""
    from spartools import style  # needs matplotlib
    figure, axes = style.pyplot.subplots(figsize=(9, 4.2))
    for number, (label, colour, values) in enumerate(series(style, found)):
        places = [place + (number - 1.5) * WIDTH for place in range(len(values))]
        shown = [(x, y) for x, y in zip(places, values) if y is not None]
        if not shown:
            continue
        axes.bar(*zip(*shown), width=0.92 * WIDTH, color=colour, label=label)
        for x, y in shown:
            axes.text(x, y, "%.0f" % y, ha="center", va="bottom", fontsize=9)
    axes.axhline(100, color=style.MUTED, linewidth=0.8)
    axes.set_xticks(range(len(found)), [MODELS[name].title for name in found])
    axes.grid(axis="x", visible=False)
    axes.set_ylabel("% of the compute-only limit")
    axes.set_ylim(0, 108)
    axes.set_title("Computation's share of a step: 4 hosts, 1 Gbit/s")
    figure.legend(loc="lower center", ncols=2)
    figure.tight_layout(rect=(0, 0.13, 1, 1))
    style.save(figure, path)
