"""Inputs that point to other files, each in a folder of its own: `FOLDER/KIND/input.h5`.

All of them say the same: catchments 70001 to 70003, 24 hourly steps, precipitation and discharge as in tests/common, and
one parameter. `python make_linked.py FOLDER` makes them and prints the kinds, a line each: KIND, and the file that has the
precipitation of 70002 at step 2. `python make_linked.py FOLDER change` makes it 777 in all of them.
"""

import os
import sys
from pathlib import Path

import h5py
import numpy as np

STEPS, N = 24, 3
STEP = np.arange(STEPS)[:, None]
CATCHMENT = np.arange(N)[None, :]
P = CATCHMENT + STEP / 8.0
Q = STEP * 0.25 + np.where(STEP == 0, 0.0, CATCHMENT)
IDS = [b"70001", b"70002", b"70003"]
AREA = 1e6 + np.arange(N)


def new(name):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    return h5py.File(name, "w", libver="latest")


def own(file, but=()):
    """What the input has itself, but for some of it."""
    if "catchment" not in but:
        file["catchment"] = np.array(IDS)
    if "time" not in but:
        times(file)
    if "A_tot" not in but:
        file["A_tot"] = AREA
    if "precipitation" not in but:
        file["precipitation"] = P
    if "discharge" not in but:
        file["discharge"] = Q


def times(file, name="time"):
    file[name] = np.arange(STEPS, dtype="f8")
    file[name].attrs["units"] = "hours since 2009-01-01 00:00:00"


def virtual(file, name, shape, pieces, dtype="f8", **how):
    layout = h5py.VirtualLayout(shape, dtype, **how)
    for where, source in pieces:
        layout[where] = source
    file.create_virtual_dataset(name, layout)


def external():
    with new("source.h5") as f:
        f["deep/p"] = P
    with new("input.h5") as f:
        own(f, ["precipitation"])
        f["precipitation"] = h5py.ExternalLink("source.h5", "/deep/p")
    return "source.h5 h5 deep/p 2 1"


def everything_external():
    """Ids, time and parameters too, in a folder beside."""
    with new("data/source.h5") as f:
        own(f)
    with new("input.h5") as f:
        for name in ["catchment", "time", "A_tot", "precipitation", "discharge"]:
            f[name] = h5py.ExternalLink("data/source.h5", name)
    return "data/source.h5 h5 precipitation 2 1"


def chain():
    """A soft link through a linked group, to a file that leads to a third in another folder."""
    with new("far/third.h5") as f:
        f["p"] = P
    with new("far/second.h5") as f:
        f["group/p"] = h5py.ExternalLink("third.h5", "/p")
    with new("input.h5") as f:
        own(f, ["precipitation"])
        f["other"] = h5py.ExternalLink("far/second.h5", "/group")
        f["precipitation"] = h5py.SoftLink("/other/p")
    return "far/third.h5 h5 p 2 1"


def soft():
    with new("input.h5") as f:
        own(f, ["precipitation"])
        f["kept/values"] = P
        f["precipitation"] = h5py.SoftLink("kept/values")
    return "input.h5 h5 kept/values 2 1"


def virtual_of_one():
    with new("source.h5") as f:
        f["p"] = P
    with new("input.h5") as f:
        own(f, ["precipitation"])
        virtual(f, "precipitation", (STEPS, N), [(np.s_[:], h5py.VirtualSource("source.h5", "p", (STEPS, N)))])
    return "source.h5 h5 p 2 1"


def virtual_of_a_part():
    with new("source.h5") as f:
        f["p"] = np.full((STEPS + 7, N + 4), -1.0)
        f["p"][3 : 3 + STEPS, 1 : 2 * N : 2] = P[:, :N]
    with new("input.h5") as f:
        own(f, ["precipitation"])
        source = h5py.VirtualSource("source.h5", "p", (STEPS + 7, N + 4))
        virtual(f, "precipitation", (STEPS, N), [(np.s_[:], source[3 : 3 + STEPS, 1 : 2 * N : 2])])
    return "source.h5 h5 p 5 3"


def virtual_of_many():
    """A file for each catchment; one of them is a virtual dataset itself, of pieces in the order of time."""
    pieces = []
    for at in range(N):
        name = f"data/c{at}.h5"
        with new(name) as f:
            if at != 1:
                f["p"] = P[:, at]
            else:
                halves = []
                for half in range(2):
                    with new(f"data/half{half}.h5") as g:
                        g["p"] = P[half * 12 : half * 12 + 12, at]
                    source = h5py.VirtualSource(f"half{half}.h5", "p", (12,))
                    halves.append((np.s_[half * 12 : half * 12 + 12], source))
                virtual(f, "p", (STEPS,), halves)
        pieces.append((np.s_[:, at], h5py.VirtualSource(name, "p", (STEPS,))))
    with new("input.h5") as f:
        own(f, ["precipitation"])
        virtual(f, "precipitation", (STEPS, N), pieces)
    return "data/half0.h5 h5 p 2"


def virtual_irregular():
    """Columns that no regular selection describes, and one in the same file."""
    with new("source.h5") as f:
        f["p"] = P[:, :2]
    with new("input.h5") as f:
        own(f, ["precipitation"])
        f["first"] = np.stack([np.arange(STEPS), P[:, 2]], 1)
        one = h5py.VirtualSource("source.h5", "p", (STEPS, 2))
        own_source = h5py.VirtualSource(".", "first", (STEPS, 2))
        space = [(np.s_[:, [0, 1]], one), (np.s_[:, 2], own_source[:, 1])]
        virtual(f, "precipitation", (STEPS, N), space)
    return "source.h5 h5 p 2 1"


def virtual_endless():
    """Time goes on as long as the source does."""
    with new("source.h5") as f:
        f.create_dataset("p", data=P, maxshape=(None, N), chunks=(6, N))
    with new("input.h5") as f:
        own(f, ["precipitation"])
        layout = h5py.VirtualLayout((STEPS, N), "f8", maxshape=(None, N))
        source = h5py.VirtualSource("source.h5", "p", (STEPS, N), maxshape=(None, N))
        end = h5py.h5s.UNLIMITED
        layout[:end, :] = source[:end, :]
        f.create_virtual_dataset("precipitation", layout)
    return "source.h5 h5 p 2 1"


def virtual_numbered():
    """A file for each six hours, numbered."""
    for block in range(4):
        with new(f"part_{block}.h5") as f:
            f["p"] = P[block * 6 : block * 6 + 6]
    with new("input.h5") as f:
        own(f, ["precipitation"])
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.VIRTUAL)
        target = h5py.h5s.create_simple((STEPS, N), (h5py.h5s.UNLIMITED, N))
        target.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (6, 1), (6, N))
        source = h5py.h5s.create_simple((6, N))
        plist.set_virtual(target, b"part_%b.h5", b"p", source)
        space = h5py.h5s.create_simple((STEPS, N), (h5py.h5s.UNLIMITED, N))
        h5py.h5d.create(f.id, b"precipitation", h5py.h5t.IEEE_F64LE, space, plist)
    return "part_0.h5 h5 p 2 1"


def raw():
    P.tofile("p.bin")
    with new("input.h5") as f:
        own(f, ["precipitation"])
        path = os.path.abspath("p.bin")
        f.create_dataset("precipitation", (STEPS, N), "f8", external=[(path, 0, P.nbytes)])
    return "p.bin raw 56"


def raw_in_pieces():
    with open("first.bin", "wb") as f:
        f.write(b"head" + P.tobytes()[:100])
    with open("rest.bin", "wb") as f:
        f.write(P.tobytes()[100:])
    with new("input.h5") as f:
        own(f, ["precipitation"])
        files = [(os.path.abspath("first.bin"), 4, 100), (os.path.abspath("rest.bin"), 0, h5py.h5f.UNLIMITED)]
        f.create_dataset("precipitation", (STEPS, N), "f8", external=files)
    return "first.bin raw 60"


def group(file, at):
    table = np.zeros(STEPS, [("precipitation", "f8"), ("discharge", "f8")])
    table["precipitation"], table["discharge"] = P[:, at], Q[:, at]
    file["inputs"] = table
    file["parameters"] = np.array([(b"A_tot", AREA[at])], [("name", "S8"), ("value", "f8")])


def groups():
    """A file for each catchment."""
    with new("input.h5") as f:
        f["time_steps"] = 1230768000 * 10**9 + np.arange(STEPS) * 3600 * 10**9
        for at in range(N):
            with new(f"c{at}.h5") as g:
                group(g, at)
            f[f"catch_{70001 + at}"] = h5py.ExternalLink(f"c{at}.h5", "/")
    return "c1.h5 table inputs 2"


def groups_with_linked_tables():
    with new("times.h5") as f:
        f["time_steps"] = 1230768000 * 10**9 + np.arange(STEPS) * 3600 * 10**9
    with new("input.h5") as f:
        f["time_steps"] = h5py.ExternalLink("times.h5", "time_steps")
        for at in range(N):
            with new(f"c{at}.h5") as g:
                group(g, at)
            for table in ["inputs", "parameters"]:
                f[f"catch_{70001 + at}/{table}"] = h5py.ExternalLink(f"c{at}.h5", table)
    return "c1.h5 table inputs 2"


KINDS = [
    external, everything_external, chain, soft, virtual_of_one, virtual_of_a_part, virtual_of_many, virtual_irregular,
    virtual_endless, virtual_numbered, raw, raw_in_pieces, groups, groups_with_linked_tables,
]  # fmt: skip


def change(file, how, path, *at):
    if how == "raw":
        with open(file, "r+b") as f:
            f.seek(int(path))
            f.write(np.float64(777).tobytes())
        return
    with h5py.File(file, "r+") as f:
        at = tuple(map(int, at))
        if how == "table":
            table = f[path][:]
            table["precipitation"][at] = 777
            f[path][:] = table
        else:
            f[path][at] = 777


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    for kind in KINDS:
        place = folder / kind.__name__
        if sys.argv[2:] == ["change"]:
            os.chdir(place)
            file, *how = Path("where").read_text().split()
            change(file, *how)
        else:
            place.mkdir()
            os.chdir(place)
            where = kind()
            Path("where").write_text(where)
            print(kind.__name__, where.split()[0])
