"""The example from end to end, checked: python demo.py PATH/TO/rerunoff

Runs Raven over the basin, scores the result, then changes one parameter of one sub-catchment and puts it back: that
has to cost one run, then none, and the product has to be the first one again, byte for byte. Then the report is written,
report.html, and what it shows has to be what is in the product. The time it takes is printed by rerunoff itself.
"""

import csv
import hashlib
import io
import re
import subprocess
import sys
import time
from pathlib import Path

import netCDF4
import numpy as np

import page
import score

HERE = Path(__file__).parent
TABLE = HERE / "data" / "catchments.csv"
PRODUCT = HERE / "output.nc"
CATCHMENTS = 765
CHANGED = "6200"
GAUGES = {"5685": "Trenton", "6444": "Walton"}


def rerun(rerunoff):
    """Brings the product up to date and returns how many times Raven ran, out of the last line."""
    done = subprocess.run([rerunoff, "-C", HERE, "run"], stdout=subprocess.PIPE, text=True)
    sys.stdout.write(done.stdout)
    if done.returncode != 0:
        sys.exit(f"rerunoff failed with exit code {done.returncode}")
    fresh, runs, failed = (count(done.stdout, word) for word in ("fresh", "run", "failed"))
    if (fresh, failed) != (CATCHMENTS, 0):
        sys.exit(f"{fresh} of {CATCHMENTS} sub-catchments are fresh, {failed} failed")
    return runs


def count(text, word):
    found = re.findall(rf"(\d+) {word}\b", text.strip().splitlines()[-1])
    if len(found) != 1:
        sys.exit(f"rerunoff's last line does not say how many are {word}")
    return int(found[0])


def with_another_parameter(table):
    """The table with the routing store of one sub-catchment changed, to a value that no earlier demo had.

    Results are kept: a value that was there before would cost no run.
    """
    rows = list(csv.DictReader(io.StringIO(table)))
    row = next(row for row in rows if row["nhm_id"] == CHANGED)
    row["GR4J_X3"] = repr(float(row["GR4J_X3"]) * (1.1 + time.time_ns() % 10**9 * 1e-10))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def discharge():
    with netCDF4.Dataset(PRODUCT) as product:
        return score.texts(product["catchment"]), np.ma.getdata(product["discharge"][:])


def efficiencies():
    """The product's objective `nse` at the gauges, by catchment."""
    with netCDF4.Dataset(PRODUCT) as product:
        values = zip(score.texts(product["catchment"]), product["nse"][:])
        return {catchment: value for catchment, value in values if value is not np.ma.masked}


def evaluated(rerunoff):
    """The same as `rerunoff evaluate` tells it."""
    command = [rerunoff, "-C", HERE, "evaluate", "--at", ",".join(GAUGES)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    [row] = csv.DictReader(done.stdout.splitlines())
    return {gauge: float(row[f"nse[{gauge}]"]) for gauge in GAUGES}


def most_changed(document):
    """The sub-catchments whose own runoff is another than at the tag, by the report."""
    ids, colours = (document["arrays"][document["ids"]], document["colours"])
    own = [changes for changes in document["changes"] if colours[changes["colour"]]["name"].startswith("runoff")]
    return {ids[change["catchment"]] for changes in own for change in changes["most"]}


def expect(condition, what):
    if not condition:
        sys.exit(f"not as it should be: {what}")
    print(f"ok: {what}")


def main():
    rerunoff = Path(sys.argv[1]).resolve()
    rerun(rerunoff)
    reached, told = score.main(PRODUCT), efficiencies()
    # The score is of the product's discharge, which has 32 bits.
    same = told.keys() == GAUGES.keys() and abs(told["5685"] - reached) < 1e-7
    expect(same, "the objective in the product is that efficiency")
    expect(evaluated(rerunoff) == told, "and what `rerunoff evaluate` tells")
    subprocess.run([rerunoff, "-C", HERE, "tag", "demo", "--replace"], stdout=subprocess.DEVNULL, check=True)
    ids, before = discharge()
    digest = hashlib.sha256(PRODUCT.read_bytes()).hexdigest()
    table = TABLE.read_text()
    try:
        TABLE.write_text(with_another_parameter(table))
        runs = rerun(rerunoff)
        different = [ids[column] for column in np.flatnonzero((discharge()[1] != before).any(axis=0))]
        changed = most_changed(page.read(rerunoff, "--since", "demo"))
    finally:
        TABLE.write_text(table)
    expect(runs == 1, "one parameter of one sub-catchment changed: Raven ran once")
    expect(different == [CHANGED], "only that sub-catchment's discharge is another")
    expect(changed == {CHANGED}, "and the report since before names it alone")
    expect(rerun(rerunoff) == 0, "the parameter put back: Raven did not run")
    same = hashlib.sha256(PRODUCT.read_bytes()).hexdigest() == digest
    expect(same, "the product is the first one again, byte for byte")
    size = len(page.write(rerunoff))
    expect(size <= page.MOST_BYTES, f"the report has {size / 1e6:.1f} MB, and is not touched when nothing changed")
    differences = ", ".join(page.differences(page.read(rerunoff)))
    expect(not differences, f"what it shows is what is in the product{differences and ', but '}{differences}")


if __name__ == "__main__":
    main()
