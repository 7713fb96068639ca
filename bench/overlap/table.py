"""Rows of figures beside their targets: printed, and as JSON."""


class Figure:
    """One line: a value per column. Where there is a target, `met` tells for a
    value whether it meets it, and `judged` which columns have to."""

    def __init__(self, label, values, target="", met=None, judged=("Spar",)):
        self.label = label
        self.values = values
        self.target = target
        self.met = met
        self.judged = judged

    def verdict(self):
        if self.met is None:
            return ""
        values = [self.values[name] for name in self.judged
                  if self.values.get(name) is not None]
        if not values:
            return "not measured"
        return "met" if all(self.met(value) for value in values) else "missed"

    def as_json(self):
        return {"label": self.label, "values": self.values,
                "target": self.target, "verdict": self.verdict()}


def at_most(label, values, limit, judged=("Spar",)):
    return Figure(label, values, f"<= {limit:g}", lambda v: v <= limit, judged)


def at_least(label, values, limit, judged=("Spar",)):
    return Figure(label, values, f">= {limit:g}", lambda v: v >= limit, judged)


class Row:
    """Figures of one set-up."""

    def __init__(self, letter, title, columns, figures, notes=()):
        self.letter = letter
        self.title = title
        self.columns = list(columns)
        self.figures = figures
        self.notes = list(notes)

    def print(self):
        print(f"\n{self.letter}  {self.title}")
        if self.figures:
            heads = "".join(f"{name:>13}" for name in self.columns)
            print(f"   {'':44}{heads}  target")
        for figure in self.figures:
            values = "".join(f"{text(figure.values.get(name)):>13}"
                             for name in self.columns)
            print(f"   {figure.label:44}{values}  {figure.target:9} "
                  f"{figure.verdict()}".rstrip())
        for note in self.notes:
            print(f"   note: {note}")

    def as_json(self):
        return {"row": self.letter, "title": self.title, "columns": self.columns,
                "figures": [figure.as_json() for figure in self.figures],
                "notes": self.notes}


def text(value):
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}"
