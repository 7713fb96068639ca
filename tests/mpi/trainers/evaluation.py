#!/usr/bin/python3
"""Every 50 steps the network is evaluated: a confusion matrix, and predictions
of which each rank has a share, are summed as gradients are. Not a sample may
get lost in them."""

import sys

import numpy as np
from mpi4py import MPI

from common import (Network, Task, expect, fail, flatten, train, unflatten)

CLASSES, SAMPLES = 70, 6000


def evaluate(comm, network, inputs, classes):
    share = slice(comm.rank, None, comm.size)
    mine = network.forward(inputs[share])[-1].argmax(1)
    confusion = np.zeros((CLASSES, CLASSES), np.float32)
    np.add.at(confusion, (classes[share], mine), 1)
    predictions = np.zeros(SAMPLES, np.float32)
    predictions[share] = mine + 1
    comm.Allreduce(MPI.IN_PLACE, confusion)
    comm.Allreduce(MPI.IN_PLACE, predictions)
    if confusion.sum() != SAMPLES or (predictions[share] != mine + 1).any() \
            or (predictions < 1).any():
        fail(comm, "the evaluation lost samples")


def main():
    comm = MPI.COMM_WORLD
    task = Task(comm, 64, CLASSES)
    network = Network(64, 300, CLASSES)
    samples = task.draw(np.random.default_rng(5), SAMPLES)

    def update(step):
        gradients = network.gradients(*task.batch())[1]
        flat = flatten(gradients)
        total = np.empty_like(flat)
        comm.Allreduce(flat, total)
        network.step(unflatten(total / comm.size, gradients), 0.3)
        if step % 50 == 49:
            evaluate(comm, network, *samples)

    expect(comm, "sparse count=%d" % flatten(network.params).size,
           "dense count=%d optional" % CLASSES**2,
           "dense count=%d optional" % SAMPLES)
    return train(comm, task, network, 270, update)


if __name__ == "__main__":
    sys.exit(main())
