"""The look of all pictures."""

import matplotlib

matplotlib.use("Agg")
# pylint: disable=wrong-import-position
from matplotlib import pyplot  # noqa: E402

# Safe for colour-blind readers: greys for dense, one strong colour for Spar.
DENSE = "#9aa5b1"
DENSE_BEST = "#52606d"
SPAR = "#0b7285"
QUANTISED = "#8fb8c2"
ACCENT = "#d9480f"
TEXT = "#1f2933"
MUTED = "#616e7c"
GRID = "#e4e7eb"

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "text.color": TEXT,
    "xtick.color": MUTED,
    "ytick.color": TEXT,
    "legend.frameon": False,
    "savefig.dpi": 144,
    "savefig.facecolor": "white",
})


def heading(figure, title, subtitle):
    """A large title and a muted line below it, at the left edge."""
    width, height = figure.get_size_inches()
    left = 0.45 / width
    figure.text(left, 1 - 0.5 / height, title, fontsize=17, weight="bold")
    figure.text(left, 1 - 0.82 / height, subtitle, fontsize=11, color=MUTED)


def footer(figure, text):
    """Small print at the lower left."""
    width, height = figure.get_size_inches()
    figure.text(0.45 / width, 0.2 / height, text, fontsize=8, color=MUTED,
                family="DejaVu Sans Mono")


def save(figure, path):
    figure.savefig(path)
    pyplot.close(figure)
