"""What the tests of all recipes share: the project of docs/calibration.md laid out in a folder, and the files on that page written into it.

As a program it only lays the project out: `creek.py target/release/rerunoff FOLDER`. A test runs the files as
they stand there, then again where some sets fail: Raven itself refuses a unit hydrograph (GR4J_X4) of more than some tens of days. What is told as
the best is compared with the product and the gauge, read and computed here without rerunoff.
"""

import contextlib
import csv
import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np

HERE = Path(__file__).parent
DELAWARE = HERE.parent / "delaware"
PAGE = HERE.parents[1] / "docs" / "calibration.md"
GAUGE = "01472157"
# Each catchment, and the one that it drains into; the gauge is at the end of the first.
CATCHMENTS = {"5591": "", "5596": "5591", "7037": "5591"}
CUBIC_METRES_PER_CUBIC_FOOT = 0.3048**3
WARM_UP = 365


def files_of_the_page():
    """The files that the page shows: each is a block after a paragraph that begins with its name."""
    block = r"^`([\w./]+)`(?:(?!\n\n).)*:\n\n```\w*\n(.*?)^```$"
    return dict(re.findall(block, PAGE.read_text(), re.MULTILINE | re.DOTALL))


def sessions_of_the_page():
    """The commands that the page shows with what they print."""
    return re.findall(r"^```console\n\$ (.*?)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def project_of_the_page():
    """The part of the project file that the page shows."""
    return re.search(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]


class Creek:
    """The project, in a folder that this process is in from then on: `rerunoff` is the built one."""

    def __init__(self):
        rerunoff, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
        os.environ["PATH"] = os.pathsep.join([str(rerunoff.parent), str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        shutil.copy(HERE / "rerunoff.toml", "rerunoff.toml")
        for shared in ("data", "templates"):
            Path(shared).symlink_to(DELAWARE / shared)
        rows = [f"{catchment},{below}\n" for catchment, below in CATCHMENTS.items()]
        Path("downstream.csv").write_text("nhm_id,downstream\n" + "".join(rows))
        self.observed = self._observed()

    def _observed(self):
        """The gauge's discharge of each day in m³/s, which becomes observed.csv."""
        with netCDF4.Dataset("data/drb_2yr_gage_poi_obs.nc") as gauges:
            ids = [str(gauge) for gauge in gauges["poi_id"][:]]
            time = gauges["time"]
            days = netCDF4.num2date(time[:], time.units, only_use_cftime_datetimes=False)
            discharge = gauges["discharge"][ids.index(GAUGE), :] * CUBIC_METRES_PER_CUBIC_FOOT
        discharge = np.ma.filled(discharge.astype("f8"), np.nan)
        with open("observed.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["time", GAUGE])
            table.writerows((f"{day:%Y-%m-%d}", value) for day, value in zip(days, discharge))
        return discharge

    def write(self, name, *replaced):
        """Writes a file of the page; `replaced` are pairs of a text that is in it once and what to put in its place."""
        text = files_of_the_page()[name]
        for before, after in replaced:
            assert text.count(before) == 1, f"{before!r} is {text.count(before)} times in {name}"
            text = text.replace(before, after)
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)

    def python(self, name):
        """Runs a Python file of the project as a program; returns its variables as it left them, and the last line that it printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            variables = runpy.run_path(name, run_name="__main__")
        return variables, printed.getvalue().rstrip().rpartition("\n")[2]

    def run(self, command):
        """Runs a command line that has to go well, and returns what it printed."""
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{command} ended with exit code {done.returncode}: {done.stdout}"
        return done.stdout

    def efficiency_by(self, command):
        """The Nash-Sutcliffe efficiency of a set that was evaluated before: `rerunoff run --set …` makes its product without a run."""
        told = self.run(command)
        assert " 0 run, " in told, f"the set was not run before, or is another one now: {told}"
        return self.efficiency()

    def efficiency(self):
        """The Nash-Sutcliffe efficiency of the product that lies there."""
        with netCDF4.Dataset("output.nc") as product:
            gauge = list(product["catchment"][:]).index(5591)
            flow = product["flow"][:, gauge].astype("f8").filled(np.nan)
        pairs = np.array([flow, self.observed])[:, WARM_UP:]
        simulated, observed = pairs[:, np.isfinite(pairs[1])]
        return 1 - np.sum((simulated - observed) ** 2) / np.sum((observed - observed.mean()) ** 2)

    def before(self):
        """The efficiency with the project's own parameters."""
        self.run("rerunoff run")
        return self.efficiency()


def agrees(what, told, computed):
    """Two numbers that are computed in different ways are the same, but for rounding."""
    assert abs(told - computed) < 1e-6, f"{what}: {told} is told, and it is {computed}"


def report(what, before, after, evaluations, failed):
    """One line for whoever looks at the test."""
    print(f"{what}: {evaluations} sets, {failed} failed; NSE {before:.3f} before, {after:.3f} after")


if __name__ == "__main__":
    Creek()
