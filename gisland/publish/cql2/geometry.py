"""Geometries that are written in a filter: made, checked, and brought to the CRS of the layers (EPSG:4326).

The literal is transformed, never the features: so their index finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.validation import explain_validity

from gisland.errors import UsageError
from gisland.kit.crs import between
from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import Box, Shape

# A straight side on a plane is a bow in degrees: sides get a corner each kilometre (below 1 cm off), so many at most.
LONGEST_SIDE = 1000.0
MOST_CORNERS = 4000


@dataclass(frozen=True)
class Frame:
    """The CRS that the coordinates of a filter are in."""

    srid: int = 4326
    flipped: bool = False
    """Whether north comes before east."""

    @property
    def degrees(self) -> bool:
        """Whether it is longitude and latitude in WGS 84."""
        return self.srid == 4326


def make_box(sides: Sequence[float], at: str) -> Box:
    """A BBOX.

    Raises:
        UsageError: it does not have 4 or 6 numbers.
    """
    if len(sides) not in {4, 6}:
        raise refuse("BBOX cần 4 hoặc 6 số", "a BBOX has 4 or 6 numbers", "BBOX(west,south,east,north)", at)
    return Box(tuple(sides), at)


def make_shape(kind: str, coordinates: Any, at: str) -> Shape:
    """A geometry from coordinates as GeoJSON has them; those of a collection are geometries.

    Raises:
        UsageError: it makes no geometry.
    """
    try:
        shape = _MAKERS[kind](coordinates)
    except (KeyError, TypeError, ValueError, IndexError, shapely.errors.ShapelyError):
        shape = None
    if shape is None or shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        raise refuse(f"{kind} sai toạ độ", f"these are no coordinates of a {kind}", _HINTS.get(kind, "POINT(x y)"), at)
    return Shape(shape, at)


def _flat(positions: Any) -> list[tuple[float, ...]]:
    """Positions of one dimension, 2 or 3."""
    found = [tuple(map(_coordinate, position)) for position in positions]
    if {len(each) for each in found} not in ({2}, {3}):
        raise ValueError("mixed dimensions")
    return found


def _coordinate(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError(value)
    return float(value)


def _line(positions: Any) -> shapely.LineString:
    return shapely.LineString(_flat(positions))


def _ring(positions: Any) -> list[tuple[float, ...]]:
    found = _flat(positions)
    if len(found) < 4 or found[0] != found[-1]:
        raise ValueError("a ring is closed")
    return found


def _polygon(rings: Any) -> shapely.Polygon:
    outer, *holes = [_ring(each) for each in rings]
    return shapely.Polygon(outer, holes)


_MAKERS: dict[str, Callable[[Any], shapely.Geometry]] = {
    "Point": lambda position: shapely.Point(_flat([position])[0]),
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": lambda positions: shapely.MultiPoint(_flat(positions)),
    "MultiLineString": lambda lines: shapely.MultiLineString([_line(each) for each in lines]),
    "MultiPolygon": lambda polygons: shapely.MultiPolygon([_polygon(each) for each in polygons]),
    "GeometryCollection": shapely.GeometryCollection,
}
_HINTS = {"Polygon": "POLYGON((x y, …)): each ring is closed and has 4 positions or more"}


def place(node: Shape | Box, frame: Frame) -> shapely.Geometry:
    """The geometry in longitude and latitude, flat.

    Raises:
        UsageError: it lies outside the CRS, or is not valid.
    """
    shape = _boxed(node, frame) if isinstance(node, Box) else shapely.force_2d(node.geometry)
    if not shape.is_valid:
        # What PostGIS says of such ones may be wrong.
        why = explain_validity(shape).partition("[")[0]
        raise refuse("hình học không hợp lệ", f"the geometry is not valid: {why}", "mend its rings", node.at)
    if frame.flipped and isinstance(node, Shape):
        shape = shapely.transform(shape, lambda places: places[:, ::-1])
    if not frame.degrees:
        shape = _in_degrees(shape, frame, node.at)
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise _outside(node.at)
    return _covered(shape)


def _boxed(box: Box, frame: Frame) -> shapely.Geometry:
    sides = box.sides
    half = len(sides) // 2
    first, second = sides[:2], sides[half : half + 2]
    if frame.flipped:
        first, second = first[::-1], second[::-1]
    (west, south), (east, north) = first, second
    if south > north or (west > east and not frame.degrees):
        raise refuse("BBOX bị ngược", "the BBOX is upside down", "BBOX(west,south,east,north)", box.at)
    if west <= east:
        return _rectangle(west, south, east, north)
    # Over the antimeridian: what lies on both sides of it.
    halves = [half for half in ((west, 180.0), (-180.0, east)) if half[0] < half[1]]
    parts = [_rectangle(first, south, last, north) for first, last in halves]
    return shapely.union_all(parts) if parts else _rectangle(180.0, south, 180.0, north)


def _rectangle(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    # Without width or height it is a line or a point; as a polygon it would meet nothing.
    corners = [(west, south), (east, north)]
    return shapely.Point(corners[0]) if corners[0] == corners[1] else shapely.LineString(corners)


def _in_degrees(shape: shapely.Geometry, frame: Frame, at: str) -> shapely.Geometry:
    change = between(frame.srid, 4326)
    # In Web Mercator, too, only the sides along the axes stay straight.
    shape = shapely.segmentize(shape, max(LONGEST_SIDE, shape.length / MOST_CORNERS)) if shape.length else shape
    placed = shapely.transform(shape, lambda places: np.column_stack(change.transform(places[:, 0], places[:, 1])))
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise _outside(at)
    return placed


def _covered(shape: shapely.Geometry) -> shapely.Geometry:
    """A collection as the places that it covers.

    One of a single dimension becomes one geometry: PostGIS relates no collections. In others no parts lie over one
    another any more: GEOS takes such for invalid, and stops.
    """
    if not isinstance(shape, shapely.GeometryCollection):
        return shape
    return shapely.union_all(list(shape.geoms))


def _outside(at: str) -> UsageError:
    mend = "give coordinates in the order of the axes of filter-crs (CRS84: longitude, latitude)"
    return refuse("toạ độ nằm ngoài hệ toạ độ", "coordinates lie outside the CRS", mend, at)
