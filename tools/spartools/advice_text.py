"""What `spar advise` prints."""

import math

from spartools import figures

# Rows of the table of layers.
MOST_ROWS = 20
HEADER = ["layers", "elements", "dense time", "Spar would", "density", "why"]


def span(low, high, text):
    """One value, or a range."""
    return text(low) if text(low) == text(high) else \
        "%s to %s" % (text(low), text(high))


def share(value):
    return "%.3g %%" % (100 * value)


def grouped(rows, key):
    groups = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def group_layers(rows):
    """Layers that fare alike: of one size or, if these are too many, of one
    power of ten, or else of any size."""
    def fate(row):
        return row["state"], row["why"]
    groups = []
    for size in (lambda row: row["count"],
                 lambda row: int(math.log10(max(1, row["count"]))),
                 lambda row: 0):
        groups = grouped(rows, lambda row, size=size: (fate(row), size(row)))
        if len(groups) <= MOST_ROWS:
            break
    return sorted(groups, key=lambda group: -dense_time(group))


def dense_time(group):
    return sum(row["dense_call_s"] or 0 for row in group)


def layer_line(group):
    counts = [row["count"] for row in group]
    densities = [row["density"] for row in group if row["density"]]
    sparse = group[0]["state"] == "sparse"
    return [str(len(group)),
            span(min(counts), max(counts), lambda count: format(count, ",")),
            figures.seconds(dense_time(group)),
            "send sparsely" if sparse else "leave dense",
            span(min(densities), max(densities), share)
            if densities else "-", group[0]["why"] or ""]


def layer_lines(rows):
    groups = group_layers(rows)
    table = [HEADER] + [layer_line(group) for group in groups[:MOST_ROWS]]
    lines = figures.rows_as_text(table, right=(0, 1, 2, 4))
    if len(groups) > MOST_ROWS:
        lines.append("and %d more kinds of layers" % (len(groups) - MOST_ROWS))
    return lines


def measured_lines(result):
    known, job = result["measured"], result["job"]
    lines = ["Measured: %d dense steps, %s rank(s) on %s host(s)"
             % (known["dense_steps"], job.get("ranks", "?"),
                job.get("nodes", "?")),
             "  step         %s (80 %% of them: %s)"
             % (figures.seconds(known["dense_step_s"]),
                span(known["dense_step_low_s"], known["dense_step_high_s"],
                     figures.seconds)),
             "  computation  %s" % figures.seconds(known["compute_s"]),
             "  exposed wait %s" % figures.seconds(known["exposed_s"])]
    if known["second_thread"]:
        lines.append("  A second thread makes the calls: the wait is that "
                     "behind the last gradient, as modelled.")
    return lines


def range_words(forecast):
    return "%s to %s" % (figures.seconds(forecast["step_least_s"]),
                         figures.seconds(forecast["step_most_s"]))


def predicted_lines(result):
    forecast, known = result["predicted"], result["measured"]
    lines = ["Predicted with Spar:",
             "  step         %s (%s if exchanges cost 2/3 or 1.5 times what is "
             "thought)"
             % (figures.seconds(forecast["step_s"]), range_words(forecast)),
             "  gain         %s over the measured dense step (%s to %s)"
             % (figures.factor(forecast["gain"]),
                figures.factor(forecast["gain_least"]),
                figures.factor(forecast["gain_most"]))]
    if forecast["bytes_per_step"] is not None:
        lines.append("  bytes        about %s per rank and step, dense %s; "
                     "densities may still change"
                     % (figures.size(forecast["bytes_per_step"]),
                        figures.size(forecast["dense_bytes_per_step"])))
    lines.append("  The last %d of the test's steps with Spar took %s."
                 % (known["test_steps"],
                    figures.seconds(known["test_step_s"])))
    return lines


def doubt_lines(result):
    known = result["measured"]
    lines = ["The run was only a test, and its last steps may have been sparse: "
             "throw away what it trained.",
             "The range is that of the exchanges' costs. Another load of the "
             "machine or the network than in the test",
             "is not in it, nor what fewer entries do to the training: compare "
             "your own metric."]
    if known["dense_step_high_s"] > 1.3 * known["dense_step_low_s"]:
        lines.append("Dense steps differed by more than 30 %: the machine is "
                     "noisy, and the prediction no better than that.")
    return lines


def line_lines(result):
    lines = result["lines"]
    if lines["adaptive"] is None:
        return ["Advice: stay dense; %s" % result["why"],
                "  " + lines["fixed"]]
    return ["Advice: use Spar; %s" % result["why"],
            "  " + lines["adaptive"],
            "With the densities that were found as bounds, to stay near them:",
            "  " + lines["fixed"]]


def check_lines(result):
    check, forecast = result["check"], result["predicted"]
    if check is None:
        return []
    inside = "inside" if check["inside"] else "outside"
    lines = ["", "Check: %d steps with Spar took %s (80 %% of them: %s)"
             % (check["steps"], figures.seconds(check["step_s"]),
                span(check["step_low_s"], check["step_high_s"],
                     figures.seconds)),
             "  real / predicted %.2f, %s the range of %s"
             % (check["real_to_predicted"], inside, range_words(forecast))]
    if not check["settled"]:
        lines.append("  Spar had not settled: the program ended too soon.")
    if check["bytes_per_step"] is not None:
        lines.append("  %s sent per rank and step"
                     % figures.size(check["bytes_per_step"]))
    return lines


def text(result):
    """The whole text for stdout."""
    lines = measured_lines(result) + [""] + layer_lines(result["layers"])
    if any(row["state"] == "sparse" for row in result["layers"]):
        lines += [""] + predicted_lines(result)
    lines += [""] + line_lines(result) + [""] + doubt_lines(result)
    lines += result["notes"] + check_lines(result)
    return "\n".join(lines)
