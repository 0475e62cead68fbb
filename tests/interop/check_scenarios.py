#!/usr/bin/env python3
"""Reads a product of several scenarios as a person would, and compares it with what the test put in.

    check_scenarios.py PRODUCT

The test wrote value = 1000 * scenario + 10 * catchment + step / 8 into `herbicide_load`, save for a catchment that failed in the
second scenario; `k` is the scenarios' parameter, `area` the same in all, `dose` not.
"""

import pathlib
import subprocess
import sys

NAMES = ["k=0.012", "k=0.013", "what if"]
IDS = [70007, 70008, 70009, 70010, 70011]
STEPS = 30


def expected():
    import numpy

    step, scenario, catchment = numpy.indices((STEPS, len(NAMES), len(IDS)))
    values = 1000.0 * scenario + 10.0 * catchment + step / 8.0
    values[:, 1, 2] = numpy.nan
    return values


def read_xarray(path):
    import numpy
    import xarray

    for engine in ["netcdf4", "h5netcdf"]:
        with xarray.open_dataset(path, engine=engine) as data:
            assert data["herbicide_load"].dims == ("time", "scenario", "catchment"), data["herbicide_load"].dims
            assert list(data["scenario"].values) == NAMES and list(data["catchment"].values) == IDS
            numpy.testing.assert_array_equal(data["herbicide_load"].values, expected())
            one = data["herbicide_load"].sel(scenario="k=0.013", catchment=70007)
            assert one.dims == ("time",)
            numpy.testing.assert_array_equal(one.values, expected()[:, 1, 0])
            assert float(one["k"]) == 0.013 and one["k"].attrs["units"] == "d-1"
            assert set(data.coords) >= {"scenario", "catchment", "time", "k"}, data.coords
            assert data["k"].dims == ("scenario",)
            by_k = data["herbicide_load"].swap_dims(scenario="k").sel(k=0.012)
            assert by_k.shape == (STEPS, len(IDS))
            assert data["area"].dims == ("catchment",) and data["dose"].dims == ("scenario", "catchment")
            assert data["status"].dims == data["key"].dims == ("scenario", "catchment")
            assert int(data["status"].sel(scenario="k=0.013", catchment=70009)) == 1
            well = data["herbicide_load"].where(data["status"] == 0)
            numpy.testing.assert_array_equal(well.values, expected())


def read_netcdf4(path):
    import netCDF4
    import numpy

    with netCDF4.Dataset(path) as data:
        assert list(data.dimensions) == ["time", "scenario", "scenario_length", "catchment", "digest_length"]
        load = data["herbicide_load"]
        assert load.dimensions == ("time", "scenario", "catchment") and load.chunking() == [STEPS, 1, len(IDS)]
        numpy.testing.assert_array_equal(numpy.ma.filled(load[:], numpy.nan), expected())
        assert list(data["scenario"][:]) == NAMES
        numpy.testing.assert_array_equal(data["k"][:], [0.012, 0.013, 0.02])


def read_cf(path):
    from check_product import read_cf

    read_cf(path, None)


def main():
    if sys.argv[1] == "--reader":
        globals()[sys.argv[2]](sys.argv[3])
        return
    for reader in [read_xarray, read_netcdf4, read_cf]:
        command = [sys.executable, "-B", __file__, "--reader", reader.__name__, sys.argv[1]]
        run = subprocess.run(command, cwd=pathlib.Path(__file__).parent)
        assert run.returncode == 0, f"{reader.__name__} failed"


if __name__ == "__main__":
    main()
