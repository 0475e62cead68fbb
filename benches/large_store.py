"""What it takes to look after a store of 100 GB: `status`, `gc --dry-run`, `doctor` and `gc`, beside the same of one of 200 short results.

    .venv/bench/bin/python -B benches/large_store.py target/release/rerunoff --gigabytes 100 --folder FOLDER

The results are made up: as many as there is room for, each of three columns of 8,760 steps, no two alike, with keys, checksums and seals
as rerunoff writes them, so that all of them are whole and none is needed. They are not compressed by the store, but a file system that
compresses has room for them where there is none otherwise: a file with btrfs in it, mounted with `compress-force=zstd:1`, takes a
thirtieth. It is slower then than a disk. What is to be seen is how memory grows and whether `status` is slower.
"""

import argparse
import contextlib
import os
import sqlite3
import struct
import sys
from pathlib import Path

from blake3 import blake3

from measure import cost
from projects import Project, trivial
from report import mebibytes, milliseconds

ROOT = Path(__file__).resolve().parent.parent
STEPS, COLUMNS = 8_760, ("T", "P", "Q")
# As `store/codec` has it: plain numbers.
RAW = b"\1"
# What all columns have after their first value.
REST = struct.pack(f"<{STEPS - 1}d", *(step % 64 for step in range(1, STEPS)))
# Results written together.
BATCH = 1_000


def column(number):
    """A column like no other: its bytes, their checksum, its least and its greatest value."""
    payload = RAW + struct.pack("<d", number) + REST
    return payload, blake3(payload).digest(), 0.0, max(63.0, float(number))


def result(number):
    """A result's key, its seal and its columns."""
    key, columns = os.urandom(32), [column(number * len(COLUMNS) + at) for at in range(len(COLUMNS))]
    seal = blake3(key + struct.pack("<q", STEPS))
    for name, (_, checksum, least, greatest) in zip(COLUMNS, columns):
        seal.update(struct.pack("<Q", len(name)) + name.encode() + struct.pack("<ddQ", least, greatest, 0) + checksum)
    return key, seal.digest(), columns


def fill(store, size):
    """Adds results until the store has so many bytes; how many they are."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
        for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        page, number = database.execute("PRAGMA page_size").fetchone()[0], 0
        while database.execute("PRAGMA page_count").fetchone()[0] * page < size:
            database.execute("BEGIN")
            for _ in range(BATCH):
                key, seal, columns = result(number)
                insert = "INSERT INTO result (key, steps, created, used, seal) VALUES (?, ?, 1, 1, ?)"
                made = database.execute(insert, (key, STEPS, seal)).lastrowid
                for at, (name, (payload, checksum, least, greatest)) in enumerate(zip(COLUMNS, columns)):
                    stored = database.execute("INSERT INTO payload (checksum, bytes) VALUES (?, ?)", (checksum, payload)).lastrowid
                    insert = "INSERT INTO series VALUES (?, ?, ?, ?, ?, 0, ?, ?)"
                    database.execute(insert, (made, at, name, least, greatest, checksum, stored))
                number += 1
            database.execute("COMMIT")
            if number % 50_000 == 0:
                print(f"{number} results made up", file=sys.stderr, flush=True)
        database.execute("PRAGMA journal_mode = WAL").fetchall()
    return number


def looked_after(project, *verbs):
    for verb in verbs:
        done = project.do(*verb.split())
        last = done.text.strip().splitlines()[-1] if done.text.strip() else ""
        print(f"{verb:<14} {milliseconds(done.wall):>9}  {milliseconds(done.cpu):>9} of processor  {mebibytes(done.peak):>8}  {last[:90]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--folder", default=ROOT / "target" / "large-store")
    arguments = parser.parse_args()
    project = Project(Path(arguments.binary).resolve(), Path(arguments.folder) / "project", 200, 24)
    trivial(project)
    project.do("run", "--quiet")
    project.do("gc")
    print(f"a store of {project.store.stat().st_size / 1e6:.1f} MB")
    looked_after(project, "status", "gc --dry-run", "doctor")
    count = fill(project.store, arguments.gigabytes * 1e9)
    print(f"a store of {project.store.stat().st_size / 1e9:.1f} GB, {count} results more")
    looked_after(project, "status", "gc --dry-run", "doctor", "gc", "status")
    print(f"a store of {project.store.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
