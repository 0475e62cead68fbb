"""Writes the shapes of some catchments with GDAL, as a GeoPackage, GeoJSON and a shapefile, into a folder.

The catchments lie side by side and share jagged edges. One has an island, one a lake, one is not there at all. The GeoPackage has
a second layer, heights, ids as floating point numbers and the features in the order of the ids turned round; the shapefile has a
deleted record and is in feet.
"""

import sys
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from pyproj import Transformer

folder, ids = Path(sys.argv[1]), sys.argv[2].split(",")
random = np.random.default_rng(7)


def edge(start, end):
    along = np.linspace(0, 1, 200)[:, None]
    line = np.array(start) * (1 - along) + np.array(end) * along
    line[1:-1] += random.normal(0, 40, (198, 2))
    return line


def columns(count):
    """Catchments from the left to the right, in EPSG:25832."""
    left, lower, width, height = 540_000, 5_680_000, 9_000, 30_000
    walls = [edge((left + width * at, lower), (left + width * at, lower + height)) for at in range(count + 1)]
    return [shapely.Polygon(np.concatenate([west, east[::-1]])) for west, east in zip(walls, walls[1:])]


shapes = columns(len(ids))
middle = shapes[1].centroid
shapes[1] = shapes[1].difference(middle.buffer(2_000))
island = shapely.box(530_000, 5_670_000, 533_000, 5_674_000)
shapes[0] = shapely.MultiPolygon([shapes[0], island])
present = list(range(len(ids) - 1))


def write(path, indices, crs, shapes, id_type, **options):
    fields = [np.array([id_type(ids[at]) for at in indices]), np.array([f"c{at}" for at in indices])]
    geometry = np.array([shapely.to_wkb(shapes[at]) for at in indices], dtype=object)
    pyogrio.raw.write(
        str(path), geometry, fields, ["id", "name"], geometry_type=options.pop("geometry_type", "Unknown"), crs=crs, **options
    )


def moved(shape, crs):
    transformer = Transformer.from_crs("EPSG:25832", crs, always_xy=True)
    return shapely.transform(shape, lambda xy: np.column_stack(transformer.transform(*xy.T)))


high = [shapely.force_3d(shape, 250.0) for shape in shapes]
backwards = present[::-1]
write(folder / "basins.gpkg", backwards, "EPSG:25832", high, float, layer="basins", geometry_type="Unknown")
write(folder / "basins.gpkg", present[:1], "EPSG:25832", shapes, float, layer="others", append=False)

write(folder / "basins.geojson", present, "EPSG:4326", [moved(shape, "EPSG:4326") for shape in shapes], str, RFC7946="YES")

feet = "+proj=utm +zone=32 +ellps=GRS80 +units=us-ft +no_defs"
write(folder / "basins.shp", present, feet, [moved(shape, feet) for shape in shapes], str, geometry_type="MultiPolygon")
table = bytearray((folder / "basins.dbf").read_bytes())
header, record = int.from_bytes(table[8:10], "little"), int.from_bytes(table[10:12], "little")
table[header + 2 * record] = ord("*")
(folder / "deleted.dbf").write_bytes(table)
for ending in ["shp", "shx", "prj"]:
    (folder / f"deleted.{ending}").write_bytes((folder / f"basins.{ending}").read_bytes())

curve = shapely.to_wkb(shapes[0])
lines = [shape.boundary for shape in shapes]
write(folder / "lines.gpkg", present, "EPSG:25832", lines, str)
(folder / "expected.txt").write_text("\n".join(shapely.to_wkt(shape, rounding_precision=3) for shape in shapes))
