"""Geometry of parcels as it comes in, and the comparison of what was with what shall be. Coordinates are those of the
sheet's CRS, in metres; nothing is snapped or mended: what differs is measured and compared with the tolerance.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

import shapely

from gisland.errors import InputError

# Old and new ground are one within this distance, metres; points are known to 5 cm at best (circular 25/2014).
TOLERANCE = 0.01
# No plane reaches farther, metres: half the way around the earth.
FARTHEST = 2.0e7

Shape: TypeAlias = shapely.Polygon | shapely.MultiPolygon


def read_shape(geometry: dict[str, Any], srid: int) -> Shape:
    """A polygon from a GeoJSON geometry with coordinates in the CRS of the sheet (not in degrees).

    Raises:
        InputError: it is no valid polygon, or its coordinates can only be degrees.
    """
    hint = f"GeoJSON Polygon, EPSG:{srid}, mét · metres"
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(geometry)))
    except (shapely.errors.GEOSException, TypeError, ValueError):
        raise InputError("không đọc được hình · the geometry cannot be read", hint=hint) from None
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon) or shape.is_empty:
        raise InputError("hình phải là vùng · the geometry is no polygon", hint=hint)
    if not shapely.is_valid(shape):
        raise InputError(f"hình không hợp lệ · the geometry is invalid: {shapely.is_valid_reason(shape)}", hint=hint)
    west, south, east, north = shape.bounds
    if max(-west, east, -south, north) > FARTHEST:
        raise InputError("toạ độ ngoài trái đất · the coordinates are not on the earth", hint=hint)
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        raise InputError("toạ độ là độ, không phải mét · the coordinates are degrees", hint=hint)
    return shape


def is_narrow(shape: shapely.Geometry, tolerance: float = TOLERANCE) -> bool:
    """Whether a shape is nowhere wider than the tolerance (metres)."""
    return bool(shape.area == 0 or shapely.is_empty(shapely.buffer(shape, -tolerance / 2)))


def check_same_ground(old: Sequence[Shape], new: Sequence[Shape]) -> dict[str, float]:
    """That new parcels cover the very ground of the old ones, without gap or overlap wider than 1 cm.

    Returns:
        The balance of areas, m²: `old_m2`, `new_m2`, `difference_m2`.

    Raises:
        InputError: they do not; says where and how much.
    """
    before, after = shapely.union_all(old), shapely.union_all(new)
    for what, shape in (
        ("còn hở · a gap", before.difference(after)),
        ("lấn ra ngoài · beyond the old parcels", after.difference(before)),
        *(("chồng lên nhau · an overlap", first.intersection(second)) for first, second in combinations(new, 2)),
    ):
        if not is_narrow(shape):
            x, y = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
            raise InputError(
                f"{what}: {shape.area:.2f} m², gần · near {x:.2f}, {y:.2f}",
                hint="thửa mới phải phủ kín đúng thửa cũ, sai lệch ≤ 1 cm · new parcels cover exactly the old ones",
            )
    old_area, new_area = sum(shape.area for shape in old), sum(shape.area for shape in new)
    return {
        "old_m2": round(old_area, 3),
        "new_m2": round(new_area, 3),
        "difference_m2": round(new_area - old_area, 3),
    }
