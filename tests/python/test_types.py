"""The package is typed as strictly as mypy can tell, and so is what is written with it."""

import os
import subprocess
import sys
from pathlib import Path

import rerunoff

WRITTEN = """
import numpy as np
import pandas as pd
import xarray as xr
import rerunoff

p = rerunoff.open("rhine")
run: rerunoff.Run = p.run(set={"k": 0.013, "soil": "3", "depths": [0.1, 2]}, only=["70007", 70008], check=True)
failures: pd.DataFrame = run.failures
numbers: pd.DataFrame = p.evaluate(samples=pd.DataFrame({"k": [0.1]}), at=70007)
others: pd.DataFrame = p.evaluate(samples=[{"k": 0.1, "soil": "clay"}], numbers="nse")
product: xr.Dataset = p.product(chunks={})
changes: pd.DataFrame = p.diff("before").changes
left: float | None = p.status().seconds
"""

WRONG = """
import rerunoff
rerunoff.open("rhine").run(sets={"k": 0.013})
rerunoff.open("rhine").run(set={"k": None})
rerunoff.open("rhine").status().freshness
"""


def mypy(folder: Path, *what: str) -> tuple[int, str]:
    source = Path(rerunoff.__file__).parents[1]
    # An installed package is found by itself.
    found = {} if source.name == "site-packages" else {"MYPYPATH": str(source)}
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={folder / 'mypy'}", *what]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **found}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_package(tmp_path):
    code, said = mypy(tmp_path, "-p", "rerunoff")
    assert code == 0, said


def test_what_is_written_with_it(tmp_path):
    code, said = mypy(tmp_path, "-c", WRITTEN)
    assert code == 0, said
    code, said = mypy(tmp_path, "-c", WRONG)
    assert code == 1 and [line.split(":")[1] for line in said.splitlines()[:-1] if "error:" in line] == ["3", "4", "5"], said
