"""Inputs whose links lead nowhere or to too little: `FOLDER/KIND/input.h5`, for the project of tests/common.

It prints a line for each: KIND, then what an error has to say.
"""

import os
import sys
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pandas
from make_linked import N, STEPS, P, group, new, own, virtual


def input_with(precipitation):
    with new("input.h5") as f:
        own(f, ["precipitation"])
        precipitation(f)


def dangling_soft_link():
    input_with(lambda f: f.__setitem__("precipitation", h5py.SoftLink("/kept/p")))
    return "`precipitation` can't be read: there is no `/kept`"


def circle():
    def link(f):
        f["precipitation"] = h5py.SoftLink("/a")
        f["a"] = h5py.SoftLink("/precipitation")

    input_with(link)
    return "they may lead in a circle"


def no_such_object():
    with new("source.h5") as f:
        f["other"] = P
    input_with(lambda f: f.__setitem__("precipitation", h5py.ExternalLink("source.h5", "/p")))
    return "there is no `/p` in"


def no_hdf5():
    Path("source.h5").write_text("no HDF5")
    input_with(lambda f: f.__setitem__("precipitation", h5py.ExternalLink("source.h5", "/p")))
    return "source.h5: the file can't be opened as HDF5"


def no_group():
    with new("input.h5") as f:
        f["time_steps"] = 1230768000 * 10**9 + np.arange(STEPS) * 3600 * 10**9
        for at in range(N):
            with new(f"c{at}.h5") as g:
                group(g, at)
            f[f"catch_{70001 + at}"] = h5py.ExternalLink(f"c{at}.h5", "/")
    os.remove("c2.h5")
    return "`catch_70003` can't be read: `/catch_70003` in"


def no_table():
    with new("input.h5") as f:
        f["time_steps"] = 1230768000 * 10**9 + np.arange(STEPS) * 3600 * 10**9
        for at in range(N):
            group(f.create_group(f"catch_{70001 + at}"), at)
        del f["catch_70002/parameters"]
        f["catch_70002/parameters"] = h5py.SoftLink("/gone")
    return "`catch_70002/parameters` can't be read: there is no `/gone`"


def gap():
    with new("source.h5") as f:
        f["p"] = P
    source = h5py.VirtualSource("source.h5", "p", (STEPS, N))
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), [(np.s_[:, :2], source[:, :2])]))
    return "a virtual dataset of 72 values, 24 of which have no source"


def gap_of_missing_values():
    with new("source.h5") as f:
        f["p"] = P
    source = h5py.VirtualSource("source.h5", "p", (STEPS, N))
    layout = h5py.VirtualLayout((STEPS, N), "f8")
    layout[:, :2] = source[:, :2]
    input_with(lambda f: f.create_virtual_dataset("precipitation", layout, fillvalue=np.nan))


def overlapping_with_a_gap():
    """As many values as there should be, but some of them twice."""
    with new("source.h5") as f:
        f["p"] = P
    source = h5py.VirtualSource("source.h5", "p", (STEPS, N))
    pieces = [(np.s_[:, :2], source[:, :2]), (np.s_[:, 1:2], source[:, 1:2])]
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), pieces))
    return "24 of which have no source"


def virtual_of_itself():
    """By names that get longer and longer."""
    source = h5py.VirtualSource("../virtual_of_itself/input.h5", "precipitation", (STEPS, N))
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), [(np.s_[:], source)]))
    return "its sources lead back to it"


def raw_file_that_is_a_folder():
    Path("p.bin").mkdir()
    files = [(os.path.abspath("p.bin"), 0, P.nbytes)]
    input_with(lambda f: f.create_dataset("precipitation", (STEPS, N), "f8", external=files))
    return "p.bin: is a folder, not a file"


def grown():
    with new("source.h5") as f:
        f.create_dataset("p", data=np.pad(P, ((0, 0), (2, 0))))
    pieces = [(np.s_[:], h5py.VirtualSource("source.h5", "p", (STEPS, N)))]
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), pieces))
    return "has 120 values where the virtual dataset was made for 72"


def shrunk():
    with new("source.h5") as f:
        f["p"] = P[:20]
    source = h5py.VirtualSource("source.h5", "p", (STEPS + 1, N))
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), [(np.s_[:], source[:STEPS])]))
    return "has 60 values where the virtual dataset was made for 72"


def endless_and_uneven():
    """Two catchments' series go on, one ends before."""
    for at in range(N):
        with new(f"c{at}.h5") as f:
            f.create_dataset("p", data=P[: STEPS - 2 * (at == 1), at], maxshape=(None,), chunks=(6,))
    layout = h5py.VirtualLayout((STEPS, N), "f8", maxshape=(None, N))
    end = h5py.h5s.UNLIMITED
    for at in range(N):
        source = h5py.VirtualSource(f"c{at}.h5", "p", (STEPS,), maxshape=(None,))
        layout[:end, at] = source[:end]
    input_with(lambda f: f.create_virtual_dataset("precipitation", layout))
    return "c1.h5, of shape [22], has 22 values where the virtual dataset was made for 24"


def numbered_with_a_gap():
    for block in [0, 1, 3]:
        with new(f"part_{block}.h5") as f:
            f["p"] = P[block * 6 : block * 6 + 6]

    def make(f):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.VIRTUAL)
        target = h5py.h5s.create_simple((STEPS, N), (h5py.h5s.UNLIMITED, N))
        target.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (6, 1), (6, N))
        plist.set_virtual(target, b"part_%b.h5", b"p", h5py.h5s.create_simple((6, N)))
        space = h5py.h5s.create_simple((STEPS, N), (h5py.h5s.UNLIMITED, N))
        h5py.h5d.create(f.id, b"precipitation", h5py.h5t.IEEE_F64LE, space, plist)

    input_with(make)
    return "part_2.h5 is not there, though part_3.h5 is"


def short_raw_file():
    P[:20].tofile("p.bin")
    files = [(os.path.abspath("p.bin"), 0, P.nbytes)]
    input_with(lambda f: f.create_dataset("precipitation", (STEPS, N), "f8", external=files))
    return "p.bin up to byte 576, but that file has 480 bytes"


def raw_file_elsewhere():
    """A relative name, which HDF5 looks for in the current folder."""
    P.tofile("p.bin")
    files = [("p.bin", 0, P.nbytes)]
    input_with(lambda f: f.create_dataset("precipitation", (STEPS, N), "f8", external=files))
    return "p.bin is not there"


def filter_of_series():
    compressed = dict(chunks=(STEPS, N), **hdf5plugin.Zstd())
    input_with(lambda f: f.create_dataset("precipitation", data=P, **compressed))
    return "`precipitation` can't be read: its values went through the filter 32015"


def filter_of_ids():
    with new("input.h5") as f:
        own(f, ["catchment"])
        f.create_dataset("catchment", data=[70001, 70002, 70003], chunks=(3,), **hdf5plugin.BZip2())
    return "`catchment` can't be read: its values went through the filter 307"


def filter_behind_a_link():
    with new("source.h5") as f:
        f.create_dataset("p", data=P, chunks=(STEPS, N), **hdf5plugin.LZ4())
    source = h5py.VirtualSource("source.h5", "p", (STEPS, N))
    input_with(lambda f: virtual(f, "precipitation", (STEPS, N), [(np.s_[:], source)]))
    return "its values went through the filter 32004"


def blosc_with_snappy():
    compressed = dict(chunks=(STEPS, N), **hdf5plugin.Blosc(cname="snappy"))
    input_with(lambda f: f.create_dataset("precipitation", data=P, **compressed))
    return "`precipitation` can't be read: its values were compressed by Blosc with Snappy"


def frame():
    return pandas.DataFrame(P, pandas.date_range("2009-01-01", periods=STEPS, freq="h"), ["70001", "70002", "70003"])


def frame_of_pandas():
    frame().to_hdf("input.h5", key="precipitation")
    return "`precipitation` is a frame as pandas' `to_hdf` writes it"


def frames_of_pandas_in_groups():
    for name in frame():
        frame()[[name]].to_hdf("input.h5", key=f"catch_{name}/inputs", format="table")
    return "`catch_70001` is a frame as pandas' `to_hdf` writes it"


KINDS = [
    dangling_soft_link, circle, virtual_of_itself, raw_file_that_is_a_folder, no_such_object, no_hdf5, no_group, no_table, gap, overlapping_with_a_gap, grown, shrunk,
    endless_and_uneven, numbered_with_a_gap, short_raw_file, raw_file_elsewhere, filter_of_series, filter_of_ids,
    filter_behind_a_link, blosc_with_snappy, frame_of_pandas, frames_of_pandas_in_groups,
]  # fmt: skip

if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    for kind in KINDS:
        place = folder / kind.__name__
        place.mkdir()
        os.chdir(place)
        print(kind.__name__, kind())
    Path("../gap_of_missing_values").mkdir()
    os.chdir("../gap_of_missing_values")
    gap_of_missing_values()
    # Beside these, where HDF5 looks for plugins of filters.
    print("plugins", hdf5plugin.PLUGIN_PATH)
