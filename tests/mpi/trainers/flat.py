#!/usr/bin/python3
"""The usual mpi4py trainer: all gradients as one vector, summed into a fresh
buffer in each step. With --metric, every fourth step also averages the loss:
then it is four steps that repeat. With --keep, the sums of the last steps are
kept (a history, as L-BFGS has one), so that addresses change."""

import collections
import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, flatten, train, unflatten


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 64, 10)
    network = Network(64, 400, 10)
    metric = "--metric" in sys.argv
    keep = "--keep" in sys.argv
    history = collections.deque(maxlen=8)

    def update(step):
        loss, gradients = network.gradients(*task.batch())
        flat = flatten(gradients)
        total = np.empty_like(flat)
        comm.Allreduce(flat, total)
        if keep:
            history.append((flat, total))
        network.step(unflatten(total / comm.size, gradients), 0.2)
        if metric and step % 4 == 3:
            mean = np.empty(1, np.float32)
            comm.Allreduce(np.array([loss], np.float32), mean)

    expect(comm, "sparse count=%d layers=1" % flatten(network.params).size)
    return train(comm, task, network, 220, update)


if __name__ == "__main__":
    sys.exit(main())
