"""Imports real forcing as PRMS keeps it and compares it with the NetCDF files beside it: python cbh.py PATH/TO/rerunoff

`prcp.cbh`, `tmax.cbh` and `tmin.cbh` of pywatershed have the time in six columns and no ids; these are in the NetCDF file
of parameters. The `.nc` files hold the same values in 32 bits.
"""

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import netCDF4
import numpy as np

BASIN = Path(sysconfig.get_path("purelib")) / "pywatershed" / "data" / "drb_2yr"
SERIES = {"prcp": "inch", "tmax": "degF", "tmin": "degF"}

PROJECT = """
[input]
file = "input.h5"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.nc"
"""

TABLE = """
[import.series.{name}]
file = "{folder}/{name}.cbh"
skip_lines = 3
time_columns = 6
ids = {{ file = "{folder}/parameters_dis_hru.nc", name = "nhm_id" }}
units = "{units}"
"""


def main():
    rerunoff = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tables = [TABLE.format(name=name, folder=BASIN, units=units) for name, units in SERIES.items()]
        (folder / "rerunoff.toml").write_text(PROJECT + "".join(tables))
        subprocess.run([rerunoff, "-C", folder, "import"], check=True)
        with netCDF4.Dataset(folder / "input.h5") as imported:
            for name, units in SERIES.items():
                compare(imported, name, units)


def compare(imported, name, units):
    with netCDF4.Dataset(BASIN / f"{name}.nc") as given:
        expected = np.ma.getdata(given[name][:]).T
        ids = [str(hru) for hru in given["nhm_id"][:]]
        times = netCDF4.num2date(given["time"][:], given["time"].units)
    found = imported[name]
    own = netCDF4.num2date(imported["time"][:], imported["time"].units)
    for what, same in [
        ("dimensions", found.dimensions == ("catchment", "time")),
        ("units", found.units == units),
        ("ids", list(imported["catchment"][:]) == ids),
        ("times", list(own) == list(times)),
        ("values", np.array_equal(np.ma.getdata(found[:]).astype("f4"), expected)),
    ]:
        if not same:
            sys.exit(f"{name}.cbh as imported differs from {name}.nc in its {what}")
    print(f"ok: {name}.cbh as imported equals {name}.nc, {found.shape[0]} catchments, {found.shape[1]} days")


if __name__ == "__main__":
    main()
