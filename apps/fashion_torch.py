#!/usr/bin/python3
"""Trains a network on Fashion-MNIST with PyTorch and mpi4py: data parallel,
one replica per rank. Progress goes to stderr, the result to stdout as
"name value" lines."""

import argparse
import gzip
import hashlib
import statistics
import sys
import time
import zlib

import numpy as np
import torch
from mpi4py import MPI

CLASSES = 10
LOSS_WINDOW = 20  # steps that first_loss and final_loss cover


class DataError(Exception):
    """What is wrong with a file, as one line."""


def read_idx(path, magic, item_shape):
    """The items of a compressed IDX file."""
    header_bytes = 8 + 4 * len(item_shape)
    try:
        with gzip.open(path, "rb") as stream:
            raw = stream.read()
    except FileNotFoundError:
        raise DataError("%s: No such file or directory (the Debian package "
                        "dataset-fashion-mnist has it; see --data)" % path
                        ) from None
    except EOFError:
        raise DataError("%s: truncated: it ends after %d bytes of data"
                        % (path, count_readable(path))) from None
    except (OSError, zlib.error) as error:
        raise DataError("%s: %s" % (path, error)) from None
    header = np.frombuffer(raw[:header_bytes], ">u4")
    if len(header) < 2 + len(item_shape) or header[0] != magic or \
            tuple(header[2:]) != item_shape:
        raise DataError("%s: not the IDX file expected" % path)
    count = int(header[1])
    wanted = header_bytes + count * int(np.prod(item_shape))
    if len(raw) < wanted:
        raise DataError("%s: truncated: it ends after %d bytes of data, not %d"
                        % (path, len(raw), wanted))
    return np.frombuffer(raw[header_bytes:wanted], np.uint8
                         ).reshape((count,) + item_shape)


def count_readable(path):
    """Bytes of data before the end of a truncated file."""
    count = 0
    with gzip.open(path, "rb") as stream:
        try:
            while stream.read(1024):
                count = stream.tell()
        except EOFError:
            pass
    return count


def read_part(folder, part, rank, size):
    """This rank's share: normalised images and labels."""
    images = read_idx("%s/%s-images-idx3-ubyte.gz" % (folder, part), 0x803,
                      (28, 28))
    labels = read_idx("%s/%s-labels-idx1-ubyte.gz" % (folder, part), 0x801, ())
    if len(images) != len(labels):
        raise DataError("%s: %d labels for %d %s images"
                        % (folder, len(labels), len(images), part))
    share = len(images) // size
    images = images[rank:share * size:size]
    labels = labels[rank:share * size:size]
    inputs = torch.from_numpy(images.astype(np.float32))
    inputs = (inputs / 255 - 0.2860) / 0.3530
    return inputs, torch.from_numpy(labels.astype(np.int64))


def make_mlp(hidden):
    """Linear layers with ReLU between them."""
    sizes = [784] + hidden + [CLASSES]
    layers = [torch.nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def make_cnn(hidden):
    """Two convolutions with pooling, then linear layers."""
    sizes = [32 * 7 * 7] + hidden + [CLASSES]
    layers = [torch.nn.Unflatten(1, (1, 28)),
              torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(),
              torch.nn.MaxPool2d(2),
              torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(),
              torch.nn.MaxPool2d(2), torch.nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def exchange(comm, params, nonblocking):
    """Averages the gradients over all ranks."""
    requests = []
    for param in params:
        grad = param.grad.numpy()
        if nonblocking:
            requests.append(comm.Iallreduce(MPI.IN_PLACE, grad, op=MPI.SUM))
        else:
            comm.Allreduce(MPI.IN_PLACE, grad, op=MPI.SUM)
    MPI.Request.Waitall(requests)
    for param in params:
        param.grad /= comm.size


class Trainer:
    """The training loop of one rank."""

    def __init__(self, comm, options, model, data):
        self.comm = comm
        self.options = options
        self.model = model
        self.params = list(model.parameters())
        self.inputs, self.labels = data
        self.per_epoch = len(self.inputs) // options.batch
        self.steps = options.epochs * self.per_epoch
        if options.steps:
            self.steps = min(self.steps, options.steps)
        self.optimizer = torch.optim.SGD(self.params, lr=options.lr,
                                         momentum=options.momentum)
        self.order = None
        self.losses, self.times, self.mpi_times = [], [], []

    def shuffle(self, epoch):
        generator = torch.Generator().manual_seed(
            (self.options.seed * 1000 + epoch) * 1000 + self.comm.rank)
        self.order = torch.randperm(len(self.inputs), generator=generator)

    def step(self, number):
        at = number % self.per_epoch
        if at == 0:
            self.shuffle(number // self.per_epoch)
        picked = self.order[at * self.options.batch:
                            (at + 1) * self.options.batch]
        if number == self.steps - self.steps // 4:
            for group in self.optimizer.param_groups:
                group["lr"] *= self.options.lr_drop
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(
            self.model(self.inputs[picked]), self.labels[picked])
        loss.backward()
        start = time.perf_counter()
        exchange(self.comm, self.params, self.options.iallreduce)
        self.mpi_times.append(time.perf_counter() - start)
        self.optimizer.step()
        self.losses.append(loss.item())

    def run(self):
        every = max(1, self.steps // 20)
        for number in range(self.steps):
            start = time.perf_counter()
            self.step(number)
            self.times.append(time.perf_counter() - start)
            done = number + 1
            if self.comm.rank == 0 and (done % every == 0
                                        or done == self.steps):
                print("step %d/%d epoch %d loss %.4f step_time %.4f s"
                      % (done, self.steps, number // self.per_epoch + 1,
                         statistics.fmean(self.losses[-LOSS_WINDOW:]),
                         self.times[-1]), file=sys.stderr, flush=True)

    def global_mean(self, values):
        return self.comm.allreduce(statistics.fmean(values)) / self.comm.size

    def accuracy(self, inputs, labels):
        with torch.no_grad():
            correct = sum(int((self.model(x).argmax(1) == y).sum()) for x, y in
                          zip(inputs.split(256), labels.split(256)))
        return 100 * self.comm.allreduce(correct) / self.comm.allreduce(
            len(labels))

    def checksum(self):
        digest = hashlib.blake2b(digest_size=8)
        for param in self.params:
            digest.update(param.detach().numpy().tobytes())
        return digest.hexdigest()

    def report(self, test):
        first = self.global_mean(self.losses[:LOSS_WINDOW])
        final = self.global_mean(self.losses[-LOSS_WINDOW:])
        accuracy = self.accuracy(*test)
        sums = self.comm.gather(self.checksum())
        if self.comm.rank != 0:
            return
        print("steps %d" % self.steps)
        print("step_time_median_s %.6f" % statistics.median(self.times))
        print("step_time_mean_s %.6f" % statistics.fmean(self.times))
        print("exchange_time_median_s %.6f"
              % statistics.median(self.mpi_times))
        print("first_loss %.4f\nfinal_loss %.4f" % (first, final))
        print("test_accuracy %.2f" % accuracy)
        for rank, value in enumerate(sums):
            print("params_checksum rank %d %s" % (rank, value))
        print("replicas", "identical" if len(set(sums)) == 1 else "DIFFER")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("'%s' is not positive" % text)
    return value


def sizes(text):
    return [positive(word) for word in text.split(",")]


def parse_options(comm):
    parser = argparse.ArgumentParser(
        prog="fashion_torch.py", description=__doc__,
        usage="mpirun -n RANKS apps/fashion_torch.py [options]",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--model", choices=("mlp", "cnn"), default="mlp", help="network")
    add("--hidden", type=sizes, default=[512, 512], metavar="A,B,..",
        help="sizes of the hidden layers")
    add("--epochs", type=positive, default=2, help="passes over the samples")
    add("--steps", type=int, default=0, help="stop after that many; 0: no")
    add("--batch", type=positive, default=32, help="samples per rank and step")
    add("--lr", type=float, default=0.05, help="learning rate")
    add("--lr-drop", type=float, default=0.1,
        help="times this in the last quarter of the steps")
    add("--momentum", type=float, default=0.9, help="of the optimizer")
    add("--seed", type=int, default=1, help="of weights and sample order")
    add("--iallreduce", action="store_true",
        help="Iallreduce per tensor and one Waitall")
    add("--data", default="/usr/share/datasets/fashion-mnist",
        help="where the .gz files are")
    if comm.rank != 0:  # one copy of help and errors is enough
        parser.print_help = lambda file=None: None
        parser.error = lambda message: sys.exit(2)
    return parser.parse_args()


def read_data(comm, options):
    """Training and test data, or None after the first failing rank's words."""
    reason, data = None, None
    try:
        data = [read_part(options.data, part, comm.rank, comm.size)
                for part in ("train", "t10k")]
        if len(data[0][0]) < options.batch:
            reason = "--batch: a rank has fewer samples than that"
    except DataError as error:
        reason = str(error)
    reasons = [each for each in comm.allgather(reason) if each]
    if reasons and comm.rank == 0:
        print("fashion_torch: %s" % reasons[0], file=sys.stderr)
    return None if reasons else data


def main():
    comm = MPI.COMM_WORLD
    options = parse_options(comm)
    torch.set_num_threads(1)
    data = read_data(comm, options)
    if data is None:
        return 1
    torch.manual_seed(options.seed)
    model = (make_cnn if options.model == "cnn" else make_mlp)(options.hidden)
    trainer = Trainer(comm, options, model, data[0])
    if comm.rank == 0:
        print("%d parameters, %d ranks, batch %d per rank"
              % (sum(p.numel() for p in trainer.params), comm.size,
                 options.batch), file=sys.stderr)
    trainer.run()
    trainer.report(data[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
