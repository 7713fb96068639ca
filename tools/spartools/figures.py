"""Numbers: medians, and values as people read them."""

import statistics


def median(values):
    """The median of the values that are not None, or None without any."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def seconds(value):
    """A duration with a unit that suits it."""
    if value is None:
        return "-"
    if value >= 100:
        return "%.0f s" % value
    if value >= 1:
        return "%.2f s" % value
    if value >= 1e-3:
        return "%.1f ms" % (value * 1e3)
    return "%.1f us" % (value * 1e6)


def size(value):
    """Bytes with a decimal unit, as link rates have it."""
    if value is None:
        return "-"
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return "%.3g %s" % (value / scale, unit)
    return "%.0f B" % value


def factor(value):
    """A gain such as 3.12x."""
    return "-" if value is None else "%.2fx" % value


def ratio(above, below):
    """above / below, or None when one of them is not known or zero."""
    return above / below if above is not None and below else None


def rows_as_text(rows, right=()):
    """Lines of a table with aligned columns; `right` lists the columns that
    are aligned to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def cell(text, column):
        width = widths[column]
        return text.rjust(width) if column in right else text.ljust(width)
    return ["  ".join(cell(text, i) for i, text in enumerate(row)).rstrip()
            for row in rows]
