"""Measures `rerunoff import` of one wide table beside readers of the same file: MB/s of text, processor time, peak memory.

    python benches/import_bench.py target/release/rerunoff --catchments 2000 --steps 8760

All programs take turns, `--repeat` times; the median counts. The readers only parse the table, with all cores if they know how;
rerunoff also digests it, transposes it and writes HDF5, which is not there before: some disks take long to give back an old file's
room. The text is in memory when they read it, and rerunoff has no memory of an earlier import. What Python takes to start is the
readers' own. Readers that are not installed are named and left out. `measure` returns what
is printed, as a dict.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import cost

PROJECT = """
[import]
compression = {compression}
[import.series.discharge]
file = "Q.csv"
units = "m3 s-1"
[input]
file = "input.h5"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.nc"
"""

# Each reader's function, and how it is called: told the separator, and nothing that it finds out by itself.
READERS = {
    "polars": ("read_csv", "import polars; polars.read_csv(sys.argv[1], separator=';')"),
    "pandas": ("read_csv", "import pandas; pandas.read_csv(sys.argv[1], sep=';', index_col=0)"),
    "pyarrow": ("csv.read_csv", "from pyarrow import csv; csv.read_csv(sys.argv[1], parse_options=csv.ParseOptions(delimiter=';'))"),
    "duckdb": ("read_csv", "import duckdb; duckdb.sql(f\"create table t as from read_csv('{sys.argv[1]}', delim=';')\")"),
}


def missing(python=sys.executable):
    """The readers that are not installed for this Python."""
    asked = f"import importlib.util as u; print(*(name for name in {list(READERS)} if u.find_spec(name) is None))"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.split()


def write_table(path, catchments, steps, seed=1):
    """A table of discharges with three decimals, drawn from 50,000 different ones."""
    source = random.Random(seed)
    values = [f"{source.lognormvariate(1, 1.5):.3f}" for _ in range(50_000)]
    with path.open("w") as file:
        file.write("time;" + ";".join(str(70_001 + c) for c in range(catchments)) + "\n")
        for step in range(steps):
            stamp = time.strftime("%Y-%m-%d %H:%M", time.gmtime(1_230_768_000 + 3600 * step))
            file.write(stamp + ";" + ";".join(source.choices(values, k=catchments)) + "\n")


def measure(rerunoff, catchments, steps, repeat=3, compression=0, readers=tuple(READERS), folder=None, python=sys.executable):
    """All programs on one table, of the readers those of these that are installed for this Python."""
    absent = missing(python)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = Path(scratch)
        table = scratch / "Q.csv"
        write_table(table, catchments, steps)
        (scratch / "rerunoff.toml").write_text(PROJECT.format(compression=compression))
        megabytes = table.stat().st_size / 1e6
        programs = {"rerunoff": [str(Path(rerunoff).resolve()), "-C", str(scratch), "import", "--force", "-q"]}
        for name in readers:
            if name not in absent:
                programs[name] = [str(python), "-c", f"import sys; {READERS[name][1]}", str(table)]
        result = {"catchments": catchments, "steps": steps, "megabytes": round(megabytes, 1), "missing": [name for name in readers if name in absent]}
        rounds = []
        for _ in range(repeat):
            (scratch / "input.h5").unlink(missing_ok=True)
            shutil.rmtree(scratch / "cache", ignore_errors=True)
            rounds.append({name: cost(command) for name, command in programs.items()})
        for name in programs:
            median = {field: statistics.median(getattr(each[name], field) for each in rounds) for field in ("wall", "cpu", "peak")}
            result[name] = {
                "seconds": round(median["wall"], 3),
                "processor_seconds": round(median["cpu"], 3),
                "megabytes_per_second": round(megabytes / median["wall"], 1),
                "peak_mebibytes": round(median["peak"] / (1 << 20)),
            }
        ours = result["rerunoff"]
        for name in list(programs)[1:]:
            theirs = result[name]
            theirs["times_as_long"] = round(theirs["seconds"] / ours["seconds"], 2)
            theirs["times_the_processor_time"] = round(theirs["processor_seconds"] / ours["processor_seconds"], 2)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rerunoff", help="the binary")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=8760)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--compression", type=int, default=0)
    parser.add_argument("--readers", nargs="*", choices=READERS, default=list(READERS), help="beside which readers [all]")
    parser.add_argument("--python", default=sys.executable, help="the Python that has them [this one]")
    parser.add_argument("--folder", help="where the table goes, a disk with room for three times its size")
    options = parser.parse_args()
    result = measure(
        options.rerunoff,
        options.catchments,
        options.steps,
        options.repeat,
        options.compression,
        options.readers,
        options.folder,
        options.python,
    )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
