"""OSTRICH: its files as it reads them by its manual; where `Ostrich` is installed it runs, too."""

import random
import shutil
import subprocess
from pathlib import Path

from creek import Creek, agrees, report

FILES = ("samples.csv.tpl", "model.sh", "ostIn.txt")
creek = Creek()
before = creek.before()


def section(text, name):
    """The rows of a section of ostIn.txt, without comments."""
    rows = text.split(f"Begin{name}\n")[1].split(f"End{name}\n")[0].splitlines()
    return [row for row in rows if not row.startswith("#")]


class Reader:
    """Does for one set what OSTRICH's manual says it does."""

    def __init__(self, text):
        self.settings = dict(row.split(None, 1) for row in text.split("Begin")[0].splitlines() if row and row[0] != "#")
        [pair] = section(text, "FilePairs")
        self.template, self.file = (name.strip() for name in pair.split(";"))
        self.bounds = {row.split()[0]: tuple(map(float, row.split()[2:4])) for row in section(text, "Params")}
        [observation] = section(text, "Observations")
        head, tail = observation.split(";")
        self.output = head.split()[3]
        self.keyword, line, column, separator = tail.split()
        self.line, self.column, self.separator = int(line), int(column), separator.strip("'")

    def evaluate(self, values):
        """The NSE that OSTRICH reads for these values."""
        text = Path(self.template).read_text()
        for name, value in values.items():
            assert text.count(name) == 1, f"{name} stands elsewhere, too"
            text = text.replace(name, f"{value:.16E}")
        Path(self.file).write_text(text)
        subprocess.run(self.settings["ModelExecutable"], stdout=subprocess.DEVNULL)
        output = Path(self.output).read_text()
        at = output.find(self.keyword)
        if at < 0:
            return float(self.settings["OnObsError"])
        row = output[at:].splitlines()[self.line]
        return float(row.split(self.separator)[self.column - 1])


def the_sets_command():
    """How the last set is run for the product."""
    names, values = Path("samples.csv").read_text().splitlines()
    return "rerunoff run " + " ".join(f"--set {name}={value}" for name, value in zip(names.split(","), values.split(",")))


for name in FILES:
    creek.write(name)
reader = Reader(Path("ostIn.txt").read_text())
chance = random.Random(1)
for _ in range(4):
    values = {name: chance.uniform(*bounds) for name, bounds in reader.bounds.items()}
    agrees("the NSE", reader.evaluate(values), creek.efficiency_by(the_sets_command()))
# Raven refuses this one.
assert reader.evaluate({**values, "<x4>": 100}) == -10
print("OSTRICH's files: 5 sets, 1 failed; the numbers of the others are those of the product")

if shutil.which("Ostrich"):
    creek.write("ostIn.txt", ("0.5    5 ", "0.5    200 "))
    done = subprocess.run(["Ostrich"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    rows = [row.split() for row in Path("OstModel0.txt").read_text().splitlines()[1:]]
    distances = [float(row[1]) for row in rows]
    failed = distances.count(121)
    assert failed > 0, "no set failed"
    after = 1 - min(distances) ** 0.5
    agrees("the NSE of its last set", 1 - distances[-1] ** 0.5, creek.efficiency_by(the_sets_command()))
    report("OSTRICH", before, after, len(distances), failed)
else:
    print("Ostrich is not installed: its files were read by a reader of our own")
