"""Parcel code (mã định danh thửa đất): the GeoHash of a point deep inside the parcel.

Circular 09/2024/TT-BTNMT as amended in 2026 (annex I): 12 letters, unique in the country, made of the characteristic
point in VN-2000, transformed to WGS 84. The circular names "Polygonlabel" for that point, the pole of inaccessibility:
the place with the greatest distance to the boundary (its clearance). It says nothing of precision or ties, so
`METHOD_VERSION` 1 pins them:

* All boundaries count, of holes and of every part; with several parts the pole lies in the roomiest one.
* Many parcels (each rectangle) have no single such place. Therefore what is greatest is
  clearance - (0.99 mm · |p - c| + 0.001 mm · (x - c.x) + 0.0001 mm · (y - c.y)) / r,
  with c the centroid of the area and r its distance to the farthest vertex. So the pole itself is taken where it is a
  single place; of a row of places that are equal within a millimetre that nearest to the centroid; of two that are
  equally near the more westerly, then the more southerly. It costs less than 1 mm of clearance (and in slivers with
  area ÷ length of the boundary below 2 mm, where the three terms shrink in proportion, less than half of it).
* That greatest value is found to 1 nm, whatever vertex a ring starts at, however it runs, whichever vertices are
  repeated or lie on a straight line, and whatever else is computed with it.
* The way to WGS 84 is that of decision 05/2007/QĐ-BTNMT, also where PROJ would take another one (`kit.crs`).
* Coordinates are not rounded at any step.

A code is computed once, when a parcel gets none with its data, and kept: it is never computed again for a parcel that
has one, except to warn. A cell is about 3.5 cm by 1.9 cm in Vietnam.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.errors import InputError
from gisland.kit import geohash
from gisland.kit.crs import to_wgs84
from gisland.registry.pole import poles

METHOD_VERSION = 1
"""To be stored with each computed code; any change of what `characteristic_points` gives needs another number."""
LENGTH = 12
PATTERN = r"^[b-hjkmnp-z][0-9b-hjkmnp-z]{11}$"
"""A code: 12 letters of GeoHash, the first of them no digit. Digits begin cells of the western half of the earth
(Vietnam lies in `w`), and 12 digits are a national id, which must not be published. Regular expressions of Python,
PostgreSQL (the constraint of the column) and JSON Schema read it alike."""
THINNEST = 1e6
"""Square of the boundary's length ÷ area. A strip reaches it when it is 250,000 times as long as wide."""
_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_CODE = re.compile(PATTERN)

Geometries = Sequence[Any] | NDArray[Any]
"""Shapely geometries, or WKB as bytes; polygons and multipolygons."""


def parcel_codes(geometries: Geometries, srid: int) -> list[str]:
    """The code of each parcel, in order; `srid` is the EPSG code of the plane that all are given in.

    Raises:
        InputError: a geometry is missing, empty, no polygon, not valid or a mere line, or lies outside of its CRS;
            `geometry` in the error is its place in the list, from 0.
        UsageError: `srid` is no projected CRS in metres.
    """
    transformer = to_wgs84(srid)
    points = characteristic_points(geometries)
    longitude, latitude = transformer.transform(points[:, 0], points[:, 1])
    lost = np.flatnonzero(~(np.isfinite(longitude) & np.isfinite(latitude)))
    if len(lost):
        raise InputError(
            f"thửa nằm ngoài hệ toạ độ EPSG:{srid} · the parcel lies outside of EPSG:{srid}", geometry=int(lost[0])
        )
    return geohash.encode(longitude, latitude, LENGTH)


def characteristic_points(geometries: Geometries) -> NDArray[np.float64]:
    """The characteristic points, (N, 2), in the plane of the geometries (metres).

    Raises:
        InputError: see `parcel_codes`.
    """
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    if len(shapes) and isinstance(shapes[0], bytes | bytearray | memoryview):
        shapes = shapely.from_wkb(shapes, on_invalid="ignore")
    _check(shapes)
    return poles(shapes)


def _check(shapes: NDArray[Any]) -> None:
    _refuse(shapely.is_missing(shapes) | shapely.is_empty(shapes), "không có hình thửa · there is no geometry")
    _refuse(~np.isin(shapely.get_type_id(shapes), _POLYGONAL), "không phải vùng · this is no polygon")
    _refuse(~shapely.is_valid(shapes), "hình thửa sai · the polygon is not valid")
    thin = shapely.length(shapes) ** 2 > THINNEST * shapely.area(shapes)
    _refuse(thin, "hình thửa quá hẹp, chỉ như một đường · the polygon is so narrow that it is a mere line")


def _refuse(wrong: NDArray[np.bool_], detail: str) -> None:
    if wrong.any():
        raise InputError(
            detail, hint="sửa hình thửa trước · mend the geometry first", geometry=int(np.flatnonzero(wrong)[0])
        )


def is_parcel_code(text: str) -> bool:
    """Whether a text is a code of 12 letters of GeoHash, in lower case; 12 digits are none (`PATTERN`)."""
    return _CODE.fullmatch(text) is not None
