#!/usr/bin/env python3
"""Opens an imported file in xarray and compares it with the table that it was made of, which pandas reads.

    check_import.py INPUT.h5 TABLE.csv

The series is `discharge`, a thousandth of what stands in the table, which has a column more than were imported.
"""

import sys

import pandas
import xarray


def main():
    path, table = sys.argv[1:]
    given = pandas.read_csv(table, sep=";", index_col=0, parse_dates=True)
    with xarray.open_dataset(path) as data:
        assert data.attrs["Conventions"] == "CF-1.8", data.attrs
        assert dict(data.sizes) == {"catchment": given.shape[1] - 1, "time": given.shape[0]}, data.sizes
        assert set(data.coords) == {"catchment", "time"}, data.coords
        ids = [str(catchment) for catchment in data["catchment"].values]
        assert ids == list(given.columns[:-1]), ids
        assert (data["time"].values == given.index.values).all(), data["time"]
        discharge = data["discharge"]
        assert discharge.dims == ("catchment", "time"), discharge.dims
        assert discharge.dtype == "float64", discharge.dtype
        assert discharge.attrs["units"] == "m3 s-1", discharge.attrs
        expected = given.to_numpy().T[:-1] / 1000
        assert (discharge.values == expected).all(), discharge
        assert data["temperature"].attrs["units"] == "degC"
        assert data["temperature"].dims == ("catchment", "time")
        area = data["A_tot"]
        assert area.dims == ("catchment",) and area.attrs["units"] == "m2", area
        # By the labels, as people would.
        some = data["discharge"].sel(catchment=ids[1], time=given.index[5])
        assert float(some) == given.iloc[5, 1] / 1000, some
        assert float(area.sel(catchment=ids[1])) == 2.5e6, area


main()
