"""The picture of `spar report`: what happens to each layer, and the run."""

from spartools import figures, style
from spartools.plot_ab import scale_of, smooth
from spartools.style import pyplot

# More layers than these do not fit: the largest are shown.
LAYERS_MOST = 40


def numbers(layers, key, scale=1.0):
    return [(layer.get(key) or 0) * scale for layer in layers]


def pair(axes, layers, keys, scale, heading, unit):
    """Dense and Spar side by side for every layer."""
    places = range(len(layers))
    for offset, key, colour, label in ((-0.2, keys[0], style.DENSE, "dense"),
                                       (0.2, keys[1], style.SPAR, "Spar")):
        axes.bar([place + offset for place in places],
                 numbers(layers, key, scale), width=0.4, color=colour,
                 label=label)
    axes.set_title(heading)
    axes.set_ylabel(unit)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=9)


def name_layers(axes, layers):
    names = ["%s\n%s" % (layer.get("slot", "?"),
                         short_count(layer.get("count", 0)))
             for layer in layers]
    axes.set_xticks(range(len(layers)), names, fontsize=8)
    axes.set_xlim(-0.6, max(len(layers), 1) - 0.4)


def short_count(count):
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if count >= scale:
            return "%.3g%s" % (count / scale, unit)
    return str(count)


def draw_density(axes, layers):
    values = [100 * (layer.get("density") or 0) if
              layer.get("state") == "sparse" else 100 for layer in layers]
    colours = [style.SPAR if layer.get("state") == "sparse" else style.DENSE
               for layer in layers]
    axes.bar(range(len(layers)), values, color=colours, width=0.8)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(min(values + [1]) / 2, 150)
    axes.set_title("Density (grey: the layer stays dense)")
    axes.set_ylabel("% of the entries")
    axes.grid(axis="x", visible=False)


def draw_course(axes, report):
    seconds = report["steps"].get("seconds") or []
    if not seconds:
        axes.set_axis_off()
        return
    factor, unit = scale_of([sorted(seconds)[len(seconds) // 2]])
    values = [value * factor for value in seconds]
    axes.plot(values, color=style.SPAR, alpha=0.3, linewidth=0.8)
    axes.plot(smooth(values, max(3, len(values) // 60)), color=style.SPAR,
              linewidth=2)
    steady = report["steps"].get("steady_from")
    if steady:
        axes.axvspan(0, min(steady, len(values)), color=style.GRID, zorder=0)
    top = sorted(values)[int(0.98 * (len(values) - 1))]
    axes.set_ylim(0, 1.15 * top)
    axes.set_xlim(0, max(len(values) - 1, 1))
    axes.set_title("Step time over the run (shaded: not steady yet)")
    axes.set_xlabel("step")
    axes.set_ylabel(unit)


def draw(path, report, name):
    layers = sorted(report["layers"], key=lambda layer: layer.get("count", 0))
    layers = sorted(layers[-LAYERS_MOST:],
                    key=lambda layer: layer.get("slot", 0))
    job = report["job"]
    figure, axes = pyplot.subplots(2, 2, figsize=(13, 8.2))
    figure.subplots_adjust(left=0.07, right=0.98, top=0.83, bottom=0.11,
                           hspace=0.42, wspace=0.17)
    draw_density(axes[0][0], layers)
    pair(axes[0][1], layers, ("dense_bytes_per_step", "bytes_per_step"), 1e-6,
         "Bytes per rank and step", "MB")
    pair(axes[1][0], layers, ("dense_call_s", "call_s"), 1e3,
         "Time of a call", "ms")
    for each in (axes[0][0], axes[0][1], axes[1][0]):
        name_layers(each, layers)
    axes[1][0].set_xlabel("layer, elements")
    draw_course(axes[1][1], report)
    sent = report["bytes"]
    style.heading(
        figure, "%s per rank and step instead of %s"
        % (figures.size(sent.get("sent_per_rank_per_step")),
           figures.size(sent.get("dense_per_rank_per_step"))),
        "%s ranks on %s host(s)  ·  mode %s  ·  %s steps of %s"
        % (job.get("ranks", "?"), job.get("nodes", "?"), job.get("mode", "?"),
           report["steps"].get("count", "?"),
           figures.seconds(report["steps"].get("median_s"))))
    style.footer(figure, "%s, Spar %s" % (name, report.get("version", "?")))
    style.save(figure, path)
