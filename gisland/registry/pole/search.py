"""Branch and bound: squares that may hold a higher place than the one known are quartered, all others fall away."""

from __future__ import annotations

from math import nan

import numpy as np

from gisland.registry.pole.balance import NOTHING
from gisland.registry.pole.climb import Place, climbed
from gisland.registry.pole.compiled import Floats, Ints, compiled, entry
from gisland.registry.pole.rings import normalise
from gisland.registry.pole.squares import first_squares, measured, quarters, unproven
from gisland.registry.pole.walls import Land, land_of, outside

GAP = 1e-10
"""Metres by which a place that was not found could at most be higher: a tenth of what the method promises."""
MANY = 50_000
"""Open squares of one parcel above which its gap is widened at each level: no search grows without end."""


@compiled
def pole(land: Land) -> tuple[float, float]:
    """The pole of inaccessibility in the frame of a parcel; NaN where there is none.

    Level by level squares are quartered. On each level first the walls near the squares are measured, which is where
    higher centres are found, then what has a proof falls away; after both the best place climbs. The search ends when
    no square is left that could hold a place higher than the best one by more than the gap.
    """
    best, gap = Place(land.floor, nan, nan, NOTHING), GAP
    squares, half = first_squares(land)
    near = np.arange(len(land.walls))
    while len(squares):
        height = best.height
        squares, near, best = measured(land, squares, near, half, best, gap)
        if best.height > height:
            best = climbed(land, best, best.x, best.y, 2)  # from the middle of a square the way may be long
        squares, promise = unproven(land, squares, near, half, best, gap)
        if promise.value > best.height:
            best = climbed(land, best, promise.x, promise.y, 0)
        if len(squares) > MANY and best.height > land.floor:
            gap *= 10
        squares, half = quarters(squares, half), half / 2
    return best.x, best.y


@entry("float64[:,::1](float64[:,::1], int64[::1], int64[::1], int64[::1])")
def search(coordinates: Floats, rings: Ints, polygons: Ints, geometries: Ints) -> Floats:
    """The poles of many polygons and multipolygons, (N, 2) in the plane of their coordinates; NaN where there is none.

    Args:
        coordinates: of all rings (N, 2).
        rings: where each ring begins, and where the last one ends.
        polygons: the first ring of each polygon, likewise; it is the outer one.
        geometries: the first polygon of each geometry, likewise.
    """
    found = np.empty((len(geometries) - 1, 2))
    for number in range(len(found)):
        first, last = polygons[geometries[number]], polygons[geometries[number + 1]]
        turn = np.full(last - first, -1)
        for polygon in range(geometries[number], geometries[number + 1]):
            turn[polygons[polygon] - first] = 1
        land = land_of(normalise(coordinates, rings[first : last + 1], turn))
        x, y = pole(land)
        found[number] = outside(land, x, y)
    return found
