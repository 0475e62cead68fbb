"""The same inputs in netCDF-4 and in the classic formats: `FOLDER/LAYOUT/FORMAT.nc`, for the project of tests/common.

`python make_classic.py FOLDER` prints the layouts, a line each.
"""

import sys
from pathlib import Path

import netCDF4
import numpy as np
from make_linked import AREA, N, STEPS, P, Q

FORMATS = ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


def variable(file, name, ty, dims, values, fill_value=None, **attributes):
    made = file.createVariable(name, ty, dims, fill_value=fill_value)
    made.set_auto_maskandscale(False)
    made.setncatts(attributes)
    made[:] = values


def characters():
    return netCDF4.stringtochar(np.array([f"{70001 + at}" for at in range(N)], "S7"))


def records(file, big):
    """Time grows, as in what models write; ids are characters, and a text is a parameter that is missing once."""
    for name, length in [("time", None), ("catchment", N), ("id_length", 7)]:
        file.createDimension(name, length)
    variable(file, "catchment", "S1", ("catchment", "id_length"), characters(), cf_role="timeseries_id")
    since = dict(units="hours since 2009-01-01 00:00:00", calendar="proleptic_gregorian")
    variable(file, "time", "i4", ("time",), np.arange(STEPS), **since)
    # Three bytes a record, which are padded to four.
    variable(file, "flag", "i1", ("time", "catchment"), np.zeros((STEPS, N)))
    variable(file, "precipitation", "f8", ("time", "catchment"), P, units="mm")
    variable(file, "discharge", "f4", ("time", "catchment"), Q)
    variable(file, "A_tot", "f8", ("catchment",), AREA)
    soil = netCDF4.stringtochar(np.array(["clay", "", "sand"], "S7"))
    variable(file, "soil", "S1", ("catchment", "id_length"), soil)


def packed(file, big):
    """Series one after the other, packed, with numbers for ids; a catchment more, whose series has a gap."""
    file.createDimension("time", STEPS)
    file.createDimension("station", N)
    variable(file, "station", "i8" if big else "i4", ("station",), 70001 + np.arange(N))
    variable(file, "time", "f8", ("time",), np.arange(STEPS) / 24, units="days since 2009-01-01")
    pack = dict(scale_factor=0.125, add_offset=1.0, fill_value=np.int16(-999))
    variable(file, "precipitation", "i2", ("station", "time"), ((P.T - 1) * 8).round(), **pack)
    ty = "u4" if big else "i4"
    variable(file, "discharge", ty, ("station", "time"), Q.T * 4, scale_factor=0.25)
    variable(file, "A_tot", "f4", ("station",), AREA)


def gaps(file, big):
    """A value of the second catchment was never written, one of the third is named as missing."""
    records(file, big)
    file["precipitation"][5, 1] = netCDF4.default_fillvals["f8"]
    file["discharge"].missing_value = np.float32(-9)
    file["discharge"][7, 2] = -9


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for layout in [records, packed, gaps]:
        (folder / layout.__name__).mkdir()
        for form in FORMATS:
            with netCDF4.Dataset(folder / layout.__name__ / f"{form}.nc", "w", format=form) as file:
                layout(file, form in ["NETCDF4", "NETCDF3_64BIT_DATA"])
        print(layout.__name__)
    # One variable alone is not padded: two bytes a record.
    with netCDF4.Dataset(folder / "alone.nc", "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("station", None)
        variable(file, "id", "i2", ("station",), [7, -1, 300])
