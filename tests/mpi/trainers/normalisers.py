#!/usr/bin/python3
"""Logistic regression on tables with missing values. Each step sums, through
the same function, the gradient, how many values each column had, their squares,
and the running sums of the columns."""

import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, train

COLUMNS, CLASSES, STEPS = 4500, 8, 160


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, COLUMNS, CLASSES, batch=16)
    network = Network(COLUMNS, CLASSES)
    offsets = np.random.default_rng(3).choice([-2, 2], COLUMNS)
    offsets = offsets.astype(np.float32)
    local, total = ({name: np.zeros(COLUMNS, np.float32)
                     for name in ("present", "running", "squares")}
                    for _ in range(2))
    seen = np.zeros(COLUMNS, np.float32)
    variance = np.ones(COLUMNS, np.float32)

    def allreduce(array, out):
        comm.Allreduce(array, out, op=MPI.SUM)

    def normalise(values, present):
        nonlocal seen, variance
        local["present"][:] = present.sum(0)
        local["running"] += (values * present).sum(0)
        local["squares"][:] = (values * values * present).sum(0)
        for name in local:
            allreduce(local[name], total[name])
        seen += total["present"]
        mean = total["running"] / np.maximum(seen, 1)
        now = total["squares"] / np.maximum(total["present"], 1) - mean**2
        variance += np.float32(0.1) * (now - variance)
        return (values - mean) * present / np.sqrt(variance + 0.1)

    def update(step):
        values, classes = task.batch()
        present = task.rng.random(values.shape, np.float32) < 0.9
        values = normalise(values + offsets, present)
        gradients = network.gradients(values, classes)[1]
        out = np.empty_like(gradients[0])
        allreduce(gradients[0], out)
        network.step([out / np.float32(comm.size), 0],
                     0.01 * (1 - step / STEPS))

    expect(comm, "sparse count=%d" % (COLUMNS * CLASSES),
           "dense count=%d" % COLUMNS)
    return train(comm, task, network, STEPS, update)


if __name__ == "__main__":
    sys.exit(main())
