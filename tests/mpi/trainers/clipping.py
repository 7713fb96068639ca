#!/usr/bin/python3
"""Averages weighted by the samples that each rank has (their numbers differ
from step to step), and clipping by the norm of the sum, of which each rank
computes a share."""

import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, flatten, train


def scalar_sum(comm, value):
    out = np.empty(1)
    comm.Allreduce(np.array([value], np.float64), out)
    return out[0]


def clip(comm, gradients, most):
    share = flatten(gradients)[comm.rank::comm.size].astype(np.float64)
    norm = scalar_sum(comm, share @ share)**0.5
    return min(1.0, most / norm)


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 96, 10)
    network = Network(96, 200, 200, 10)

    def update(_):
        task.size = int(task.rng.integers(8, 56))
        gradients = network.gradients(*task.batch())[1]
        samples = scalar_sum(comm, task.size)
        for gradient in gradients:
            gradient *= np.float32(task.size)
            comm.Allreduce(MPI.IN_PLACE, gradient)
            gradient /= np.float32(samples)
        network.step(gradients, 0.3 * clip(comm, gradients, 1.0))

    expect(comm, "sparse count=%d" % (96 * 200),
           "sparse count=%d" % (200 * 200))
    return train(comm, task, network, 180, update)


if __name__ == "__main__":
    sys.exit(main())
