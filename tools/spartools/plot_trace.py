"""The picture of `spar report --trace`: one step, what every rank does when."""

from matplotlib.patches import Patch

from spartools import style, trace_step
from spartools.style import pyplot

# More than these are not drawn: ranks, and exchanges at the same time.
RANKS_MOST = 8
LINES_MOST = 6

COMPUTES = "#52606d"
WAITS = "#f3b391"
SELECTS = "#e8a400"
QUEUED = "#cfe3e7"
MS = 1e-3


def gaps(step, waits):
    """When the thread is not blocked, within the step."""
    found, since = [], step.begin
    for begin, end in sorted(waits):
        if begin > since:
            found.append((since, begin))
        since = max(since, end)
    if step.end > since:
        found.append((since, step.end))
    return found


def pack(calls):
    """The exchanges in as few lines as have room for them without overlap,
    the last line taking what remains."""
    lines = []
    for call in sorted((call for call in calls if call.begun),
                       key=lambda call: call.begun):
        free = [line for line in lines if line[-1].done <= call.begun]
        if free:
            free[0].append(call)
        elif len(lines) < LINES_MOST:
            lines.append([call])
        else:
            lines[-1].append(call)
    return lines


def lines_of(step):
    """How many lines the rank takes."""
    return (len(step.waits) + bool(step.selections) + 1 +
            len(pack(step.calls)))


class Chart:
    """Lines from the top down; times are those since the first rank's step."""

    def __init__(self, axes, origin, length):
        self.axes = axes
        self.origin = origin
        self.length = length
        self.height = 0
        self.ticks = []

    def bars(self, spans, colour, size=0.8, **options):
        options.setdefault("linewidth", 0)
        self.axes.broken_barh(
            [((begin - self.origin) * MS, (end - begin) * MS)
             for begin, end in spans],
            (self.height + (1 - size) / 2, size), color=colour, **options)

    def marks(self, times):
        self.axes.vlines([(time - self.origin) * MS for time in times],
                         self.height + 0.1, self.height + 0.9,
                         color=style.TEXT, linewidth=0.8)

    def write(self, begin, end, text):
        """In a bar that is long enough."""
        if end - begin > 0.022 * self.length:
            self.axes.text(((begin + end) / 2 - self.origin) * MS,
                           self.height + 0.52, text, color="white", fontsize=7,
                           ha="center", va="center")

    def end_line(self, label=None):
        if label:
            self.ticks.append((self.height + 0.5, label))
        self.height += 1

    def rule(self):
        self.axes.axhline(self.height + 0.1, color=style.MUTED, linewidth=0.6)
        self.height += 0.2


def draw_posts(chart, step):
    chart.bars([(call.posted, call.begun or call.done) for call in step.calls],
               QUEUED)
    chart.marks([call.posted for call in step.calls])
    chart.end_line("posted")


def draw_exchanges(chart, step):
    for number, line in enumerate(pack(step.calls)):
        for sparse, colour in ((True, style.SPAR), (False, style.DENSE)):
            spans = [(call.begun, call.done) for call in line
                     if call.is_sparse() == sparse]
            # Neighbours are told apart by their edges.
            chart.bars(spans, colour)
            chart.bars([(begin, begin + 0.0015 * chart.length)
                        for begin, _ in spans], "black", alpha=0.5)
        for call in line:
            chart.write(call.begun, call.done, call.args.get("slot", ""))
        chart.end_line("exchanges" if number == 0 else None)


def draw_rank(chart, step):
    for thread, waits in sorted(step.waits.items()):
        chart.bars(gaps(step, waits), COMPUTES)
        chart.bars(waits, WAITS)
        chart.end_line("rank %d: application%s" % (
            step.rank.number, " %d" % thread if thread else ""))
    if step.selections:
        chart.bars(step.selections, SELECTS)
        chart.end_line("selection")
    draw_posts(chart, step)
    draw_exchanges(chart, step)


def add_legend(figure):
    names = [(COMPUTES, "application computes"), (WAITS, "application waits"),
             (SELECTS, "selection"), (QUEUED, "posted, waits for its turn"),
             (style.SPAR, "sparse exchange"), (style.DENSE, "dense exchange")]
    figure.legend(handles=[Patch(color=colour, label=name)
                           for colour, name in names],
                  loc="lower left", ncols=len(names), fontsize=9,
                  bbox_to_anchor=(0.03, 0.35 / figure.get_size_inches()[1]))


def draw(path, steps, wanted, name):
    shown = steps[:RANKS_MOST]
    height = 2.6 + 0.3 * sum(lines_of(step) for step in shown)
    figure, axes = pyplot.subplots(figsize=(14, height))
    figure.subplots_adjust(left=0.14, right=0.98, top=1 - 1.1 / height,
                           bottom=1.25 / height)
    chart = Chart(axes, shown[0].begin, shown[0].end - shown[0].begin)
    for step in shown:
        draw_rank(chart, step)
        chart.rule()
    axes.set_ylim(chart.height, 0)
    axes.set_yticks([place for place, _ in chart.ticks],
                    [label for _, label in chart.ticks], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, None)
    axes.set_xlabel("ms since the step began on rank %d" % shown[0].rank.number)
    add_legend(figure)
    style.heading(
        figure, "Step of %.1f ms, blocked for %.1f ms of it"
        % (MS * chart.length, MS * trace_step.blocked(shown[0])),
        "step %d, of median length  ·  %d of %d ranks  ·  %d calls per rank  ·  "
        "numbers are slots" % (wanted[2], len(shown), len(steps),
                               len(shown[0].calls)))
    style.footer(figure, name)
    style.save(figure, path)
