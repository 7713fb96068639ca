"""The two phases of `spar ab`: find the best dense algorithm, then compare."""

from spartools import figures, variants
from spartools.errors import ToolError
from spartools.job import Job

# Steps at the start that a probe leaves out: buffers and connections are new.
PROBE_SKIP = 2
# A probe is cut off beyond this multiple of the best one's time.
PROBE_LIMIT = 3.0
# Programs do not start equally fast: never cut off before this time.
PROBE_LIMIT_LEAST_S = 10.0


def step_seconds(job):
    """Seconds of each step; ToolError when the library saw no step."""
    seconds = job.report["steps"].get("seconds") or []
    if not seconds:
        notes = "; ".join(job.report.get("notes") or [])
        raise ToolError(
            "no training step was seen: no MPI_Allreduce of float32 or float64 "
            "sums with at least SPAR_MIN_COUNT elements repeats in this "
            "program%s" % (" (%s)" % notes if notes else ""))
    return [each / job.steps_in_one for each in seconds]


def align_steps(jobs):
    """Buffers that alternate look like the layers of a longer step: where runs
    of one program found different numbers of calls in a step, the shortest
    holds. Returns a sentence about it, or None."""
    calls = {job: job.report["steps"].get("calls") or 0 for job in jobs}
    least = min(calls.values(), default=0)
    longer = [job for job in jobs if least and calls[job] > least
              and calls[job] % least == 0]
    for job in longer:
        job.steps_in_one = calls[job] // least
    if not longer:
        return None
    return ("%d of %d runs took several steps of %d calls for one, because "
            "buffers alternate; their times are divided accordingly "
            "(SPAR_STEP_CALLS=%d settles it)"
            % (len(longer), len(jobs), least, least))


class Measurement:
    """Runs everything; afterwards `probes` and `variants` hold the results."""

    def __init__(self, args, folder, progress):
        self.args = args
        self.folder = folder
        self.progress = progress
        self.probes = []
        self.variants = []

    def run_job(self, name, settings, limit_s=None):
        """(ended, job) of one run."""
        job = Job(self.args.command, settings, self.folder / name)
        ended = job.run(lambda s: self.progress.tick("%s ..." % name), limit_s)
        self.progress.clear()
        return ended, job

    def check_mode(self, variant, job):
        mode = job.report["job"].get("mode")
        if variant.mode is not None and mode != variant.mode:
            raise ToolError(
                "a %s run reports mode '%s': the command sets SPAR_MODE "
                "itself; leave that to spar ab" % (variant.mode, mode), 2)

    # Phase 1: one short run per algorithm.

    def probe(self):
        """Tries the algorithms; the number of the best one."""
        best = None
        candidates = self.args.algorithms
        if candidates and not self.args.skip_default:
            candidates = [0] + candidates
        for index, number in enumerate(candidates):
            result = self.probe_one(number, best)
            self.probes.append(result)
            self.say_probe(result, index + 1, len(candidates))
            step_s = result["step_s"]
            if step_s is not None and (best is None or
                                       step_s < best["step_s"]):
                best = result
        return best["id"] if best else 0

    def probe_one(self, number, best):
        settings = dict(variants.dense_settings(number),
                        SPAR_STOP_STEPS=str(self.args.probe_steps))
        name = variants.ALGORITHMS[number]
        limit_s = None
        if best is not None:
            limit_s = max(PROBE_LIMIT * best["wall_s"], PROBE_LIMIT_LEAST_S)
        ended, job = self.run_job("probe-%s" % name, settings, limit_s)
        step_s = None
        if ended:
            self.check_mode(variants.Variant("", "", {}, "dense"), job)
            seconds = step_seconds(job)
            step_s = figures.median(seconds[PROBE_SKIP:] or seconds)
        return {"id": number, "algorithm": name, "step_s": step_s,
                "wall_s": job.wall_s, "cut_off": not ended}

    def say_probe(self, result, index, count):
        name = result["algorithm"].replace("_", " ")
        what = "cut off after %.0f s: slower than others" % result["wall_s"]
        if not result["cut_off"]:
            what = "%s per step" % figures.seconds(result["step_s"])
        self.progress.say("dense algorithm %d of %d, %s: %s"
                          % (index, count, name, what))

    # Phase 2: rounds of all variants, interleaved.

    def compare(self, best):
        """Runs the rounds. Each round starts with another variant, so that a
        drift of the machine does not favour one."""
        self.variants = variants.make(
            best, self.args.skip_default, self.args.quantised)
        settings = {}
        if self.args.steps:
            settings["SPAR_STOP_STEPS"] = str(self.args.steps)
        count = len(self.variants)
        for turn in range(self.args.rounds):
            for place in range(count):
                variant = self.variants[(turn + place) % count]
                self.progress.set_left(self.estimate_left())
                self.run_variant(variant, settings, turn)
        remark = align_steps([job for variant in self.variants
                              for job in variant.jobs])
        if remark:
            self.progress.say("note: %s" % remark)

    def run_variant(self, variant, settings, turn):
        name = "%s-%d" % (variant.key, turn + 1)
        _, job = self.run_job(name, dict(settings, **variant.settings))
        self.check_mode(variant, job)
        step_s = figures.median(step_seconds(job))
        variant.jobs.append(job)
        self.progress.set_left(self.estimate_left())
        self.progress.say(
            "round %d of %d, %s: %s per step, %.1f s"
            % (turn + 1, self.args.rounds, variant.label,
               figures.seconds(step_s), job.wall_s))

    def estimate_left(self):
        """Seconds of the runs to come, from those made; None at first."""
        walls = [job.wall_s for variant in self.variants
                 for job in variant.jobs]
        if not walls:
            return None
        left = 0
        for variant in self.variants:
            own = [job.wall_s for job in variant.jobs] or walls
            missing = self.args.rounds - len(variant.jobs)
            left += missing * sum(own) / len(own)
        return left
