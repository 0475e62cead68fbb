"""Evaluations a minute, beside xargs on the same files: python pace.py PATH/TO/rerunoff [ROUNDS]

An evaluation is Raven for the 23 sub-catchments above the gauge at Walton, with a set that was never run before. For xargs all files are
there before the clock starts, and nobody reads what Raven leaves: it is the least that anyone has to pay. The ways take turns, since
no machine is equally fast all the time.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

HERE, GAUGE = Path(__file__).parent, "6444"
RERUNOFF = Path(sys.argv[1]).resolve()
SETS = 6
CORES = len(os.sched_getaffinity(0))


def above_gauge():
    """The sub-catchments from which water reaches the gauge."""
    with open(HERE / "data" / "catchments.csv", newline="") as table:
        below = {row["nhm_id"]: row["next_down"] for row in csv.DictReader(table)}

    def reaches(hru):
        while hru and hru != GAUGE:
            hru = below[hru]
        return hru == GAUGE

    return [hru for hru in below if reaches(hru)]


def rerunoff(*words, sets=None):
    done = subprocess.run([RERUNOFF, "-C", HERE, *words], input=sets, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"rerunoff ended with exit code {done.returncode}")
    return done.stdout


def new_sets():
    """Values that nobody has had before."""
    return [{"GR4J_X1": random.uniform(50, 800), "GR4J_X3": random.uniform(10, 200)} for _ in range(SETS)]


def options(values):
    return [f"--set={name}={value}" for name, value in values.items()]


def prepare(folder, hrus):
    """The work directories of new sets as rerunoff makes them, and the commands that it tells."""

    def one(job):
        number, values, hru = job
        told = rerunoff("repro", hru, f"{folder}/{number}-{hru}", *options(values))
        script = Path(folder) / f"{number}-{hru}.sh"
        script.write_text(told)
        return script

    jobs = [(number, values, hru) for number, values in enumerate(new_sets()) for hru in hrus]
    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(one, jobs))


def seconds(work):
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def xargs(scripts):
    listing = "".join(f"{script}\n" for script in scripts)
    subprocess.run(["xargs", "-P", str(CORES), "-n", "1", "sh"], input=listing, text=True, check=True)


def in_one_call(sets):
    table = "\n".join([",".join(sets[0]), *(",".join(map(str, values.values())) for values in sets)])
    rerunoff("evaluate", "--at", GAUGE, "--quiet", "--samples", "-", sets=table)


def a_call_each(sets):
    for values in sets:
        rerunoff("evaluate", "--at", GAUGE, "--quiet", *options(values))


def side_by_side(sets):
    """As several processes of an optimiser, each of which knows of one set."""
    with ThreadPoolExecutor(len(sets)) as pool:
        list(pool.map(lambda values: a_call_each([values]), sets))


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    hrus = above_gauge()
    taken = {"xargs": [], "one call for all": [], "a call for each": [], "all calls at once": []}
    rerunoff("evaluate", "--at", GAUGE, "--quiet")
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            scripts = prepare(folder, hrus)
            taken["xargs"].append(seconds(lambda: xargs(scripts)))
        for way, evaluate in zip(list(taken)[1:], [in_one_call, a_call_each, side_by_side]):
            sets = new_sets()
            taken[way].append(seconds(lambda: evaluate(sets)))
    print(f"evaluations of {len(hrus)} sub-catchments a minute, {CORES} cores, {SETS} sets, median of {rounds} rounds:")
    for way, clocks in taken.items():
        print(f"  {way:<18} {60 * SETS / median(clocks):6.0f}")


if __name__ == "__main__":
    main()
