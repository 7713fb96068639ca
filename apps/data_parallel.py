"""What the PyTorch trainers of this folder share: one replica per rank, gradients
summed by mpi4py after each backward pass, progress on stderr, the result on
stdout as "name value" lines. With --average each rank steps with its own
gradients, and parameters are averaged now and then instead."""

import argparse
import hashlib
import statistics
import sys
import time

import torch
from mpi4py import MPI
from torch.nn.utils import parameters_to_vector, vector_to_parameters

LOSS_WINDOW = 20  # steps that first_loss and final_loss cover


class DataError(Exception):
    """What is wrong with a file, as one line."""


def average(comm, tensors, nonblocking):
    """Averages tensors, gradients or parameters, over all ranks."""
    requests = []
    for tensor in tensors:
        values = tensor.numpy()
        if nonblocking:
            requests.append(comm.Iallreduce(MPI.IN_PLACE, values, op=MPI.SUM))
        else:
            comm.Allreduce(MPI.IN_PLACE, values, op=MPI.SUM)
    MPI.Request.Waitall(requests)
    for tensor in tensors:
        tensor /= comm.size


def average_whole(comm, params):
    """Averages all parameters as one vector, as the model is gathered that is
    evaluated or written."""
    whole = parameters_to_vector(params).detach()
    average(comm, [whole], False)
    with torch.no_grad():
        vector_to_parameters(whole, params)


class Trainer:
    """The training loop of one rank. A subclass has `loss(number)`, the loss of
    this rank's samples in that step, and may have `start_epoch(epoch)` and
    `update()`."""

    def __init__(self, comm, options, model, per_epoch):
        self.comm = comm
        self.options = options
        self.model = model
        self.params = list(model.parameters())
        self.per_epoch = per_epoch
        self.steps = options.epochs * per_epoch
        if options.steps:
            self.steps = min(self.steps, options.steps)
        self.optimizer = None
        self.losses, self.times, self.mpi_times = [], [], []
        if comm.rank == 0:
            print("%d parameters, %d ranks, batch %d per rank"
                  % (sum(p.numel() for p in self.params), comm.size,
                     options.batch), file=sys.stderr)

    def start_epoch(self, epoch):
        pass

    def update(self):
        self.optimizer.step()

    def step(self, number):
        if number % self.per_epoch == 0:
            self.start_epoch(number // self.per_epoch)
        if number == self.steps - self.steps // 4:
            for group in self.optimizer.param_groups:
                group["lr"] *= self.options.lr_drop
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(number)
        loss.backward()
        self.mpi_times.append(0.0)
        if not self.options.average:
            self.exchange([param.grad for param in self.params])
        self.update()
        if self.options.average and (number + 1) % self.options.average == 0:
            self.exchange([param.data for param in self.params])
        self.losses.append(loss.item())

    def exchange(self, tensors):
        start = time.perf_counter()
        average(self.comm, tensors, self.options.iallreduce)
        self.mpi_times[-1] = time.perf_counter() - start

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
        if self.options.average:
            average_whole(self.comm, self.params)

    def global_mean(self, values):
        return self.comm.allreduce(statistics.fmean(values)) / self.comm.size

    def checksum(self):
        digest = hashlib.blake2b(digest_size=8)
        for param in self.params:
            digest.update(param.detach().numpy().tobytes())
        return digest.hexdigest()

    def report(self, result):
        """Prints what the run gave; `result` is the line of its quality."""
        first = self.global_mean(self.losses[:LOSS_WINDOW])
        final = self.global_mean(self.losses[-LOSS_WINDOW:])
        sums = self.comm.gather(self.checksum())
        if self.comm.rank != 0:
            return
        print("steps %d" % self.steps)
        print("step_time_median_s %.6f" % statistics.median(self.times))
        print("step_time_mean_s %.6f" % statistics.fmean(self.times))
        print("exchange_time_median_s %.6f"
              % statistics.median(self.mpi_times))
        print("first_loss %.4f\nfinal_loss %.4f" % (first, final))
        print(result)
        for rank, value in enumerate(sums):
            print("params_checksum rank %d %s" % (rank, value))
        print("replicas", "identical" if len(set(sums)) == 1 else "DIFFER")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("'%s' is not positive" % text)
    return value


def not_negative(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("'%s' is negative" % text)
    return value


def make_parser(comm, program, text):
    """A parser that speaks on rank 0 only: one copy of help and errors is
    enough."""
    parser = argparse.ArgumentParser(
        prog=program, description=text,
        usage="mpirun -n RANKS apps/%s [options]" % program,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    if comm.rank != 0:
        parser.print_help = lambda file=None: None
        parser.error = lambda message: sys.exit(2)
    return parser


def add_options(parser, **defaults):
    """The options of all trainers; `defaults` has those that differ."""
    add = parser.add_argument
    add("--epochs", type=positive, help="passes over the samples")
    add("--steps", type=int, default=0, help="stop after that many; 0: no")
    add("--batch", type=positive, help="samples per rank and step")
    add("--lr", type=float, help="learning rate")
    add("--lr-drop", type=float, default=0.1,
        help="times this in the last quarter of the steps")
    add("--seed", type=int, default=1, help="of weights and sample order")
    add("--iallreduce", action="store_true",
        help="Iallreduce per tensor and one Waitall")
    add("--average", type=not_negative, default=0, metavar="N",
        help="average the parameters after every N-th step, and at the end, "
        "instead of summing gradients in each; 0: no")
    parser.set_defaults(**defaults)


def agree(comm, program, reason):
    """True when no rank has a reason not to go on; else rank 0 prints the
    first one."""
    reasons = [each for each in comm.allgather(reason) if each]
    if reasons and comm.rank == 0:
        print("%s: %s" % (program, reasons[0]), file=sys.stderr)
    return not reasons
