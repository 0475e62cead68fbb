"""What users do with arrays and tables in Python: write a product, read slices of it, keep series in compressed tables."""

import os
import time
from pathlib import Path

import h5py
import numpy as np
import tables
import xarray


def numeric(file):
    """The names of a product's arrays of [time, catchment]."""
    return [name for name, data in file.items() if isinstance(data, h5py.Dataset) and data.ndim == 2 and data.dtype.kind == "f"]


def rewrite(product, path):
    """Seconds for writing the arrays of a product anew with h5py, same chunks and filters, and seconds until they are on the disk.

    Reading them is not counted.
    """
    writing = syncing = 0.0
    os.sync()
    with h5py.File(product) as source:
        began = time.monotonic()
        target = h5py.File(path, "w")
        writing += time.monotonic() - began
        for name in numeric(source):
            old = source[name]
            values = old[:]
            began = time.monotonic()
            target.create_dataset(
                name, data=values, chunks=old.chunks, shuffle=old.shuffle, compression="gzip",
                compression_opts=old.compression_opts, fillvalue=old.fillvalue,
            )
            target.flush()
            writing += time.monotonic() - began
            syncing += synced()
        began = time.monotonic()
        target.close()
        writing += time.monotonic() - began
        syncing += synced()
    Path(path).unlink()
    return writing, syncing


def synced():
    """Seconds until all that was written is on the disk."""
    began = time.monotonic()
    os.sync()
    return time.monotonic() - began


def read_input(path):
    """Reads all arrays of an input file, as a program that needs them would."""
    with h5py.File(path) as file:
        for data in file.values():
            if not isinstance(data, h5py.Dataset) or data.ndim != 2:
                continue
            rows = data.chunks[0] if data.chunks else data.shape[0]
            for start in range(0, data.shape[0], rows):
                data[start : start + rows]


def sliced(product, step, catchment):
    """Seconds for all values of one step, and for all steps of one catchment, through xarray, the file freshly opened."""
    began = time.monotonic()
    with xarray.open_dataset(product) as data:
        data.isel(time=step).load()
    by_time = time.monotonic() - began
    began = time.monotonic()
    with xarray.open_dataset(product) as data:
        data.sel(catchment=int(catchment)).load()
    return by_time, time.monotonic() - began


def sliced_steps(path, step, catchment):
    """The same from a table for every time step."""
    began = time.monotonic()
    with tables.open_file(path) as file:
        file.get_node(f"/step_{step}/values").read()
    by_time = time.monotonic() - began
    began = time.monotonic()
    name = catchment.encode()
    with tables.open_file(path) as file:
        count = sum(1 for group in file.root if group._v_name.startswith("step_"))
        rows = None
        for number in range(count):
            table = file.get_node(f"/step_{number}/values").read()
            if rows is None:
                rows = np.empty(count, table.dtype)
            rows[number] = table[table["catchment"] == name][0]
    return by_time, time.monotonic() - began


def walked(product, steps):
    """Seconds for going through the first steps of all catchments, one after the other, through xarray, as far as chunks go at once."""
    began = time.monotonic()
    with xarray.open_dataset(product) as data:
        stretch = next(variable.encoding["chunksizes"][0] for variable in data.data_vars.values() if variable.ndim == 2)
        for start in range(0, steps, stretch):
            part = data.isel(time=slice(start, min(start + stretch, steps))).load()
            for step in range(part.sizes["time"]):
                {name: values.values[step] for name, values in part.data_vars.items() if values.ndim == 2}
    return time.monotonic() - began


def walked_steps(path, steps):
    """The same from a table for every time step."""
    began = time.monotonic()
    with tables.open_file(path) as file:
        for step in range(steps):
            file.get_node(f"/step_{step}/values").read()
    return time.monotonic() - began


def long_table(product, path):
    """All values of a product in one table of step, catchment and values, ordered by step, zlib-5."""
    with h5py.File(product) as source, tables.open_file(path, "w") as file:
        names = numeric(source)
        catchments = np.array([str(number).encode() for number in source["catchment"][:]])
        steps = source[names[0]].shape[0]
        kind = np.dtype([("step", "i4"), ("catchment", catchments.dtype)] + [(name, "f8") for name in names])
        table = file.create_table("/", "values", kind, filters=tables.Filters(5, "zlib"), expectedrows=steps * len(catchments))
        for start in range(0, steps, 512):
            stretch = {name: source[name][start : start + 512] for name in names}
            count = len(stretch[names[0]])
            rows = np.empty((count, len(catchments)), kind)
            rows["step"] = np.arange(start, start + count)[:, None]
            rows["catchment"] = catchments
            for name in names:
                rows[name] = stretch[name]
            table.append(rows.ravel())


def sliced_long(path, step, catchment):
    """The same from one long table."""
    began = time.monotonic()
    with tables.open_file(path) as file:
        file.root.values.read_where("step == wanted", {"wanted": step})
    by_time = time.monotonic() - began
    began = time.monotonic()
    with tables.open_file(path) as file:
        file.root.values.read_where("catchment == wanted", {"wanted": catchment.encode()})
    return by_time, time.monotonic() - began


def pytables_bytes(product, path, columns, most=100):
    """Bytes per catchment of these columns in a zlib-5 table for each catchment, as PyTables writes it."""
    with h5py.File(product) as source, tables.open_file(path, "w") as file:
        count = min(most, source[columns[0]].shape[1])
        total = 0
        kind = np.dtype([(name, "f8") for name in columns])
        for at in range(count):
            rows = np.empty(source[columns[0]].shape[0], kind)
            for name in columns:
                rows[name] = source[name][:, at]
            table = file.create_table(f"/catch_{at}", "outputs", rows, createparents=True, filters=tables.Filters(5, "zlib"))
            table.flush()
            total += table.size_on_disk
    Path(path).unlink()
    return total / count
