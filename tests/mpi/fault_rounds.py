#!/usr/bin/python3
"""fault_rounds.py ROUNDS [--seed SEED] [--only ROUND] [--build DIR]: that many
short jobs, each with settings and a fault at random: a process killed, ended or
stopped for a while, NaN, pauses, no memory, flipped bits under SPAR_CHECK.
Each job must end in time, with right sums or with a clear message, and leave no
process behind."""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Seconds that a job may take on a busy machine.
LIMIT = 120
# The latest that a fault comes, seconds behind the start of the ranks.
LATEST = 0.8

RIGHT = "sums are right"
WRONG = re.compile(r"FAILED|lost or made up|not the dense sum|is wrong|different bits"
                   r"|was changed|did not arrive|not dense|Segmentation|Bus error|glibc")
ENDED = r"signal (9|15) |ended by a signal"
# Without memory, MPI's own sum may fail, too, and says where; errors that Spar raises
# come by MPI_Comm_call_errhandler, after a line of its own.
CLEAR = (r"spar: .*error: |no memory left|out of (memory|resource)|emory alloc|ORTE_ERROR"
         r"|An error occurred in MPI_(Allr|Iallr)educe")


def fault_of(seed, number):
    """Each fault once in so many rounds, in another order each time."""
    turn, place = divmod(number, len(FAULTS))
    return random.Random("%d/%d" % (seed, turn)).sample(FAULTS, len(FAULTS))[place]


class Round:
    """One job: its settings, and what is allowed to come of it."""

    def __init__(self, seed, number, peaks):
        self.random = random.Random("%d-%d" % (seed, number))
        self.ranks = self.random.choice([2, 2, 3, 4])
        self.victim = self.random.randrange(self.ranks)
        self.delay = self.random.uniform(0, LATEST)
        self.length = self.random.uniform(0.1, 1)
        self.settings = self.choose_settings()
        self.program = self.random.choice(["sim", "sim", "nonblocking"])
        self.options = ["--expect", "any"]
        self.limit = None
        self.allowed = None  # a pattern, where the job may fail
        self.code = None  # the exit code that it has then; None: any
        self.may_differ = False
        self.fault = fault_of(seed, number)
        if self.fault in FAULT_PREPARATIONS:
            FAULT_PREPARATIONS[self.fault](self, peaks)
        if self.program == "nonblocking":
            self.options += ["--complete", "mixed"]
        if self.random.random() < 0.3:
            self.options.append("--out-of-place")
        if self.random.random() < 0.3:
            self.options.append("--double")

    def choose_settings(self):
        choose = self.random.choice
        return {
            "SPAR_LEARN_STEPS": "3",
            "SPAR_STEP_CALLS": "5",
            "SPAR_MODE": choose(["sparse", "sparse", "auto", "lossless", "shadow"]),
            "SPAR_EXCHANGE": choose(["auto", "allgather", "doubling", "split", "node",
                                     "dense"]),
            "SPAR_VALUES": choose(["bf16", "fp32", "fp16", "int8"]),
            "SPAR_PROGRESS": choose(["auto", "thread", "inline"]),
            "SPAR_CHECK": choose(["off", "1", "3"]),
        }

    def steps(self, count):
        self.options += ["--steps", str(count)]

    def describe(self):
        return "%s on rank %d of %d after %.2f s: mpi_%s %s, %s" % (
            self.fault, self.victim, self.ranks, self.delay, self.program,
            " ".join(self.options),
            " ".join("%s=%s" % item for item in self.settings.items()))


def prepare_end(job, _):
    """The job would take longer than until the fault."""
    job.steps(100000)
    job.allowed = ENDED


def prepare_nan(job, _):
    job.options += ["--bad-step", str(job.random.randrange(60))]


def prepare_pause(job, _):
    begin = job.random.randrange(50)
    job.options += ["--pause", "%d-%d" % (begin, job.random.randrange(begin, 60))]


def prepare_limit(job, peaks):
    """Between what the job needs without Spar and with it."""
    job.program = "sim"
    job.limit = job.random.randrange(*peaks())
    job.allowed = CLEAR


def prepare_flip(job, _):
    """By allgather, each rank adds up what it has received."""
    job.settings["SPAR_EXCHANGE"] = "allgather"
    job.settings["SPAR_CHECK"] = str(job.random.randrange(1, 5))
    if job.settings["SPAR_MODE"] == "auto":
        job.settings["SPAR_MODE"] = "sparse"
    job.settings["FLIP_RANK"] = str(job.victim)
    job.settings["FLIP_MESSAGES"] = str(job.random.randrange(1, 100))
    job.allowed = r"SPAR_CHECK: in step .* ranks differ in the result of slot"
    job.code = 76
    job.may_differ = True


FAULT_PREPARATIONS = {"kill": prepare_end, "end": prepare_end,
                      "end mpirun": prepare_end, "nan": prepare_nan,
                      "pause": prepare_pause, "limit": prepare_limit,
                      "flip": prepare_flip}
FAULTS = ["stop", *FAULT_PREPARATIONS]


def status_of(pid, key):
    """One line of /proc/PID/status; empty: the process is gone."""
    try:
        text = Path("/proc/%d/status" % pid).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    found = re.search("^%s:\\s*(.*)$" % key, text, re.M)
    return found[1] if found else ""


def is_gone(pid):
    return status_of(pid, "State")[:1] in ("", "Z")


def describe(pid):
    """Whether it waits, computes or starves."""
    try:
        fields = Path("/proc/%d/stat" % pid).read_text(encoding="ascii",
                                                       errors="replace").rsplit(")", 1)[1].split()
        waits = [path.read_text(encoding="ascii") or "?"
                 for path in Path("/proc/%d/task" % pid).glob("*/wchan")]
    except OSError:
        return "gone"
    ticks = os.sysconf("SC_CLK_TCK")
    return "state %s, %.2f s of processor, threads wait in %s" % (
        fields[0], (int(fields[11]) + int(fields[12])) / ticks, ", ".join(waits))


def ranks_of(mpirun):
    """Processes of the job by rank, as far as they have been started."""
    ranks = {}
    for path in Path("/proc").glob("[0-9]*"):
        pid = int(path.name)
        if status_of(pid, "PPid") != str(mpirun):
            continue
        try:
            environ = (path / "environ").read_bytes()
        except OSError:
            continue
        found = re.search(rb"(?:^|\0)OMPI_COMM_WORLD_RANK=(\d+)", environ)
        if found:
            ranks[int(found[1])] = pid
    return ranks


class Runner:
    def __init__(self, build):
        self.build = build.resolve()
        self.peaks = None

    def start(self, job, output):
        behind = ":%s/lib/libmpi_flip.so" % self.build if job.fault == "flip" else ""
        limit = 'test "$OMPI_COMM_WORLD_RANK" != "$1" || ulimit -v $2; shift 2; exec "$@"'
        line = ["-n", str(job.ranks), "env",
                "LD_PRELOAD=%s/lib/libspar.so%s" % (self.build, behind)]
        if job.limit:
            line = ["-n", str(job.ranks), "bash", "-c", limit, "limit", str(job.victim),
                    str(job.limit)] + line[2:]
        line += ["%s/bin/mpi_%s" % (self.build, job.program)] + job.options
        return subprocess.Popen(
            ["bash", "-c", 'source "$1"; shift; exec mpirun "$@"', "rounds",
             str(HERE / "environment.sh")] + line,
            env={**os.environ, **job.settings}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT)

    def run(self, job):
        """Returns the exit code (None: it hung), the output and the ranks' pids."""
        with tempfile.TemporaryFile() as output:
            mpirun = self.start(job, output)
            end = time.monotonic() + LIMIT
            ranks = {}
            while len(ranks) < job.ranks and mpirun.poll() is None \
                    and time.monotonic() < end:
                time.sleep(0.02)
                ranks.update(ranks_of(mpirun.pid))
            strike(job, mpirun, ranks)
            code = wait(mpirun, ranks, end)
            output.seek(0)
            return code, output.read().decode("utf-8", "replace"), ranks

    def find_peaks(self):
        """The most address space, in KiB, that a rank takes without Spar and with it."""
        if self.peaks is None:
            plain = self.measure("off")
            self.peaks = plain, max(self.measure("sparse"), plain + 1)
            print("address space without Spar %d KiB, with it %d KiB" % self.peaks,
                  flush=True)
        return self.peaks

    def measure(self, mode):
        job = Round(0, 0, lambda: (1, 2))
        job.fault, job.program, job.limit, job.ranks = "none", "sim", None, 3
        job.settings = {"SPAR_MODE": mode, "SPAR_PROGRESS": "thread"}
        job.options = ["--expect", "any", "--steps", "20"]
        peak = 0
        with tempfile.TemporaryFile() as output:
            mpirun = self.start(job, output)
            while mpirun.poll() is None:
                for pid in ranks_of(mpirun.pid).values():
                    peak = max(peak, int((status_of(pid, "VmPeak") or "0").split()[0]))
                time.sleep(0.01)
        return peak


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def strike(job, mpirun, ranks):
    """What comes from outside."""
    target = mpirun.pid if job.fault == "end mpirun" else ranks.get(job.victim)
    if job.fault not in ("kill", "end", "end mpirun", "stop") or target is None:
        return
    time.sleep(job.delay)
    if job.fault == "kill":
        send(target, signal.SIGKILL)
    elif job.fault == "stop":
        send(target, signal.SIGSTOP)
        time.sleep(job.length)
        send(target, signal.SIGCONT)
    else:
        send(target, signal.SIGTERM)


def wait(mpirun, ranks, end):
    """mpirun's exit code; None: the job hung, or a process of it is left."""
    try:
        code = mpirun.wait(max(0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
    patience = time.monotonic() + 10
    while code is not None and time.monotonic() < patience:
        if all(is_gone(pid) for pid in ranks.values()):
            return code
        time.sleep(0.05)
    print("mpirun: %s; load %.1f" % (describe(mpirun.pid), os.getloadavg()[0]))
    for rank, pid in sorted(ranks.items()):
        print("rank %d: %s" % (rank, describe(pid)))
        send(pid, signal.SIGKILL)
    mpirun.kill()
    mpirun.wait()
    return None


def judge(job, code, output):
    """What is wrong; None: nothing."""
    if code is None:
        return "hangs, or a process is left"
    wrong = WRONG.search(output)
    if wrong and not (job.may_differ and wrong[0] == "different bits"):
        return "says '%s'" % wrong[0]
    if code == 0:
        return None if RIGHT in output else "ended well without right sums"
    if job.allowed is None:
        return "exit code %d" % code
    if job.code is not None and code != job.code:
        return "exit code %d, not %d" % (code, job.code)
    return None if re.search(job.allowed, output) else "exit code %d, unclear why" % code


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1000000))
    parser.add_argument("--only", type=int, help="this round alone")
    parser.add_argument("--build", type=Path, default=Path("build"))
    return parser.parse_args()


def main():
    args = parse()
    runner = Runner(args.build)
    print("seed %d" % args.seed, flush=True)
    rounds = range(args.rounds) if args.only is None else [args.only]
    failures = clean = 0
    for number in rounds:
        job = Round(args.seed, number, runner.find_peaks)
        code, output, _ = runner.run(job)
        problem = judge(job, code, output)
        clean += code == 0
        print("%d: %s: %s" % (number, job.describe(), problem or "exit code %d" % code),
              flush=True)
        if problem:
            failures += 1
            print(output, flush=True)
            print("again: fault_rounds.py %d --seed %d --only %d"
                  % (args.rounds, args.seed, number), flush=True)
    print("%d rounds, %d ended with right sums, %d with a message, %d are wrong"
          % (len(rounds), clean, len(rounds) - clean - failures, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
