"""Runs the jobs of a block and keeps what they print, as rows of a JSON file."""

import json
import os
import re
import subprocess
import sys
import tempfile

import plan

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "overlap"))
# pylint: disable=wrong-import-position
from jobs import LAB, Jobs, Variant, execute  # noqa: E402

PLAIN, AUTO = "plain", "auto"
# How the report calls what an algorithm of SPAR_EXCHANGE does.
METHODS = {"dense": "ring"}


def algorithms(build):
    """What SPAR_EXCHANGE may be, but auto: asked from the build."""
    told = subprocess.run([os.path.join(build, "bin", "spar"), "info", "-c", "--full"],
                          capture_output=True, text=True, check=True).stdout
    comment = re.search(r"((?:^# .*\n)+)^SPAR_EXCHANGE=", told, re.M)[1]
    allowed = re.search(r"Allowed: ([^.]*)\.", comment.replace("\n# ", " "))[1]
    return [word for word in allowed.split(", ") if word != AUTO]


class Store:
    """Rows that are kept in a file, if there is one, after every job."""

    def __init__(self, path, setup):
        self.path = path
        self.content = {"setup": setup, "rows": [], "notes": []}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.content["rows"] = json.load(file)["rows"]

    def has(self, key):
        return any(row["key"] == key for row in self.content["rows"])

    def add(self, row):
        self.content["rows"].append(row)
        self.write()

    def note(self, text):
        if text not in self.content["notes"]:
            self.content["notes"].append(text)

    def write(self):
        if not self.path:
            return
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.content, file, indent=1)
            file.write("\n")
        os.replace(self.path + ".new", self.path)


class Runner:
    """Runs the jobs of one block after another."""

    def __init__(self, arguments, store, forced):
        self.arguments = arguments
        self.store = store
        self.forced = forced

    def run(self, block):
        jobs = self.jobs_of(block)
        missing = [(turn, job) for turn in range(block.rounds)
                   for job in turned(jobs, turn)
                   if not self.store.has(self.key(block, turn, job))]
        if not missing:
            return
        lab = None
        if block.link != plan.SHARED:
            lab = self.arguments.lab
            up = subprocess.run([LAB, "--name", lab, "up", "--hosts", str(block.ranks),
                                 "--rate", block.link], capture_output=True, text=True,
                                check=False)
            if up.returncode != 0:
                self.store.note(f"{block.link} left out: {up.stderr.strip()}")
                return
        try:
            for turn, job in missing:
                self.run_job(block, turn, job, lab)
        finally:
            if lab:
                subprocess.run([LAB, "--name", lab, "down"], check=False)

    def jobs_of(self, block):
        """(variant, density), density None: all of them, or without meaning."""
        return [(PLAIN, None)] + [(name, None) for name in self.forced] + \
               [(AUTO, density) for density in block.densities]

    @staticmethod
    def key(block, turn, job):
        variant, density = job
        return [block.link, block.ranks, variant, density, turn, block.counts,
                None if variant in (PLAIN, AUTO) else block.densities]

    def run_job(self, block, turn, job, lab):
        variant, density = job
        label = f"{block.link}, {block.ranks} ranks, {variant}" + \
            (f", density {density:g}" if density else "")
        print(f"{label}: round {turn + 1} of {block.rounds}", file=sys.stderr)
        jobs = Jobs(self.arguments, lab)
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            kind = variant_of(block, variant, density)
            code, output, errors = execute(
                jobs.command(kind), jobs.environment(kind, report), self.arguments.limit)
            if code != 0:
                lines = [line for line in errors.splitlines() if line.strip(" -")]
                self.store.note(f"{label}: " + ("not done in time" if code is None else
                                                (lines or ["failed"])[0]))
                return
            row = {"key": self.key(block, turn, job), "link": block.link,
                   "ranks": block.ranks, "variant": variant}
            if variant == PLAIN:
                row["figures"] = plain_figures(output)
            else:
                densities = [density] if density else block.densities
                row["figures"] = spar_figures(output, densities)
                row["methods"] = methods_of(report)
        self.check(label, variant, row)
        self.store.add(row)

    def check(self, label, variant, row):
        """Figures of another algorithm must not pass for those of this one."""
        if variant in (PLAIN, AUTO):
            return
        wanted = METHODS.get(variant, variant)
        others = sorted({method for methods in row["methods"].values()
                         for method in methods if method != wanted})
        if others or not row["methods"]:
            row["figures"] = []
            self.store.note(f"{label}: not measured: the library took "
                            f"{', '.join(others) or 'no call over'}")


def turned(items, turn):
    """Each round starts with another one, so that a drift favours none."""
    return items[turn % len(items):] + items[:turn % len(items)]


def variant_of(block, variant, density):
    calls = block.calls()
    if variant == PLAIN:
        words = ["--plain", "--warmup", "1", "--steps", str(block.plain_steps() + 1),
                 "--drop", "1"]
        return Variant(variant, block.ranks, ["bench_grid", *words, *map(str, calls)],
                       yields=1)
    settings = {"SPAR_MIN_COUNT": "500", "SPAR_STEP_CALLS": str(len(calls)),
                "SPAR_LEARN_STEPS": str(plan.LEARN_STEPS)}
    steps = block.steps()
    if variant == AUTO:
        settings.update(SPAR_MODE="auto", SPAR_EXCHANGE=AUTO,
                        SPAR_DENSITY=f"{density:g}")
        words = ["--warmup", str(plan.AUTO_WARMUP), "--steps", str(steps)]
    else:
        settings.update(SPAR_MODE="sparse", SPAR_EXCHANGE=variant,
                        SPAR_RAMP_STEPS=str(steps + plan.DROP),
                        SPAR_DENSITY=",".join(f"{d:g}" for d in block.densities))
        words = ["--warmup", str(plan.LEARN_STEPS), "--groups",
                 str(len(block.densities)), "--steps", str(steps + plan.DROP), "--drop",
                 str(plan.DROP)]
    return Variant(variant, block.ranks, ["bench_grid", *words, *map(str, calls)],
                   spar=settings, yields=1)


def plain_figures(output):
    """[algorithm, count, seconds]"""
    words = [line.split() for line in output.splitlines()]
    return [[name, int(count), float(seconds)] for name, count, seconds, _ in words]


def spar_figures(output, densities):
    """[density, count, seconds]"""
    words = [line.split() for line in output.splitlines()]
    return [[densities[int(group)], int(count), float(seconds)]
            for group, count, seconds, _ in words]


def methods_of(report):
    """{count: methods of its layers at the end of the job}"""
    with open(report, encoding="utf-8") as file:
        layers = json.load(file)["layers"]
    found = {}
    for layer in layers:
        found.setdefault(str(layer["count"]), []).append(layer["method"])
    return found
