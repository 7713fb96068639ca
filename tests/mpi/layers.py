#!/usr/bin/python3
"""An mpi4py trainer in miniature: one flat vector per step in a fresh buffer.

Whole-number gradients: deliveries over the run, with a final flush, are exactly
what was put in.
"""
import sys

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
count, steps = 50000, 60
delivered = np.zeros(count)
expected = np.zeros(count)
for step in range(steps):
    gradients = [
        ((np.arange(count) * 37 + step * 11 + rank * 5) % 23 - 11).astype(np.float32)
        for rank in range(comm.size)
    ]
    if step == steps - 1:
        MPI.Pcontrol(2)
    result = np.empty_like(gradients[comm.rank])
    comm.Allreduce(gradients[comm.rank], result, op=MPI.SUM)
    delivered += result
    expected += np.sum(gradients, axis=0, dtype=np.float64)
same = comm.allreduce(int(np.array_equal(delivered, expected)), op=MPI.MIN)
if comm.rank == 0:
    print("sums are right" if same else "FAILED")
sys.exit(0 if same else 1)
