#!/usr/bin/python3
"""Test accuracy with and without Spar: same trainer, same epochs, some seeds.

Local ranks (accuracy does not depend on the network), Spar in mode sparse, so
that every layer goes sparse as on a slow network; all other settings default
unless given as SPAR_NAME=VALUE. Prints one line per run and the means.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TRAINERS = {
    "c": ["{build}/bin/fashion_c"],
    "c-cnn": ["{build}/bin/fashion_c", "--model", "cnn"],
    "torch": ["/usr/bin/python3", os.path.join(ROOT, "apps/fashion_torch.py")],
    "torch-cnn": ["/usr/bin/python3", os.path.join(ROOT, "apps/fashion_torch.py"),
                  "--model", "cnn"],
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", metavar="SPAR_NAME=VALUE")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--trainers", default="c,torch", help=",".join(TRAINERS))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--epochs", default="2")
    parser.add_argument("--ranks", default="4")
    parser.add_argument("--variants", default="dense,spar")
    arguments = parser.parse_args()
    for setting in arguments.settings:
        if not re.fullmatch(r"SPAR_[A-Z_]+=.*", setting):
            parser.error(f"not a setting: {setting}")
    return arguments


def environment(arguments, variant):
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
               OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_rmaps_base_oversubscribe="1",
               OMPI_MCA_mpi_yield_when_idle="1",
               OMPI_MCA_hwloc_base_binding_policy="none",
               OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if variant == "spar":
        env["SPAR_MODE"] = "sparse"
        env["SPAR_REPORT"] = "none"
        env.update(setting.split("=", 1) for setting in arguments.settings)
    return env


def run(arguments, trainer, variant, seed):
    command = [word.format(build=arguments.build) for word in TRAINERS[trainer]]
    command = ["mpirun", "-n", arguments.ranks] + command + [
        "--epochs", arguments.epochs, "--seed", seed]
    if variant == "spar":
        command = [os.path.join(arguments.build, "bin/spar"), "run", "--"] + command
    done = subprocess.run(command, env=environment(arguments, variant),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    accuracy = re.search(r"^test_accuracy ([0-9.]+)", done.stdout, re.M)
    if done.returncode != 0 or accuracy is None:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    if "replicas identical" not in done.stdout:
        sys.exit(f"{' '.join(command)}: the replicas differ")
    return float(accuracy.group(1))


def main():
    arguments = parse_arguments()
    print(f"{arguments.ranks} ranks, {arguments.epochs} epochs, settings:",
          " ".join(arguments.settings) or "default")
    for trainer in arguments.trainers.split(","):
        means = {}
        for variant in arguments.variants.split(","):
            results = []
            for seed in arguments.seeds.split(","):
                results.append(run(arguments, trainer, variant, seed))
                print(f"{trainer:10} {variant:6} seed {seed}: {results[-1]:.2f}",
                      flush=True)
            means[variant] = statistics.mean(results)
            print(f"{trainer:10} {variant:6} mean  : {means[variant]:.2f}")
        if len(means) == 2:
            print(f"{trainer:10} spar - dense: {means['spar'] - means['dense']:+.2f} "
                  "points", flush=True)


if __name__ == "__main__":
    main()
