#!/usr/bin/env python3
"""Compares the summaries of a product with what NumPy makes of its variables.

    check_summary.py PRODUCT
"""

import pathlib
import sys

import numpy
import xarray


def check(name, found, load, concentration):
    """One catchment: all its summaries."""
    load, concentration = (values[~numpy.isnan(values)] for values in (load, concentration))
    if len(load) == 0:
        assert all(numpy.isnan(value) for value in found.values()), (name, found)
        return
    exact = {
        "herbicide_load_max": load.max(),
        "herbicide_load_min": load.min(),
        "c_median": numpy.quantile(concentration, 0.5),
        "c_p95": numpy.quantile(concentration, 0.95),
        "c_p01": numpy.quantile(concentration, 0.01),
        "c_exceeded": numpy.mean(concentration > 2.4),
    }
    for key, value in exact.items():
        assert found[key] == value, (name, key, found[key], value)
    for key, value in {"herbicide_load_mean": load.mean(), "herbicide_load_sum": load.sum()}.items():
        numpy.testing.assert_allclose(found[key], value, rtol=1e-13)


def main():
    path = sys.argv[1]
    with xarray.open_dataset(path) as data:
        names = [name for name in data if data[name].dims == ("catchment",) and data[name].dtype == float]
        assert len(names) == 8, names
        assert data["herbicide_load_mean"].attrs["cell_methods"] == "time: mean"
        assert data["herbicide_load_mean"].attrs["units"] == "g h-1" and data["c_exceeded"].attrs["units"] == "1"
        assert data["c_median"].attrs["cell_methods"] == "time: median"
        assert data["c_p95"].attrs["quantile"] == 0.95 and "cell_methods" not in data["c_p95"].attrs
        assert data["c_p95"].attrs["long_name"] == "0.95 quantile of concentration"
        assert data["c_exceeded"].attrs["long_name"] == "days too many"
        for id in data["catchment"].values:
            one = data.sel(catchment=id)
            check(id, {name: float(one[name]) for name in names}, one["herbicide_load"].values, one["concentration"].values)
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    from check_product import read_cf

    read_cf(path, None)


if __name__ == "__main__":
    main()
