"""The results of `spar ab`: over the same steps for all variants."""

import datetime
import re

from spartools import figures, machine
from spartools.measure import step_seconds
from spartools.variants import ALGORITHMS

SCHEMA_VERSION = 1
RESULT_LINES = 6
# A range of steps shorter than this is no basis for a median.
STEPS_LEAST = 3


def first_step(variants):
    """The step from which all runs are compared, and whether Spar had settled
    by then: the latest steady_from of the runs that learn."""
    spar = [job for variant in variants
            if variant.key in ("quantised", "spar") for job in variant.jobs]
    starts = [job.report["steps"].get("steady_from") for job in spar]
    counts = [len(step_seconds(job)) for variant in variants
              for job in variant.jobs]
    if None in starts or max(starts) + STEPS_LEAST > min(counts):
        return 0, False
    return max(starts), True


def shape(line):
    """The line without its numbers, to recognise it in another run."""
    return re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(\.\d+)?(e[-+]?\d+)?", "#",
                  line.lower())


def last_of_each(lines):
    """The lines without those that are followed by one that differs only in
    numbers: of progress and of one line per rank, the last."""
    following = lines[1:] + [None]
    return [line for line, after in zip(lines, following)
            if after is None or shape(line) != shape(after)]


def result_lines(variants):
    """Per variant the last lines of its output that all variants wrote, but
    for the numbers; the last lines of each when there are none."""
    outputs = {variant.key: variant.jobs[-1].output() for variant in variants}
    shapes = [{shape(line) for line in lines} for lines in outputs.values()]
    common = set.intersection(*shapes)
    chosen = {}
    for key, lines in outputs.items():
        shared = [line for line in lines if shape(line) in common]
        chosen[key] = last_of_each(shared or lines)[-RESULT_LINES:]
    return chosen


def per_step(job, key):
    """Bytes in a step of the program; None: not known."""
    value = job.report["bytes"].get(key)
    return None if value is None else value / job.steps_in_one


def summarise_job(job, start):
    seconds = step_seconds(job)
    return {"step_s": figures.median(seconds[start:]),
            "step_s_all": figures.median(seconds),
            "steps": len(seconds),
            "bytes_per_step": per_step(job, "sent_per_rank_per_step"),
            "wire_bytes_per_step": per_step(job, "interface_tx_per_step"),
            "wall_s": job.wall_s}


def summarise_variant(variant, start, lines):
    rounds = [summarise_job(job, start) for job in variant.jobs]
    times = [each["step_s"] for each in rounds]
    summary = {key: figures.median([each[key] for each in rounds])
               for key in ("step_s", "step_s_all", "bytes_per_step",
                           "wire_bytes_per_step", "wall_s")}
    summary.update(label=variant.label, step_s_min=min(times),
                   step_s_max=max(times), rounds=rounds,
                   result_lines=lines[variant.key])
    return summary


def summarise_dense(summaries, best):
    """Names the algorithms. When the default is best, it is both."""
    summaries["dense_best"].update(algorithm=ALGORITHMS[best],
                                   algorithm_id=best)
    if best == 0:
        summaries["dense_default"] = dict(summaries["dense_best"])
    elif "dense_default" in summaries:
        summaries["dense_default"].update(algorithm="default", algorithm_id=0)
    else:
        summaries["dense_default"] = None


def make(measurement, best):
    """The dictionary that becomes ab.json."""
    variants = measurement.variants
    start, steady = first_step(variants)
    lines = result_lines(variants)
    parts = {variant.key: summarise_variant(variant, start, lines)
             for variant in variants}
    summarise_dense(parts, best)
    spar_report = variants[-1].jobs[-1].report
    spar, dense = parts["spar"], parts["dense_best"]
    default = parts["dense_default"] or {}
    args = measurement.args
    return {
        "schema_version": SCHEMA_VERSION,
        "spar_version": spar_report.get("version"),
        "created": datetime.datetime.now().astimezone().isoformat(
            timespec="seconds"),
        "label": args.label,
        "command": args.command,
        "rounds": args.rounds,
        "compared_from_step": start,
        "steady": steady,
        "job": spar_report["job"],
        "config": spar_report.get("config"),
        "machine": machine.describe(args.command[0]),
        "gain_vs_default": figures.ratio(default.get("step_s"),
                                         spar["step_s"]),
        "gain_vs_best": figures.ratio(dense["step_s"], spar["step_s"]),
        "bytes_ratio": figures.ratio(spar["bytes_per_step"],
                                     dense["bytes_per_step"]),
        "probe": measurement.probes,
        "notes": spar_report.get("notes") or [],
        **parts,
    }


def rows(result):
    """The variants of a result, in the order of the table."""
    keys = ["dense_default", "dense_best", "quantised", "spar"]
    if result["dense_best"]["algorithm_id"] == 0:
        keys.remove("dense_default")
    return [result[key] for key in keys if result.get(key) is not None]
