"""Tables, heat maps and summary of the cells."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NEAR = 1.1
# Deviations beyond a factor of two look alike.
MOST = 2.0
# Up to this deviation dark letters can be read.
LIGHT = 1.5


def places(cells):
    """{(link, ranks): its cells}"""
    found = {}
    for cell in cells:
        found.setdefault((cell.link, cell.ranks), []).append(cell)
    return dict(sorted(found.items()))


def title_of(link, ranks):
    return f"{ranks} ranks, " + ("shared memory" if link == "shared" else link)


def in_words(seconds):
    return f"{1e3 * seconds:.3g} ms"


def print_table(title, cells):
    print(f"\n{title}")
    print(f"  {'density':>8} {'count':>9} {'auto':>10} {'takes':10} {'best':>10} {'':10}"
          f"{'best dense':>11} {'':15}{'auto/best':>10}{'auto/dense':>11}")
    for cell in sorted(cells, key=lambda c: (c.density, c.count)):
        best, dense = cell.best(), cell.best_dense()
        print(f"  {cell.density:8g} {cell.count:9} {in_words(cell.auto):>10} "
              f"{cell.chosen:10} {in_words(cell.algorithms[best]):>10} {best:10}"
              f"{in_words(cell.dense[dense]):>11} {dense:15}{cell.to_best():10.2f}"
              f"{cell.to_dense():11.2f}")


def print_map(cells):
    """The same as a map: auto's choice and auto / best dense."""
    counts = sorted({cell.count for cell in cells})
    print("  " + " " * 9 + "".join(f"{count:>16.0e}" for count in counts) +
          "   takes, auto / best dense")
    for density in sorted({cell.density for cell in cells}):
        row = {c.count: f"{c.chosen} {c.to_dense():.2f}"
               for c in cells if c.density == density}
        print(f"  {density:9g}" + "".join(f"{row.get(count, '-'):>16}" for count in counts))


def summary(cells):
    """The lines that matter."""
    near = sum(cell.to_best() <= NEAR for cell in cells)
    worst = max(cells, key=lambda cell: cell.to_dense())
    far = max(cells, key=lambda cell: cell.to_best())

    def where(cell):
        return f"{title_of(cell.link, cell.ranks)}, {cell.count} at {cell.density:g}"

    return [f"auto within 10 % of the best algorithm in {100 * near / len(cells):.0f} % of "
            f"{len(cells)} cells; worst auto / best dense {worst.to_dense():.2f} "
            f"({where(worst)})",
            f"worst auto / best algorithm {far.to_best():.2f} ({where(far)})",
            "auto faster than the best dense algorithm in "
            f"{sum(cell.to_dense() < 1 for cell in cells)} cells"]


def print_all(cells):
    for (link, ranks), some in places(cells).items():
        print_table(title_of(link, ranks), some)
        print_map(some)
    if cells:
        print("\n" + "\n".join(summary(cells)))


def draw_panel(axes, cells, value):
    """Blue: below 1; red: above."""
    counts = sorted({cell.count for cell in cells})
    densities = sorted({cell.density for cell in cells})
    numbers = [[float("nan")] * len(counts) for _ in densities]
    for cell in cells:
        row, column = densities.index(cell.density), counts.index(cell.count)
        ratio = value(cell)
        numbers[row][column] = max(1 / MOST, min(MOST, ratio))
        axes.text(column, row, f"{cell.chosen}\n{ratio:.2f}", ha="center", va="center",
                  fontsize=7, color="black" if LIGHT > ratio > 1 / LIGHT else "white")
    from matplotlib.colors import LogNorm  # pylint: disable=import-outside-toplevel
    axes.imshow(numbers, cmap="RdBu_r", norm=LogNorm(1 / MOST, MOST), aspect="auto",
                alpha=0.9)
    axes.set_xticks(range(len(counts)), [f"{count:.0e}" for count in counts])
    axes.set_yticks(range(len(densities)), [f"{density:g}" for density in densities])
    axes.grid(visible=False)


def draw(cells, path):
    """A row of panels per link and number of ranks."""
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    from spartools import style  # pylint: disable=import-outside-toplevel

    groups = places(cells)
    figure, axes = style.pyplot.subplots(len(groups), 2, squeeze=False,
                                         figsize=(11, 0.6 + 2.5 * len(groups)))
    for panels, ((link, ranks), some) in zip(axes, groups.items()):
        draw_panel(panels[0], some, lambda cell: cell.to_best())
        draw_panel(panels[1], some, lambda cell: cell.to_dense())
        panels[0].set_title(f"{title_of(link, ranks)}: auto / best algorithm", fontsize=9)
        panels[1].set_title("auto / best dense by MPI", fontsize=9)
        panels[0].set_ylabel("density")
    for panel in axes[-1]:
        panel.set_xlabel("elements")
    figure.tight_layout()
    figure.savefig(path)
