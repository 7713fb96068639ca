"""Runs trainings and takes what is known of them from the wire and the report."""

import json
import os
import sys

from ways import ROOT

sys.path.insert(0, os.path.join(ROOT, "bench", "overlap"))
# pylint: disable=wrong-import-position
from jobs import Jobs  # noqa: E402


class Trainings(Jobs):
    """`run` returns the numbers that the trainer prints; with `bytes`: those that an
    average host has sent per exchange. `report` is that of the last job, or None."""

    def __init__(self, arguments, lab=None):
        super().__init__(arguments, lab.name if lab else None)
        self.hosts = lab
        self.report = None

    def run(self, variant, label):
        self.report = None
        before = self.hosts.sent() if self.hosts else 0
        numbers = super().run(variant, label)
        if numbers and self.hosts:
            # The model that is evaluated is averaged once more.
            exchanges = numbers["steps"] + ("--average" in variant.program)
            numbers["bytes"] = (self.hosts.sent() - before) / exchanges
        if numbers and not numbers["replicas_identical"]:
            self.note(f"{label}, {variant.name}: THE REPLICAS DIFFER at the end")
        return numbers

    def read(self, output):
        return read_lines(output)

    def check_sparse(self, label, variant, report):
        if variant.spar is not None:
            with open(report, encoding="utf-8") as file:
                self.report = json.load(file)


def read_lines(output):
    """The numbers of a trainer's result lines."""
    numbers = {"replicas_identical": float("replicas identical" in output.splitlines())}
    for line in output.splitlines():
        words = line.split()
        try:
            if len(words) == 2:
                numbers[words[0]] = float(words[1])
        except ValueError:
            pass
    return numbers
