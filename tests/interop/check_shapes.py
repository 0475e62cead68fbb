"""Reads the map of a report's JSON and compares the shapes with those that GDAL was given: see make_shapes.py."""

import json
import sys

import numpy as np
import shapely
from pyproj import Transformer

document = json.load(open(sys.argv[1]))
expected = [shapely.from_wkt(line) for line in open(sys.argv[2])]
figure, arrays = document["map"], document["arrays"]
left, lower, right, upper = figure["edges"]
to_utm = Transformer.from_crs(figure["proj"], "EPSG:25832", always_xy=True)


def places(points):
    x = left + points[:, 0] * (right - left) / figure["width"]
    y = upper - points[:, 1] * (upper - lower) / figure["height"]
    return np.column_stack(to_utm.transform(x, y))


steps = np.array(arrays[figure["ring_points"]]).reshape(-1, 2)
points = places(np.cumsum(steps, axis=0) % 65536)
rings = np.split(points, arrays[figure["ring_ends"]])[:-1]
ends = arrays[figure["catchment_rings"]]
centres = np.array(arrays[figure["centres"]]).reshape(-1, 2)
missing = int(sys.argv[3])
for at, (first, last) in enumerate(zip([0, *ends], ends)):
    if at == missing:
        assert first == last and (centres[at] == 65535).all(), at
        continue
    shape = shapely.Polygon()
    for ring in rings[first:last]:
        shape = shape.symmetric_difference(shapely.make_valid(shapely.Polygon(ring)))
    off = shape.symmetric_difference(expected[at]).area / expected[at].area
    assert off < 0.01, (at, off)
    assert shape.contains(shapely.Point(places(centres[at : at + 1])[0])), at
whole = [shapely.Polygon(rings[end - 1]) for first, end in zip([0, *ends], ends) if end > first]
gaps = shapely.union_all([shapely.make_valid(shape) for shape in whole])
print(len(points), "points", figure["proj"])
