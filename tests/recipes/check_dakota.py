"""Dakota: reads and writes its own files, four at once, and goes on with the value of `recover` where a set failed."""

import subprocess

import pandas as pd

from creek import Creek, agrees, report

RECIPE = "dakota.in"
# The best set is told with all sixteen digits that it has in Dakota's parameters files.
PRECISE = ("environment\n", "environment\n  output_precision 15\n")
NAMES = ["GR4J_X1", "GR4J_X2", "GR4J_X3", "GR4J_X4"]
creek = Creek()
before = creek.before()


def check(*replaced):
    creek.write(RECIPE, PRECISE, *replaced)
    done = subprocess.run(["dakota", "-i", RECIPE], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr}"
    table = pd.read_csv("evaluations.dat", sep=r"\s+", float_precision="round_trip")
    best = table.loc[table["nse"].idxmax()]
    told = done.stdout.split("<<<<< Best parameters")[1].split("<<<<<")[0]
    values = {name: value for value, name in map(str.split, told.splitlines()[1:])}
    assert list(values) == NAMES
    failed = table["nse"] == -10
    assert done.stdout.count("Failure captured") == failed.sum()
    after = creek.efficiency_by("rerunoff run " + " ".join(f"--set {name}={value}" for name, value in values.items()))
    agrees("the best row's NSE", best["nse"], after)
    report("Dakota", before, after, len(table), failed.sum())
    return table, failed, after


table, failed, after = check()
assert len(table) == 100 and not failed.any() and after > before
# Raven refuses the longer ones of these.
table, failed, _ = check(("300       5\n", "300       100\n"))
assert failed.any() and not failed.all()
assert table["GR4J_X4"][failed].min() > table["GR4J_X4"][~failed].max()
