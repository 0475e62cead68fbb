#!/usr/bin/env python3
"""Reads a product whose variables go over different axes as a person would, and compares it with what the test put in.

    check_axes.py PRODUCT

The test wrote value = 10000 * scenario + 1000 * column + 10 * catchment + row / 8, where `row` counts the values of a
catchment time by time and within each layer by layer; a catchment failed in the second scenario. `mean_wet` is the mean of
`wet` over the months. Without scenarios and layers the product is what the CF conventions call time series.
"""

import pathlib
import subprocess
import sys

IDS = [70007, 70008, 70009, 70010, 70011]
# By name: the column, and the dimensions beside scenario and catchment.
VARIABLES = {
    "q": (0, {"time": 30}),
    "melt": (1, {"month": 24}),
    "wet": (2, {"month": 24, "layer": 3}),
    "depth": (3, {"layer": 3}),
    "soil": (4, {"time": 30, "crop": 2}),
    "total": (5, {}),
}


def expected(name, scenarios):
    import numpy

    column, dimensions = VARIABLES[name]
    lengths = list(dimensions.values())
    rows = int(numpy.prod(lengths))
    scenario, row, catchment = numpy.indices((scenarios, rows, len(IDS)))
    values = 10000.0 * scenario + 1000.0 * column + 10.0 * catchment + row / 8.0
    if scenarios > 1:
        values[1, :, 2] = numpy.nan
    values = values.reshape([scenarios, *lengths, len(IDS)])
    if scenarios == 1:
        return values[0]
    return numpy.moveaxis(values, 0, 1) if set(dimensions) & {"time", "month"} else values


def dimensions_of(name, scenarios):
    """Time is first, then scenarios."""
    dimensions = [*VARIABLES[name][1], "catchment"]
    if scenarios > 1:
        dimensions.insert(len({"time", "month"} & set(dimensions)), "scenario")
    return tuple(dimensions)


def names_in(data):
    return [name for name in VARIABLES if name in data]


def read_xarray(path):
    import numpy
    import xarray

    for engine in ["netcdf4", "h5netcdf"]:
        with xarray.open_dataset(path, engine=engine) as data:
            scenarios = data.sizes.get("scenario", 1)
            first = ("scenario",) if scenarios > 1 else ()
            for name in names_in(data):
                assert data[name].dims == dimensions_of(name, scenarios), (name, data[name].dims)
                numpy.testing.assert_array_equal(data[name].values, expected(name, scenarios))
            for time in {"time", "month"} & set(data.dims):
                assert data[time].dtype.kind == "M", time
                assert data[time].attrs["standard_name"] == "time" and data[time].attrs["axis"] == "T"
            if "layer" not in data.dims:
                assert data.attrs["featureType"] == "timeSeries"
                assert data["catchment"].attrs["cf_role"] == "timeseries_id"
                continue
            assert "featureType" not in data.attrs and "cf_role" not in data["catchment"].attrs
            numpy.testing.assert_array_equal(data["layer"].values, [0.1, 0.3, 1.0])
            if "month" not in data.dims:
                continue
            assert str(data["month"].values[1])[:10] == "1998-02-01"
            assert data["layer"].attrs["units"] == "m" and data["layer"].attrs["positive"] == "down"
            assert list(data["crop"].values) == ["maize", "winter wheat"]
            one = data["wet"].sel(month="1999-05", layer=0.3, catchment=70008)
            assert float(one.isel(scenario=0).item()) == 2010.0 + (16 * 3 + 1) / 8
            wheat = data["soil"].sel(crop="winter wheat", catchment=70007).isel(scenario=0)
            assert float(wheat[3]) == 4000.0 + 7 / 8
            assert data["mean_wet"].dims == (*first, "layer", "catchment")
            numpy.testing.assert_allclose(data["mean_wet"].values, data["wet"].mean("month", skipna=False), rtol=1e-14)


def read_netcdf4(path):
    import netCDF4
    import numpy

    with netCDF4.Dataset(path) as data:
        scenarios = len(data.dimensions["scenario"]) if "scenario" in data.dimensions else 1
        for time in {"time", "month"} & set(data.dimensions):
            netCDF4.num2date(data[time][:], data[time].units, data[time].calendar)
        for name in names_in(data.variables):
            chunk = data[name].chunking()
            if len(VARIABLES[name][1]) == 2:
                assert chunk[-2] == list(VARIABLES[name][1].values())[1], "a chunk holds whole slices"
            assert numpy.isnan(data[name]._FillValue)
            numpy.testing.assert_array_equal(numpy.ma.filled(data[name][:], numpy.nan), expected(name, scenarios))


def read_h5py(path):
    import h5py
    import numpy

    with h5py.File(path) as data:
        scenarios = len(data["scenario"]) if "scenario" in data else 1
        for name in names_in(data):
            attached = [dimension[0].name.strip("/") for dimension in data[name].dims]
            assert tuple(attached) == dimensions_of(name, scenarios), (name, attached)
            numpy.testing.assert_array_equal(data[name][:], expected(name, scenarios))


def read_cf(path):
    from check_product import read_cf

    read_cf(path, None)


def main():
    if sys.argv[1] == "--reader":
        globals()[sys.argv[2]](sys.argv[3])
        return
    for reader in [read_xarray, read_netcdf4, read_h5py, read_cf]:
        command = [sys.executable, "-B", __file__, "--reader", reader.__name__, sys.argv[1]]
        run = subprocess.run(command, cwd=pathlib.Path(__file__).parent)
        assert run.returncode == 0, f"{reader.__name__} failed"


if __name__ == "__main__":
    main()
