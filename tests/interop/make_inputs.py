#!/usr/bin/env python3
"""Writes the series and areas of a test project's input as its users' programs would.

    make_inputs.py INPUT.h5 GROUPS.h5 ARRAYS.nc

GROUPS.h5 has a group per catchment, as PyTables writes them; ARRAYS.nc has arrays of [time, catchment], as xarray does.
"""

import sys

import h5py
import numpy
import tables
import xarray

HOUR = 3_600_000_000_000


def read(path):
    with h5py.File(path) as file:
        ids = [text.decode() for text in file["catchment"][:]]
        columns = {name: file[name][:] for name in ["precipitation", "discharge"]}
        return ids, columns, file["A_tot"][:]


def write_groups(path, ids, columns, areas):
    start = numpy.datetime64("2009-01-01T00:00:00", "ns").astype("int64")
    steps = len(columns["discharge"])
    kind = numpy.dtype([(name, "f8") for name in columns])
    parameter = numpy.dtype([("name", "S100"), ("value", "f8"), ("unit", "S20")])
    # Half of what users have is packed with the one, half with the other.
    filters = [tables.Filters(complevel=5, complib="zlib"), tables.Filters(complevel=5, complib="blosc")]
    with tables.open_file(path, "w") as file:
        file.create_array("/", "time_steps", start + HOUR * numpy.arange(steps))
        file.create_array("/", "steps_per_day", numpy.array([24]))
        file.create_group("/", "catchments_by_region")
        for at, catchment in enumerate(ids):
            group = file.create_group("/", f"catch_{catchment}")
            rows = numpy.empty(steps, kind)
            for name, values in columns.items():
                rows[name] = values[:, at]
            file.create_table(group, "inputs", rows, filters=filters[at % 2])
            file.create_table(group, "parameters", numpy.array([("A_tot", areas[at], "m2")], parameter))


def write_arrays(path, ids, columns, areas):
    data = xarray.Dataset(
        {name: (("time", "catchment"), values) for name, values in columns.items()},
        coords={
            "time": numpy.datetime64("2009-01-01T00:00:00", "ns") + numpy.timedelta64(HOUR, "ns") * numpy.arange(len(columns["discharge"])),
            "catchment": ids,
        },
    )
    data["A_tot"] = ("catchment", areas)
    data.to_netcdf(path, engine="netcdf4", encoding={name: {"zlib": True} for name in columns})


def main():
    source, groups, arrays = sys.argv[1:]
    ids, columns, areas = read(source)
    write_groups(groups, ids, columns, areas)
    write_arrays(arrays, ids, columns, areas)


main()
