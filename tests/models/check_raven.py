"""Raven: three catchments that each have a folder of its files, and NetCDF for an output."""

import math
import shutil
from datetime import date

import netCDF4

from trial import HERE, INSTALLED, PACKAGES, Trial, by_hand, same

# GR4J with CemaNeige, as the example on the Delaware has it.
TEMPLATES = HERE.parent / "delaware" / "templates"
START, DAYS = date(2001, 1, 1), 365
CATCHMENTS = {
    "spring": {"area": 42.5, "elevation": 820, "latitude": 47.9, "production_depth": 0.31, "half_full": 155},
    "middle": {"area": 118.0, "elevation": 510, "latitude": 48.2, "production_depth": 0.42, "half_full": 210},
    "mouth": {"area": 96.25, "elevation": 240, "latitude": 48.6, "production_depth": 0.55, "half_full": 275},
}
COMMON = {
    "start": START,
    "steps": DAYS,
    "longitude": 9,
    "donor": "none",
    "CEMANEIGE_X1": 200,
    "airsnow": 0.2,
    "melt_factor": 7.73,
    "GR4J_X2": 0.3,
    "GR4J_X3": 80,
    "GR4J_X4": 1.9,
}


def lay_libraries():
    """Raven's executable is linked to libnetcdf.so.19: the one of netCDF4's wheel, under this name."""
    folder = INSTALLED / "raven"
    folder.mkdir(exist_ok=True)
    for library in (PACKAGES / "netCDF4.libs").iterdir():
        name = "libnetcdf.so.19" if library.name.startswith("libnetcdf-") else library.name
        if not (folder / name).exists():
            (folder / name).symlink_to(library)


def weather(latitude, longitude, elevation):
    """A year of weather that follows from formulas, as Raven reads it."""
    rows = []
    for day in range(DAYS):
        mean = 8 - 10 * math.cos(2 * math.pi * (day - 15) / 365) + 3 * math.sin(day / 5) - elevation / 200
        rain = max(0, 6 * math.sin(day * 1.7 + latitude))
        rows.append(f"    {rain:.3f} {mean + 4:.3f} {mean - 4:.3f}")
    table = "\n".join(rows)
    return f""":Gauge forcing
  :Latitude   {latitude}
  :Longitude  {longitude}
  :Elevation  {elevation}
  :MultiData
    {START} 00:00:00 1.0 {DAYS}
    :Parameters PRECIP TEMP_MAX TEMP_MIN
    :Units      mm/d   C        C
{table}
  :EndMultiData
:EndGauge
"""


def lay_decks(trial):
    """A folder for each catchment."""
    for name, own in CATCHMENTS.items():
        deck = trial.folder / "decks" / name
        deck.mkdir(parents=True)
        for kind in ("rvi", "rvp", "rvh", "rvc"):
            text = (TEMPLATES / f"sub.{kind}").read_text().format(id=name, **COMMON, **own)
            (deck / f"model.{kind}").write_text(text)
        with open(deck / "model.rvi", "a") as settings:
            settings.write(":WriteNetcdfFormat\n")
        (deck / "model.rvt").write_text(weather(own["latitude"], COMMON["longitude"], own["elevation"]))


def expected(trial, name):
    """What Raven writes for a catchment, as netCDF4 reads it."""
    folder = trial.folder / "by_hand" / name
    shutil.copytree(trial.folder / "decks" / name, folder)
    (folder / "out").mkdir()
    by_hand(folder, ["raven", "model", "-o", "out/"], LD_LIBRARY_PATH=str(INSTALLED / "raven"))
    with netCDF4.Dataset(folder / "out" / "Hydrographs.nc") as hydrographs:
        return hydrographs["q_sim"][:, 0].filled(float("nan"))


def check(trial):
    """The whole product, against the program."""
    shutil.rmtree(trial.folder / "by_hand", ignore_errors=True)
    with trial.product() as product:
        catchments = [str(name) for name in product["catchment"][:]]
        assert sorted(catchments) == sorted(CATCHMENTS), catchments
        for at, name in enumerate(catchments):
            same(f"discharge of {name}", product["discharge"][:, at], expected(trial, name))


lay_libraries()
trial = Trial("raven")
lay_decks(trial)
before = trial.tried(runs=3, decks=["decks"])
check(trial)

# One deck is edited: that catchment alone is run.
trial.edit("decks/middle/model.rvc", "SOIL[1] 15", "SOIL[1] 25")
trial.run(runs=1)
check(trial)
trial.edit("decks/middle/model.rvc", "SOIL[1] 25", "SOIL[1] 15")
trial.run(runs=0)
trial.untouched(before, ["decks"])
