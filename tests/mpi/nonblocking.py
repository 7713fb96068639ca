#!/usr/bin/python3
"""An mpi4py trainer in miniature with one Iallreduce per layer.

Whole-number gradients: deliveries over the run, with a final flush, are exactly
what was put in.
"""
import sys

import numpy as np
from mpi4py import MPI

COUNTS = [50000, 8000, 4096, 10]
STEPS = 60

comm = MPI.COMM_WORLD


def gradient(rank, step, layer):
    """Returns the whole-number gradient of one rank."""
    values = np.arange(COUNTS[layer]) * 37 + step * 11 + rank * 5 + layer
    return (values % 23 - 11).astype(np.float32)


def complete(requests, step):
    """Completes requests in another way every step."""
    if step % 4 == 0:
        MPI.Request.Waitall(requests)
    elif step % 4 == 1:
        for _ in requests:
            MPI.Request.Waitany(requests)
    elif step % 4 == 2:
        for request in reversed(requests):
            request.Wait()
    else:
        for request in requests:
            while not request.Test():
                pass
    assert all(request == MPI.REQUEST_NULL for request in requests)


delivered = [np.zeros(count) for count in COUNTS]
expected = [np.zeros(count) for count in COUNTS]
for number in range(STEPS):
    if number == STEPS - 1:
        MPI.Pcontrol(2)
    results, pending = [], []
    for index in range(len(COUNTS)):
        mine = gradient(comm.rank, number, index)
        if index % 2 == 0:
            result = np.empty_like(mine)
            pending.append(comm.Iallreduce(mine, result, op=MPI.SUM))
        else:
            result = mine
            pending.append(comm.Iallreduce(MPI.IN_PLACE, result, op=MPI.SUM))
        results.append((mine, result))
    complete(pending, number)
    for index, (_, result) in enumerate(results):
        delivered[index] += result
        for rank_of in range(comm.size):
            expected[index] += gradient(rank_of, number, index)
right = all(np.array_equal(d, e) for d, e in zip(delivered, expected))
same = comm.allreduce(int(right), op=MPI.MIN)
if comm.rank == 0:
    print("sums are right" if same else "FAILED")
sys.exit(0 if same else 1)
