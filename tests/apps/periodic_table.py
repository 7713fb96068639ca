"""periodic_table.py ROOT BUILD: how bench/periodic-table plans its jobs, what it makes
of their reports, that it draws them, what it refuses, and one small round."""

import json
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

ROOT, BUILD = map(Path, sys.argv[1:3])
FOLDER = ROOT / "bench" / "periodic-table"
sys.path.insert(0, str(FOLDER))
# pylint: disable=wrong-import-position
import drawing  # noqa: E402
import results  # noqa: E402
import show  # noqa: E402
import agenda  # noqa: E402
import trainings  # noqa: E402
import ways  # noqa: E402

failed = []


def check(what, got, wanted):
    if got != wanted:
        failed.append(f"{what}: {got}, not {wanted}")


def arguments(**given):
    made = Namespace(quick=False, seeds=None, rounds=None, steps=None, epochs=None,
                     rows=list(ways.WAYS), rates=agenda.TABLE, quality_rate="unlimited",
                     local=False)
    vars(made).update(given)
    agenda.settle(made)
    return made


def check_plan():
    quick = agenda.make(arguments(quick=True))
    minutes = sum(job.seconds for job in quick) / 60
    check(f"--quick takes {minutes:.0f} min", 10 < minutes <= 30, True)
    trained = [(job.key, job.rate) for job in quick if job.stage == agenda.QUALITY]
    check("each row once", [key for key, _ in trained], list(ways.WAYS))
    check("where", {rate for key, rate in trained if key != "lags"}, {"unlimited"})
    check("LAGS", dict(trained)["lags"], "1gbit")
    slow = [job for job in quick if job.rate == "100mbit"]
    check("algorithms first", [job.algorithm for job in slow[:5]],
          list(ways.ALGORITHMS) + [None])
    check("timed", [job.key for job in slow[4:]], ["gradients", "probe", "qsgd", "lags"])
    few = agenda.make(arguments(rows=["adpsgd"], rates=["1gbit"], seeds=2, rounds=1))
    check("one row", [job.key for job in few], ["adpsgd"] * 2 + ["full"] * 4 + ["probe"])
    check("steps of two epochs", few[0].steps, 936)


def check_left():
    jobs = [agenda.Job(agenda.TIME, "full", "1gbit", 1, 50.0)] * 4
    left = agenda.Left(jobs)
    left.finish(jobs[0], 100)
    check("too early to tell", left.seconds(), 150.0)
    left.finish(jobs[1], 100)
    check("half the pace", left.seconds(), 200.0)


def check_settings():
    adpsgd, cpsgd = ways.WAYS["adpsgd"], ways.WAYS["cpsgd8"]
    check("ADPSGD", ways.settings(adpsgd, 936), {
        "SPAR_PERIOD": "auto", "SPAR_MODE": "periodic", "SPAR_TRAIN_STEPS": "936",
        "SPAR_LR": "0:0.02,702:0.002"})
    check("CPSGD", ways.settings(cpsgd, 40), {
        "SPAR_PERIOD": "8", "SPAR_MODE": "periodic", "SPAR_TRAIN_STEPS": "40"})
    check("a rate that never drops", ways.schedule(3), "0:0.02")
    check("dense", ways.variant(ways.WAYS["full"], "ring", 10).spar, None)
    check("averages", ways.variant(cpsgd, "ring", 10).program[-2:], ["--average", "1"])
    check("sums gradients", "--average" in ways.variant(
        ways.WAYS["qsgd"], "ring", 10).program, False)
    check("the probe knows no end", ways.probe(42, "ring").spar, {
        "SPAR_MODE": "periodic", "SPAR_PERIOD": "4"})


def check_lines():
    numbers = trainings.read_lines(
        "steps 40\nfinal_loss 0.5\nparams_checksum rank 0 12ab\nreplicas identical\n")
    check("lines", numbers, {"steps": 40.0, "final_loss": 0.5, "replicas_identical": 1.0})
    check("replicas", trainings.read_lines("replicas DIFFER")["replicas_identical"], 0.0)


def check_split():
    """Period 4; what comes first is left out."""
    seconds = [9.0, 9.0] + [0.1, 0.2, 0.8, 0.2] * 3 + [0.1, 0.2]
    check("exchange and skip", results.split_times(seconds, 4), (0.8, 0.2))
    noisy = [0.1, 0.1, 0.1, 0.5] * 4 + [0.1, 3.0, 0.1, 0.6]
    check("one slow step", results.split_times(noisy, 4), (0.5, 0.1))


def periodic(exchanges, skips, history=()):
    return {"period": 8, "exchanges": exchanges, "skips": skips, "since_average": 0,
            "rate_from": "hint", "history": list(history)}


def check_doubt():
    def layers(method):
        return [{"count": 9, "method": "mpi", "why": "small"},
                {"count": 99, "method": method, "why": "its reason"}]
    def told(key, method, words):
        return results.doubt(key, {"layers": layers(method), "communicators": [
            {"periodic": words}]})
    check("skips", told("cpsgd4", "mpi", periodic(5, 15)), None)
    check("stayed dense", told("cpsgd4", "mpi", None), "NO STEP WAS SKIPPED: its reason")
    check("the probe", told("probe", "mpi", periodic(5, 0)),
          "NO STEP WAS SKIPPED: its reason")
    check("quantised", told("qsgd", "quantised", None), None)
    check("not quantised", told("qsgd", "ring", None), "NOT QUANTISED: its reason")
    check("LAGS may be dense", told("lags", "mpi", None), None)
    check("no layer", results.doubt("qsgd", {"layers": []}),
          "NOT QUANTISED: no layer was found")


HISTORY = [{"step": 20, "period": 4, "variance": 1e-3, "rate": 0.02},
           {"step": 24, "period": 4, "variance": 0.0, "rate": 0.02},
           {"step": 28, "period": 5, "variance": 2e-3, "rate": 0.02}]


def report(seconds, wire=None, words=None):
    return {"steps": {"seconds": seconds}, "communicators": [
                {"comm": 0}, {"comm": 1, "periodic": periodic(1, 1)},
                {"comm": 2, "periodic": words}] if words else [],
            "bytes": {"interface_tx_per_step": wire, "sent_per_rank_per_step": 7.0}}


def job(stage, key, rate="1gbit", seed=1, algorithm=None):
    return agenda.Job(stage, key, rate, 10, 1.0, seed, algorithm)


def filled():
    """Full communication, CPSGD of 4, LAGS; QSGD was never measured."""
    found = results.Results()
    for seed, loss in ((1, 0.4), (2, 0.6)):
        quality = {"steps": 100.0, "final_loss": loss, "test_accuracy": 80.0,
                   "bytes": 1e6}
        found.add(job(agenda.QUALITY, "full", seed=seed), quality, None)
        found.add(job(agenda.QUALITY, "cpsgd4", seed=seed), quality,
                  report([0.1] * 9, 250e3, periodic(25, 75, HISTORY)))
    for algorithm, step in (("default", 0.8), ("ring", 0.4)):
        found.add(job(agenda.ALGORITHM, "full", algorithm=algorithm),
                  {"steps": 5.0, "step_time_median_s": step}, None)
    # Of its 9 periodic steps the last one's time is not known; those before are dense.
    found.add(job(agenda.TIME, "probe"), {"steps": 42.0},
              report([0.5] * 29 + [0.1, 0.1, 0.1, 0.5] * 2, None, periodic(2, 7)))
    found.add(job(agenda.TIME, "lags"), {"steps": 96.0},
              report([5.0] * 84 + [0.2] * 12, 50e3))
    return found


def check_results(found):
    def near(what, got, wanted):
        check(what, round(got, 6), wanted)
    row = found.rows(["cpsgd4"])["cpsgd4"]
    at = row["rates"]["1gbit"]
    near("loss", row["final_loss"], 0.5)
    near("share", row["exchanged_share"], 0.25)
    near("step", at["step_s"], 0.2)
    near("epoch", at["epoch_s"], 93.6)
    near("against default", at["gain_vs_default"], 4.0)
    near("against best", at["gain_vs_best"], 2.0)
    near("bytes", at["bytes_per_step"], 250e3)
    check("from steps", at["measured_steps"], 42)
    lags = found.rows(["lags"])["lags"]
    near("LAGS' step", lags["rates"]["1gbit"]["step_s"], 0.2)
    near("LAGS' bytes", lags["rates"]["1gbit"]["bytes_per_step"], 50e3)
    check("not trained", lags["final_loss"], None)
    full = found.rows(["full"])["full"]["rates"]["1gbit"]
    near("best", full["step_s"], 0.4)
    near("full: bytes", full["bytes_per_step"], 1e6)
    check("not measured", found.rows(["qsgd"])["qsgd"]["rates"]["1gbit"], None)
    check("nothing at all", results.Results().rows(["full"])["full"]["rates"], {})
    check("without the wire", results.bytes_of(report([], None)), 7.0)
    json.dumps(found.rows(ways.WAYS))


def check_table(found):
    keys = ["full", "cpsgd4", "qsgd"]
    lines = show.time_lines(found, keys, "1gbit")
    words = [" ".join(line.split()) for line in lines[1:]]
    check("times", words, [
        "full communication, default 374 s 800.0 ms 1.00x 0.50x 1 MB 5",
        "full communication, best (ring) 187 s 400.0 ms 2.00x 1.00x 1 MB 5",
        "CPSGD, p = 4 93.60 s 200.0 ms 4.00x 2.00x 250 kB 42",
        "gradients, QSGD of 8 bits - - - - - -"])
    lines = show.quality_lines(found, keys)
    words = [" ".join(line.split()) for line in lines[1:]]
    check("quality", words, [
        "full communication 0.5000 +- 0.1 80.00 % +- 0 - 2",
        "CPSGD, p = 4 0.5000 +- 0.1 80.00 % +- 0 4.00 2",
        "gradients, QSGD of 8 bits - - - 0"])


def check_picture(found, folder):
    rows = found.rows(ways.WAYS)
    check("courses", [(key, steps, periods) for key, _, steps, _, periods in
                      drawing.courses(rows)], [("cpsgd4", [20, 24, 28], [4, 4, 5])])
    check("logarithmic", drawing.positive([20, 24, 28], [1e-3, 0.0, None]),
          ([20], [1e-3]))
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return
    path = folder / "periods.png"
    check("drawn", drawing.draw(rows, path), True)
    check("a PNG", path.read_bytes()[:4], b"\x89PNG")
    check("nothing to draw", drawing.draw(found.rows(["full"]), path), False)


def run(*words):
    return subprocess.run([FOLDER / "run", "--build", BUILD, *words], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)


def check_refused(words, wanted):
    done = run(*words)
    check(f"{words}: exit code", done.returncode, 2)
    check(f"{words}: {done.stderr}", wanted in done.stderr, True)


def check_round(folder):
    """A small network on local ranks: one row, and one whose jobs fail."""
    if not Path("/usr/share/datasets/fashion-mnist").is_dir():
        return
    path = folder / "table.json"
    done = run("--local", "--quick", "--steps", "24", "--hidden", "16", "--rows",
               "full,lags", "--json", path, "SPAR_VALUES=fp64")
    check(f"a round: {done.stderr}", done.returncode, 0)
    table = json.loads(path.read_text(encoding="utf-8"))
    full, lags = table["rows"]["full"], table["rows"]["lags"]
    check("steps", full["seeds"][0]["steps"], 24)
    check("replicas", full["seeds"][0]["replicas_identical"], 1)
    check("all algorithms", sorted(table["algorithms"]["unlimited"]),
          sorted(ways.ALGORITHMS))
    check("the best is best", full["rates"]["unlimited"]["gain_vs_default"] >= 1, True)
    check("failed jobs", [lags["final_loss"], lags["rates"]["unlimited"]], [None, None])
    check(f"says why: {done.stdout}", "SPAR_VALUES=fp64" in done.stdout, True)


def main():
    found = filled()
    check_plan()
    check_left()
    check_settings()
    check_lines()
    check_split()
    check_doubt()
    check_results(found)
    check_table(found)
    check_refused(["--rows", "sgd"], "'sgd' is not one of full,")
    check_refused(["--rates", "1tbit"], "'1tbit' is not one of unlimited,")
    check_refused(["--seeds", "0"], "'0' is not a number from 1 on")
    check_refused(["PERIOD=1"], "not a setting: PERIOD=1")
    with tempfile.TemporaryDirectory() as folder:
        check_picture(found, Path(folder))
        check_round(Path(folder))
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
