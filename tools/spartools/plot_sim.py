"""The picture of `spar sim`: time and break-even densities by ranks."""

from spartools import sim_table, style
from spartools.style import pyplot

# (colour, width): dense in greys, as in the other pictures.
LINES = {"mpi": (style.DENSE, 3), "ring": (style.DENSE_BEST, 3),
         "allgather": (style.SPAR, 2), "doubling": (style.ACCENT, 2),
         "split": ("#5f3dc4", 2), "node": ("#2b8a3e", 2)}
LABELS = {"mpi": "dense, MPI", "ring": "dense, ring"}


def line(axes, rows, name, part, scale):
    points = [(row["ranks"], row[part][name] * scale) for row in rows
              if row[part][name]]
    if points:
        colour, width = LINES[name]
        axes.plot(*zip(*points), color=colour, linewidth=width, marker="o",
                  markersize=3.5, label=LABELS.get(name, name))


def finish(axes, rows, title, unit):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks = [row["ranks"] for row in rows]
    step = -(-len(ticks) // 9)
    axes.set_xticks(ticks[::step], [format(tick, ",") for tick in ticks[::step]],
                    rotation=30, ha="right")
    axes.minorticks_off()
    axes.set_title(title)
    axes.set_xlabel("ranks")
    axes.set_ylabel(unit)
    if axes.get_lines():
        axes.legend(fontsize=9)


def draw(path, rows, words):
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 6.2))
    figure.subplots_adjust(left=0.065, right=0.985, top=0.8, bottom=0.19,
                           wspace=0.16)
    for name in sim_table.METHODS:
        line(axes[0], rows, name, "seconds", 1e3)
    for name in sim_table.SPARSE:
        line(axes[1], rows, name, "break_even", 100)
    axes[1].axhline(100 * rows[0]["density"], color=style.MUTED, linewidth=1,
                    linestyle="--", label="density of the left picture")
    finish(axes[0], rows, "Time of one exchange", "ms")
    finish(axes[1], rows, "Break-even density, sparse against dense",
           "% of the entries")
    axes[1].yaxis.set_major_formatter("{x:g}")
    style.heading(
        figure, "What an exchange takes, predicted",
        "%s elements  ·  density %s  ·  %d rank(s) on a node"
        % (format(rows[0]["elements"], ","),
           sim_table.percent(rows[0]["density"]),
           -(-rows[-1]["ranks"] // rows[-1]["nodes"])))
    style.footer(figure, "spar sim " + " ".join(
        word for word in words)[:150])
    style.save(figure, path)
