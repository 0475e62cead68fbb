"""The projects that are measured, and the same work as plain files for the peers. All of it from one seed."""

import csv
import os
import random
import re
import shutil
from pathlib import Path

from measure import cost

SIMULATOR = ["layout.xml", "RUN", "param.txt", "out.txt"]


class Project:
    """A project folder and the command that brings it up to date."""

    def __init__(self, rerunoff, folder, catchments, steps=8760, like=None):
        """Made anew if it is not there, or from the project `like`, with the same input."""
        self.rerunoff, self.folder, self.catchments, self.steps = rerunoff, Path(folder), catchments, steps
        if not (self.folder / "input.h5").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            if like is None:
                cost([rerunoff, "init", "--example", "--catchments", catchments, "--steps", steps, folder])
            else:
                leave_out = shutil.ignore_patterns("input.h5", "output.nc", "cache")
                shutil.copytree(like.folder, self.folder, ignore=leave_out)
                os.link(like.folder / "input.h5", self.folder / "input.h5")
        self.config = self.folder / "rerunoff.toml"
        self.product = self.folder / "output.nc"
        self.store = self.folder / "cache" / "store.sqlite"
        self.tweaks = 0

    def do(self, *arguments):
        return cost([self.rerunoff, "-C", self.folder, *arguments])

    def forget(self):
        """Back to a project that was never run."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        self.product.unlink(missing_ok=True)

    def edit(self, pattern, replacement):
        text, count = re.subn(pattern, replacement, self.config.read_text(), flags=re.S | re.M)
        assert count == 1, pattern
        self.config.write_text(text)

    def ids(self):
        with open(self.folder / "catchments.csv", newline="") as file:
            return [row["WSO1_ID"] for row in csv.DictReader(file)]

    def change(self, count):
        """Gives so many catchments, wherever they are, an application rate that they never had."""
        path = self.folder / "catchments.csv"
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        self.tweaks += 1
        for row in random.Random(self.tweaks).sample(rows, count):
            row["R_appl"] = f"{0.05 + self.tweaks / 1000 + float(row['R_appl']) / 2:.6f}"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


def trivial(project):
    """Makes a project's simulator one that copies its input: what is left is the work around it."""
    if 'temperature = "T"' in project.config.read_text():
        return
    project.edit(r"^command = .*?$", 'command = ["cp", "input.txt", "out.txt"]')
    project.edit(r"^support = .*?$", "support = []")
    project.edit(r"^concentration = \"Conc_.*?^local_discharge = \"Qloc\"$", 'temperature = "T"')
    project.edit(r"^concentration = \{.*", 'temperature = { units = "degC" }\n')


def render(project, folder):
    """Every catchment's input files in a folder of its own, by a run whose simulator only copies them there."""
    folder = Path(folder)
    ready = folder / ".complete"
    folders = [folder / name for name in project.ids()]
    if not ready.exists():
        for each in folders:
            each.mkdir(parents=True, exist_ok=True)
        trivial(project)
        script = f"cp -t {folder}/{{id}} layout.xml param.txt input.txt && mv input.txt out.txt"
        # Done already where a sitting before came to an end half-way.
        if "writes = " not in project.config.read_text():
            project.edit(r"^command = .*?$", f'command = ["sh", "-c", "{script}"]\nwrites = ["{folder.resolve()}"]')
        project.do("run", "--quiet", "--no-assemble")
        project.forget()
        ready.touch()
    return folders


def unfenced(project, folder):
    """The same project without a fence around its simulator."""
    other = Project(project.rerunoff, folder, project.catchments, project.steps, like=project)
    if "sandbox" not in other.config.read_text():
        other.edit(r"^\[simulator\]$", '[simulator]\nsandbox = "off"')
    return other
