"""The table of layers that `spar report` prints."""

from spartools import figures


def share(value):
    return "-" if value is None else "%.3g %%" % (100 * value)


def layer_row(layer):
    return [str(layer.get("slot", "?")), format(layer.get("count", 0), ","),
            layer.get("dtype", "?"), layer.get("state", "?"),
            share(layer.get("density")),
            figures.size(layer.get("dense_bytes_per_step")),
            figures.size(layer.get("bytes_per_step")),
            figures.seconds(layer.get("dense_call_s")),
            figures.seconds(layer.get("call_s")),
            figures.seconds(layer.get("select_s")),
            share(layer.get("residual_share")),
            layer.get("why") or ""]


HEADER = ["layer", "elements", "type", "state", "density", "dense bytes",
          "sent", "dense time", "time", "selection", "residual", "why"]


def head_lines(report):
    job, steps = report["job"], report["steps"]
    sent = report["bytes"]
    lines = ["%s rank(s) on %s host(s), mode %s, %s, Spar %s"
             % (job.get("ranks", "?"), job.get("nodes", "?"),
                job.get("mode", "?"), figures.seconds(job.get("elapsed_s")),
                report.get("version", "?")),
             "%s steps, median %s, steady from step %s"
             % (steps.get("count", "?"), figures.seconds(steps.get("median_s")),
                steps.get("steady_from", "?")),
             "%s sent per rank and step, dense would send %s"
             % (figures.size(sent.get("sent_per_rank_per_step")),
                figures.size(sent.get("dense_per_rank_per_step")))]
    wire = sent.get("interface_tx_per_step")
    if wire is not None:
        lines.append("%s on the wire per step, by the interface's own counters"
                     % figures.size(wire))
    return lines


def text(report):
    """The whole text for stdout. Sizes are per rank and step, times per
    call."""
    lines = head_lines(report)
    if report["layers"]:
        rows = [HEADER] + [layer_row(layer) for layer in report["layers"]]
        lines += [""] + figures.rows_as_text(rows, right=(0, 1, 4, 5, 6, 7, 8,
                                                          9, 10))
    lines += report.get("notes") or []
    return "\n".join(lines)
