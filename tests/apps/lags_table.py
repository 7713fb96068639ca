"""lags_table.py ROOT BUILD: how bench/lags-table judges a change of the link's rate,
what it takes from a report, and the command lines that it refuses."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT, BUILD = map(Path, sys.argv[1:3])
FOLDER = ROOT / "bench" / "lags-table"
sys.path.insert(0, str(FOLDER))
# pylint: disable=wrong-import-position
import comparison  # noqa: E402
import match  # noqa: E402
import rate_change  # noqa: E402
import runs  # noqa: E402

failed = []


def check(what, got, wanted):
    if got != wanted:
        failed.append(f"{what}: {got}, not {wanted}")


def check_settling():
    """Computation of 1 s: exposed times below 10 ms count as 10 ms."""
    def settle(exposed):
        phases = rate_change.phases_of([(1 + time, time) for time in exposed], [], 1.0)
        return phases[0]["settled_after"]
    check("settles", settle([0.9] * 10 + [0.1] * 20), 10)
    check("always steady", settle([0.1] * 30), 0)
    check("one slow step", settle([0.1] * 10 + [0.9] + [0.1] * 19), 0)
    check("slow in between", settle([0.1] * 5 + [0.9] * 4 + [0.1] * 21), 9)
    check("within the factor", settle([0.125] * 15 + [0.1] * 15), 0)
    check("almost nothing", settle([0.012] * 15 + [0.001] * 15), 0)
    check("noise", settle([0.1, 0.1, 0.2, 0.2] * 8), 0)
    check("before the noise", settle([0.9] * 8 + [0.1, 0.1, 0.2, 0.2] * 6), 8)


def check_phases():
    steps = [(1.1, 0.1)] * 10 + [(1.5, 0.5)] * 3 + [(1.2, 0.2)] * 9 + [(1.1, 0.1)] * 8
    phases = rate_change.phases_of(steps, [10, 22], 1.0)
    check("rates", [phase["rate"] for phase in phases], rate_change.RATES)
    check("steps", [phase["steps"] for phase in phases], [10, 12, 8])
    check("settled", [phase["settled_after"] for phase in phases], [0, 3, 0])
    worse = steps[:22] + [(1.4, 0.4)] * 8
    check("noise of the first phase", round(phases[2]["noise_s"], 6), 0.1)
    check("never as good again",
          rate_change.phases_of(worse, [10, 22], 1.0)[2]["settled_after"], 8)
    check("a run that ended", len(rate_change.phases_of(steps[:12], [10], 1.0)), 1)


def check_match():
    def step_of(density):
        return 0.2 + 10 * density

    dense = match.UNIFORM[-1]
    check("all are fast", match.search(step_of, step_of(dense))[0], dense)
    check("none is", match.search(step_of, 0.1)[0], 0.0)
    check("one that is the limit", round(match.search(step_of, 0.24)[0], 6), 0.004)
    between, steps = match.search(step_of, 0.25)
    check("between two", round(between, 4), 0.0049)
    check("in order", steps, sorted(steps))
    check("around it", [0.004 in [round(density, 6) for density, _ in steps],
                        any(density > between for density, _ in steps)], [True, True])
    check("a job that fails", match.search(lambda density: None, 0.3), None)


def check_report(folder):
    """A layer that is dense, or not sparse yet, counts as density 1."""
    layers = [{"count": 300, "density": 0.01, "state": "sparse", "sparse_calls": 9},
              {"count": 50, "density": 0.01, "state": "dense", "sparse_calls": 9},
              {"count": 50, "density": 0.0, "state": "sparse", "sparse_calls": 0}]
    path = folder / "report.json"
    path.write_text(json.dumps({"layers": layers, "bytes": {
        "interface_tx_per_step": 5.0}}), encoding="ascii")
    told = runs.told_by(path)
    check("by element", round(told["density_elements"], 6), 0.2575)
    check("by layer", round(told["density_layers"], 6), 0.67)
    check("bytes", told["bytes"], 5.0)


def check_best():
    found = {"compute": {"step_time_median_s": 0.1}, "default": {"step_time_median_s": 4},
             "ring": {"step_time_median_s": 1}, "spar": {"step_time_median_s": 0.2}}
    check("best dense", comparison.best_dense(found), "ring")
    check("no dense", comparison.best_dense({"spar": found["spar"]}), None)


def check_refused(words, wanted):
    done = subprocess.run([FOLDER / "run", "--build", BUILD, *words], text=True,
                          capture_output=True, check=False)
    check(f"{words}: exit code", done.returncode, 2)
    check(f"{words}: {done.stderr}", wanted in done.stderr, True)


def main():
    check_settling()
    check_phases()
    check_match()
    check_best()
    with tempfile.TemporaryDirectory() as folder:
        check_report(Path(folder))
    check_refused(["--models", "alexnet"], "'alexnet' is not one of resnet50,")
    check_refused(["--rounds", "0"], "'0' is not a number from 1 on")
    check_refused(["--rate-change", "--no-limit"], "one of --rate-change")
    check_refused(["DENSITY=1"], "not a setting: DENSITY=1")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
