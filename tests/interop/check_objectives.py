#!/usr/bin/env python3
"""Compares objectives with those of HydroEval and HydroErr, and writes what was measured as NetCDF.

    check_objectives.py compare PRODUCT OBSERVED.CSV
    check_objectives.py write OBSERVED.CSV OBSERVED.NC
"""

import sys

import HydroErr
import hydroeval
import numpy
import pandas
import xarray


def expected(measured, simulated):
    """By objective: what each package says, as far as it knows it. All values are there."""

    def he(function, **options):
        return hydroeval.evaluator(function, simulated, measured, **options).flatten()[0]

    logs = numpy.log(simulated), numpy.log(measured)
    return {
        "nse": [he(hydroeval.nse), HydroErr.nse(simulated, measured)],
        "kge": [he(hydroeval.kge), HydroErr.kge_2009(simulated, measured)],
        "kge_2012": [he(hydroeval.kgeprime), HydroErr.kge_2012(simulated, measured)],
        "rmse": [he(hydroeval.rmse), HydroErr.rmse(simulated, measured)],
        "mae": [HydroErr.mae(simulated, measured)],
        "r2": [HydroErr.r_squared(simulated, measured)],
        "pbias_under": [he(hydroeval.pbias)],
        "pbias_over": [-he(hydroeval.pbias), 100 * HydroErr.me(simulated, measured) / measured.mean()],
        "log_nse": [he(hydroeval.nse, transform="log")],
        "log_kge": [he(hydroeval.kge, transform="log")],
        "log_kge_2012": [he(hydroeval.kgeprime, transform="log", epsilon=0.5)],
        "log_rmse": [HydroErr.rmse(*logs), hydroeval.rmse(*logs)],
        "log_mae": [HydroErr.mae(*logs)],
        "log_r2": [HydroErr.r_squared(*logs)],
    }


def compare(product, observed):
    table = pandas.read_csv(observed, index_col=0, parse_dates=True)
    compared = 0
    with xarray.open_dataset(product) as data:
        for gauge in table.columns:
            one = data.sel(catchment=int(gauge))
            pairs = pandas.DataFrame({"o": table[gauge], "s": one["discharge"].to_series()}).dropna()
            pairs = pairs[pairs.index >= data["time"].values[0] + numpy.timedelta64(3, "h")]
            for name, numbers in expected(pairs["o"].to_numpy(), pairs["s"].to_numpy()).items():
                for number in numbers:
                    numpy.testing.assert_allclose(float(one[name]), number, rtol=1e-11, err_msg=f"{name} at {gauge}")
                    compared += 1
        for name in expected(pairs["o"].to_numpy(), pairs["s"].to_numpy()):
            gauges = [int(gauge) for gauge in table.columns]
            numbers = data[name].sel(catchment=gauges).values
            numpy.testing.assert_allclose(float(data[f"{name}_over_gauges"]), numbers.mean(), rtol=1e-13)
            elsewhere = data[name].drop_sel(catchment=gauges)
            assert numpy.isnan(elsewhere).all(), name
    assert compared == 20 * len(table.columns), compared


def write(observed, path):
    table = pandas.read_csv(observed, index_col=0, parse_dates=True)
    flow = xarray.DataArray(
        table.to_numpy().T,
        dims=("station", "time"),
        coords={"station": list(table.columns), "time": table.index},
        attrs={"units": "m3 s-1"},
    )
    flow.to_dataset(name="flow").to_netcdf(path, encoding={"flow": {"_FillValue": -999.0}})


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
