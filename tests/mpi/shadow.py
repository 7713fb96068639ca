#!/usr/bin/python3
"""Error feedback of mode shadow, as its report tells of it, against NumPy.

Rank 0 alone has a gradient, the same in every step. 16 exchanges send the
largest entries of gradient and residual; then everything is sent, and that sum
is as far from the dense one as the residual is large. So what was sent and what
is kept are all there is.
"""
import json
import os
import sys

import numpy as np
from mpi4py import MPI

COUNT = 6000
DENSITY, STEPS = 0.01, 16
# Calls before the first exchange.
LEARNT = int(sys.argv[1])

comm = MPI.COMM_WORLD
# Whole numbers, so that sums of 17 are exact, large enough that none are alike.
gradient = np.random.default_rng(5).integers(1, 2**19, COUNT).astype(np.float32)
gradient[::2] *= -1
for step in range(LEARNT + STEPS + 1):
    vector = gradient.copy() if comm.rank == 0 else np.zeros_like(gradient)
    comm.Allreduce(MPI.IN_PLACE, vector, op=MPI.SUM)
    if not np.array_equal(vector, gradient):
        print("FAILED: not the dense sum in step %d" % step)
MPI.Finalize()


def expected_differences():
    """Of the first exchange and of the last, the ones that are compared."""
    residual = np.zeros(COUNT)
    norm = np.linalg.norm(gradient)
    for step in range(STEPS):
        residual += gradient
        sent = np.argsort(-np.abs(residual))[:round(DENSITY * COUNT)]
        residual[sent] = 0
        if step == 0:
            first = np.linalg.norm(residual) / norm
    return first, np.linalg.norm(residual) / norm


if int(os.environ.get("OMPI_COMM_WORLD_RANK", "0")) == 0:
    with open(os.environ["SPAR_REPORT"], encoding="utf-8") as file:
        layer = json.load(file)["layers"][0]
    shadow = layer["shadow"]
    expected = sum(expected_differences()) / 2
    print("calls %d, samples %d, difference %.6f, expected %.6f"
          % (shadow["calls"], shadow["samples"], shadow["difference"], expected))
    right = (shadow["calls"] == STEPS + 1 and shadow["samples"] == 2
             and abs(shadow["difference"] / expected - 1) < 1e-9
             and layer["residual_share"] == 0 and layer["state"] == "shadow"
             and shadow["sparse_bytes"] > 0)
    print("the residual is right" if right else "FAILED: %s" % layer)
