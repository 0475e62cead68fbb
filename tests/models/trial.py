"""What the tests of all programs share: a project laid out in a folder, rerunoff called on it, values and files compared.

A test knows its program; this knows none. Programs are run a second time by hand, in folders of their own and without
rerunoff, and what they left there is what the product must hold, to the bit.
"""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import netCDF4
import numpy as np

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix)
PACKAGES = Path(sysconfig.get_path("platlib"))


def content(folder):
    """What a folder holds: for each path below it what kind it is, its mode and its bytes; links are not followed."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            held = os.readlink(path)
        elif path.is_file():
            held = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            held = "folder"
        found[str(path.relative_to(folder))] = (oct(status.st_mode), held)
    return found


def bits(values):
    """The bits of 64-bit numbers, with one NaN for all."""
    values = np.ascontiguousarray(np.ma.filled(np.ma.asarray(values, dtype="f8"), np.nan))
    values = np.where(np.isnan(values), np.nan, values)
    return values.shape, values.tobytes()


class Trial:
    """A project of one program: `trial.folder` holds it, `trial.run()` runs it."""

    def __init__(self, model):
        self.rerunoff, self.folder = sys.argv[1], Path(sys.argv[2])
        self.model = HERE / model
        self.folder.mkdir(parents=True, exist_ok=True)
        text = (self.model / "rerunoff.toml").read_text()
        # In the project files the programs are where a user may have put them.
        text = text.replace("/opt/models", str(INSTALLED))
        (self.folder / "rerunoff.toml").write_text(text)

    def edit(self, name, before, after):
        """Replaces one place in a file of the project."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(before) == 1, f"{before!r} is {text.count(before)} times in {name}"
        path.write_text(text.replace(before, after))

    def run(self, *, runs):
        """Runs the project, in which so many runs have to go well, and returns what rerunoff tells of it."""
        command = [self.rerunoff, "-C", self.folder, "run", "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        told = json.loads(done.stdout)
        assert told["run"] == runs and told["failed"] == 0, told
        return told

    def tried(self, *, runs, decks):
        """Runs the project twice, the second time for nothing; none of these folders may have changed by a bit."""
        before = [content(self.folder / deck) for deck in decks]
        self.run(runs=runs)
        self.run(runs=0)
        self.untouched(before, decks)
        return before

    def untouched(self, before, decks):
        """Whether these folders are what they were."""
        for was, deck in zip(before, decks):
            now = content(self.folder / deck)
            assert now == was, f"{deck} has changed: {sorted(set(now.items()) ^ set(was.items()))[:10]}"

    def product(self):
        """The product, open for reading."""
        return netCDF4.Dataset(self.folder / "output.nc")


def by_hand(folder, command, **environment):
    """Runs a program as its user would, in this folder."""
    environment = {"PATH": f"{INSTALLED}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr}"


def same(what, product, expected):
    """The product's values are those of the program, to the bit, and not all the same number."""
    expected = np.asarray(expected, dtype="f8")
    assert bits(product) == bits(expected), f"{what}: {product} is not {expected}"
    assert expected.size < 3 or len(np.unique(expected)) > 1, f"{what} says nothing: all are {expected.flat[0]}"
    print(f"{what}: {expected.size} values are those of the program")
