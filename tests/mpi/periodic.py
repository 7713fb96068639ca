#!/usr/bin/python3
"""periodic.py FOLDER: the report's variances are those of the job's output, but
for sampling; periods follow from them by the rule of ADPSGD (policy/periodic.h),
stepwise, and grow where the learning rate jumps up."""
import json
import sys

folder = sys.argv[1]
with open(folder + "/report.json", encoding="utf-8") as file:
    report = json.load(file)
with open(folder + "/output", encoding="utf-8") as file:
    lines = [line.split() for line in file if line.startswith("variance ")]
true = {int(step): float(value) for _, step, value in lines}
periodic = report["communicators"][0]["periodic"]
history = periodic["history"]
length = int(report["config"]["SPAR_TRAIN_STEPS"])


def check(fine, what):
    if not fine:
        sys.exit("periodic.py: " + what)


check(periodic["rate_from"] == "hint", "rates are not the given ones")
check(periodic["since_average"] == 0, "the last step has not averaged")
check(len(history) > 16, "few averagings: %d" % len(history))
for mark in history:
    there = true[mark["step"]]
    check(abs(mark["variance"] - there) < 0.15 * there,
          "step %d: variance %g, not %g" %
          (mark["step"], mark["variance"], there))

ratios = []
usual = None
for mark, after in zip(history, history[1:]):
    ratio = mark["variance"] / mark["rate"]
    period = mark["period"]
    if usual is None:
        ratios.append(ratio)
        if len(ratios) >= 4 and 4 * (mark["step"] + 1) >= length:
            usual = sum(ratios) / len(ratios)
    elif ratio < 0.7 * usual:
        period += 1
    elif ratio > 1.3 * usual:
        period -= 1
    check(after["period"] == period,
          "step %d: period %d, not %d" %
          (after["step"], after["period"], period))
    check(after["step"] - mark["step"] in (period, length - 1 - mark["step"]),
          "step %d is not a period behind" % after["step"])
check(history[0]["period"] == 4, "the first period is not 4")
check(history[-1]["period"] > 8, "the period has not grown with the rate")
