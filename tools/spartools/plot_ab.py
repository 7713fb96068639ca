"""The picture of `spar ab`: step time, bytes, and step time over the run."""

import shlex
import statistics

from spartools import figures, style, summary
from spartools.measure import step_seconds
from spartools.style import pyplot

COLOURS = {"dense_default": style.DENSE, "dense_best": style.DENSE_BEST,
           "quantised": style.QUANTISED, "spar": style.SPAR}
FOOTER_LENGTH = 150


def scale_of(values):
    """(factor, unit) in which the values read well."""
    return (1.0, "s") if max(values) >= 1 else (1e3, "ms")


def title(result):
    gain = figures.factor(result["gain_vs_best"])
    return "%s the speed of the best dense allreduce" % gain


def subtitle(result):
    job = result["job"]
    parts = [result["label"] or "%s ranks on %s host(s)"
             % (job.get("ranks", "?"), job.get("nodes", "?"))]
    if result["gain_vs_default"] is not None:
        parts.append("%s against Open MPI's default"
                     % figures.factor(result["gain_vs_default"]))
    if result["bytes_ratio"] is not None:
        parts.append("%.3g %% of the bytes" % (100 * result["bytes_ratio"]))
    return "  ·  ".join(parts)


def footer(result):
    command = " ".join(shlex.quote(word) for word in result["command"])
    if len(command) > FOOTER_LENGTH:
        command = command[:FOOTER_LENGTH - 3] + "..."
    machine = result["machine"]
    place = ", ".join(text for text in (
        machine["processor"], "%s processors" % machine["processors_online"],
        machine["mpi"], "Spar %s" % result["spar_version"],
        result["created"][:10]) if text)
    return command + "\n" + place


def bars(axes, labels, colours, values, texts, ends=None):
    """Horizontal bars, the first one on top, with a text behind each; `ends`
    are the places behind which the texts begin, where not the bars' own."""
    ends = ends or values
    places = range(len(values) - 1, -1, -1)
    axes.barh(places, values, color=colours, height=0.62)
    axes.set_yticks(list(places), labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    reach = max(values + ends) or 1
    axes.set_xlim(0, reach * 1.28)
    for place, end, text in zip(places, ends, texts):
        axes.annotate(text, (end, place), xytext=(8, 0),
                      textcoords="offset points", va="center", weight="bold")


def draw_step_time(axes, parts, labels, colours):
    factor, unit = scale_of([part["step_s"] for part in parts])
    values = [part["step_s"] * factor for part in parts]
    bars(axes, labels, colours, values,
         [figures.seconds(part["step_s"]) for part in parts],
         [part["step_s_max"] * factor for part in parts])
    for place, part in zip(range(len(parts) - 1, -1, -1), parts):
        low, high = part["step_s_min"] * factor, part["step_s_max"] * factor
        axes.plot([low, high], [place - 0.2] * 2, color=style.ACCENT,
                  linewidth=2, solid_capstyle="butt", marker="|", zorder=3)
    axes.set_title("Step time (median; spread of the rounds)")
    axes.set_xlabel(unit)


def draw_bytes(axes, parts, labels, colours):
    values = [(part["bytes_per_step"] or 0) / 1e6 for part in parts]
    texts = [figures.size(part["bytes_per_step"]) for part in parts]
    wire = [(part["wire_bytes_per_step"] or 0) / 1e6 for part in parts]
    bars(axes, labels, colours, values, texts,
         [max(pair) for pair in zip(values, wire)])
    if all(wire):
        places = range(len(parts) - 1, -1, -1)
        axes.plot(wire, list(places), "D", color=style.ACCENT, markersize=6,
                  linestyle="none", label="measured on the interface")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=9)
    axes.set_yticks(axes.get_yticks(), [""] * len(parts))
    axes.set_title("Bytes sent per rank and step")
    axes.set_xlabel("MB")


def smooth(values, width):
    """Running median."""
    half = width // 2
    return [statistics.median(values[max(0, i - half):i + half + 1])
            for i in range(len(values))]


def draw_course(axes, result, variants):
    runs = [(variant, step_seconds(variant.jobs[-1])) for variant in variants]
    factor, unit = scale_of([statistics.median(run) for _, run in runs])
    top = 0
    for variant, run in runs:
        values = [value * factor for value in run]
        colour = COLOURS[variant.key]
        axes.plot(values, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(smooth(values, max(3, len(values) // 60)), color=colour,
                  linewidth=2, label=variant.label)
        top = max(top, sorted(values)[int(0.98 * (len(values) - 1))])
    if result["steady"] and result["compared_from_step"] > 0:
        axes.axvspan(0, result["compared_from_step"], color=style.GRID,
                     zorder=0, label="not compared: Spar learns")
    axes.set_ylim(0, top * 1.15)
    axes.set_xlim(0, max(len(run) for _, run in runs) - 1 or 1)
    axes.set_title("Step time over the last round")
    axes.set_xlabel("step")
    axes.set_ylabel(unit)
    axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1), fontsize=10)


def draw(path, result, variants):
    parts = summary.rows(result)
    labels = [part["label"] for part in parts]
    colours = [COLOURS[variant.key] for variant in variants]
    figure = pyplot.figure(figsize=(13, 7.6))
    grid = figure.add_gridspec(2, 2, left=0.155, right=0.97, top=0.81,
                               bottom=0.145, hspace=0.52, wspace=0.08,
                               height_ratios=(1, 1.15))
    draw_step_time(figure.add_subplot(grid[0, 0]), parts, labels, colours)
    draw_bytes(figure.add_subplot(grid[0, 1]), parts, labels, colours)
    course = figure.add_subplot(grid[1, :])
    box = course.get_position()
    course.set_position([0.065, box.y0, 0.735, box.height])
    draw_course(course, result, variants)
    style.heading(figure, title(result), subtitle(result))
    style.footer(figure, footer(result))
    style.save(figure, path)
