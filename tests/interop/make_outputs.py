"""Writes what a simulator may leave in NetCDF, for each id a file of netCDF-4 and a classic one, and prints what netCDF4 reads of it.

usage: make_outputs.py DIR ID…; each line: variable, id, and the bits of each value in the order of the product's axes.
"""

import struct
import sys
from pathlib import Path

import netCDF4
import numpy as np

STEPS = 24


def line(name, catchment, values):
    values = np.ma.filled(np.ma.asarray(values, dtype="f8"), np.nan).ravel()
    bits = [struct.unpack("<Q", struct.pack("<d", value))[0] for value in values]
    # A missing value is one NaN, whatever its bits are.
    print(name, catchment, *("nan" if value != value else bit for value, bit in zip(values, bits)))


def write(folder, catchment):
    n = int(catchment) - 70000
    random = np.random.default_rng(n)
    with netCDF4.Dataset(folder / f"{catchment}.nc", "w") as file:
        file.createDimension("time", None)
        file.createDimension("depth", 3)
        file.createDimension("station", 2)
        file.createDimension("day", 2)
        file.createDimension("nchar", 8)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2008-12-31 00:00:00", "standard"
        time[:] = 1 + np.arange(STEPS) / 24
        day = file.createVariable("day", "i4", ("day",))
        day.units = "hours since 2009-01-01 12:00"
        day[:] = [0, 24]
        file.createVariable("depth", "f4", ("depth",))[:] = [0.1, 0.3, 1.0]
        names = file.createVariable("station_name", "S1", ("station", "nchar"))
        names._Encoding = "ascii"
        names[:] = np.array(["other", f"at{catchment}"], dtype="S8")
        packed = file.createVariable("packed", "i2", ("time",), fill_value=-999, zlib=True)
        packed.scale_factor, packed.add_offset = 0.01, 5.0
        packed[:] = np.ma.masked_array(random.uniform(-100, 100, STEPS), [step == 7 for step in range(STEPS)])
        short = file.createVariable("short", "f4", ("station", "time"), zlib=True, shuffle=True)
        short[:] = random.normal(size=(2, STEPS))
        soil = file.createVariable("soil", "f8", ("depth", "time"), chunksizes=(1, 5), zlib=True)
        soil[:] = random.normal(size=(3, STEPS))
        daily = file.createVariable("daily", "f8", ("day", "station"))
        daily[:] = random.normal(size=(2, 2))
        area = file.createVariable("area", "i8", ())
        area[:] = 2**52 + n
        routed = file.createGroup("routing").createVariable("q", "f8", ("time",))
        routed[:] = random.lognormal(size=STEPS)
    with netCDF4.Dataset(folder / f"{catchment}.cdf", "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("time", None)
        file.createDimension("lat", 2)
        file.createDimension("lon", 3)
        time = file.createVariable("time", "i4", ("time",))
        time.units = "minutes since 2009-01-01"
        file.createVariable("lat", "f8", ("lat",))[:] = [52.25, 52.75]
        file.createVariable("lon", "f4", ("lon",))[:] = [6.1, 6.2, 6.3]
        cells = file.createVariable("cells", "f4", ("time", "lat", "lon"))
        cells[:] = random.normal(size=(STEPS, 2, 3))
        time[:] = 60 * np.arange(STEPS)
    with netCDF4.Dataset(folder / f"{catchment}.nc") as file:
        line("packed", catchment, file["packed"][:])
        line("short", catchment, file["short"][1, :])
        line("soil", catchment, file["soil"][:].T)
        line("daily", catchment, file["daily"][:, 0])
        line("area", catchment, file["area"][:])
        line("routed", catchment, file["routing/q"][:])
    with netCDF4.Dataset(folder / f"{catchment}.cdf") as file:
        line("cell", catchment, file["cells"][:, 1, 2])


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        write(Path(sys.argv[1]), wanted)
