"""Cells of the heat map, out of the rows that were measured."""

import statistics
from collections import Counter
from dataclasses import dataclass

from measure import AUTO, PLAIN


@dataclass
class Cell:
    """Medians over rounds, in seconds."""
    link: str
    ranks: int
    density: float
    count: int
    auto: float
    chosen: str     # by auto, for most of the calls of this count
    algorithms: dict  # forced ones and MPI's default: what auto may take
    dense: dict     # plain MPI: its default and each of its algorithms

    def best(self):
        return min(self.algorithms, key=self.algorithms.get)

    def best_dense(self):
        return min(self.dense, key=self.dense.get)

    def to_best(self):
        return self.auto / self.algorithms[self.best()]

    def to_dense(self):
        return self.auto / self.dense[self.best_dense()]


def collect(rows):
    """{(link, ranks, variant, density or algorithm, count): [seconds]} and the methods
    that auto took."""
    seconds, methods = {}, {}
    for row in rows:
        place = (row["link"], row["ranks"], row["variant"])
        for what, count, value in row["figures"]:
            seconds.setdefault(place + (what, count), []).append(value)
        if row["variant"] == AUTO and row["figures"]:
            density = row["figures"][0][0]
            for count, taken in row["methods"].items():
                methods.setdefault(place[:2] + (density, int(count)), []).extend(taken)
    return {key: statistics.median(found) for key, found in seconds.items()}, methods


def cells_of(rows):
    seconds, methods = collect(rows)
    found = []
    for (link, ranks, variant, density, count), auto in sorted(
            seconds.items(), key=lambda item: tuple(map(str, item[0]))):
        if variant != AUTO:
            continue
        dense = {key[3]: value for key, value in seconds.items()
                 if key[:3] == (link, ranks, PLAIN) and key[4] == count}
        others = {key[2]: value for key, value in seconds.items()
                  if key[:2] == (link, ranks) and key[2] not in (PLAIN, AUTO)
                  and key[3:] == (density, count)}
        if not dense or not others:
            continue
        others["mpi"] = dense["default"]
        taken = Counter(methods.get((link, ranks, density, count), ["?"]))
        found.append(Cell(link, ranks, density, count, auto, taken.most_common(1)[0][0],
                          others, dense))
    return found
