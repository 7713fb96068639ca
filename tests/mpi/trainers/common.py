"""What the Python trainers of this folder share: a generated task, a small
network, and the lines that run.py reads:

    expect sparse count=N [layers=L]  all sums of N elements are gradients
    expect dense count=N [optional]   no sum of N elements may go sparse
    expect note TEXT                  the report must say so
    loss START END                    on data that was held out

`optional`: such sums need not be part of the step that is learnt. They must be
dense for what they are, not because dense sums are fast.
"""

import hashlib
import sys

import numpy as np


class Task:
    """Classes of inputs that have a few latent causes; every rank draws its own
    batches."""

    def __init__(self, comm, inputs, classes, batch=32, causes=24):
        shared = np.random.default_rng(1)
        self.mixing = shared.standard_normal((causes, inputs)) / causes**0.5
        self.teacher = shared.standard_normal((causes, classes))
        self.rng = np.random.default_rng(100 + comm.rank)
        self.size = batch
        self.held_out = self.draw(shared, 1000)

    def draw(self, rng, count):
        causes = rng.standard_normal((count, len(self.mixing)))
        noise = rng.standard_normal((count, self.mixing.shape[1]))
        inputs = causes @ self.mixing + 0.3 * noise
        scores = causes @ self.teacher
        scores += 0.5 * rng.standard_normal(scores.shape)
        return inputs.astype(np.float32), scores.argmax(1)

    def batch(self):
        return self.draw(self.rng, self.size)


class Network:
    """A perceptron with ReLU between its layers; the same on all ranks."""

    def __init__(self, *sizes):
        rng = np.random.default_rng(2)
        self.params = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            weight = rng.standard_normal((inputs, outputs)) / inputs**0.5
            self.params += [weight.astype(np.float32),
                            np.zeros(outputs, np.float32)]

    def forward(self, inputs):
        """What goes into each layer, and the scores."""
        values = [inputs]
        for i in range(0, len(self.params), 2):
            value = values[-1] @ self.params[i] + self.params[i + 1]
            last = i + 2 == len(self.params)
            values.append(value if last else np.maximum(value, 0))
        return values

    def loss(self, inputs, classes):
        """The mean cross entropy, and its gradient by the scores."""
        values = self.forward(inputs)
        shifted = values[-1] - values[-1].max(1, keepdims=True)
        chances = np.exp(shifted)
        chances /= chances.sum(1, keepdims=True)
        picked = np.arange(len(classes)), classes
        loss = -np.log(chances[picked] + 1e-12).mean()
        chances[picked] -= 1
        return float(loss), values, chances / np.float32(len(classes))

    def gradients(self, inputs, classes):
        """Loss, and fresh arrays in the order of the parameters."""
        loss, values, delta = self.loss(inputs, classes)
        gradients = []
        for i in reversed(range(0, len(self.params), 2)):
            gradients = [values[i // 2].T @ delta, delta.sum(0)] + gradients
            delta = (delta @ self.params[i].T) * (values[i // 2] > 0)
        return loss, gradients

    def step(self, updates, rate):
        for param, update in zip(self.params, updates):
            param -= np.float32(rate) * update


def flatten(arrays):
    return np.concatenate([array.ravel() for array in arrays])


def unflatten(flat, like):
    parts, at = [], 0
    for array in like:
        parts.append(flat[at:at + array.size].reshape(array.shape))
        at += array.size
    return parts


def expect(comm, *lines):
    for line in lines:
        if comm.rank == 0:
            print("expect", line)


def finish(comm, params, start, end):
    """The last call of every trainer; returns its exit code."""
    digest = hashlib.blake2b(flatten(params).tobytes()).hexdigest()
    same = len(set(comm.allgather(digest))) == 1
    if comm.rank == 0:
        print("loss %.6f %.6f" % (start, end))
        print("replicas", "are identical" if same else "DIFFER", flush=True)
    return 0 if same else 1


def train(comm, task, network, steps, update):
    """Calls update(step) so often; returns the exit code."""
    start = network.loss(*task.held_out)[0]
    for step in range(steps):
        update(step)
    return finish(comm, network.params, start,
                  network.loss(*task.held_out)[0])


def fail(comm, *words):
    print("FAILED: rank %d:" % comm.rank, *words, file=sys.stderr, flush=True)
    comm.Abort(1)
