"""A mark of its hatch in each parcel: where no dot or line of the pattern is seen in a small one, one is drawn for it.

The pattern lies where it lies on the sheet, so a parcel between its dots has none, and on a grey copy no status.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import shapely

from gisland.printing.model import Bools, Floats, Geometries

SMALLEST, LARGEST, LONGEST = 2.0, 40.0, 160.0
"""Square millimetres of the parcels that are looked at: in a smaller one nothing is seen, in a larger one enough. The
third figure is for narrow ones."""
NARROW = 3.0
"""Narrow is a parcel whose mean width is less, mm."""
CLEAR = 0.15
"""So far from the side of a parcel and from what covers it a mark is seen, mm."""
LONG = 0.8
"""So long a line is a mark, mm."""
STEPS = np.array([(0, 0)]), np.array([each for each in product(range(-2, 3), repeat=2) if any(each)])
"""Dots and lines of the pattern that are tried: the nearest to the middle of a parcel, then those around it."""


def _looked_at(shapes: Geometries) -> Geometries:
    """Small and narrow ones."""
    area = shapely.area(shapes)
    wide = 2 * area / np.maximum(shapely.length(shapes), 1e-9)
    found: Geometries = shapes[(area >= SMALLEST) & (area < np.where(wide < NARROW, LONGEST, LARGEST))]
    shapely.prepare(found)
    return found


def missing_dots(shapes: Geometries, apart: float, covered: shapely.STRtree) -> Floats:
    """Places of dots (a row x, y each, mm) in parcels that show none of a pattern.

    Args:
        shapes: the parcels on paper.
        apart: distance of the dots.
        covered: what is drawn over the pattern: labels, marks.
    """
    found = _looked_at(shapes)
    near = np.round(shapely.get_coordinates(shapely.centroid(found)) / apart) * apart
    around = np.array([(0, 0), (CLEAR, 0), (-CLEAR, 0), (0, CLEAR), (0, -CLEAR)])
    left = np.arange(len(found))
    for steps in STEPS:
        places = near[left, None] + steps * apart
        left = left[~_seen(found[left], places[:, :, None] + around, covered)]
    return _free_places(found[left], covered)


def missing_lines(shapes: Geometries, angle: float, apart: float, covered: shapely.STRtree) -> Floats:
    """Lines (a row x, y, x, y each, mm) within parcels that show none of a pattern.

    Args:
        shapes: the parcels on paper.
        angle: of the lines, degrees counter-clockwise from east.
        apart: their distance.
        covered: what is drawn over the pattern: labels, marks.
    """
    found = _looked_at(shapes)
    turn = np.radians(angle)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    middle = shapely.get_coordinates(shapely.centroid(found))
    at, near = middle @ along, np.round(middle @ across / apart) * apart
    around = np.array([0, LONG / 2, -LONG / 2])[:, None] * along
    left = np.arange(len(found))
    for steps in STEPS:
        on_line, lines = at[left, None] + steps[:, 0] * LONG, near[left, None] + steps[:, 1] * apart
        places = on_line[..., None] * along + lines[..., None] * across
        left = left[~_seen(found[left], places[:, :, None] + around, covered)]
    return _lines_through(found[left], along, covered)


def _seen(shapes: Geometries, points: Floats, covered: shapely.STRtree) -> Bools:
    """Whether of some of the marks that are tried all points lie in their parcels, and nothing lies over them.

    Args:
        shapes: n parcels.
        points: n × marks × points × 2.
        covered: what lies over parcels.
    """
    each: Bools = np.asarray(shapely.contains_xy(shapes[:, None, None], points[..., 0], points[..., 1]))
    inside = np.logical_and.reduce(each, axis=2)
    parcel, mark = np.nonzero(inside)
    tested = shapely.points(points[parcel, mark].reshape(-1, 2))
    hit = covered.query(tested, predicate="intersects")[0] // points.shape[2]
    inside[parcel[hit], mark[hit]] = False
    found: Bools = np.logical_or.reduce(inside, axis=1)
    return found


def _free(shapes: Geometries, covered: shapely.STRtree) -> Geometries:
    """What is seen of parcels; where a label fills one, the mark stands between its letters."""
    free, (one, two) = shapes.copy(), covered.query(shapes, predicate="intersects")
    while len(one):
        each, at = np.unique(one, return_index=True)
        free[each] = shapely.difference(free[each], covered.geometries[two[at]])
        one, two = np.delete(one, at), np.delete(two, at)
    filled = shapely.is_empty(free)
    free[filled] = shapes[filled]
    return free


def _free_places(shapes: Geometries, covered: shapely.STRtree) -> Floats:
    """Places away from the sides, and from what covers the parcels, where there is so much room."""
    free = _free(shapes, covered)
    inner = shapely.buffer(free, -2 * CLEAR, quad_segs=1)
    found: Floats = shapely.get_coordinates(shapely.point_on_surface(np.where(shapely.is_empty(inner), free, inner)))
    return found


def _lines_through(shapes: Geometries, along: Floats, covered: shapely.STRtree) -> Floats:
    """Lines through those places, as long as their parcels allow."""
    places = _free_places(shapes, covered)
    bounds = shapely.bounds(shapes)
    reach = np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])[:, None] * along
    whole = shapely.linestrings(np.stack([places - reach, places + reach], axis=1))
    parts = shapely.get_parts(shapely.intersection(shapes, whole))
    parts = parts[shapely.get_type_id(parts) == 1]
    ends: Floats = np.hstack([shapely.get_coordinates(shapely.get_point(parts, each)) for each in (0, -1)])
    return ends
