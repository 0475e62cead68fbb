#!/usr/bin/env python3
"""Writes files of numbers of every type, packing, mark, shape, storage and byte order, and what they mean.

    random_numbers.py FOLDER SEED ROUNDS

FOLDER/0.nc, 1.nc, … are written by netCDF4, by h5py and by netCDF4 in a classic format in turn. FOLDER/expected.json says what is in each, as `decode` has it:
numbers as the hexadecimal digits of their 64 bits, None where there is none.
"""

import json
import random
import struct
import sys
from pathlib import Path

import h5py
import hdf5plugin
import netCDF4
import numpy

WHOLE = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
REAL = ["f4", "f8"]


def number(mark):
    """The numbers of an attribute, which may be written as text."""
    if isinstance(mark, str):
        return [int(word) if word.lstrip("-").isdigit() else float(word) for word in mark.split()]
    return numpy.atleast_1d(mark).tolist()


def decode(stored, attributes, never_written=None):
    """The values of stored numbers and where they are missing, by CF 2.5.1 and 8.1 and the NetCDF User Guide."""
    if stored.dtype.kind in "iu" and "_Unsigned" in attributes:
        kind = "u" if attributes["_Unsigned"] == "true" else "i"
        stored = stored.view(f"{kind}{stored.dtype.itemsize}")
    def as_stored(mark):
        if stored.dtype.kind == "f":
            return numpy.array(number(mark)).astype(stored.dtype)
        span = 256**stored.dtype.itemsize
        return numpy.array([int(one) % span for one in number(mark)], f"u{stored.dtype.itemsize}").view(stored.dtype)
    missing = numpy.isnan(stored) if stored.dtype.kind == "f" else numpy.zeros(stored.shape, bool)
    marks = [attributes.get("_FillValue", never_written), attributes.get("missing_value")]
    for mark in marks:
        for one in [] if mark is None else as_stored(mark):
            missing |= stored == one
    low, high = attributes.get("valid_range", (attributes.get("valid_min"), attributes.get("valid_max")))
    if low is not None:
        missing |= stored < as_stored(low)[0]
    if high is not None:
        missing |= stored > as_stored(high)[0]
    scale, offset = (number(attributes.get(name, default))[0] for name, default in [("scale_factor", 1), ("add_offset", 0)])
    if (scale, offset) == (1, 0):
        return stored, missing
    return stored.astype("f8") * scale + offset, missing


class Dice(random.Random):
    def maybe(self, chance=0.5):
        return self.random() < chance

    def stored(self, shape, dtype):
        """Numbers that 64-bit floating point holds exactly, among them the ends of the type."""
        rng = numpy.random.default_rng(self.getrandbits(64))
        if dtype.kind == "f":
            values = rng.normal(0, 100, shape).astype(dtype)
            return values if self.maybe() else numpy.round(values)
        if dtype.kind == "b":
            return rng.integers(0, 2, shape).astype(dtype)
        info = numpy.iinfo(dtype)
        wide = self.maybe()
        values = rng.integers(info.min if wide else 0, info.max if wide else 100, shape, dtype, endpoint=True)
        # The last bits of 64 are left out: those of series that floating point would round are refused.
        return values >> 12 << 12 if dtype.itemsize == 8 else values

    def attributes(self, values):
        """Attributes as people write them, and the values with some of the marks among them."""
        dtype = values.dtype
        attributes, marks = {}, []
        if dtype.kind == "b":
            return attributes, values
        meant = dtype
        if dtype.kind in "iu" and self.maybe(0.3):
            unsigned = self.maybe()
            attributes["_Unsigned"] = "true" if unsigned else "false"
            meant = numpy.dtype(("u" if unsigned else "i") + str(dtype.itemsize))
        def mark():
            if self.maybe(0.2) and dtype.kind == "i" and dtype == meant:
                return -9
            if dtype.kind == "f":
                return dtype.type(self.choice([-9999.9, 1e20, -99, 0.1, float("nan")]) if dtype.itemsize > 2 else -99)
            return self.choice(values.ravel().tolist())
        if self.maybe(0.4):
            one = mark()
            attributes["_FillValue"] = dtype.type(one)
            marks.append(one)
        if self.maybe(0.4):
            several = [mark() for _ in range(self.choice([1, 1, 2, 3]))]
            marks += several
            exact = dtype.itemsize < 8 or dtype.kind == "f"
            typed = numpy.array(several, dtype)
            attributes["missing_value"] = self.choice(
                [typed, typed.astype("f8") if exact else typed, " ".join(str(one) for one in typed.tolist())]
            )
        packed = self.maybe(0.4)
        if packed:
            kind = self.choice(["f4", "f8"])
            if self.maybe(0.8):
                attributes["scale_factor"] = numpy.array(self.choice([0.1, 0.01, 0.5, -3.7, 1e-5]), kind)[()]
            if self.maybe(0.6):
                attributes["add_offset"] = numpy.array(self.choice([273.15, -10, 0.1]), kind)[()]
        inside = numpy.sort(values.view(meant) if meant != dtype else values, axis=None)
        low, high = inside[len(inside) // 40], inside[-1 - len(inside) // 40]
        if dtype.kind in "iu" and self.maybe():
            low, high = low.astype(dtype), high.astype(dtype)
        if self.maybe(0.15):
            attributes["valid_range"] = numpy.array([low, high])
        elif self.maybe(0.2):
            attributes["valid_min"] = low
            if self.maybe():
                attributes["valid_max"] = high
        if marks and self.maybe():
            for _ in range(3):
                values[tuple(self.randrange(length) for length in values.shape)] = self.choice(marks)
        return attributes, values


def bits(values, missing):
    """Series as they are expected: whole ones must be as floating point."""
    numbers = values.astype("f8")
    return [[None if gap else struct.pack(">d", one).hex() for one, gap in zip(*row)] for row in zip(numbers, missing)]


def parameters(values, missing):
    plain = lambda one: one if values.dtype.kind == "f" else int(one)
    text = lambda one: struct.pack(">d", one).hex() if isinstance(one, float) else str(one)
    return [None if gap or (values.dtype.kind == "f" and not numpy.isfinite(one)) else text(plain(one)) for one, gap in zip(values.tolist(), missing)]


class Netcdf:
    """A file as netCDF4 writes it."""

    def __init__(self, path, dice):
        self.dice = dice
        self.file = netCDF4.Dataset(path, "w")
        self.types = WHOLE + REAL

    def dimension(self, name, length):
        self.file.createDimension(name, length)

    def time_first(self):
        return self.dice.maybe()

    def fitting(self, attributes):
        return attributes

    def variable(self, name, dims, values, attributes):
        """Writes it; what is never written of it holds the last of the returned values."""
        dice = self.dice
        attributes = dict(attributes)
        options = {"fill_value": attributes.pop("_FillValue", None)}
        if options["fill_value"] is None and dice.maybe(0.2):
            options["fill_value"] = False
        storage = dice.choice(["contiguous", "plain", "zlib", "zlib", "fletcher32"])
        if storage == "contiguous":
            options["contiguous"] = True
        else:
            options["chunksizes"] = chunk(dice, values.shape)
            options["shuffle"] = dice.maybe()
            options["fletcher32"] = storage == "fletcher32"
            options["compression"] = "zlib" if storage == "zlib" else None
        options["endian"] = dice.choice(["little", "big"])
        order = values.dtype.newbyteorder(options["endian"])
        variable = self.file.createVariable(name, order, dims, **options)
        variable.set_auto_maskandscale(False)
        variable.setncatts(attributes)
        never_written = None
        if options["fill_value"] is None and values.dtype.itemsize > 1:
            never_written = netCDF4.default_fillvals[values.dtype.str[1:]]
        if values.ndim == 2 and options["fill_value"] is not False and dice.maybe(0.2):
            variable[: len(values) // 2] = values[: len(values) // 2]
            self.file.sync()
            values = variable[:].astype(values.dtype)
        else:
            variable[:] = values
        return values, never_written

    def close(self):
        self.file.close()


class Classic(Netcdf):
    """A file in one of the classic formats, in which at most the first dimension grows."""

    def __init__(self, path, dice):
        self.dice = dice
        form = dice.choice(["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
        self.file = netCDF4.Dataset(path, "w", format=form)
        self.types = ["i1", "i2", "i4", *REAL]
        if form == "NETCDF3_64BIT_DATA":
            self.types = WHOLE + REAL
        self.grows = dice.choice(["time", "id", None])

    def dimension(self, name, length):
        self.file.createDimension(name, None if name == self.grows else length)

    def time_first(self):
        return {"time": True, "id": False, None: self.dice.maybe()}[self.grows]

    def fitting(self, attributes):
        """Those of a type that the format has."""
        fits = lambda value: isinstance(value, str) or value.dtype.str[1:] in self.types
        return {name: value for name, value in attributes.items() if fits(value)}

    def variable(self, name, dims, values, attributes):
        attributes = dict(attributes)
        fill = attributes.pop("_FillValue", None)
        variable = self.file.createVariable(name, values.dtype, dims, fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.setncatts(attributes)
        never_written = None
        if fill is None and values.dtype.itemsize > 1:
            never_written = netCDF4.default_fillvals[values.dtype.str[1:]]
        if values.ndim == 2 and dims[0] != self.grows and self.dice.maybe(0.2):
            variable[: len(values) // 2] = values[: len(values) // 2]
            self.file.sync()
            values = variable[:].astype(values.dtype)
        else:
            variable[:] = values
        return values, never_written


class Plain:
    """A file as h5py writes it, with dimension scales."""

    def __init__(self, path, dice):
        self.dice = dice
        self.file = h5py.File(path, "w")
        self.types = [*WHOLE, *REAL, "f2", "?"]

    def dimension(self, name, length):
        pass

    def time_first(self):
        return self.dice.maybe()

    def fitting(self, attributes):
        return attributes

    def variable(self, name, dims, values, attributes):
        dice = self.dice
        order = dice.choice("<>") if values.dtype.itemsize > 1 else "|"
        options = {}
        storage = dice.choice(["contiguous", "compact", "plain", "gzip", "gzip", "lzf", "blosc", "packed", "fletcher32"])
        if storage == "compact" and values.nbytes < 60_000:
            made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            made.set_layout(h5py.h5d.COMPACT)
            options["dcpl"] = made
        elif storage not in ["contiguous", "compact"]:
            options["chunks"] = chunk(dice, values.shape)
            options["shuffle"] = dice.maybe()
            options["fletcher32"] = storage == "fletcher32"
            if storage in ["gzip", "lzf"]:
                options["compression"] = storage
            if storage == "blosc":
                options |= hdf5plugin.Blosc(cname=dice.choice(["blosclz", "lz4", "zlib", "zstd"]))
            if storage == "packed" and values.dtype.kind in "iu" and values.dtype.itemsize < 8:
                options["scaleoffset"] = 0
        dataset = self.file.create_dataset(name, data=values, dtype=values.dtype.newbyteorder(order), **options)
        for attribute, value in attributes.items():
            dataset.attrs[attribute] = value if isinstance(value, str) or dice.maybe() else numpy.atleast_1d(value)
        if dims == (name,):
            dataset.make_scale(name)
        else:
            for axis, dim in enumerate(dims):
                dataset.dims[axis].attach_scale(self.file[dim])
        return values, None

    def close(self):
        self.file.close()


def chunk(dice, shape):
    return tuple(dice.choice([length, dice.randint(1, length)]) for length in shape)


def write(path, dice, maker):
    catchments, steps = dice.randint(1, 40), dice.choice([1, 7, 60, 300])
    file = maker(path, dice)
    file.dimension("time", steps)
    file.dimension("id", catchments)
    time, _ = file.variable("time", ("time",), numpy.arange(steps, dtype=dice.choice([one for one in file.types if one in ["i4", "i8", "u8", "f8"]])), {"units": "hours since 2009-01-01"})
    ids = [dice.randrange(127 // (catchments + 1)) + 1 + at for at in range(catchments)]
    kind = numpy.dtype(dice.choice([one for one in WHOLE if one in file.types]))
    if kind.itemsize == 8 and dice.maybe():
        ids = [int(numpy.iinfo(kind).max) - 200 + at for at in ids]
    dice.shuffle(ids)
    ids = sorted(set(ids), key=ids.index)
    ids += [at for at in range(1, 127) if at not in ids][: catchments - len(ids)]
    file.variable("id", ("id",), numpy.array(ids, kind), {"missing_value": kind.type(0)})
    series, scalars = {}, {}
    for at in range(4):
        time_first = file.time_first()
        dtype = numpy.dtype(dice.choice(file.types))
        values = dice.stored((steps, catchments) if time_first else (catchments, steps), dtype)
        attributes, values = dice.attributes(values)
        attributes = file.fitting(attributes)
        dims = ("time", "id") if time_first else ("id", "time")
        values, never_written = file.variable(f"Q{at}", dims, values, attributes)
        values, missing = decode(values, attributes, never_written)
        series[f"Q{at}"] = bits(values.T, missing.T) if time_first else bits(values, missing)
        values = dice.stored((catchments,), numpy.dtype(dice.choice(file.types)))
        attributes, values = dice.attributes(values)
        attributes = file.fitting(attributes)
        values, never_written = file.variable(f"p{at}", ("id",), values, attributes)
        scalars[f"p{at}"] = parameters(*decode(values, attributes, never_written))
    file.close()
    return {"ids": [str(one) for one in ids], "series": series, "parameters": scalars}


def main():
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    dice = Dice(seed)
    numpy.seterr(all="ignore")
    makers = [Netcdf, Plain, Classic]
    expected = [write(folder / f"{at}.nc", dice, makers[at % 3]) for at in range(rounds)]
    (folder / "expected.json").write_text(json.dumps(expected))


main()
