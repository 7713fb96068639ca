#!/usr/bin/python3
"""A PyTorch trainer with mpi4py: one sum per tensor, in place, from the last
one to the first. Gradients are None before each step (the default of PyTorch
2), so that their addresses change; twelve layers have the same size. With
--equal there is nothing else in the step, no biases, nothing small: only
SPAR_STEP_CALLS can tell then where a step begins."""

import os
import sys

import numpy as np
import torch
from mpi4py import MPI

from common import Task, expect, finish

WIDTH, DEPTH = 128, 12


class Block(torch.nn.Module):
    """A residual block of one layer."""

    def __init__(self, bias):
        super().__init__()
        self.linear = torch.nn.Linear(WIDTH, WIDTH, bias=bias)

    def forward(self, values):
        return values + torch.relu(self.linear(values)) / DEPTH


def main():
    comm = MPI.COMM_WORLD
    torch.set_num_threads(1)
    torch.manual_seed(1)
    equal = "--equal" in sys.argv
    task = Task(comm, WIDTH, 10)
    layers = [Block(not equal) for _ in range(DEPTH)]
    if not equal:
        layers.append(torch.nn.Linear(WIDTH, 10))
    model = torch.nn.Sequential(*layers)
    params = list(model.parameters())
    optimizer = torch.optim.SGD(params, lr=1.0 if equal else 0.3)

    def loss(inputs, classes):
        return torch.nn.functional.cross_entropy(
            model(torch.from_numpy(inputs)), torch.from_numpy(classes))

    def held_out():
        with torch.no_grad():
            return loss(*task.held_out).item()

    if equal and "SPAR_STEP_CALLS" not in os.environ:
        expect(comm, "dense count=%d" % WIDTH**2)
    else:
        expect(comm, "sparse count=%d layers=%d" % (WIDTH**2, DEPTH))
    start = held_out()
    for _ in range(90):
        optimizer.zero_grad(set_to_none=True)
        loss(*task.batch()).backward()
        for param in reversed(params):
            gradient = param.grad.numpy()
            comm.Allreduce(MPI.IN_PLACE, gradient)
            gradient /= np.float32(comm.size)
        optimizer.step()
    return finish(comm, [param.detach().numpy() for param in params], start,
                  held_out())


if __name__ == "__main__":
    sys.exit(main())
