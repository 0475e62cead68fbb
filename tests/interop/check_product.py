#!/usr/bin/env python3
"""Reads a product with the programs that its users have, and fails at whatever a reader would stumble over.

    check_product.py PRODUCT [EXPECTED.csv]

EXPECTED.csv has the columns `catchment` and `step` (from 0) and one per variable; an empty field is a missing value.
Every value must equal the product's to the bit. Without it, only the form is checked.

Each reader runs in a process of its own: they bring different builds of the HDF5 library, which do not always live
well together.
"""

import json
import pathlib
import shutil
import subprocess
import sys

STATUS = {"ok": 0, "failed": 1, "skipped": 2, "not_run": 3}


def expected_values(path):
    import pandas

    table = pandas.read_csv(path, dtype=str, keep_default_na=False)
    table["step"] = table["step"].astype(int)
    ids = list(dict.fromkeys(table["catchment"]))
    values = {}
    for name in table.columns.drop(["catchment", "step"]):
        numbers = table[name].map(lambda text: float(text) if text != "" else float("nan"))
        wide = table.assign(**{name: numbers}).pivot(index="step", columns="catchment", values=name)
        values[name] = wide[ids].to_numpy()
    return ids, values


def assert_same(found, expected, what):
    import numpy

    found = numpy.ascontiguousarray(found)
    expected = numpy.ascontiguousarray(expected, dtype=found.dtype)
    bits = f"u{found.itemsize}"
    both_missing = numpy.isnan(found) & numpy.isnan(expected)
    differing = numpy.argwhere((found.view(bits) != expected.view(bits)) & ~both_missing)
    assert len(differing) == 0, f"{what}: {len(differing)} values differ, first at {differing[0]}"


def check_flags(status, keys, variables):
    """Whatever is not ok is missing throughout; whatever is ok has a key."""
    import numpy

    assert set(numpy.unique(status)) <= set(STATUS.values())
    for state, key in zip(status, keys):
        assert len(key) == 64 and set(key) <= set("0123456789abcdef") or (key == "" and state != 0), (state, key)
    for name, values in variables.items():
        assert numpy.isnan(values[:, status != 0]).all(), f"{name} has values where the status says it has none"


def read_xarray(path, expected, engine="netcdf4"):
    import numpy
    import xarray

    with xarray.open_dataset(path, engine=engine) as data:
        assert data.attrs["Conventions"] == "CF-1.11, ACDD-1.3" and data.attrs["featureType"] == "timeSeries"
        assert data.attrs["title"] and data.attrs["source"].startswith("rerunoff ")
        for digest in ["recipe", "product_digest", "chunks_digest"]:
            assert len(data.attrs[digest]) == 64, digest
        assert data["time"].dtype.kind == "M", "time is not decoded"
        assert data["time"].attrs["standard_name"] == "time" and data["time"].attrs["axis"] == "T"
        assert data["time"].attrs["units_metadata"] == "leap_seconds: none" and data.encoding["unlimited_dims"] == {"time"}
        for name in ["summary", "keywords", "product_version", "time_coverage_start", "time_coverage_resolution"]:
            assert data.attrs[name], name
        assert data["catchment"].attrs["cf_role"] == "timeseries_id"
        assert data.indexes["catchment"].is_unique and data.indexes["time"].is_monotonic_increasing
        names = [name for name in data if data[name].dims == ("time", "catchment")]
        assert names, "no variable over (time, catchment)"
        for name in names:
            variable = data[name]
            is_text = data["catchment"].dtype.kind in "OU"
            assert ("catchment" in variable.encoding.get("coordinates", "").split()) == is_text, name
            assert variable.attrs["ancillary_variables"] == "status", name
            assert numpy.isnan(variable.encoding["_FillValue"]), name
            steps, catchments = variable.encoding["chunksizes"]
            reading = f"{steps} time steps of {catchments} catchments lie together"
            assert variable.attrs.get("reading", reading).startswith(reading), name
            assert ("reading" in variable.attrs) == (steps < data.sizes["time"]), name
        status = data["status"]
        assert status.dims == ("catchment",) and status.attrs["flag_meanings"].split() == list(STATUS)
        assert list(status.attrs["flag_values"]) == list(STATUS.values())
        assert status.attrs["flag_values"].dtype == numpy.int8
        variables = {name: data[name].values for name in names}
        check_flags(status.values, data["key"].values, variables)
        ids = list(data["catchment"].values)
        some = {ids[0], ids[len(ids) // 2], ids[-1]}
        for id in some:
            one = data.sel(catchment=id)
            assert_same(one[names[0]].values, variables[names[0]][:, ids.index(id)], f"sel({id!r})")
        if expected:
            assert [str(id) for id in ids] == expected[0], "other catchments, or another order"
            for name, values in expected[1].items():
                assert_same(variables[name], values, name)


def read_h5netcdf(path, expected):
    read_xarray(path, expected, engine="h5netcdf")


def read_netcdf4(path, expected):
    import netCDF4
    import numpy

    with netCDF4.Dataset(path) as data:
        lengths = [name for name in data.dimensions if name.endswith("_length")]
        assert [name for name in data.dimensions if name not in lengths] == ["time", "catchment"], list(data.dimensions)
        steps, catchments = (len(data.dimensions[name]) for name in ["time", "catchment"])
        assert data["time"].calendar == "standard"
        netCDF4.num2date(data["time"][:], data["time"].units, data["time"].calendar)
        assert data["key"].dtype == "S1" and data["key"][:].dtype.kind == "U"
        assert data["status"].dtype == numpy.int8
        for name, variable in data.variables.items():
            if variable.dimensions == ("time", "catchment"):
                chunk = variable.chunking()
                assert 1 <= chunk[0] <= steps and 1 <= chunk[1] <= catchments, chunk
                assert numpy.isnan(variable._FillValue) and variable.dtype.kind == "f", name
                filters = variable.filters()
                assert filters["shuffle"] == filters["zlib"], filters
            else:
                own = [name for name in variable.dimensions if name not in lengths]
                assert own in [["time"], ["catchment"]], (name, variable.dimensions)
        if expected:
            data.set_auto_mask(False)
            assert [str(id) for id in data["catchment"][:]] == expected[0]
            for name, values in expected[1].items():
                assert_same(data[name][:], values, name)


def read_h5py(path, expected):
    import h5py
    import numpy

    with h5py.File(path) as data:
        for name, dataset in data.items():
            if name in ["time", "catchment"] or name.endswith("_length"):
                assert dataset.is_scale, name
                continue
            attached = [dimension[0].name.strip("/") for dimension in dataset.dims]
            dimensions = ["time", "catchment"] if "time" in attached else ["catchment"]
            assert [name for name in attached if not name.endswith("_length")] == dimensions, (name, attached)
            if "time" in attached:
                assert numpy.isnan(dataset.fillvalue), name
                assert dataset.id.get_num_chunks() > 0, name
                if expected and name in expected[1]:
                    assert_same(dataset[:], expected[1][name], name)


def read_ncdump(path, _):
    ncdump = shutil.which("ncdump")
    if ncdump is None:
        print("ncdump: not installed, passed over")
        return
    header = subprocess.run([ncdump, "-h", path], check=True, capture_output=True, text=True).stdout
    assert "int catchment(catchment)" in header or "char catchment(catchment, catchment_length)" in header, header
    assert "double time(time)" in header and "char key(catchment, digest_length)" in header, header
    assert "string" not in header, header


def read_cf(path, _):
    """The strict checker's only complaints: time comes first on purpose, the file's name is its owner's business, and it
    does not know that `cell_methods` may name a standard name, `time` (CF 7.3.4), of what has lost its time dimension."""
    program = pathlib.Path(sys.executable).with_name("compliance-checker")
    command = [program, "-t", "cf:1.11", "-t", "acdd:1.3", "-c", "strict", "-f", "json", "-o", "-", path]
    run = subprocess.run(command, capture_output=True, text=True)
    reports = json.loads(run.stdout[run.stdout.index("{"):])
    report = reports["cf:1.11"]
    complaints = [
        message
        for priority in ["high_priorities", "medium_priorities", "low_priorities"]
        for section in report[priority]
        if section["value"][0] != section["value"][1]
        for message in section["msgs"]
    ]
    allowed = (
        # So that `sel` knows it by the name of its dimension.
        "shares the same name as one of its dimensions",
        "not in the recommended order T, Z, Y, X",
        'must end with ".nc"',
        "cell_methods name component time does not match a dimension",
    )
    complaints = [message for message in complaints if not any(text in message for text in allowed)]
    assert not complaints, complaints
    # What catalogues want most; which standard names there are is the project's business.
    wanted = [message for section in reports["acdd:1.3"]["high_priorities"] for message in section["msgs"]]
    wanted = [message for message in wanted if "standard_name" not in message]
    assert not wanted, wanted


def read_tables(path, expected):
    import numpy
    import tables

    with tables.open_file(path) as data:
        stamps = data.root.time_steps[:]
        assert stamps.dtype == numpy.int64 and (numpy.diff(stamps) > 0).all()
        catchments = data.root.catchments[:]
        ids = [id.decode() for id in catchments["catchment"]]
        steps = {int(name[5:]) for name in data.root._v_children if name.startswith("step_")}
        assert steps == set(range(len(stamps))), "a step is missing, or one too many"
        first = data.get_node("/step_0/values")
        assert first.colnames[0] == "catchment" and first.coldtypes["catchment"].itemsize >= 10
        names = first.colnames[1:]
        found = {name: numpy.empty((len(stamps), len(ids))) for name in names}
        for step in range(len(stamps)):
            rows = data.get_node(f"/step_{step}/values")[:]
            assert (rows["catchment"] == catchments["catchment"]).all(), step
            for name in names:
                found[name][step] = rows[name]
        keys = [key.decode() for key in catchments["key"]]
        check_flags(catchments["status"], keys, found)
        where = first.read_where("catchment == id", {"id": catchments["catchment"][-1]})
        assert len(where) == 1
        if expected:
            assert ids == expected[0], "other catchments, or another order"
            for name, values in expected[1].items():
                assert_same(found[name], values, name)


def read_pandas(path, expected):
    import pandas

    frame = pandas.read_hdf(path, "/step_0/values")
    assert frame.columns[0] == "catchment"
    if expected:
        assert [id.decode() if isinstance(id, bytes) else id for id in frame["catchment"]] == expected[0]
        for name, values in expected[1].items():
            assert_same(frame[name].to_numpy(), values[0], name)


READERS = {
    "grid": [read_xarray, read_h5netcdf, read_netcdf4, read_h5py, read_ncdump, read_cf],
    "steps": [read_tables, read_pandas],
}


def main():
    if sys.argv[1] == "--reader":
        _, _, name, path, *csv = sys.argv
        globals()[name](path, expected_values(csv[0]) if csv else None)
        return
    import h5py

    path, *csv = sys.argv[1:]
    with h5py.File(path) as file:
        layout = "steps" if "time_steps" in file else "grid"
    failed = []
    for reader in READERS[layout]:
        run = subprocess.run([sys.executable, __file__, "--reader", reader.__name__, path, *csv])
        print(f"{reader.__name__}: {'ok' if run.returncode == 0 else 'FAILED'}", flush=True)
        failed += [reader.__name__] if run.returncode else []
    sys.exit(f"{path}: {', '.join(failed)} failed" if failed else 0)


if __name__ == "__main__":
    main()
