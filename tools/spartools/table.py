"""The table that `spar ab` prints."""

from spartools import figures, summary


def step_text(part, rounds):
    text = figures.seconds(part["step_s"])
    if rounds > 1:
        text += " (%s .. %s)" % (figures.seconds(part["step_s_min"]),
                                 figures.seconds(part["step_s_max"]))
    return text


def comparison(result):
    """Lines of the comparison itself."""
    parts = summary.rows(result)
    with_wire = any(part["wire_bytes_per_step"] for part in parts)
    best = result["dense_best"]["step_s"]
    default = (result["dense_default"] or {}).get("step_s")
    lines = [["", "step time", "bytes sent", "on the wire", "gain vs default",
              "gain vs best", "whole run"]]
    for part in parts:
        lines.append([
            part["label"], step_text(part, result["rounds"]),
            figures.size(part["bytes_per_step"]),
            figures.size(part["wire_bytes_per_step"]),
            figures.factor(figures.ratio(default, part["step_s"])),
            figures.factor(figures.ratio(best, part["step_s"])),
            figures.seconds(part["wall_s"])])
    if not with_wire:
        lines = [line[:3] + line[4:] for line in lines]
    return figures.rows_as_text(lines, right=range(2, len(lines[0])))


def explanation(result):
    """What the numbers are."""
    job = result["job"]
    text = ["Median of %d round(s), %s rank(s) on %s host(s); bytes per rank "
            "and step." % (result["rounds"], job.get("ranks", "?"),
                           job.get("nodes", "?"))]
    if result["steady"]:
        text.append("Steps from number %d on are compared: Spar learns, and "
                    "is dense, before." % result["compared_from_step"])
    else:
        text.append("All steps are compared, as Spar had not settled: the run "
                    "is too short.")
    return text


def trainer_lines(result):
    lines = ["The program's own last lines:"]
    for part in summary.rows(result):
        lines.append("  %s" % part["label"])
        lines += ["    " + line for line in part["result_lines"]] or ["    -"]
    return lines


def text(result):
    """The whole text for stdout."""
    lines = comparison(result) + [""] + explanation(result)
    lines += result["notes"]
    lines += [""] + trainer_lines(result)
    return "\n".join(lines)
