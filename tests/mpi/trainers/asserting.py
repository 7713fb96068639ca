#!/usr/bin/python3
"""Adam on one flat vector, as OpenAI's baselines do it (MpiAdam): every 100
steps all ranks compare their parameters with rank 0's, bit by bit. The learning
rate falls to nothing."""

import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, fail, flatten, train, unflatten


STEPS = 300


class Adam:
    """Sums the gradients of all ranks."""

    def __init__(self, comm, count, rate):
        self.comm, self.rate, self.steps = comm, rate, 0
        self.mean = np.zeros(count, np.float32)
        self.square = np.zeros(count, np.float32)

    def update(self, local):
        total = np.zeros_like(local)
        self.comm.Allreduce(local, total, op=MPI.SUM)
        total /= np.float32(self.comm.size)
        rate = self.rate * (1 - self.steps / STEPS)
        self.steps += 1
        self.mean += np.float32(0.1) * (total - self.mean)
        self.square += np.float32(0.001) * (total**2 - self.square)
        rate *= (1 - 0.999**self.steps)**0.5 / (
            1 - 0.9**self.steps)
        return np.float32(rate) * self.mean / (
            np.sqrt(self.square) + np.float32(1e-8))

    def check_synced(self, local):
        root = local.copy()
        self.comm.Bcast(root, root=0)
        if not (root == local).all():
            fail(self.comm, "parameters differ from rank 0's")


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 64, 10)
    network = Network(64, 400, 10)
    adam = Adam(comm, flatten(network.params).size, 0.003)

    def update(step):
        gradients = network.gradients(*task.batch())[1]
        change = adam.update(flatten(gradients))
        network.step(unflatten(change, gradients), 1)
        if step % 100 == 99:
            adam.check_synced(flatten(network.params))

    expect(comm, "sparse count=%d" % flatten(network.params).size)
    return train(comm, task, network, STEPS, update)


if __name__ == "__main__":
    sys.exit(main())
