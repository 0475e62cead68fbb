"""The report of the basin, and what is on it: python page.py PATH/TO/rerunoff

Whatever it shows is compared with the product, which is read with netCDF4: the curves of all sub-catchments, the numbers by which the map is
coloured, the gauges.
"""

import json
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np

import score

HERE = Path(__file__).parent
PAGE = HERE / "report.html"
PRODUCT = HERE / "output.nc"
MOST_BYTES = 5_000_000


def call(rerunoff, *options):
    """What `rerunoff report` prints."""
    command = [rerunoff, "-C", HERE, "report", *options]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def write(rerunoff, *options):
    """Writes the page, and a second time, which has to leave it as it is; returns its bytes."""
    print(call(rerunoff, PAGE, *options).strip())
    before = PAGE.stat().st_mtime_ns
    call(rerunoff, PAGE, *options)
    if PAGE.stat().st_mtime_ns != before:
        sys.exit(f"{PAGE} was written twice, although nothing changed")
    return PAGE.read_bytes()


def read(rerunoff, *options):
    """The data behind the page."""
    return json.loads(call(rerunoff, "--json", *options))


def numbers(document, name):
    """An array of the page as numbers, NaN where one is missing."""
    return np.array(document["arrays"][name], dtype=float)


def curves(document):
    """The whole curves by variable, each an array by sub-catchment and time, and by how much they may be wrong: (values, errors)."""
    level = document["curves"]["levels"][-1]
    steps, variables = document["curves"]["time"]["steps"], level["variables"]
    if level["catchments"] is not None or level["buckets"] != steps or level["sides"] != 1:
        sys.exit("not every sub-catchment has its whole curve on the page")
    shape = (len(document["arrays"][document["ids"]]), len(variables), steps)
    values = numbers(document, level["values"])
    errors = np.zeros(shape[:2])
    if level["range"] is not None:
        # Whole numbers between the least and the greatest value of each curve; the last one is for what is missing.
        low, high = numbers(document, level["range"]).reshape(*shape[:2], 2).transpose(2, 0, 1)
        most = 254 if values.max() <= 255 else 65_534
        values = np.where(values > most, np.nan, values).reshape(shape)
        values = low[..., None] + values / most * (high - low)[..., None]
        errors = (high - low) / most / 2
    values = values.reshape(shape)
    names = [document["variables"][variable]["name"] for variable in variables]
    return {name: (values[:, at], errors[:, at, None]) for at, name in enumerate(names)}


def differences(document):
    """What the page shows otherwise than the product, in words."""
    found = []
    with netCDF4.Dataset(PRODUCT) as product:
        ids = document["arrays"][document["ids"]]
        if ids != score.texts(product["catchment"]):
            return ["the sub-catchments are others"]
        for name, (shown, errors) in curves(document).items():
            values = np.ma.filled(product[name][:].astype(float), np.nan).T
            # Numbers of 32 bits, rounded once more.
            near = np.isclose(shown, values, rtol=1e-6, atol=0) | (np.abs(shown - values) <= errors * 1.01)
            if not (near | np.isnan(values) & np.isnan(shown)).all():
                found.append(f"curves of {name}")
            if not np.isclose(np.nanmax(shown, axis=1), np.nanmax(values, axis=1), rtol=1e-6).all():
                found.append(f"the peaks of {name}")
        for gauge in document["gauges"]:
            for number in gauge["scores"]:
                told = float(product[number["objective"]][gauge["catchment"]])
                if not np.isclose(number["number"], told, rtol=1e-6):
                    found.append(f"{number['objective']} at {gauge['name']}")
    centres = numbers(document, document["map"]["centres"]).reshape(-1, 2)
    if len(centres) != len(ids) or (centres == 65_535).any():
        found.append("places on the map")
    return found


def main():
    rerunoff = Path(sys.argv[1]).resolve()
    write(rerunoff)
    sys.exit(", ".join(differences(read(rerunoff))) or None)


if __name__ == "__main__":
    main()
