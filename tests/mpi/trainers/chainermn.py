#!/usr/bin/python3
"""As ChainerMN does it: each parameter's gradient in place, sorted by name, and
at the end of an epoch the averages of batch normalisation through the same
function. They have as many elements as a bias."""

import sys

import numpy as np
from mpi4py import MPI

from common import Network, Task, expect, train

HIDDEN, EPOCH = 4096, 30


def multi_node_mean(comm, array):
    comm.Allreduce(MPI.IN_PLACE, array)
    array /= np.float32(comm.size)


class NormalisedNetwork(Network):
    """Keeps running averages of its hidden layer's inputs, as batch
    normalisation does."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.averages = {"/bn/avg_mean": np.zeros(sizes[1], np.float32),
                         "/bn/avg_var": np.ones(sizes[1], np.float32)}

    def follow(self, inputs):
        values = inputs @ self.params[0] + self.params[1]
        for name, now in (("/bn/avg_mean", values.mean(0)),
                          ("/bn/avg_var", values.var(0))):
            self.averages[name] *= np.float32(0.9)
            self.averages[name] += np.float32(0.1) * now


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 16, 8)
    network = NormalisedNetwork(16, HIDDEN, 8)
    names = ["/l1/W", "/l1/b", "/l2/W", "/l2/b"]

    def update(step):
        inputs, classes = task.batch()
        named = dict(zip(names, network.gradients(inputs, classes)[1]))
        network.follow(inputs)
        for name in sorted(named):
            multi_node_mean(comm, named[name])
        network.step([named[name] for name in names], 0.006)
        if step % EPOCH == EPOCH - 1:
            for name in sorted(network.averages):
                multi_node_mean(comm, network.averages[name])

    expect(comm, "sparse count=%d" % (16 * HIDDEN),
           "sparse count=%d" % (8 * HIDDEN), "dense count=%d" % HIDDEN)
    return train(comm, task, network, 130, update)


if __name__ == "__main__":
    sys.exit(main())
