#!/usr/bin/python3
"""Trains a character language model (LSTM) on the King James Bible with PyTorch
and mpi4py: data parallel, one replica per rank. Progress goes to stderr, the
result to stdout as "name value" lines; losses are in nats per character."""

import struct
import subprocess
import sys

import numpy as np
import torch
from mpi4py import MPI

from data_parallel import (DataError, Trainer, add_options, agree,
                           make_parser, positive)

PROGRAM = "bible_lm.py"
MAGIC = b"EC02Compressed Data File"
HEADER = 0x54  # bytes before the size and the number of windows
COMPRESS = b"\x1f\x9d\x90"  # the head of a file of compress(1), 16 bits
BLOCK = 1024  # characters; one block in HELD_OUT is for validation
HELD_OUT = 80


def read_database(path):
    """The raw database of the Debian package."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read()
    except FileNotFoundError:
        raise DataError("%s: No such file or directory (the Debian package "
                        "bible-kjv-text has it; see --data)" % path) from None
    except OSError as error:
        raise DataError("%s: %s" % (path, error.strerror)) from None
    if not raw.startswith(MAGIC) or len(raw) < HEADER + 8:
        raise DataError("%s: not the database of bible-kjv-text" % path)
    return raw


def window_starts(raw, count):
    """Where the windows lie in the database, and where the last one ends. The
    first one is preceded by the head that all of them share."""
    table = HEADER + 8
    if len(raw) < table + 4 * count:
        return None
    return struct.unpack_from(">%dI" % count, raw, table) + (len(raw),)


def read_text(path):
    """The text: windows of equal size, each compressed on its own."""
    raw = read_database(path)
    size, count = struct.unpack_from(">II", raw, HEADER)
    starts = window_starts(raw, count)
    windows = []
    for start, end in zip(starts or (), (starts or ())[1:]):
        windows.append(subprocess.run(
            ["gzip", "-dc"], input=COMPRESS + raw[start:end],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=False).stdout)
    if not windows or any(len(window) != size for window in windows[:-1]) or \
            not windows[-1].endswith(b"\n"):
        raise DataError("%s: damaged or truncated" % path)
    return b"".join(windows)


def encode(text):
    """The characters as numbers from 0, and how many different ones there
    are."""
    letters, numbers = np.unique(np.frombuffer(text, np.uint8),
                                 return_inverse=True)
    return torch.from_numpy(numbers.astype(np.int64)), len(letters)


def split(numbers, rank, size):
    """This rank's share: one stretch of the training text, and some of the
    blocks for validation."""
    blocks = numbers[:len(numbers) // BLOCK * BLOCK].view(-1, BLOCK)
    held_out = torch.arange(len(blocks)) % HELD_OUT == HELD_OUT - 1
    train = blocks[~held_out].flatten()
    share = len(train) // size
    return train[rank * share:(rank + 1) * share], blocks[held_out][rank::size]


class Model(torch.nn.Module):
    """Embedding, LSTM, and a linear layer that tells the next character."""

    def __init__(self, letters, options):
        super().__init__()
        self.embedding = torch.nn.Embedding(letters, options.embedding)
        self.lstm = torch.nn.LSTM(options.embedding, options.hidden,
                                  options.layers, batch_first=True)
        self.output = torch.nn.Linear(options.hidden, letters)

    def forward(self, numbers, state=None):
        """The mean loss of all characters but the first ones, and the LSTM's
        state."""
        values, state = self.lstm(self.embedding(numbers[:, :-1]), state)
        loss = torch.nn.functional.cross_entropy(
            self.output(values).flatten(0, 1), numbers[:, 1:].flatten())
        return loss, state


class LanguageTrainer(Trainer):
    """Reads the text as `batch` streams side by side and carries the state on
    from step to step."""

    def __init__(self, comm, options, model, text):
        width = len(text) // options.batch
        self.streams = text[:width * options.batch].view(options.batch, width)
        self.state = None
        self.shift = 0
        super().__init__(comm, options, model, (width - 1) // options.length
                         - 1)
        if options.optimizer == "adam":
            self.optimizer = torch.optim.Adam(self.params, lr=options.lr)
        else:
            self.optimizer = torch.optim.SGD(self.params, lr=options.lr,
                                             momentum=0.9)

    def start_epoch(self, epoch):
        generator = torch.Generator().manual_seed(
            self.options.seed * 1000 + epoch)
        self.shift = int(torch.randint(self.options.length, (1,),
                                       generator=generator))
        self.state = None

    def loss(self, number):
        start = self.shift + number % self.per_epoch * self.options.length
        loss, state = self.model(
            self.streams[:, start:start + self.options.length + 1], self.state)
        self.state = tuple(part.detach() for part in state)
        return loss

    def update(self):
        torch.nn.utils.clip_grad_norm_(self.params, self.options.clip)
        super().update()

    def validation_loss(self, blocks):
        with torch.no_grad():
            loss = float(self.model(blocks)[0]) * len(blocks)
        return self.comm.allreduce(loss) / self.comm.allreduce(len(blocks))


def parse_options(comm):
    parser = make_parser(comm, PROGRAM, __doc__)
    add_options(parser, epochs=1, steps=300, batch=16, lr=2.0)
    add = parser.add_argument
    add("--optimizer", choices=("sgd", "adam"), default="sgd",
        help="sgd has a momentum of 0.9; adam wants --lr 0.003")
    add("--length", type=positive, default=16,
        help="characters per sample and step")
    add("--layers", type=positive, default=2, help="of the LSTM")
    add("--hidden", type=positive, default=320, help="size of each layer")
    add("--embedding", type=positive, default=64, help="size of a character")
    add("--clip", type=float, default=1.0, help="largest norm of the gradient")
    add("--data", default="/usr/lib/bible.data", help="the database")
    return parser.parse_args()


def read_data(comm, options):
    """The numbers of the text and of its letters, or None after rank 0's
    words."""
    reason, text = None, None
    if comm.rank == 0:
        try:
            text = read_text(options.data)
        except DataError as error:
            reason = str(error)
    if not agree(comm, PROGRAM, reason):
        return None
    return encode(comm.bcast(text))


def main():
    comm = MPI.COMM_WORLD
    options = parse_options(comm)
    torch.set_num_threads(1)
    data = read_data(comm, options)
    if data is None:
        return 1
    text, blocks = split(data[0], comm.rank, comm.size)
    torch.manual_seed(options.seed)
    trainer = LanguageTrainer(comm, options, Model(data[1], options), text)
    if trainer.per_epoch < 1:
        agree(comm, PROGRAM, "--batch, --length: a rank has fewer characters "
              "than that")
        return 1
    trainer.run()
    trainer.report("validation_loss %.4f" % trainer.validation_loss(blocks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
