"""Which jobs are run, in their order, and how long they take by rough estimate."""

from dataclasses import dataclass

from ways import ALGORITHMS, DEFAULT, FULL, GRADIENTS, LAGS, PERIODIC, PROBE, \
    PROBE_PERIOD, QSGD, WAYS, steps_per_epoch

# What bench/lab calls them, and bytes per second.
RATES = {"unlimited": ("100gbit", None), "10gbit": ("10gbit", 1.25e9),
         "1gbit": ("1gbit", 125e6), "100mbit": ("100mbit", 12.5e6)}
TABLE = ["unlimited", "1gbit", "100mbit"]
# The rate at which LAGS is trained to its end: its densities depend on it.
LAGS_RATE = "1gbit"

QUALITY, ALGORITHM, TIME = "quality", "algorithm", "time"

# Seconds, on 2 cores: of a job beside its steps, and of a step's computation.
START_S, COMPUTE_S = 6.0, 0.14
# Bytes that a rank sends in a dense exchange of 5.5 million floats; over the time that
# the line needs for them: the best of Open MPI's algorithms, and its default.
DENSE_BYTES, BEST, WORST = 33.3e6, 1.3, 1.9
# A dense exchange without a limit, seconds
FREE_S = 0.08
# Timed dense jobs last about so long, between these numbers of steps.
DENSE_S, FEWEST, MOST = 8.0, 4, 30
# Spar learns in so many dense steps; what of a sparse or quantised exchange is left.
LEARN, LAGS_LEFT, QSGD_LEFT = 18, 0.2, 0.3
PROBE_STEPS = LEARN + 6 * PROBE_PERIOD
QSGD_STEPS, LAGS_STEPS = LEARN + 12, LEARN + 78


@dataclass(frozen=True)
class Job:
    stage: str
    key: str        # of the way, or PROBE
    rate: str
    steps: int
    seconds: float  # by estimate
    seed: int = 1
    algorithm: str = None  # None: the best one at this rate

    def place(self):
        """Where and what for, without what is run."""
        if self.stage == QUALITY:
            return "training at %s, seed %d" % (self.rate, self.seed)
        return "%s, %s" % (self.rate, self.algorithm) if self.algorithm else self.rate


def dense_s(rate, factor=BEST):
    """Seconds of a dense exchange."""
    line = RATES[rate][1]
    return FREE_S if line is None else FREE_S + factor * DENSE_BYTES / line


def mean_exchange_s(key, rate):
    """Seconds of exchange in a step, over the whole run."""
    share = {LAGS: LAGS_LEFT, QSGD: QSGD_LEFT}.get(key, 0.3 if key in PERIODIC else 1)
    return share * dense_s(rate)


def timed_steps(rate):
    """Of a dense job."""
    return max(FEWEST, min(MOST, round(DENSE_S / (COMPUTE_S + dense_s(rate)))))


def quality_jobs(arguments):
    for seed in range(1, arguments.seeds + 1):
        for key in arguments.rows:
            rate = LAGS_RATE if key == LAGS and arguments.quality_rate == "unlimited" \
                and not arguments.local else arguments.quality_rate
            seconds = START_S + arguments.steps * (COMPUTE_S + mean_exchange_s(key, rate))
            yield Job(QUALITY, key, rate, arguments.steps, seconds, seed)


def learning_job(key, rate, steps):
    seconds = START_S + steps * COMPUTE_S + LEARN * dense_s(rate) + \
        (steps - LEARN) * mean_exchange_s(key, rate)
    return Job(TIME, key, rate, steps, seconds)


def dense_job(stage, key, rate, algorithm=None):
    steps = timed_steps(rate)
    factor = WORST if algorithm == DEFAULT else BEST
    return Job(stage, key, rate, steps,
               START_S + steps * (COMPUTE_S + dense_s(rate, factor)), 1, algorithm)


def rate_jobs(arguments, rate):
    """The algorithms first: the best one is for all others."""
    for _ in range(arguments.rounds):
        for algorithm in ALGORITHMS:
            yield dense_job(ALGORITHM, FULL, rate, algorithm)
    for _ in range(arguments.rounds):
        if GRADIENTS in arguments.rows:
            yield dense_job(TIME, GRADIENTS, rate)
        if set(PERIODIC) & set(arguments.rows):
            yield learning_job(PROBE, rate, PROBE_STEPS)
        for key, steps in ((QSGD, QSGD_STEPS), (LAGS, LAGS_STEPS)):
            if key in arguments.rows:
                yield learning_job(key, rate, steps)


def make(arguments):
    jobs = list(quality_jobs(arguments))
    for rate in arguments.rates:
        jobs += rate_jobs(arguments, rate)
    return jobs


def timed_rate(job):
    """The rate that a job is timed at; None: a whole training."""
    return None if job.stage == QUALITY else job.rate


def settle(arguments):
    """Sets what follows from other options."""
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.steps = arguments.steps or \
        (arguments.epochs or (1 if arguments.quick else 2)) * steps_per_epoch()
    arguments.rows = [key for key in WAYS if key in arguments.rows]


class Left:
    """How much time is left, corrected by what the jobs so far have taken."""

    # So much has to be done before it is corrected, seconds by estimate.
    ENOUGH = 60.0

    def __init__(self, jobs):
        self.expected = sum(job.seconds for job in jobs)
        self.done = self.spent = 0.0

    def finish(self, job, seconds):
        self.done += job.seconds
        self.spent += seconds

    def seconds(self):
        pace = self.spent / self.done if self.done > self.ENOUGH else 1.0
        return pace * (self.expected - self.done)
