#!/usr/bin/python3
"""TRPO as OpenAI's baselines do it: the policy's gradient, conjugate gradients
with Fisher-vector products of the same length, a line search with scalars, and
some steps of the value function. With --bare only the sums of one length are
left: no line search and no value function.

The task: an action for each state, rewarded the nearer it is to a hidden one.
"""

import sys

import numpy as np
from mpi4py import MPI

from common import expect, finish

STATES, HIDDEN, ACTIONS = 32, 512, 8
SIGMA, DAMPING, MOST_KL = 0.3, 0.1, 0.02


class Tanh:
    """One hidden layer; parameters are one flat vector."""

    def __init__(self, outputs, hidden, seed):
        rng = np.random.default_rng(seed)
        self.shape = hidden, outputs
        first = rng.standard_normal((STATES, hidden)) / STATES**0.5
        last = rng.standard_normal((hidden, outputs)) / hidden**0.5 / 10
        self.flat = np.concatenate([first.ravel(), last.ravel()])
        self.flat = self.flat.astype(np.float32)

    def cut(self, flat):
        hidden, outputs = self.shape
        return (flat[:STATES * hidden].reshape(STATES, hidden),
                flat[STATES * hidden:].reshape(hidden, outputs))

    def forward(self, states, flat=None):
        first, last = self.cut(self.flat if flat is None else flat)
        inner = np.tanh(states @ first)
        return inner, inner @ last

    def backward(self, states, inner, delta):
        """Gradient of sum(delta * outputs)."""
        below = (delta @ self.cut(self.flat)[1].T) * (1 - inner**2)
        return np.concatenate([(states.T @ below).ravel(),
                               (inner.T @ delta).ravel()])

    def along(self, states, inner, vector):
        """How the outputs change along a vector of parameters."""
        first, last = self.cut(vector)
        changed = (states @ first) * (1 - inner**2)
        return changed @ self.cut(self.flat)[1] + inner @ last


def allmean(comm, values):
    out = np.empty_like(values)
    comm.Allreduce(values, out, op=MPI.SUM)
    out /= values.dtype.type(comm.size)
    return out


def conjugate_gradients(product, right, rounds=10):
    direction, rest = right.copy(), right.copy()
    found = np.zeros_like(right)
    square = rest @ rest
    for _ in range(rounds):
        image = product(direction)
        length = square / (direction @ image)
        found += length * direction
        rest -= length * image
        last, square = square, rest @ rest
        direction = rest + square / last * direction
        if square < 1e-10:
            break
    return found


class Trainer:
    """A policy and its value function."""

    def __init__(self, comm, bare):
        self.comm, self.bare = comm, bare
        self.policy, self.value = Tanh(ACTIONS, HIDDEN, 1), Tanh(1, 256, 2)
        self.hidden = np.random.default_rng(3).standard_normal(
            (STATES, ACTIONS)) / STATES**0.5
        self.rng = np.random.default_rng(100 + comm.rank)
        self.held_out = self.draw(np.random.default_rng(4), 1000)

    def draw(self, rng, count):
        return rng.standard_normal((count, STATES)).astype(np.float32)

    def distance(self, states, actions):
        return ((actions - np.tanh(states @ self.hidden))**2).sum(1)

    def loss(self):
        return self.distance(self.held_out, self.policy.forward(
            self.held_out)[1]).mean()

    def line_search(self, states, actions, advantages, means, step):
        for scale in 0.5**np.arange(6):
            _, now = self.policy.forward(
                states, self.policy.flat + np.float32(scale) * step)
            ratios = np.exp((((actions - means)**2).sum(1)
                             - ((actions - now)**2).sum(1)) / (2 * SIGMA**2))
            divergence = ((now - means)**2).sum(1) / (2 * SIGMA**2)
            gain, divergence = allmean(self.comm, np.array(
                [((ratios - 1) * advantages).mean(), divergence.mean()]))
            if divergence < 1.5 * MOST_KL and gain > 0:
                return np.float32(scale) * step
        return 0 * step

    def fit_value(self, states, rewards):
        for _ in range(3):
            inner, values = self.value.forward(states)
            gradient = self.value.backward(
                states, inner, (values - rewards[:, None]) / np.float32(
                    len(states)))
            self.value.flat -= np.float32(0.02) * allmean(self.comm, gradient)

    def step(self):
        states = self.draw(self.rng, 64)
        inner, means = self.policy.forward(states)
        noise = self.rng.standard_normal(means.shape).astype(np.float32)
        actions = means + np.float32(SIGMA) * noise
        rewards = -self.distance(states, actions).astype(np.float32)
        advantages = rewards - self.value.forward(states)[1][:, 0]
        advantages = (advantages - advantages.mean()) / advantages.std()

        def product(vector):
            image = self.policy.along(states, inner, vector) / np.float32(
                SIGMA**2 * len(states))
            return allmean(self.comm, self.policy.backward(
                states, inner, image)) + np.float32(DAMPING) * vector

        gradient = allmean(self.comm, self.policy.backward(
            states, inner, noise * advantages[:, None] / np.float32(
                SIGMA * len(states))))
        found = conjugate_gradients(product, gradient)
        length = (2 * MOST_KL / (found @ product(found)))**0.5
        found *= np.float32(length)
        if not self.bare:
            found = self.line_search(states, actions, advantages, means, found)
            self.fit_value(states, rewards)
        self.policy.flat += found


def main():
    comm = MPI.COMM_WORLD
    trainer = Trainer(comm, "--bare" in sys.argv)
    expect(comm, "dense count=%d" % trainer.policy.flat.size)
    if not trainer.bare:
        expect(comm, "dense count=%d" % trainer.value.flat.size)
    start = trainer.loss()
    for _ in range(30):
        trainer.step()
    return finish(comm, [trainer.policy.flat], start, trainer.loss())


if __name__ == "__main__":
    sys.exit(main())
