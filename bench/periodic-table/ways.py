"""The ways to train that are compared, one row of the table each."""

import os
import sys
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "lags-table"))
# pylint: disable=wrong-import-position
from runs import Variant  # noqa: E402
from variants import RANKS, RING, SEGMENTED, TUNED  # noqa: E402

DEFAULT = "default"
# Name: arguments of mpirun. The fastest is the baseline.
ALGORITHMS = {DEFAULT: [], "ring": RING, "segmented ring": SEGMENTED,
              "Rabenseifner": TUNED + ["6"]}
# Not timed: what is learnt does not depend on it.
ANY_ALGORITHM = "ring"

# averages: parameters in each step, instead of summing gradients; spar: SPAR_
# settings, None without Spar. Keys of those that skip exchanges are in PERIODIC.
Way = namedtuple("Way", "key label averages spar")
FULL, DECREASING, ADPSGD = "full", "decreasing", "adpsgd"
GRADIENTS, QSGD, LAGS = "gradients", "qsgd", "lags"
WAYS = {way.key: way for way in (
    Way(FULL, "full communication", True, None),
    Way("cpsgd4", "CPSGD, p = 4", True, {"SPAR_PERIOD": "4"}),
    Way("cpsgd8", "CPSGD, p = 8", True, {"SPAR_PERIOD": "8"}),
    Way("cpsgd16", "CPSGD, p = 16", True, {"SPAR_PERIOD": "16"}),
    Way(DECREASING, "decreasing, p = 20, then 5", True, {"SPAR_PERIOD": "20,5"}),
    Way(ADPSGD, "ADPSGD", True, {"SPAR_PERIOD": "auto"}),
    Way(GRADIENTS, "gradients, dense", False, None),
    Way(QSGD, "gradients, QSGD of 8 bits", False,
        {"SPAR_MODE": "quantised", "SPAR_VALUES": "int8"}),
    Way(LAGS, "gradients, LAGS (mode auto)", False, {"SPAR_MODE": "auto"}),
)}
PERIODIC = [way.key for way in WAYS.values() if way.spar and way.averages]
# One job tells the seconds of a step with and without exchange for all of them.
PROBE, PROBE_PERIOD = "probe", 4

# The trainer's own: 60,000 samples, and what apps/fashion_c has by default.
SAMPLES, BATCH, RATE, RATE_DROP = 60000, 32, 0.02, 0.1


def steps_per_epoch():
    return SAMPLES // RANKS // BATCH


def schedule(steps):
    """The trainer's rate, as SPAR_LR has it: lower in the last quarter."""
    late = steps - steps // 4
    return "0:%g" % RATE + (",%d:%g" % (late, RATE * RATE_DROP) if late < steps else "")


def settings(way, steps):
    """SPAR_ settings of a training of so many steps."""
    if way.key not in PERIODIC:
        return way.spar
    own = dict(way.spar, SPAR_MODE="periodic", SPAR_TRAIN_STEPS=str(steps))
    if way.key == ADPSGD:
        own["SPAR_LR"] = schedule(steps)
    return own


def variant(way, algorithm, steps, seed=1, hidden=None, spar=None):
    """A job of that many steps; spar: other settings than the way's own."""
    program = ["fashion_c", "--epochs", "1000", "--steps", str(steps), "--seed",
               str(seed)]
    if way.averages:
        program += ["--average", "1"]
    if hidden:
        program += ["--hidden", hidden]
    return Variant(way.key, RANKS, program, spar=spar or settings(way, steps), yields=1,
                   mpirun=["-x", "OPENBLAS_NUM_THREADS=1"] + ALGORITHMS[algorithm])


def probe(steps, algorithm, hidden=None):
    """The job of PROBE_PERIOD. It must not know its end: all steps are alike."""
    way = WAYS[PERIODIC[0]]._replace(key=PROBE)
    return variant(way, algorithm, steps, hidden=hidden, spar={
        "SPAR_MODE": "periodic", "SPAR_PERIOD": str(PROBE_PERIOD)})
