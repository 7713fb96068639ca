"""The table of one step that `spar report --trace` prints."""

from spartools import figures, trace_step

HEADER = ["layer", "elements", "by", "density", "sent", "posted", "begins",
          "ends", "selection", "wait"]


def after(step, time):
    """Milliseconds since the step began on this rank."""
    return "-" if time is None else "%.2f" % (1e-3 * (time - step.begin))


def layer_row(step, call):
    args = call.args
    name = args.get("slot")
    if name is None:
        name = "p%s" % args["persistent"] if "persistent" in args else "-"
    return [str(name), format(args["count"], ","), args["method"],
            "%.3g %%" % (100 * args["density"]), figures.size(args["bytes"]),
            after(step, call.posted), after(step, call.begun),
            after(step, call.done), "%.2f" % (1e-3 * call.selected),
            "%.2f" % (1e-3 * call.waited)]


def rank_row(step):
    selected = sum(end - begin for begin, end in step.selections)
    return ["rank %d" % step.rank.number, step.rank.host,
            "%.2f" % (1e-3 * (step.end - step.begin)),
            "%.2f" % (1e-3 * trace_step.blocked(step)), "%.2f" % (1e-3 * selected),
            figures.size(sum(call.args["bytes"] for call in step.calls)),
            "%.1f us" % step.rank.clock_error]


def text(steps, wanted):
    first = steps[0]
    layers = [HEADER] + [layer_row(first, call) for call in first.calls]
    ranks = [["", "host", "step", "blocked", "selection", "sent",
              "clock within"]] + [rank_row(step) for step in steps]
    lines = ["Step %d of plan %d on communicator %d, a step of median length. "
             "Times in ms." % (wanted[2], wanted[1], wanted[0]), ""]
    lines += figures.rows_as_text(ranks, right=range(2, len(ranks[0])))
    lines += ["", "Rank %d, since its step began:" % first.rank.number]
    lines += figures.rows_as_text(layers, right=(0, 1, 3, 4, 5, 6, 7, 8, 9))
    lines += ["rank %d: %d events were dropped, its buffer was full"
              % (step.rank.number, step.rank.dropped)
              for step in steps if step.rank.dropped]
    return "\n".join(lines)
