"""The pole of inaccessibility of polygons, many at a time, by one pinned method (see `search`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def poles(geometries: NDArray[Any]) -> NDArray[np.float64]:
    """The pole of inaccessibility of each polygon or multipolygon, (N, 2) in the plane of its coordinates (metres).

    NaN where there is none, which no valid geometry has.
    """
    # To import numba takes half a second, which only those programs shall pay for that make codes.
    from gisland.registry.pole.search import search

    if not len(geometries):
        return np.empty((0, 2))
    kind, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    bounds = [each.astype(np.int64) for each in offsets]
    if kind == shapely.GeometryType.POLYGON:
        bounds.append(np.arange(len(geometries) + 1))
    found: NDArray[np.float64] = search(np.ascontiguousarray(coordinates), *bounds)
    return found
