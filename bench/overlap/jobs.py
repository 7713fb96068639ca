"""Runs jobs with and without Spar, in turn, and collects what they print."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = os.path.join(ROOT, "bench", "lab")
# What a caller may have set for other jobs, and the rows here set themselves.
DROPPED = ("OMPI_MCA_rmaps_base_oversubscribe", "OMPI_MCA_mpi_yield_when_idle",
           "OMPI_MCA_hwloc_base_binding_policy")


def execute(command, env, limit):
    """Exit code (None: not done in time), stdout and stderr. mpirun ends its ranks
    when it is asked to end; killed, it would leave them behind."""
    with subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            output, errors = child.communicate(timeout=limit)
            return child.returncode, output, errors
        except subprocess.TimeoutExpired:
            child.terminate()
            return (None, *child.communicate())
        except BaseException:
            child.terminate()
            raise


class Variant:
    """One way to run a program. `spar` holds SPAR_ settings; None: plain MPI."""

    def __init__(self, name, ranks, program, spar=None, mpirun=(), yields=None,
                 env=()):
        self.name = name
        self.ranks = ranks
        self.program = list(program)
        self.spar = spar
        self.mpirun = list(mpirun)
        self.env = dict(env)
        if yields is not None:
            self.env["OMPI_MCA_mpi_yield_when_idle"] = str(yields)


class Jobs:
    """How jobs are run; `rounds` and `notes` hold what happened so far."""

    def __init__(self, arguments, lab=None):
        self.build = os.path.abspath(arguments.build)
        self.settings = dict(word.split("=", 1) for word in arguments.settings)
        self.plain_only = arguments.plain_only
        self.limit = arguments.limit
        self.lab = lab
        self.rounds = []  # of every job: variant, its numbers
        self.notes = []

    def measure(self, variants, rounds, label):
        """{variant's name: {figure's name: median over the rounds}}. Each round
        starts with another variant, so that a drift favours none."""
        variants = [v for v in variants if v.spar is None or not self.plain_only]
        found = {variant.name: [] for variant in variants}
        for turn in range(rounds):
            for place in range(len(variants)):
                variant = variants[(turn + place) % len(variants)]
                print(f"{label}: round {turn + 1} of {rounds}, {variant.name}",
                      file=sys.stderr)
                numbers = self.run(variant, label)
                if numbers:
                    found[variant.name].append(numbers)
        return {name: {key: statistics.median(run[key] for run in runs)
                       for key in runs[0]}
                for name, runs in found.items() if runs}

    def run(self, variant, label):
        """The numbers that one job prints; None, after a note, if it fails."""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report.json")
            code, output, errors = execute(
                self.command(variant), self.environment(variant, report), self.limit)
            if code != 0:
                self.note_failure(f"{label}, {variant.name}", code, errors or output)
                return None
            self.check_sparse(label, variant, report)
        numbers = self.read(output)
        self.rounds.append({"figure": label, "variant": variant.name,
                            "numbers": numbers})
        return numbers

    def read(self, output):
        """The numbers in a program's own lines."""
        return {name: float(value) for name, value in
                (line.split() for line in output.splitlines())}

    def command(self, variant):
        words = ["mpirun", "-n", str(variant.ranks)] + variant.mpirun
        if variant.ranks > cores() and not self.lab:
            words.append("--oversubscribe")
        program = os.path.join(self.build, "bin", variant.program[0])
        words += [program] + variant.program[1:]
        if variant.spar is not None:
            words = [os.path.join(self.build, "bin", "spar"), "run", "--"] + words
        if self.lab:
            words = [LAB, "--name", self.lab, "run", "--"] + words
        return words

    def environment(self, variant, report):
        env = {name: value for name, value in os.environ.items()
               if name not in DROPPED and not name.startswith("SPAR_")}
        env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        # Without it, what containers forbid depends on the machine.
        env.setdefault("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
        env.update(variant.env)
        if variant.spar is not None:
            env["SPAR_REPORT"] = report
            env.update(variant.spar)
            env.update(self.settings)
        return env

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def note_failure(self, label, code, output):
        lines = [line for line in output.splitlines() if line.strip(" -")]
        # The library's own words, such as those for a setting that it refuses, and
        # not what mpirun says around them
        lines = [line for line in lines if line.startswith("spar: error")] or lines
        why = f"not done after {self.limit} s" if code is None else f"exit code {code}"
        self.note(f"{label}: {why}: {lines[0] if lines else ''}")

    def check_sparse(self, label, variant, report):
        """Figures of dense exchanges must not be taken for those of Spar."""
        if not variant.spar or variant.spar.get("SPAR_MODE") != "sparse" or \
                variant.spar.get("SPAR_REPORT") == "none":
            return
        with open(report, encoding="utf-8") as file:
            layers = json.load(file)["layers"]
        calls = sum(layer["calls"] for layer in layers)
        sparse = sum(layer["sparse_calls"] for layer in layers)
        if sparse == 0:
            self.note(f"{label}, {variant.name}: NOT SPARSE: no call was taken over")
        elif sparse < 0.9 * calls:
            self.note(f"{label}, {variant.name}: only {sparse} of {calls} calls "
                      "of layers were sparse")


def cores():
    return len(os.sched_getaffinity(0))
