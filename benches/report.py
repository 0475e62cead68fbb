"""The table of results: what, beside what, the ratio, and whether the goal was met."""


def seconds(value):
    return f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def milliseconds(value):
    return f"{value * 1000:.1f} ms" if value < 10 else seconds(value)


def mebibytes(value):
    return f"{value / (1 << 20):.0f} MiB"


class Report:
    """Rows as they come in."""

    def __init__(self):
        self.rows, self.notes, self.timings = [], [], ""

    def ratio(self, what, beside, ours, theirs, ratio, most=None, least=None, strict=False):
        """A row about a ratio with a bound on it, or with none where it is there to compare with."""
        if most is not None:
            goal, met = f"{'<' if strict else '≤'} {most:g} ×", ratio < most if strict else ratio <= most
        elif least is not None:
            goal, met = f"≥ {least:g} ×", ratio >= least
        else:
            goal, met = "", None
        self.rows.append((what, ours, beside, theirs, f"{ratio:.3g} ×", goal, met))

    def limit(self, what, beside, ours, theirs, met, goal):
        """A row about a figure of ours alone."""
        self.rows.append((what, ours, beside, theirs, "", goal, met))

    def missing(self, name, remedy):
        self.notes.append(f"{name} is not installed here and was left out (`{remedy}`).")

    def text(self, heading):
        lines = [heading, "", "| what | rerunoff | beside | there | ratio | goal | met |", "|---|---|---|---|---|---|---|"]
        for *cells, met in self.rows:
            lines.append(f"| {' | '.join(cells)} | {'' if met is None else 'yes' if met else '**no**'} |")
        lines += ["", *self.notes]
        if self.timings:
            lines += ["", "Where the time of the cold run went:", "", "```text", self.timings.strip(), "```"]
        return "\n".join(lines) + "\n"
