#!/usr/bin/python3
"""What a trainer learns with and without Spar: same trainer, same epochs or
steps, some seeds.

With --rate, jobs with Spar run in bench/lab, one rank per host, in mode auto: the
densities are those of such a network. Without, on local ranks and in mode sparse,
so that every layer goes sparse. All other settings are default unless given as
SPAR_NAME=VALUE. Dense jobs learn the same everywhere and run on local ranks. Prints
one line per run, the means, and the differences: points of test accuracy, and for
the language model per cent of the validation loss (lower is better).
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LAB = os.path.join(ROOT, "bench/lab")
TRAINERS = {
    "c": ["{build}/bin/fashion_c"],
    "c-cnn": ["{build}/bin/fashion_c", "--model", "cnn"],
    "torch": ["/usr/bin/python3", os.path.join(ROOT, "apps/fashion_torch.py")],
    "torch-cnn": ["/usr/bin/python3", os.path.join(ROOT, "apps/fashion_torch.py"),
                  "--model", "cnn"],
    "lm": ["/usr/bin/python3", os.path.join(ROOT, "apps/bible_lm.py")],
}


class Metric:
    """A result line of a trainer, and how two of its values are compared."""

    def __init__(self, name, digits, unit, difference):
        self.name = name
        self.digits = digits
        self.unit = unit
        self.difference = difference

    def find(self, text):
        found = re.search(rf"^{self.name} ([0-9.]+)", text, re.M)
        return float(found.group(1)) if found else None

    def show(self, value):
        return f"{value:.{self.digits}f}"


ACCURACY = Metric("test_accuracy", 2, "points",
                  lambda spar, dense: spar - dense)
LOSS = Metric("validation_loss", 4, "% of loss",
              lambda spar, dense: 100 * (spar - dense) / dense)


def metric_of(trainer):
    return LOSS if trainer == "lm" else ACCURACY


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", metavar="SPAR_NAME=VALUE")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--trainers", default="c,torch", help=",".join(TRAINERS))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--epochs", default="2")
    parser.add_argument("--steps", help="end after that many steps; without it the "
                        "language model ends after its own default")
    parser.add_argument("--ranks", default="4")
    parser.add_argument("--rate", help="of the links: 1gbit, 100mbit ...")
    parser.add_argument("--mode", choices=("sparse", "auto"),
                        help="another one than named above")
    parser.add_argument("--variants", default="dense,spar")
    arguments = parser.parse_args()
    for trainer in arguments.trainers.split(","):
        if trainer not in TRAINERS:
            parser.error(f"not a trainer: {trainer}")
    for setting in arguments.settings:
        if not re.fullmatch(r"SPAR_[A-Z_]+=.*", setting):
            parser.error(f"not a setting: {setting}")
    arguments.mode = arguments.mode or ("auto" if arguments.rate else "sparse")
    return arguments


def environment(arguments, variant):
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
               OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_mpi_yield_when_idle="1",
               OMPI_MCA_hwloc_base_binding_policy="none",
               OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if variant == "dense" or not arguments.rate:
        env["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    if variant == "spar":
        env["SPAR_MODE"] = arguments.mode
        env["SPAR_REPORT"] = "none"
        env.update(setting.split("=", 1) for setting in arguments.settings)
    return env


def run(arguments, trainer, variant, seed):
    command = [word.format(build=arguments.build) for word in TRAINERS[trainer]]
    command = ["mpirun", "-n", arguments.ranks] + command + [
        "--epochs", arguments.epochs, "--seed", seed]
    if arguments.steps:
        command += ["--steps", arguments.steps]
    if variant == "spar":
        command = [os.path.join(arguments.build, "bin/spar"), "run", "--"] + command
        if arguments.rate:
            command = [LAB, "--name", "accuracy", "run", "-n", arguments.ranks, "-r",
                       arguments.rate, "--"] + command
    done = subprocess.run(command, env=environment(arguments, variant),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    value = metric_of(trainer).find(done.stdout)
    if done.returncode != 0 or value is None:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    if "replicas identical" not in done.stdout:
        sys.exit(f"{' '.join(command)}: the replicas differ")
    return value


def compare(trainer, results):
    """The line with the mean difference and that of each seed."""
    metric = metric_of(trainer)
    each = [metric.difference(spar, dense)
            for spar, dense in zip(results["spar"], results["dense"])]
    mean = metric.difference(statistics.mean(results["spar"]),
                             statistics.mean(results["dense"]))
    seeds = " ".join(f"{value:+.2f}" for value in each)
    print(f"{trainer:10} spar - dense: {mean:+.2f} {metric.unit} "
          f"(seeds: {seeds})", flush=True)


def measure(arguments, trainer):
    metric = metric_of(trainer)
    results = {}
    for variant in arguments.variants.split(","):
        values = results[variant] = []
        for seed in arguments.seeds.split(","):
            values.append(run(arguments, trainer, variant, seed))
            print(f"{trainer:10} {variant:6} seed {seed}: "
                  f"{metric.show(values[-1])}", flush=True)
        print(f"{trainer:10} {variant:6} mean  : "
              f"{metric.show(statistics.mean(values))}", flush=True)
    if len(results) == 2:
        compare(trainer, results)


def main():
    arguments = parse_arguments()
    length = f"{arguments.steps} steps" if arguments.steps else \
        f"{arguments.epochs} epochs"
    where = f"{arguments.rate} links" if arguments.rate else "local"
    print(f"{arguments.ranks} ranks, {where}, {length}, mode {arguments.mode}, settings:",
          " ".join(arguments.settings) or "default", flush=True)
    for trainer in arguments.trainers.split(","):
        measure(arguments, trainer)


if __name__ == "__main__":
    main()
