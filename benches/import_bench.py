"""Measures `rerunoff import` of one wide table beside `pandas.read_csv` of the same file: MB/s of text and peak memory.

    python benches/import_bench.py target/release/rerunoff --catchments 2000 --steps 8760

Both programs take turns, `--repeat` times; the median counts. pandas only parses; rerunoff also digests the file,
transposes it and writes HDF5, which is not there before: some disks take long to give back an old file's room. The text
is in memory when they read it. `measure` returns what is printed, as a dict.
"""

import argparse
import json
import random
import statistics
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

PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1], sep=';', index_col=0)"


def write_table(path, catchments, steps, seed=1):
    """A table of discharges with three decimals, drawn from 50,000 different ones."""
    source = random.Random(seed)
    values = [f"{source.lognormvariate(1, 1.5):.3f}" for _ in range(50_000)]
    with path.open("w") as file:
        file.write("time;" + ";".join(str(70_001 + c) for c in range(catchments)) + "\n")
        for step in range(steps):
            stamp = time.strftime("%Y-%m-%d %H:%M", time.gmtime(1_230_768_000 + 3600 * step))
            file.write(stamp + ";" + ";".join(source.choices(values, k=catchments)) + "\n")


def measure(rerunoff, catchments, steps, repeat=3, compression=0, pandas=True, folder=None):
    """Both programs on one table; `pandas=False` leaves that one out."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = Path(scratch)
        table = scratch / "Q.csv"
        write_table(table, catchments, steps)
        (scratch / "rerunoff.toml").write_text(PROJECT.format(compression=compression))
        megabytes = table.stat().st_size / 1e6
        command = [str(Path(rerunoff).resolve()), "-C", str(scratch), "import", "--force", "-q"]
        programs = {"rerunoff": command}
        if pandas:
            programs["pandas"] = [sys.executable, "-c", PANDAS, str(table)]
        result = {"catchments": catchments, "steps": steps, "megabytes": round(megabytes, 1)}
        rounds = []
        for _ in range(repeat):
            (scratch / "input.h5").unlink(missing_ok=True)
            rounds.append({name: cost(command) for name, command in programs.items()})
        for name in programs:
            median = {field: statistics.median(getattr(each[name], field) for each in rounds) for field in ("wall", "cpu", "peak")}
            result[name] = {
                "seconds": round(median["wall"], 3),
                "processor_seconds": round(median["cpu"], 3),
                "megabytes_per_second": round(megabytes / median["wall"], 1),
                "peak_mebibytes": round(median["peak"] / (1 << 20)),
            }
        if pandas:
            rates = [result[name]["megabytes_per_second"] for name in programs]
            result["times_faster"] = round(rates[0] / rates[1], 1)
            seconds = [result[name]["processor_seconds"] for name in programs]
            result["times_less_processor_time"] = round(seconds[1] / seconds[0], 1)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rerunoff", help="the binary")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=8760)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--compression", type=int, default=0)
    parser.add_argument("--no-pandas", action="store_true")
    parser.add_argument("--folder", help="where the table goes, a disk with room for three times its size")
    options = parser.parse_args()
    result = measure(
        options.rerunoff,
        options.catchments,
        options.steps,
        options.repeat,
        options.compression,
        not options.no_pandas,
        options.folder,
    )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
