#!/usr/bin/python3
"""averaging.py STEPS [gradients]: each rank trains by itself, and every so many
steps parameters are averaged. With `gradients` those are summed in each step as
well, by the same function, and averaging keeps replicas from drifting apart."""

import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, flatten, train, unflatten


def mean(comm, arrays):
    flat = flatten(arrays)
    comm.Allreduce(MPI.IN_PLACE, flat)
    return unflatten(flat / np.float32(comm.size), arrays)


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 64, 10)
    network = Network(64, 400, 10)
    every = int(sys.argv[1])
    sums_gradients = "gradients" in sys.argv

    def update(step):
        gradients = network.gradients(*task.batch())[1]
        if sums_gradients:
            gradients = mean(comm, gradients)
        network.step(gradients, 0.2)
        if step % every == every - 1:
            network.params = mean(comm, network.params)

    expect(comm, "dense count=%d" % flatten(network.params).size)
    return train(comm, task, network, {1: 150, 10: 600}[every]
                 if not sums_gradients else 220, update)


if __name__ == "__main__":
    sys.exit(main())
