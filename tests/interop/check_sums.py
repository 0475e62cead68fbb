#!/usr/bin/env python3
"""Compares sums over all upstream with NumPy's sums over the same catchments.

    check_sums.py PRODUCT

`local` is each catchment's own, `total` the sums, `total_mean` their mean over time, `next` the id of the catchment
downstream ("" for none).
"""

import pathlib
import sys

import numpy
import xarray


def main():
    path = sys.argv[1]
    with xarray.open_dataset(path) as data:
        ids = [str(id) for id in data["catchment"].values]
        place = {id: at for at, id in enumerate(ids)}
        drains = [place.get(str(id)) for id in data["next"].values]
        assert len(ids) == 1000 and sum(link is None for link in drains) > 1
        upstream = numpy.eye(len(ids), dtype=bool)
        for source in range(len(ids)):
            at = drains[source]
            while at is not None:
                upstream[at, source] = True
                at = drains[at]
        local, total = data["local"].values, data["total"].values
        for at in range(len(ids)):
            wanted = local[:, upstream[at]].sum(axis=1)
            numpy.testing.assert_allclose(total[:, at], wanted, rtol=1e-12, err_msg=ids[at])
        assert numpy.isnan(total).any() and not numpy.isnan(total).all()
        numpy.testing.assert_allclose(data["total_mean"].values, total.mean(axis=0), rtol=1e-12)
        assert data["total"].attrs["comment"] == "sum over the catchment and all upstream of it"
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    from check_product import read_cf

    read_cf(path, None)


if __name__ == "__main__":
    main()
