#!/usr/bin/python3
"""Trains a network on Fashion-MNIST with PyTorch and mpi4py: data parallel,
one replica per rank. Progress goes to stderr, the result to stdout as
"name value" lines."""

import gzip
import sys
import zlib

import numpy as np
import torch
from mpi4py import MPI

from data_parallel import (DataError, Trainer, add_options, agree,
                           make_parser, positive)

PROGRAM = "fashion_torch.py"
CLASSES = 10


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


class ImageTrainer(Trainer):
    """Learns the classes of images, in a new order in each epoch."""

    def __init__(self, comm, options, model, data):
        self.inputs, self.labels = data
        self.order = None
        super().__init__(comm, options, model,
                         len(self.inputs) // options.batch)
        self.optimizer = torch.optim.SGD(self.params, lr=options.lr,
                                         momentum=options.momentum)

    def start_epoch(self, epoch):
        generator = torch.Generator().manual_seed(
            (self.options.seed * 1000 + epoch) * 1000 + self.comm.rank)
        self.order = torch.randperm(len(self.inputs), generator=generator)

    def loss(self, number):
        at = number % self.per_epoch * self.options.batch
        picked = self.order[at:at + self.options.batch]
        return torch.nn.functional.cross_entropy(
            self.model(self.inputs[picked]), self.labels[picked])

    def accuracy(self, inputs, labels):
        with torch.no_grad():
            correct = sum(int((self.model(x).argmax(1) == y).sum()) for x, y in
                          zip(inputs.split(256), labels.split(256)))
        return 100 * self.comm.allreduce(correct) / self.comm.allreduce(
            len(labels))


def sizes(text):
    return [positive(word) for word in text.split(",")]


def parse_options(comm):
    parser = make_parser(comm, PROGRAM, __doc__)
    add_options(parser, epochs=2, batch=32, lr=0.05)
    add = parser.add_argument
    add("--model", choices=("mlp", "cnn"), default="mlp", help="network")
    add("--hidden", type=sizes, default=[512, 512], metavar="A,B,..",
        help="sizes of the hidden layers")
    add("--momentum", type=float, default=0.9, help="of the optimizer")
    add("--data", default="/usr/share/datasets/fashion-mnist",
        help="where the .gz files are")
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
    return data if agree(comm, PROGRAM, reason) else None


def main():
    comm = MPI.COMM_WORLD
    options = parse_options(comm)
    torch.set_num_threads(1)
    data = read_data(comm, options)
    if data is None:
        return 1
    torch.manual_seed(options.seed)
    model = (make_cnn if options.model == "cnn" else make_mlp)(options.hidden)
    trainer = ImageTrainer(comm, options, model, data[0])
    trainer.run()
    trainer.report("test_accuracy %.2f" % trainer.accuracy(*data[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
