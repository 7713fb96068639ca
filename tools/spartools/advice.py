"""What `spar advise` makes of the report of a test run."""

import shlex
from collections import Counter

from spartools import figures
from spartools.errors import ToolError
from spartools.measure import step_seconds

SCHEMA_VERSION = 1
# Steps that are too new to be timed, and those at the end of the watching in
# which dense methods take turns (SPAR_WATCH_STEPS).
NEW_STEPS = 2
TURNS = 8
LEAST_STEPS = 20
# Behind the dense steps: 8 that show whether a second thread makes blocking
# calls, up to 24 in which methods are tried, and reviews of the densities.
TRIAL_STEPS = 48
# Steps of the test, at its end, that are told as measured.
LAST_STEPS = 8
# Steady steps of a check, at least.
CHECK_STEPS = 16
# What Spar watches by itself.
USUAL_WATCH = 8
# A smaller gain than this is none.
LEAST_GAIN = 1.02


def test_settings(steps):
    return {"SPAR_WATCH_STEPS": str(steps),
            "SPAR_STOP_STEPS": str(steps + TRIAL_STEPS)}


def check_settings(steps, test):
    """As many steps as the test had dense ones, and enough to settle."""
    steady = test.report["steps"]["steady_from"] - steps + USUAL_WATCH
    return {"SPAR_STOP_STEPS": str(max(steps, steady + CHECK_STEPS))}


def check_setting(report):
    config = report.get("config") or {}
    if report["job"].get("mode") != "auto":
        raise ToolError("the run reports mode '%s': the command sets SPAR_MODE "
                        "itself; leave that to spar advise"
                        % report["job"].get("mode"), 2)
    if config.get("SPAR_DENSITY") not in ("auto", "lags-paper"):
        raise ToolError("SPAR_DENSITY=%s leaves nothing to advise on: unset it"
                        % config.get("SPAR_DENSITY"), 2)


def check_length(steps, report, seconds):
    """ToolError when the program ended before its densities were known."""
    if report.get("densities") is not None and len(seconds) >= steps:
        return
    least = steps + TRIAL_STEPS
    if len(seconds) < least - 1:
        remedy = ("choose --steps up to %d" % (len(seconds) - TRIAL_STEPS)
                  if len(seconds) - TRIAL_STEPS >= LEAST_STEPS else
                  "let it run for longer")
        raise ToolError(
            "the program ended after %d of the %d steps that --steps %d needs, "
            "besides those that Spar learns the step from: %s"
            % (len(seconds), least, steps, remedy))
    raise ToolError("the calls of a step do not tell their times: persistent "
                    "requests, or a step without any measurable length; use "
                    "spar ab")


def quantile(values, share):
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def measured(steps, report, seconds):
    dense = seconds[NEW_STEPS:steps - TURNS]
    densities = report["densities"]
    step = figures.median(dense)
    # A second thread's waits are not the application's: what is left without
    # the wait behind the last gradient.
    compute = min(step, max(0, densities["predicted_step_s"] -
                            densities["predicted_wait_s"]))
    return {"dense_steps": len(dense), "dense_step_s": step,
            "dense_step_low_s": quantile(dense, 0.1),
            "dense_step_high_s": quantile(dense, 0.9),
            "compute_s": compute, "exposed_s": step - compute,
            "second_thread": densities["second_thread"],
            "test_steps": len(seconds[steps:][-LAST_STEPS:]),
            "test_step_s": figures.median(seconds[steps:][-LAST_STEPS:])}


def sparse_bytes(layer):
    """Of a call with the layer's density, from what its sparse calls sent so
    far; None: there were none."""
    calls, sparse = layer["calls"], layer["sparse_calls"]
    dense = layer["dense_bytes_per_step"]
    if not sparse or not layer["density"]:
        return None
    sent = layer["bytes_per_step"] * calls - dense * (calls - sparse)
    density = layer["plan_density"] or layer["density"]
    return max(0, sent) / sparse * density / layer["density"]


def bytes_per_step(layers):
    """(with Spar or None, dense)."""
    parts = [sparse_bytes(layer) if layer["state"] == "sparse"
             else layer["dense_bytes_per_step"] for layer in layers]
    return (None if None in parts else sum(parts),
            sum(layer["dense_bytes_per_step"] for layer in layers))


def layer_row(layer):
    keys = ("comm", "slot", "count", "dtype", "state", "method", "why",
            "dense_call_s", "predicted_s", "release_s", "need_s")
    row = {key: layer.get(key) for key in keys}
    # Where only non-zeros travel, the densities are the gradient's.
    row["density"] = (layer.get("plan_density") or layer["density"] or None) \
        if layer["state"] == "sparse" else None
    return row


def is_sparse(layers):
    return any(layer["state"] == "sparse" for layer in layers)


def predicted(steps, report, known, seconds):
    """Of a step with Spar. All dense: as the last ones of the test, which went
    by the faster dense method."""
    layers = report["layers"]
    dense = known["dense_step_s"]
    last = seconds[steps:][-TRIAL_STEPS // 2:] or [dense]
    step, least, most = (figures.median(last), quantile(last, 0.1),
                         quantile(last, 0.9))
    if is_sparse(layers):
        numbers = report["densities"]
        step = numbers["predicted_step_s"]
        least = numbers["predicted_step_least_s"]
        most = numbers["predicted_step_most_s"]
    sent, all_bytes = bytes_per_step(layers)
    return {"step_s": step, "step_least_s": least, "step_most_s": most,
            "gain": figures.ratio(dense, step),
            "gain_least": figures.ratio(dense, most),
            "gain_most": figures.ratio(dense, least),
            "bytes_per_step": sent, "dense_bytes_per_step": all_bytes}


def reason_dense(layers):
    """Why most of the bytes stay dense."""
    reasons = Counter()
    for layer in layers:
        reasons[layer["why"]] += layer["dense_bytes_per_step"]
    return reasons.most_common(1)[0][0]


def verdict(report, known, forecast):
    """(sparse or dense, why)."""
    if not is_sparse(report["layers"]):
        return "dense", "nothing to gain: " + reason_dense(report["layers"])
    if forecast["gain"] < LEAST_GAIN:
        return "dense", ("nothing to gain: a step with Spar would take %s, a "
                         "dense one %s" % (
                             figures.seconds(forecast["step_s"]),
                             figures.seconds(known["dense_step_s"])))
    if forecast["gain_least"] < 1:
        return "sparse", "likely faster; if exchanges cost more than " \
            "predicted, slower"
    return "sparse", "faster, also if exchanges cost more than predicted"


def command_line(settings, command):
    return shlex.join(["spar", "run"] + settings + ["--"] + command)


def make_lines(decision, rows, command):
    """The commands to use: {adaptive, fixed}."""
    found = [row["density"] for row in rows if row["density"]]
    if decision == "dense" or not found:
        return {"adaptive": None, "fixed": shlex.join(command)}
    low, high = min(found), max(found)
    fixed = ["SPAR_DENSITY=%.3g" % low] if high < 1.01 * low else [
        "SPAR_DENSITY_MIN=%.3g" % low, "SPAR_DENSITY_MAX=%.3g" % high]
    return {"adaptive": command_line([], command),
            "fixed": command_line(fixed, command)}


def all_notes(steps, report, seconds):
    notes = list(report.get("notes") or [])
    made = len(seconds) - steps
    if made < TRIAL_STEPS - 1:
        notes.append("The program ended %d steps after the dense ones, not %d: "
                     "the prediction is less sure." % (made, TRIAL_STEPS))
    return notes


def make(args, job):
    """The dictionary that becomes the JSON file."""
    report = job.report
    check_setting(report)
    seconds = step_seconds(job)
    check_length(args.steps, report, seconds)
    known = measured(args.steps, report, seconds)
    forecast = predicted(args.steps, report, known, seconds)
    decision, why = verdict(report, known, forecast)
    rows = [layer_row(layer) for layer in report["layers"]]
    return {"schema_version": SCHEMA_VERSION,
            "spar_version": report.get("version"), "command": args.command,
            "steps": args.steps, "job": report["job"],
            "config": report.get("config"), "measured": known,
            "layers": rows, "predicted": forecast, "verdict": decision,
            "why": why, "lines": make_lines(decision, rows, args.command),
            "densities": report["densities"], "model": report.get("model"),
            "topology": report.get("topology"),
            "notes": all_notes(args.steps, report, seconds), "check": None}


def compare(forecast, job):
    """The prediction against a run with Spar."""
    seconds = step_seconds(job)
    steady = job.report["steps"].get("steady_from") or 0
    settled = steady + CHECK_STEPS <= len(seconds) + 1
    tail = seconds[steady:] if settled else seconds[-LAST_STEPS:]
    step = figures.median(tail)
    return {"step_s": step, "step_low_s": quantile(tail, 0.1),
            "step_high_s": quantile(tail, 0.9), "steps": len(tail),
            "settled": settled,
            "real_to_predicted": figures.ratio(step, forecast["step_s"]),
            "inside": forecast["step_least_s"] <= step <=
            forecast["step_most_s"],
            "bytes_per_step":
            job.report["bytes"].get("sent_per_rank_per_step")}
