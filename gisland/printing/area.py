"""An area that somebody drew: GeoJSON, or a box of four numbers, in WGS 84 or on a plane of VN-2000."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gisland.errors import UsageError
from gisland.kit.crs import MERIDIANS, between
from gisland.printing.model import Floats

DEGREES = 4326
MOST_CORNERS = 2_000
MOST_LETTERS = 200_000
MOST_KILOMETRES = 120.0
"""Of the longer side: more does not lie on an A0 sheet at 1:100,000."""
HINT = "GeoJSON Polygon, MultiPolygon, hoặc khung · or a box: 106.66,20.85,106.69,20.87"
CRS_HINT = "area_crs: 4326 (kinh độ, vĩ độ · longitude, latitude), VN-2000: 9205 … 9218, 5896 … 5899"
_BOX = re.compile(r"\s*-?[\d.]+(\s*,\s*-?[\d.]+){3}\s*")
_EPSG = re.compile(r"(?:EPSG:{1,2}|/EPSG/\d+/)(\d{4,5})$", re.IGNORECASE)
# In which degrees Vietnam lies, to see when they were taken for each other.
_LONGITUDES, _LATITUDES = (102.0, 118.0), (6.0, 24.0)


@dataclass(frozen=True)
class Area:
    """An area in the CRS in which it was drawn (EPSG code), x east and y north."""

    shape: shapely.Geometry
    srid: int

    def in_crs(self, srid: int) -> shapely.Geometry:
        """The area in another CRS."""
        if srid == self.srid:
            return self.shape
        over = between(self.srid, srid)

        def moved(xy: Floats) -> Floats:
            return np.column_stack(over.transform(xy[:, 0], xy[:, 1]))

        found: shapely.Geometry = shapely.transform(self.shape, moved)
        return found


def tidied(given: object) -> str:
    """An area as it is kept: the bare geometry. Properties of features are dropped, they might tell of persons.

    Args:
        given: a text or an object: GeoJSON (geometry, feature, collection), a box of OGC (`bbox`), four numbers; '' or
            None for no area.

    Raises:
        UsageError: it is none.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return ""
    if isinstance(given, str) and len(given) > MOST_LETTERS:
        raise _too_many()
    found = _parsed(given)
    if isinstance(found, list):
        found = {"bbox": found}
    if not isinstance(found, dict):
        raise _no_area()
    polygons = list(_polygons(found))
    if not polygons:
        raise _no_area()
    srid = _srid_of(found.get("crs"))
    kept: dict[str, Any] = {"type": "MultiPolygon", "coordinates": polygons}
    if srid is not None:
        kept["crs"] = {"type": "name", "properties": {"name": f"EPSG:{srid}"}}
    return json.dumps(kept, separators=(",", ":"))


def read_area(text: str, srid: int | None = None) -> Area:
    """The area that a text says.

    Args:
        text: see `tidied`.
        srid: EPSG code of its coordinates; None: as the text says, else WGS 84.

    Raises:
        UsageError: it is empty, crosses itself, is far too large, or its coordinates are not of this CRS.
    """
    kept = json.loads(tidied(text) or "null")
    if kept is None:
        raise _no_area()
    said = _srid_of(kept.get("crs"))
    if srid is not None and said is not None and srid != said:
        raise UsageError(
            f"tệp ghi EPSG:{said}, không phải EPSG:{srid} · the file says EPSG:{said}, not EPSG:{srid}",
            hint="bỏ area_crs · leave area_crs out",
            parameter="area_crs",
        )
    srid = srid or said or DEGREES
    if srid != DEGREES and srid not in MERIDIANS:
        raise UsageError(
            f"không dùng được EPSG:{srid} · EPSG:{srid} cannot be used", hint=CRS_HINT, parameter="area_crs"
        )
    shape = _shape(kept["coordinates"])
    _check_place(shape, srid)
    _check_size(shape, srid)
    return Area(shape, srid)


def _parsed(given: object) -> object:
    if not isinstance(given, str):
        return given
    if _BOX.fullmatch(given):
        return [float(each) for each in given.split(",") if each.strip().count(".") <= 1]
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise _no_area() from None


def _polygons(found: object) -> Iterator[Any]:
    """The coordinates of the polygons in a GeoJSON object, or of a box."""
    if not isinstance(found, dict):
        raise _no_area()
    if isinstance(found.get("bbox"), list) and "coordinates" not in found and "type" not in found:
        yield _ring(found["bbox"])
        return
    match found.get("type"):
        case "Polygon":
            yield found.get("coordinates")
        case "MultiPolygon" if isinstance(found.get("coordinates"), list):
            yield from found["coordinates"]
        case "Feature":
            yield from _polygons(found.get("geometry"))
        case "FeatureCollection" if isinstance(found.get("features"), list):
            for each in found["features"]:
                yield from _polygons(each)
        case "GeometryCollection" if isinstance(found.get("geometries"), list):
            for each in found["geometries"]:
                yield from _polygons(each)
        case _:
            raise _no_area()


def _ring(box: list[Any]) -> Any:
    if len(box) != 4 or not all(_is_number(each) for each in box) or box[0] >= box[2] or box[1] >= box[3]:
        raise UsageError("đây không phải khung · this is no box", hint="west,south,east,north", parameter="area")
    west, south, east, north = box
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _srid_of(crs: object) -> int | None:
    """The EPSG code that a `crs` member says, as older GeoJSON and OGC have it; None where it is WGS 84 or not said."""
    if isinstance(crs, dict):
        properties = crs.get("properties")
        crs = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(crs, str) or crs.endswith(("CRS84", "CRS84h")):
        return None
    match = _EPSG.search(crs)
    if match is None:
        raise UsageError(
            "không rõ hệ toạ độ của khu vực · the CRS of the area is unknown", hint=CRS_HINT, parameter="area"
        )
    return int(match[1])


def _shape(polygons: list[Any]) -> shapely.Geometry:
    try:
        corners = sum(len(ring) for polygon in polygons for ring in polygon)
        if corners > MOST_CORNERS:
            raise _too_many()
        parts = []
        for polygon in polygons:
            rings = [[(point[0], point[1]) for point in ring] for ring in polygon]
            if not all(_is_number(value) for ring in rings for point in ring for value in point):
                raise _no_area()
            if rings and rings[0]:
                parts.append(shapely.Polygon(rings[0], rings[1:]))
    except (TypeError, ValueError, IndexError, KeyError, shapely.errors.GEOSException):
        raise _no_area() from None
    wrong = next((shapely.is_valid_reason(part) for part in parts if not shapely.is_valid(part)), None)
    if wrong is not None:
        raise UsageError(
            f"khu vực tự cắt hoặc hỏng · the area crosses itself or is broken: {wrong}",
            hint="vẽ lại, không để cạnh cắt nhau · draw it anew, no side may cross another",
            parameter="area",
        )
    shape: shapely.Geometry = shapely.union_all(parts) if parts else shapely.MultiPolygon()
    if shapely.is_empty(shape) or shape.area == 0:
        raise UsageError("khu vực rỗng · the area is empty", hint=HINT, parameter="area")
    return shape


def _check_place(shape: shapely.Geometry, srid: int) -> None:
    """Whether the coordinates can be of the CRS that is said."""
    west, south, east, north = shape.bounds
    degrees = west >= -180 and south >= -180 and east <= 180 and north <= 180
    if srid != DEGREES:
        if degrees:
            raise UsageError(
                f"toạ độ là độ, không phải mét của EPSG:{srid} · these are degrees, no metres of EPSG:{srid}",
                hint=CRS_HINT,
                parameter="area_crs",
            )
        return
    if not degrees:
        raise UsageError("toạ độ không phải kinh vĩ độ · these are no degrees", hint=CRS_HINT, parameter="area")
    turned = _within((south, north), _LONGITUDES) and _within((west, east), _LATITUDES)
    if turned or south < -90 or north > 90:
        raise UsageError(
            "kinh độ phải đứng trước vĩ độ · longitude stands before latitude", hint="[106.68, 20.86]", parameter="area"
        )


def _within(values: tuple[float, float], limits: tuple[float, float]) -> bool:
    return limits[0] <= values[0] and values[1] <= limits[1]


def _check_size(shape: shapely.Geometry, srid: int) -> None:
    west, south, east, north = shape.bounds
    wide, high = east - west, north - south
    if srid == DEGREES:
        wide, high = wide * 111_320 * math.cos(math.radians((south + north) / 2)), high * 110_574
    if max(wide, high) > MOST_KILOMETRES * 1000:
        raise UsageError(
            f"khu vực quá lớn: {wide / 1000:.0f} × {high / 1000:.0f} km · the area is too large",
            hint=f"đến {MOST_KILOMETRES:g} km mỗi chiều · at most {MOST_KILOMETRES:g} km along each side",
            parameter="area",
        )


def _no_area() -> UsageError:
    return UsageError("đây không phải khu vực · this is no area", hint=HINT, parameter="area")


def _too_many() -> UsageError:
    return UsageError(
        f"khu vực có quá {MOST_CORNERS} góc · the area has more than {MOST_CORNERS} corners",
        hint="đơn giản hoá đường bao · simplify its outline",
        parameter="area",
    )
