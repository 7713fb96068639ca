"""Jobs of apps/replay in the lab, with what the wire and the report tell of them."""

import json
import os
import subprocess
import sys

from models import ROOT

sys.path.insert(0, os.path.join(ROOT, "bench", "overlap"))
# pylint: disable=wrong-import-position
from jobs import LAB, Jobs, Variant  # noqa: E402,F401


class Lab:
    """Four hosts for as long as the block lasts; `why` there are none, if so."""

    def __init__(self, name, rate="1gbit"):
        self.name = name
        self.rate = rate
        self.why = None

    def __enter__(self):
        up = self.call("up", "--hosts", "4", "--rate", self.rate)
        if up.returncode != 0:
            self.why = up.stderr.strip()
        return self

    def __exit__(self, *_):
        if not self.why:
            self.call("down")

    def call(self, *words):
        return subprocess.run([LAB, "--name", self.name, *words], text=True,
                              capture_output=True, check=False)

    def set_rate(self, rate):
        done = self.call("rate", rate)
        if done.returncode != 0:
            raise OSError(done.stderr.strip())

    def sent(self):
        """Bytes that an average host has sent so far."""
        lines = self.call("counters").stdout.splitlines()[1:]
        return sum(int(line.split()[1]) for line in lines) / len(lines)


def option(program, name):
    return int(program[program.index(name) + 1])


class TableJobs(Jobs):
    """Adds to the numbers of a job in the lab: bytes on the wire per rank and step; of
    one with Spar: the mean density of the elements and of the layers at its end."""

    def __init__(self, arguments, lab=None):
        super().__init__(arguments, lab.name if lab else None)
        self.hosts = lab
        self.told = {}  # by the report of the job that runs

    def run(self, variant, label):
        self.told = {}
        before = self.hosts.sent() if self.hosts else 0
        numbers = super().run(variant, label)
        if numbers is None:
            return None
        if self.hosts:
            steps = option(variant.program, "--steps") + \
                option(variant.program, "--warmup")
            numbers["bytes"] = (self.hosts.sent() - before) / steps
        # Those of the library leave out the steps that it learned from.
        numbers.update((name, value) for name, value in self.told.items()
                       if value is not None)
        return numbers

    def check_sparse(self, label, variant, report):
        super().check_sparse(label, variant, report)
        if variant.spar is not None:
            self.told = told_by(report)


def told_by(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    # Layers that are too small for Spar are not in the report. What stays dense
    # travels whole, and so does what is to be sparse but has not been yet.
    # The plan's last density is that of the steps that are measured.
    kept = [(layer["count"],
             (layer.get("plan_density") or layer["density"])
             if layer["state"] == "sparse" and layer["sparse_calls"] > 0 else 1.0)
            for layer in report["layers"]] or [(1, 1.0)]
    elements = sum(count for count, _ in kept)
    return {"density_elements": sum(count * share for count, share in kept) / elements,
            "density_layers": sum(share for _, share in kept) / len(kept),
            "bytes": report["bytes"]["interface_tx_per_step"]}
