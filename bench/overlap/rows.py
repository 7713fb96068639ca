"""The set-ups that are measured: a function per row of the table."""

import os
import subprocess
import tempfile

from jobs import LAB, ROOT, Jobs, Variant, cores
from table import Figure, Row, at_least, at_most

TRACE = os.path.join(ROOT, "bench", "traces", "resnet50.csv")
PLAIN, SPAR = "plain", "Spar"
# Exposed waits below this are as good as none: their ratios mean nothing.
FLOOR_US = 20


def sparse(density, **more):
    return dict(SPAR_MODE="sparse", SPAR_DENSITY=str(density), **more)


def progress(density, kind):
    return sparse(density, SPAR_PROGRESS=kind)


def column(found, key, scale=1.0):
    return {name: scale * numbers[key] for name, numbers in found.items()}


def steps_of(arguments, rounds, steps):
    """Options of bench_overlap; a quick run has fewer samples."""
    if arguments.quick:
        rounds = max(1, rounds // 4)
    return ["--rounds", str(rounds), "--steps", str(steps), "--warmup",
            str(arguments.warmup)]


def sleeping(arguments):
    """The program of row a: many large layers beside a long sleep."""
    return ["bench_overlap", "steps", "--layers", "8", "--count", "262144",
            "--compute", "40"] + steps_of(arguments, 4, 15)


def busy(arguments):
    """The program of row b: few small layers beside a busy core."""
    return ["bench_overlap", "steps", "--layers", "4", "--count", "16384",
            "--busy", "--compute", "5"] + steps_of(arguments, 8, 50)


def row_a(arguments):
    jobs = Jobs(arguments)
    program = sleeping(arguments)
    options = dict(mpirun=["--bind-to", "none"], yields=1)
    found = jobs.measure([
        Variant(PLAIN, 4, program, **options),
        Variant(SPAR, 4, program, sparse(arguments.density), **options)],
        arguments.rounds, "a")
    hidden = {name: 100 * (1 - numbers["exposed_p50_us"] / numbers["alone_p50_us"])
              for name, numbers in found.items()}
    figures = [
        Figure("exchange alone, p50, ms", column(found, "alone_p50_us", 1e-3)),
        at_most("exposed wait, p50, us", column(found, "exposed_p50_us"), FLOOR_US),
        Figure("exposed wait, p99, us", column(found, "exposed_p99_us")),
        Figure("in posting calls, p50, us", column(found, "post_p50_us")),
        Figure("whole step, p50, ms", column(found, "step_p50_us", 1e-3)),
        at_least("hidden share of the exchange, %", hidden, 98)]
    title = (f"sleeping 40 ms: 4 ranks on {cores()} cores, not bound, yield 1, "
             f"8 x 262144 floats, density {arguments.density}")
    return Row("a", title, [PLAIN, SPAR], figures, jobs.notes), jobs


def row_b(arguments):
    jobs = Jobs(arguments)
    program = busy(arguments)
    names = [SPAR, "thread", "inline"]
    kinds = ["auto", "thread", "inline"]
    found = jobs.measure(
        [Variant(PLAIN, 2, program)] +
        [Variant(name, 2, program, progress(arguments.density, kind))
         for name, kind in zip(names, kinds)], arguments.rounds, "b")
    inline = found.get("inline", {}).get("exposed_p50_us")
    ratio = {name: numbers["exposed_p50_us"] / inline
             for name, numbers in found.items()} if inline else {}
    judged = [SPAR, "thread"]
    figures = [
        Figure("exchange alone, p50, us", column(found, "alone_p50_us")),
        Figure("exposed wait, p50, us", column(found, "exposed_p50_us")),
        at_most("the same / inline", ratio, 1.3, judged),
        at_most("exposed wait, p99, us", column(found, "exposed_p99_us"), 2000, judged),
        Figure("in posting calls, p50, us", column(found, "post_p50_us")),
        Figure("core left to the computation, p50, %",
               column(found, "core_p50_percent"))]
    core = found.get(PLAIN, {}).get("core_p50_percent", 100)
    if core < 90:
        jobs.note(f"other processes disturb: plain has {core:.0f} % of its cores")
    title = (f"busy 5 ms: 2 ranks on {cores()} cores, default binding, "
             f"4 x 16384 floats, density {arguments.density}")
    return Row("b", title, [PLAIN] + names, figures, jobs.notes), jobs


def row_c(arguments):
    jobs = Jobs(arguments)
    figures = []
    for name, ranks, program in (("sleeping", 4, sleeping(arguments)),
                                 ("busy", 2, busy(arguments))):
        medians, tails = {PLAIN: [], SPAR: []}, {PLAIN: [], SPAR: []}
        for binding, yields in (("default", 0), ("default", 1), ("none", 0),
                                ("none", 1)):
            options = dict(yields=yields, mpirun=[] if binding == "default" else
                           ["--bind-to", binding])
            setting = f"{name}, binding {binding}, yield {yields}"
            found = jobs.measure([
                Variant(PLAIN, ranks, program, **options),
                Variant(SPAR, ranks, program, sparse(arguments.density), **options)],
                max(1, arguments.rounds - 1), f"c, {setting}")
            p50 = column(found, "exposed_p50_us")
            p99 = column(found, "exposed_p99_us")
            figures += [Figure(f"{setting}: p50, us", p50),
                        Figure(f"{setting}: p99, us", p99)]
            for key in found:
                medians[key].append(max(FLOOR_US, p50[key]))
                tails[key].append(1e-3 * p99[key])
        figures += [
            at_most(f"{name}: largest / smallest p50",
                    {key: max(v) / min(v) for key, v in medians.items() if v}, 2),
            at_most(f"{name}: largest p99, ms",
                    {key: max(v) for key, v in tails.items() if v}, 10)]
    title = ("exposed waits of a and b by binding and mpi_yield_when_idle "
             f"(below {FLOOR_US} us counts as {FLOOR_US} in ratios)")
    return Row("c", title, [PLAIN, SPAR], figures, jobs.notes), jobs


def pair_cases():
    """Label, ranks, floats, pairs per round, settings, whether judged. With one
    rank no call is a candidate. What 64 KiB cost between two ranks varies by more
    than the target, so what mode dense adds is judged with a smaller call."""
    none = sparse(0.01, SPAR_REPORT="none")
    dense = {"SPAR_MODE": "dense", "SPAR_REPORT": "none"}
    auto = {"SPAR_MODE": "auto", "SPAR_REPORT": "none"}
    return [
        ("100 floats, no candidate, 1 rank", 1, 100, 5000, none, True),
        ("100 floats, no candidate, 2 ranks", 2, 100, 100, none, True),
        ("16384 floats, mode auto, 1 rank", 1, 16384, 5000, auto, True),
        ("16384 floats, mode dense, 1 rank", 1, 16384, 5000, dense, True),
        ("16384 floats, mode dense, 2 ranks", 2, 16384, 20, dense, False),
        ("100 floats, candidate, mode dense, 2 ranks", 2, 100, 100,
         dict(dense, SPAR_MIN_COUNT="64"), True)]


def row_d(arguments):
    jobs = Jobs(arguments)
    figures = []
    for label, ranks, count, pairs, settings, judged in pair_cases():
        program = ["bench_overlap", "pairs", "--count", str(count), "--steps",
                   str(pairs), "--rounds", "200" if arguments.quick else "1000"]
        found = jobs.measure([
            Variant(PLAIN, ranks, program),
            Variant("multiple", ranks, program, env={"OMPI_MPI_THREAD_LEVEL": "3"}),
            Variant(SPAR, ranks, program, settings)],
            1 if arguments.quick else arguments.rounds + 2, f"d, {label}")
        values = column(found, "pair_p10_ns")
        if SPAR in values and PLAIN in values:
            values["added"] = values[SPAR] - values[PLAIN]
        figures.append(at_most(label, values, 200, ["added"]) if judged else
                       Figure(label, values))
    title = ("not taken over: ns per MPI_Iallreduce + MPI_Wait, default binding, 10th "
             "percentile of short rounds; multiple: plain at MPI_THREAD_MULTIPLE")
    return Row("d", title, [PLAIN, "multiple", SPAR, "added"], figures,
               jobs.notes), jobs


def replay_variants(arguments):
    """The best plain algorithm is a fair rival; the default is what users get.
    Open MPI's numbers: libnbc 1 ring, 3 Rabenseifner, 4 recursive doubling (its
    default, in place: 2, a tree); tuned 4 ring."""
    def plain(name, *mpirun, post="iallreduce", steps=3):
        return Variant(name, 4, ["replay", "--trace", TRACE, "--post", post, "--steps",
                                 str(steps), "--warmup", "1"], mpirun=mpirun)

    nbc = ("--mca", "coll_libnbc_iallreduce_algorithm")
    ring = ("--mca", "coll_tuned_use_dynamic_rules", "1",
            "--mca", "coll_tuned_allreduce_algorithm", "4")
    fast = [plain("computation only", post="none", steps=20),
            plain("plain, ring", *nbc, "1")]
    spar = plain(SPAR, *nbc, "1", steps=30)  # the steps that it learns are dense
    spar.program[-1] = str(arguments.warmup)
    spar.spar = sparse(0.001)
    if arguments.quick:
        return fast + [spar]
    return fast + [plain("plain, default"), plain("plain, Rabenseifner", *nbc, "3"),
                   plain("plain, recursive doubling", *nbc, "4"),
                   plain("plain, blocking, ring", *ring, post="blocking"),
                   plain("plain, one blocking call, ring", *ring, post="flat"), spar]


def row_e(arguments):
    title = "ResNet-50 replay: 4 hosts, 1 Gbit/s, density 0.001, ms per step"
    jobs = Jobs(arguments, arguments.lab)
    up = subprocess.run([LAB, "--name", arguments.lab, "up", "--hosts", "4", "--rate",
                         "1gbit"], capture_output=True, text=True, check=False)
    if up.returncode != 0:
        return Row("e", title, [], [], ["skipped: " + up.stderr.strip()]), jobs
    try:
        found = jobs.measure(replay_variants(arguments),
                             max(1, arguments.rounds - 1), "e")
    finally:
        subprocess.run([LAB, "--name", arguments.lab, "down"], check=False)
    columns = {"step": "step_time_median_s", "p90": "step_time_p90_s",
               "posting": "post_time_median_s", "waiting": "wait_time_median_s"}
    figures = [Figure(name, {head: 1e3 * numbers[key]
                             for head, key in columns.items()})
               for name, numbers in found.items()]
    best = min((numbers["step_time_median_s"] for name, numbers in found.items()
                if name.startswith(PLAIN)), default=None)
    if SPAR in found:
        seconds = found[SPAR]["step_time_median_s"]
        compute = found[SPAR]["compute_time_s"]
        figures.append(at_most("Spar / computation of 210 ms",
                               {"step": seconds / compute}, 1.25, ["step"]))
        if best:
            figures.append(Figure("best plain / Spar", {"step": best / seconds}))
    return Row("e", title, columns, figures, jobs.notes), jobs


def row_f(arguments):
    jobs = Jobs(arguments)
    program = ["bench_overlap", "idle", "--warmup", str(arguments.warmup), "--idle",
               "1" if arguments.quick else "3"]
    found = jobs.measure([
        Variant(PLAIN, 2, program),
        Variant(SPAR, 2, program, sparse(arguments.density)),
        Variant("thread", 2, program, progress(arguments.density, "thread"))],
        max(1, arguments.rounds - 1), "f")
    judged = [SPAR, "thread"]
    figures = [
        at_most("nothing pending, % of a core", column(found, "idle_percent"), 1,
                judged),
        at_most("peer comes late, % of a core", column(found, "pending_percent"), 1,
                judged)]
    title = "threads other than the application's while it sleeps, 2 ranks"
    return Row("f", title, [PLAIN] + judged, figures, jobs.notes), jobs


# Layers, elements of each, milliseconds that each computes
SMALL = [(96, 8192, 0.02), (32, 32768, 0.02), (96, 8192, 0.5)]


def write_trace(folder, layers, elements, milliseconds):
    path = os.path.join(folder, f"{layers}x{elements}-{milliseconds}.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("name,elements,forward_ms,backward_ms\n")
        for layer in range(layers):
            file.write(f"{layer},{elements},{milliseconds},{milliseconds}\n")
    return path


def merge_variants(path, name, layers):
    """Layers of one size do not tell where a step ends."""
    program = ["replay", "--trace", path, "--steps", "100", "--warmup", "40"]
    return [Variant(f"{name}, {merge}", 4, program,
                    sparse(0.01, SPAR_MERGE=merge, SPAR_EXCHANGE="allgather",
                           SPAR_STEP_CALLS=str(layers)))
            for merge in ("off", "on")]


def row_g(arguments):
    title = "small layers, merged or not: 4 hosts, 1 Gbit/s, density 0.01, ms per step"
    jobs = Jobs(arguments, arguments.lab)
    up = subprocess.run([LAB, "--name", arguments.lab, "up", "--hosts", "4", "--rate",
                         "1gbit"], capture_output=True, text=True, check=False)
    if up.returncode != 0:
        return Row("g", title, [], [], ["skipped: " + up.stderr.strip()]), jobs
    figures = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for layers, elements, milliseconds in SMALL:
                name = f"{layers} x {elements}, {milliseconds} ms each"
                path = write_trace(folder, layers, elements, milliseconds)
                found = jobs.measure(merge_variants(path, name, layers),
                                     arguments.rounds, "g")
                figures += merge_figures(found)
    finally:
        subprocess.run([LAB, "--name", arguments.lab, "down"], check=False)
    return Row("g", title, ["step", "p90", "waiting"], figures, jobs.notes), jobs


def merge_figures(found):
    figures = [Figure(name, {"step": 1e3 * numbers["step_time_median_s"],
                             "p90": 1e3 * numbers["step_time_p90_s"],
                             "waiting": 1e3 * numbers["wait_time_median_s"]})
               for name, numbers in found.items()]
    if len(found) == 2:
        off, on = (numbers["step_time_median_s"] for numbers in found.values())
        figures.append(Figure("not merged / merged", {"step": off / on}))
    return figures


ROWS = {"a": row_a, "b": row_b, "c": row_c, "d": row_d, "e": row_e, "f": row_f,
        "g": row_g}
