"""Projects to try the package on: the example as `init` writes it, small, and one whose simulator does as it is told.

The program is the one that the package finds: in the environment where a wheel is installed, or by RERUNOFF_BINARY.
"""

import subprocess
from pathlib import Path

import pytest

import rerunoff

CATCHMENTS = 6
STEPS = 240

SUMMARY = """
[product.summary]
c_p95 = { of = "concentration", statistic = "quantile", q = 0.95 }
c_max = { of = "concentration", statistic = "max" }
"""

#: A project without an input file, whose simulator is a shell.
SHELL = """
[input]
catchments = ["a", "b"]
[parameters]
k = 1.5
soil = "loam"
depths = [0.1, 0.3]
[simulator]
command = ["sh", "model.sh"]
sandbox = "off"
[[simulator.input]]
file = "model.sh"
template = "model.sh"
[simulator.output]
file = "out.txt"
time = "none"
[simulator.output.columns]
flow = "flow"
[product]
file = "output.nc"
"""


@pytest.fixture
def example(tmp_path: Path) -> rerunoff.Project:
    """The example with summaries, not run yet."""
    project = rerunoff.init(tmp_path / "example", example=True, catchments=CATCHMENTS, steps=STEPS)
    file = project.directory / "rerunoff.toml"
    file.write_text(file.read_text() + SUMMARY)
    return project


@pytest.fixture
def ran(example: rerunoff.Project) -> rerunoff.Project:
    """The example, run."""
    example.run(quiet=True, check=True)
    return example


@pytest.fixture
def shell(tmp_path: Path):
    """Makes a project whose simulator is this script of a shell, in which `{k}` and `{soil}` are parameters."""

    def make(script: str) -> rerunoff.Project:
        (tmp_path / "rerunoff.toml").write_text(SHELL)
        (tmp_path / "model.sh").write_text(script)
        return rerunoff.open(tmp_path)

    return make


@pytest.fixture
def printed():
    """What the program prints for people or as CSV, which knows nothing of this package."""

    def run(project: rerunoff.Project, *words: str, code: int = 0) -> str:
        command = [str(rerunoff.binary()), "-C", str(project.directory), *words]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout

    return run
