#!/usr/bin/env python3
"""Reads a product as Zarr, without a copy of it: what kerchunk and VirtualiZarr say where its chunks are is what netCDF4 reads.

    check_zarr.py PRODUCT
"""

import sys
import tempfile
from pathlib import Path

import numpy
import xarray


def same(name, found, expected):
    """All variables and coordinates, as they are in the file."""
    assert set(found.variables) == set(expected.variables), f"{name}: {set(found.variables) ^ set(expected.variables)}"
    for variable in expected.variables:
        ours, theirs = expected[variable], found[variable]
        assert theirs.dims == ours.dims, f"{name}: {variable} is over {theirs.dims}"
        numpy.testing.assert_array_equal(theirs.values.astype(ours.dtype), ours.values, f"{name}: {variable}")


def by_kerchunk(product):
    from kerchunk.hdf import SingleHdf5ToZarr

    references = SingleHdf5ToZarr(product).translate()
    options = {"consolidated": False, "storage_options": {"fo": references}}
    return xarray.open_dataset("reference://", engine="zarr", backend_kwargs=options)


def by_virtualizarr(product):
    """Written down for other programs, and read again."""
    from obspec_utils.registry import ObjectStoreRegistry
    from obstore.store import LocalStore
    from virtualizarr import open_virtual_dataset
    from virtualizarr.parsers import HDFParser

    registry = ObjectStoreRegistry({"file://": LocalStore()})
    virtual = open_virtual_dataset(f"file://{product}", registry=registry, parser=HDFParser())
    references = str(Path(tempfile.mkdtemp()) / "product.json")
    virtual.vz.to_kerchunk(references, format="json")
    options = {"consolidated": False, "storage_options": {"fo": references}}
    return xarray.open_dataset("reference://", engine="zarr", backend_kwargs=options)


def main():
    product = str(Path(sys.argv[1]).resolve())
    with xarray.open_dataset(product, engine="netcdf4") as expected:
        same("kerchunk", by_kerchunk(product), expected)
        same("VirtualiZarr", by_virtualizarr(product), expected)


main()
