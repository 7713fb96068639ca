"""The predictions of `spar sim`, read from CSV and as a table."""

import csv
import io

from spartools import figures

METHODS = ("mpi", "ring", "allgather", "doubling", "split", "node")
SPARSE = METHODS[2:]


def number(text):
    """None where a method cannot be."""
    return float(text) if text else None


def read(text):
    """A dictionary per number of ranks: seconds and break-even densities by
    method."""
    return [{"ranks": int(row["ranks"]), "nodes": int(row["nodes"]),
             "elements": int(row["elements"]), "density": float(row["density"]),
             "fastest": row["fastest"],
             "seconds": {name: number(row[name + "_s"]) for name in METHODS},
             "break_even": {name: number(row[name + "_break_even"])
                            for name in SPARSE}}
            for row in csv.DictReader(io.StringIO(text))]


def percent(share):
    return "-" if share is None else "%.3g %%" % (100 * share)


def text(rows):
    """Two tables: seconds, and break-even densities."""
    first = rows[0]
    times = [["ranks", "nodes"] + list(METHODS) + ["fastest"]]
    densities = [["ranks", "nodes"] + list(SPARSE)]
    for row in rows:
        head = [format(row["ranks"], ","), format(row["nodes"], ",")]
        times.append(head + [figures.seconds(row["seconds"][name])
                             for name in METHODS] + [row["fastest"]])
        densities.append(head + [percent(row["break_even"][name])
                                 for name in SPARSE])
    columns = range(len(METHODS) + 2)
    return "\n".join(
        ["Seconds of one exchange of %s elements, density %s:"
         % (format(first["elements"], ","), percent(first["density"]))]
        + figures.rows_as_text(times, right=columns)
        + ["", "Break-even density: up to this, sparse is as fast as dense:"]
        + figures.rows_as_text(densities, right=columns))
