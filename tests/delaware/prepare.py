"""Gathers what the example runs on: the packages' data files, Raven's executable and the table of parameters.

The packages are installed without their dependencies, so nothing of them is imported: this only looks where pip put
their files. Big files are linked, not copied. Run it with the Python of the virtual environment.
"""

import csv
import io
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import netCDF4
import numpy as np

DATA = Path(__file__).parent / "data"
PACKAGES = Path(sysconfig.get_path("purelib"))
BASIN = PACKAGES / "pywatershed" / "data" / "drb_2yr"
GAUGED = PACKAGES / "ravenpy" / "data" / "regionalisation"
LIBRARIES = Path(sysconfig.get_path("platlib")) / "netCDF4.libs"
RAVEN = Path(sysconfig.get_path("scripts")) / "raven"

BASIN_FILES = [
    "prcp.nc",
    "tmax.nc",
    "tmin.nc",
    "parameters_dis_hru.nc",
    "parameters_dis_seg.nc",
    "parameters_PRMSChannel.nc",
    "drb_2yr_gage_poi_obs.nc",
]
PARAMETERS = ["GR4J_X1", "GR4J_X2", "GR4J_X3", "GR4J_X4", "CEMANEIGE_X1", "CEMANEIGE_X2"]
LEAST_NASH = 0.5
EARTH_RADIUS_KM = 6371.0


def link(target, name):
    """Makes `name` a link to `target`, which has to be there."""
    if not target.exists():
        sys.exit(f"{target} is missing; install requirements.txt with pip install --no-deps")
    if name.is_symlink() and name.readlink() == target:
        return
    name.unlink(missing_ok=True)
    name.symlink_to(target)


def link_libraries(folder):
    """Raven's executable is linked to libnetcdf.so.19, which not every system has: the one in netCDF4's wheel will do.

    The wheel's libraries find each other by their own unique names; only Raven's name for the first is added.
    """
    netcdf = list(LIBRARIES.glob("libnetcdf-*.so.19"))
    if len(netcdf) != 1:
        sys.exit(f"{LIBRARIES} has no libnetcdf.so.19; install the netCDF4 version of requirements.txt")
    libraries = {library.name: library for library in LIBRARIES.iterdir()}
    libraries["libnetcdf.so.19"] = netcdf[0]
    folder.mkdir(exist_ok=True)
    for name, library in libraries.items():
        link(library, folder / name)
    for left_over in set(folder.iterdir()) - {folder / name for name in libraries}:
        left_over.unlink()


def check_raven():
    """Raven without arguments looks for a model and says that there is none; a missing library shows here."""
    environment = {"LD_LIBRARY_PATH": str(DATA / "lib")}
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run([DATA / "raven"], cwd=folder, env=environment, capture_output=True, text=True)
    if "RAVEN" not in tried.stdout:
        sys.exit(f"Raven does not start: {tried.stderr.strip()}")


def read_gauged():
    """The gauged catchments whose calibration reached more than LEAST_NASH: (rows, latitudes, longitudes)."""
    with open(GAUGED / "GR4JCN_parameters.csv", newline="") as parameters:
        calibrated = {int(row["ID"]): row for row in csv.DictReader(parameters)}
    rows = []
    with open(GAUGED / "gauged_catchment_properties.csv", newline="") as properties:
        for place in csv.DictReader(properties):
            row = calibrated[int(float(place["ID"]))]
            if row["NASH"] and float(row["NASH"]) > LEAST_NASH:
                rows.append({**row, **place})
    latitudes = np.array([float(row["latitude"]) for row in rows])
    longitudes = np.array([float(row["longitude"]) for row in rows])
    return rows, latitudes, longitudes


def distances_km(latitude, longitude, latitudes, longitudes):
    """Great-circle distances from one point to many (haversine formula), all angles in degrees."""
    latitude, longitude, latitudes, longitudes = map(np.radians, (latitude, longitude, latitudes, longitudes))
    across = np.sin((latitudes - latitude) / 2) ** 2
    along = np.cos(latitude) * np.cos(latitudes) * np.sin((longitudes - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(across + along))


def ids(variable):
    """The values of an integer variable as int."""
    return [int(value) for value in variable[:]]


def downstream():
    """Sub-catchment → the one below it, or None at an outlet.

    Sub-catchments drain into segments of the river, which are numbered from 1 and name the segment below them, 0 at an outlet. Of those that
    drain into the same segment the first is taken as the last on the way, so that what comes from above a segment's end is the sum there.
    """
    with netCDF4.Dataset(DATA / "parameters_dis_seg.nc") as segments:
        below = ids(segments["tosegment"])
    with netCDF4.Dataset(DATA / "parameters_PRMSChannel.nc") as channels:
        entries = dict(zip(ids(channels["nhm_id"]), ids(channels["hru_segment"])))
    last = {}
    for hru, segment in entries.items():
        last.setdefault(segment, hru)

    def next_down(hru):
        segment = entries[hru]
        # On from the last one of a segment, and over segments that have none of their own.
        while segment > 0 and last.get(segment, hru) == hru:
            segment = below[segment - 1]
        return last[segment] if segment > 0 else None

    return {hru: next_down(hru) for hru in entries}


def catchments():
    """A CSV row a sub-catchment: its id, the one below it, which gauged catchment is nearest, and the parameters found there."""
    gauged, latitudes, longitudes = read_gauged()
    below = downstream()
    with netCDF4.Dataset(DATA / "parameters_dis_hru.nc") as hru:
        places = list(zip(hru["nhm_id"][:], hru["hru_lat"][:], hru["hru_lon"][:]))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["nhm_id", "next_down", "donor", "donor_km", "donor_nash", *PARAMETERS])
    for hru_id, latitude, longitude in places:
        distances = distances_km(latitude, longitude, latitudes, longitudes)
        nearest = int(np.argmin(distances))
        donor = gauged[nearest]
        values = [donor[name] for name in PARAMETERS]
        hru_id = int(hru_id)
        table.writerow([hru_id, below[hru_id] or "", donor["StationID"], f"{distances[nearest]:.1f}", donor["NASH"], *values])
    return text.getvalue()


def main():
    DATA.mkdir(exist_ok=True)
    for name in BASIN_FILES:
        link(BASIN / name, DATA / name)
    link(RAVEN, DATA / "raven")
    link_libraries(DATA / "lib")
    check_raven()
    table = catchments()
    path = DATA / "catchments.csv"
    if not path.exists() or path.read_text() != table:
        path.write_text(table)
    print(f"{path} has the parameters of {len(table.splitlines()) - 1} sub-catchments")


if __name__ == "__main__":
    main()
