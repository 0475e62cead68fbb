"""Writes an mHM domain: a valley of 12 by 12 cells of a kilometre, 90 days of weather, one gauge at its mouth.

All of it follows from formulas, so that the same files come out each time. The grids are those that mHM wants of every
domain: morphology and land cover as ESRI ASCII grids, weather as NetCDF on the cells of 4 km that it computes on.
"""

from datetime import date, timedelta
from pathlib import Path

import netCDF4
import numpy as np

CELLS, COARSE = 12, 3
CELL_M, COARSE_M = 1000, 4000
WEST_M, SOUTH_M = 4000000, 3000000
NO_DATA = -9999
FIRST_DAY, DAYS = date(1990, 1, 1), 90
EAST, SOUTH = 1, 4

LEAF_AREA = """NoLAIclasses 3
ID LAND-USE Jan. Feb. Mar. Apr. May Jun. Jul. Aug. Sep. Oct. Nov. Dec.
1 Forest 3.0 3.0 4.0 6.0 8.0 11.0 11.5 11.5 11.0 9.0 4.0 3.0
2 Town 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1
3 Pasture 2.0 2.0 3.0 4.0 5.0 5.0 5.0 5.0 5.0 3.0 2.5 2.0
"""
GEOLOGY = """nGeo_Formations 2
GeoParam(i) ClassUnit Karstic Description
1 1 0 slope
2 2 0 valley
"""
SOILS = """nSoil_Types 2
MU_GLOBAL HORIZON UD[mm] LD[mm] CLAY[%] SAND[%] BD[gcm-3]
1 1 0 300 20.0 50.0 1.40
1 2 300 1000 22.0 48.0 1.50
2 1 0 300 35.0 25.0 1.45
2 2 300 1200 38.0 22.0 1.55
"""


def write_grid(path, values):
    """Writes [row, column] from the north as an ESRI ASCII grid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        f"ncols {CELLS}\nnrows {CELLS}\nxllcorner {WEST_M}\nyllcorner {SOUTH_M}\n"
        f"cellsize {CELL_M}\nNODATA_value {NO_DATA}\n"
    )
    rows = "\n".join(" ".join(f"{value:g}" for value in row) for row in values)
    path.write_text(f"{header}{rows}\n")


def write_morphology(domain):
    """Rivers flow east along the rows and south along the last column, to the gauge in the corner."""
    row, column = np.mgrid[0:CELLS, 0:CELLS]
    grids = {
        "dem": 900.0 - 40.0 * column - 15.0 * row,
        "slope": 3.0 + 0.1 * row,
        "aspect": 80.0 + 2.0 * column,
        "fdir": np.where(column < CELLS - 1, EAST, SOUTH),
        "facc": np.where(column < CELLS - 1, column + 1, CELLS * (row + 1)),
        "idgauges": np.where((row == CELLS - 1) & (column == CELLS - 1), 1, NO_DATA),
        "soil_class": np.where(row + column < 12, 1, 2),
        "geology_class": np.where(column < 6, 1, 2),
        "LAI_class": np.where(row < 5, 1, np.where((row == 7) & (column > 8), 2, 3)),
    }
    for name, values in grids.items():
        write_grid(domain / "morph" / f"{name}.asc", values)
    write_grid(domain / "luse" / "lc.asc", grids["LAI_class"])
    (domain / "morph" / "LAI_classdefinition.txt").write_text(LEAF_AREA)
    (domain / "morph" / "geology_classdefinition.txt").write_text(GEOLOGY)
    (domain / "morph" / "soil_classdefinition.txt").write_text(SOILS)


def write_coordinates(domain):
    """Longitudes and latitudes of the cells of all three grids: the finest, that of the water balance, that of the rivers."""
    with netCDF4.Dataset(domain / "latlon.nc", "w") as file:
        for suffix, cells in (("_l0", CELLS), ("", COARSE), ("_l11", COARSE)):
            file.createDimension(f"yc{suffix}", cells)
            file.createDimension(f"xc{suffix}", cells)
            row, column = np.mgrid[0:cells, 0:cells] / cells
            for name, values in (("lon", 10 + 0.15 * column), ("lat", 50 - 0.12 * row)):
                variable = file.createVariable(f"{name}{suffix}", "f8", (f"yc{suffix}", f"xc{suffix}"))
                variable[:] = values


def write_weather(domain):
    """Rain every third day, a spring that warms up, and the evaporation that goes with it."""
    day = np.arange(DAYS)[:, None, None]
    height = np.linspace(1.2, 0.8, COARSE)[None, None, :] * np.ones((1, COARSE, COARSE))
    warmth = -2.0 + 0.12 * day + 3.0 * np.sin(day / 4.0)
    series = {
        "pre": ("mm d-1", np.where(day % 3 == 0, 9.0 + 5.0 * np.sin(day), 0.0) * height),
        "tavg": ("degC", warmth / height),
        "pet": ("mm d-1", np.maximum(0.2, 0.3 + 0.08 * warmth) * np.ones((1, COARSE, COARSE))),
    }
    header = (
        f"ncols {COARSE}\nnrows {COARSE}\nxllcorner {WEST_M}\nyllcorner {SOUTH_M}\n"
        f"cellsize {COARSE_M}\nNODATA_value {NO_DATA}\n"
    )
    for name, (units, values) in series.items():
        folder = domain / "meteo" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "header.txt").write_text(header)
        with netCDF4.Dataset(folder / f"{name}.nc", "w") as file:
            file.createDimension("time", DAYS)
            file.createDimension("yc", COARSE)
            file.createDimension("xc", COARSE)
            time = file.createVariable("time", "i4", ("time",))
            time.units = f"days since {FIRST_DAY} 00:00:00"
            time.calendar = "standard"
            time[:] = np.arange(DAYS)
            variable = file.createVariable(name, "f8", ("time", "yc", "xc"), fill_value=float(NO_DATA))
            variable.units = units
            variable.missing_value = float(NO_DATA)
            variable[:] = values


def write_gauge(domain):
    """What was measured at the mouth; mHM wants it, and puts it beside what it computes."""
    last = FIRST_DAY + timedelta(DAYS - 1)
    lines = [
        "1:mouth DAILY",
        f"nodata {NO_DATA}",
        "n 1 measurements per day [1, 1440]",
        f"start {FIRST_DAY:%Y %m %d} 00 00 (YYYY MM DD HH MM)",
        f"end {last:%Y %m %d} 00 00 (YYYY MM DD HH MM)",
    ]
    for day in range(DAYS):
        lines.append(f"{FIRST_DAY + timedelta(day):%Y %m %d} 00 00 {2.0 + day % 7:.3f}")
    (domain / "gauge").mkdir(parents=True, exist_ok=True)
    (domain / "gauge" / "00001.txt").write_text("\n".join(lines) + "\n")


def write_domain(domain):
    """Writes all files of the domain below this folder."""
    write_morphology(Path(domain))
    write_coordinates(domain)
    write_weather(domain)
    write_gauge(domain)
