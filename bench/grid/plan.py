"""What is measured: blocks (a link and a number of ranks) of jobs, and how long each
takes by rough estimate."""

from dataclasses import dataclass

COUNTS = [10**3, 10**4, 10**5, 10**6, 10**7, 3 * 10**7]
DENSITIES = [1e-4, 1e-3, 1e-2, 6.25e-2, 0.25]
RANKS = [2, 4, 8]
SHARED = "shared"
RATES = {"100mbit": 12.5e6, "1gbit": 125e6, SHARED: None}  # bytes per second

QUICK_COUNTS = [10**4, 10**5, 10**6]
QUICK_DENSITIES = [1e-3, 1e-2, 0.25]
QUICK_RANKS = [4]

# A step has at least so many calls: small ones are repeated. The library learns a
# step from two repetitions and 24 calls.
STEP_CALLS = 12
LEARN_STEPS = 2
SMALL = 10**5
# Of the stages of a ramp the first steps are not measured: the library's step may
# begin in the midst of ours.
DROP = 2
# Mode auto: 3 steps of learning, 8 of watching, 24 of trials, and what lies between.
AUTO_WARMUP = 39
MOST_STEPS, LEAST_STEPS = 15, 3
STARTUP = 1.5  # seconds of a job


def dense_seconds(link, ranks, count):
    """Roughly, of a ring; in shared memory the two cores copy for all ranks."""
    bytes_sent = 2 * 4 * count * (ranks - 1) / ranks
    rate = RATES[link] or 1.5e9 / ranks
    return 5e-5 * ranks + 1.3 * bytes_sent / rate + 4 * count * ranks * 4e-10


def sparse_seconds(link, ranks, count, density):
    """Roughly, of an allgather or, where that is faster, of the densest exchange."""
    share = min(1, density * 0.9 * ranks / 2)
    return 5e-5 * ranks + share * dense_seconds(link, ranks, count) + count * ranks * 1e-9


@dataclass
class Block:
    """All jobs of a link and a number of ranks."""
    link: str
    ranks: int
    counts: list
    densities: list
    rounds: int

    def calls(self):
        """Counts of the calls of a step, in order."""
        small = [count for count in self.counts if count <= SMALL] or self.counts
        large = [count for count in self.counts if count > SMALL]
        missing = max(len(small), STEP_CALLS - len(large))
        return [small[i % len(small)] for i in range(missing)] + \
               [count for count in self.counts if count not in small]

    def steps(self):
        """Measured steps, fewer where they are slow."""
        fit = int(1.5 / self.dense_step())
        return max(LEAST_STEPS, min(MOST_STEPS, fit))

    def dense_step(self):
        return sum(dense_seconds(self.link, self.ranks, count) for count in self.calls())

    def sparse_step(self, density):
        return sum(sparse_seconds(self.link, self.ranks, count, density)
                   for count in self.calls())

    def plain_steps(self):
        """Measured steps of each of MPI's algorithms."""
        return max(2, self.steps() // 2)

    def estimate(self, forced):
        """Seconds of the block with so many forced algorithms."""
        sparse = sum(map(self.sparse_step, self.densities))
        # All algorithms of MPI take as long as so many rings.
        plain = STARTUP + 14 * (self.plain_steps() + 1) * self.dense_step()
        ramp = STARTUP + 3 * self.dense_step() + (self.steps() + DROP) * sparse
        auto = len(self.densities) * (STARTUP + 11 * 1.4 * self.dense_step()) + \
            (24 + self.steps()) * sparse
        return self.rounds * (plain + forced * ramp + auto)


def blocks_within(arguments, forced):
    """The blocks, and what is left out of them so that they take no longer than the
    seconds that there are: the slowest cells of all."""
    wanted = [Block(link, ranks, list(arguments.counts), list(arguments.densities),
                    arguments.rounds)
              for link in arguments.links for ranks in arguments.ranks]
    left_out = []
    while sum(block.estimate(forced) for block in wanted) > 60 * arguments.minutes:
        slowest = max((block for block in wanted if len(block.counts) > 1),
                      key=lambda b: dense_seconds(b.link, b.ranks, b.counts[-1]),
                      default=None)
        if slowest is None:
            break
        left_out.append((slowest.link, slowest.ranks, slowest.counts.pop()))
    return wanted, left_out
