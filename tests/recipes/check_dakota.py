"""Dakota: reads and writes its own files, four at once, and goes on with the value of `recover` where a set failed."""

import subprocess

import pandas as pd

from creek import Creek, agrees, report

RECIPE = "dakota.in"
NAMES = ["GR4J_X1", "GR4J_X2", "GR4J_X3", "GR4J_X4"]
creek = Creek()
before = creek.before()


def check(*replaced):
    creek.write(RECIPE, *replaced)
    done = subprocess.run(["dakota", "-i", RECIPE], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr}"
    table = pd.read_csv("evaluations.dat", sep=r"\s+", float_precision="round_trip")
    best = table.loc[table["nse"].idxmax()]
    # Dakota's table has ten digits; the sets themselves have seventeen.
    values = done.stdout.split("<<<<< Best parameters")[1].split("<<<<<")[0]
    assert all(name in values for name in NAMES)
    failed = table["nse"] == -10
    assert done.stdout.count("Failure captured") == failed.sum()
    sets = " ".join(f"--set {name}={best[name]}" for name in NAMES)
    creek.run(f"rerunoff run {sets}")
    after = creek.efficiency()
    assert abs(after - best["nse"]) < 1e-5, f"{best['nse']} is told, and it is {after}"
    report("Dakota", before, after, len(table), failed.sum())
    return table, failed, after


table, failed, after = check()
assert len(table) == 100 and not failed.any() and after > before
# Raven refuses the longer ones of these.
table, failed, _ = check(("300       5\n", "300       100\n"))
assert failed.any() and not failed.all()
assert table["GR4J_X4"][failed].min() > table["GR4J_X4"][~failed].max()
