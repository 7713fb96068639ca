"""The ways to exchange gradients that are compared."""

from models import trace_of
from runs import Variant

RANKS = 4
COMPUTE, DEFAULT, SPAR, SPAR_THREAD = "compute", "default", "spar", "spar-thread"

# Open MPI's numbers, as in row e of bench/overlap: libnbc 1 ring, 3 Rabenseifner
# (its default, in place: 2, a tree); tuned 4 ring, 5 segmented ring.
NBC_RING = ["--mca", "coll_libnbc_iallreduce_algorithm", "1"]
NBC_RABENSEIFNER = ["--mca", "coll_libnbc_iallreduce_algorithm", "3"]
TUNED = ["--mca", "coll_tuned_use_dynamic_rules", "1",
         "--mca", "coll_tuned_allreduce_algorithm"]
RING = TUNED + ["4"]
SEGMENTED = TUNED + ["5"]

# Key: how replay posts, arguments of mpirun. The best is the dense baseline.
DENSE = {
    DEFAULT: ("iallreduce", []),
    "ring": ("iallreduce", NBC_RING),
    "rabenseifner": ("iallreduce", NBC_RABENSEIFNER),
    "thread-ring": ("thread", RING),
    "flat-ring": ("flat", RING),
    "flat-segmented": ("flat", SEGMENTED),
}
QUICK_DENSE = [DEFAULT, "ring"]


def sparse(density):
    return {"SPAR_MODE": "sparse", "SPAR_DENSITY": density}


def spar_ways(density):
    """Key: how replay posts, SPAR_ settings. The mode of the first two is the
    user's default; the others must not end dense."""
    own = {"SPAR_DENSITY": density}
    return {
        SPAR: ("iallreduce", own),
        SPAR_THREAD: ("thread", own),
        # A step of one call is found after 24 steps only, unless it is named.
        "slgs": ("flat", dict(sparse("0.001"), SPAR_STEP_CALLS="1")),
        "lags-paper": ("iallreduce", sparse("lags-paper")),
        "uniform": ("iallreduce", sparse("0.001")),
    }


LABELS = {
    COMPUTE: "computation only",
    DEFAULT: "dense, Iallreduce, default",
    "ring": "dense, Iallreduce, ring",
    "rabenseifner": "dense, Iallreduce, Rabenseifner",
    "thread-ring": "dense, second thread, ring",
    "flat-ring": "dense, one call, ring",
    "flat-segmented": "dense, one call, segmented ring",
    SPAR: "Spar, Iallreduce + Waitall",
    SPAR_THREAD: "Spar, second thread",
    "slgs": "Spar as SLGS: one call, 0.001",
    "lags-paper": "Spar, the paper's rule",
    "uniform": "Spar, uniform 0.001",
}


def replay(model, post, steps, warmup):
    return ["replay", "--trace", trace_of(model), "--post", post, "--steps",
            str(steps), "--warmup", str(warmup)]


def spar_variant(key, model, arguments, steps, more=()):
    """What the library does not take over, and all in the steps that it learns
    from, goes by the ring: the default would be a handicap of its own."""
    post, settings = spar_ways(arguments.density)[key]
    return Variant(key, RANKS, replay(model, post, steps, arguments.warmup) +
                   list(more), spar=settings, mpirun=NBC_RING + RING)


def dense_variant(key, model, steps, warmup=1):
    post, mpirun = DENSE[key]
    return Variant(key, RANKS, replay(model, post, steps, warmup), mpirun=mpirun)


def make(model, arguments):
    """The variants that are asked for, in the order of the table."""
    for key in arguments.variants:
        if key == COMPUTE:
            yield Variant(key, RANKS, replay(model, "none", arguments.steps, 1))
        elif key in DENSE:
            yield dense_variant(key, model, arguments.dense_steps)
        else:
            yield spar_variant(key, model, arguments, arguments.steps)
