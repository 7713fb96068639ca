"""What jobs have shown, and the numbers of the table that follow from it."""

import statistics

from agenda import ALGORITHM, QUALITY
from ways import DEFAULT, FULL, GRADIENTS, PERIODIC, PROBE, PROBE_PERIOD, QSGD, \
    WAYS, steps_per_epoch

# Of runs that learn first, the median of so many last steps counts.
LAST_STEPS = 12
LAST_PERIODS = 5


def periodic_of(report):
    """The report's words on periodic exchanges, of the communicator with the most
    steps; None: there were none."""
    found = [comm["periodic"] for comm in report.get("communicators") or []
             if comm.get("periodic")]
    return max(found, default=None, key=lambda each: each["exchanges"] + each["skips"])


def periodic_steps(periodic):
    """Of which the seconds are known: not of the last one."""
    return periodic["exchanges"] + periodic["skips"] - 1


def share_of(periodic):
    """Of steps with an exchange; None: no step was skipped or exchanged."""
    steps = periodic["exchanges"] + periodic["skips"]
    return periodic["exchanges"] / steps if steps else None


def split_times(seconds, period):
    """(step with exchange, step without): medians of the last whole periods. The
    exchange is in the place of the period whose steps are slowest."""
    count = len(seconds) // period * period
    places = [[] for _ in range(period)]
    for number, value in enumerate(seconds[len(seconds) - count:]):
        places[number % period].append(value)
    medians = [statistics.median(values) for values in places]
    slowest = medians.index(max(medians))
    others = [value for place, values in enumerate(places) if place != slowest
              for value in values]
    return medians[slowest], statistics.median(others)


def doubt(key, report):
    """Why the figures of the job are not those of the row, or None."""
    largest = max(report["layers"], key=lambda layer: layer["count"], default=None)
    why = largest["why"] if largest else "no layer was found"
    if key == QSGD and (largest or {}).get("method") != "quantised":
        return "NOT QUANTISED: " + why
    if key in PERIODIC + [PROBE] and not (periodic_of(report) or {}).get("skips"):
        return "NO STEP WAS SKIPPED: " + why
    return None


def bytes_of(report):
    """Per rank and step, on the wire where the library can see that."""
    sent = report["bytes"]
    wire = sent.get("interface_tx_per_step")
    return wire if wire else sent.get("sent_per_rank_per_step")


class Results:
    """Collects jobs, in any order; `rows()` is the table so far."""

    def __init__(self):
        self.trained = {}  # key: [numbers of each seed]
        self.timed = {}    # rate: {key, PROBE or (ALGORITHM, name): [numbers]}

    def add(self, job, numbers, report):
        """numbers: what the trainer printed; report: Spar's, or None."""
        kept = dict(numbers)
        if report:
            self.add_report(kept, job, report)
        if job.stage == QUALITY:
            kept["seed"] = job.seed
            self.trained.setdefault(job.key, []).append(kept)
            return
        key = (ALGORITHM, job.algorithm) if job.stage == ALGORITHM else job.key
        self.timed.setdefault(job.rate, {}).setdefault(key, []).append(kept)

    @staticmethod
    def add_report(kept, job, report):
        seconds = report["steps"]["seconds"]
        kept["bytes"] = bytes_of(report)
        kept["periodic"] = periodic_of(report)
        if job.stage == QUALITY:
            return
        if job.key == PROBE:
            known = seconds[-LAST_PERIODS * PROBE_PERIOD:]
            kept["exchange_step_s"], kept["skip_step_s"] = split_times(
                known[-periodic_steps(kept["periodic"]):], PROBE_PERIOD)
        else:
            kept["step_s"] = statistics.median(seconds[-LAST_STEPS:])

    def median(self, rate, key, name):
        values = [each[name] for each in self.timed.get(rate, {}).get(key, [])
                  if each.get(name) is not None]
        return statistics.median(values) if values else None

    def algorithms(self, rate):
        """{name: seconds of a step with full communication}"""
        names = [key[1] for key in self.timed.get(rate, {}) if isinstance(key, tuple)]
        return {name: self.median(rate, (ALGORITHM, name), "step_time_median_s")
                for name in names}

    def best_algorithm(self, rate):
        steps = self.algorithms(rate)
        return min(steps, key=steps.get, default=None)

    def mean(self, key, name):
        values = [each[name] for each in self.trained.get(key, [])
                  if each.get(name) is not None]
        return statistics.mean(values) if values else None

    def share(self, key):
        """Of steps that exchange, over the seeds."""
        shares = [share_of(each["periodic"]) for each in self.trained.get(key, [])
                  if each.get("periodic")]
        return statistics.mean(shares) if shares and None not in shares else None

    def step(self, key, rate):
        """Seconds of a step, {} or more numbers behind them."""
        if key == FULL:
            return self.algorithms(rate).get(self.best_algorithm(rate)), {}
        if key == GRADIENTS:
            return self.median(rate, key, "step_time_median_s"), {}
        if key not in PERIODIC:
            return self.median(rate, key, "step_s"), {}
        exchange = self.median(rate, PROBE, "exchange_step_s")
        skip = self.median(rate, PROBE, "skip_step_s")
        share = self.share(key)
        if None in (exchange, skip, share):
            return None, {}
        return share * exchange + (1 - share) * skip, {
            "exchange_step_s": exchange, "skip_step_s": skip}

    def at_rate(self, key, rate):
        """The numbers of a row that depend on the link; None: not measured."""
        step, more = self.step(key, rate)
        if step is None:
            return None
        default = self.algorithms(rate).get(DEFAULT)
        best = self.algorithms(rate).get(self.best_algorithm(rate))
        runs = self.timed[rate].get(PROBE if key in PERIODIC else key) or \
            self.timed[rate][(ALGORITHM, self.best_algorithm(rate))]
        return dict(more, step_s=step, epoch_s=step * steps_per_epoch(),
                    gain_vs_default=default / step if default else None,
                    gain_vs_best=best / step if best else None,
                    bytes_per_step=self.bytes(key, rate),
                    measured_steps=sum(int(run["steps"]) for run in runs))

    def bytes(self, key, rate):
        """Those of a whole training, but where they depend on the link."""
        own = self.median(rate, key, "bytes") if WAYS[key].spar else None
        return own if own is not None else self.mean(key, "bytes")

    def row(self, key):
        seeds = self.trained.get(key, [])
        return {"label": WAYS[key].label,
                "final_loss": self.mean(key, "final_loss"),
                "test_accuracy": self.mean(key, "test_accuracy"),
                "exchanged_share": self.share(key),
                "seeds": [{name: value for name, value in seed.items()
                           if name != "periodic"} for seed in seeds],
                "periodic": [seed.get("periodic") for seed in seeds],
                "rates": {rate: self.at_rate(key, rate) for rate in self.timed}}

    def rows(self, keys):
        return {key: self.row(key) for key in keys}
