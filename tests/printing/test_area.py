"""A drawn area: what is read, and what is refused with a mend."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from gisland.errors import UsageError
from gisland.kit.crs import to_wgs84
from gisland.printing.area import MOST_CORNERS, read_area, tidied

RING = [[106.66, 20.85], [106.69, 20.85], [106.69, 20.87], [106.66, 20.87], [106.66, 20.85]]
POLYGON: dict[str, Any] = {"type": "Polygon", "coordinates": [RING]}
METRES = {
    "type": "Polygon",
    "coordinates": [[[594000, 2309000], [594100, 2309000], [594100, 2309100], [594000, 2309000]]],
}


@pytest.mark.parametrize(
    "given",
    [
        POLYGON,
        json.dumps(POLYGON),
        {"type": "Feature", "properties": {"chu": "Trần Thị Bí Mật"}, "geometry": POLYGON},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": None, "geometry": POLYGON}]},
        {"type": "MultiPolygon", "coordinates": [[RING]]},
        {"bbox": [106.66, 20.85, 106.69, 20.87]},
        {"bbox": [106.66, 20.85, 106.69, 20.87], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
        "106.66,20.85,106.69,20.87",
        " 106.66, 20.85, 106.69, 20.87 ",
    ],
)
def test_one_area_in_many_forms(given: object) -> None:
    kept = tidied(given)
    assert "Bí Mật" not in kept
    assert tidied(kept) == kept
    area = read_area(kept)
    assert area.srid == 4326
    assert shapely.equals(area.shape, shapely.box(106.66, 20.85, 106.69, 20.87))


def test_no_area() -> None:
    assert tidied("") == tidied("  ") == tidied(None) == ""


def test_metres_of_a_zone() -> None:
    area = read_area(tidied(METRES), 9210)
    east, north = to_wgs84(9210).transform(594000, 2309000)
    assert area.in_crs(4326).distance(shapely.Point(east, north)) < 1e-9
    assert area.in_crs(9210) is area.shape
    said = METRES | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9210"}}}
    assert read_area(tidied(said)) == area
    with pytest.raises(UsageError, match="the file says EPSG:9210"):
        read_area(tidied(said), 9211)


TWISTED = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("given", "srid", "says"),
    [
        ("Hồng Bàng", None, "no area"),
        ("1,2,3", None, "no area"),
        ("[1", None, "no area"),
        ({"type": "Point", "coordinates": [106, 20]}, None, "no area"),
        ({"type": "Polygon"}, None, "no area"),
        ({"type": "Polygon", "coordinates": [[[106, "20"], [107, 20], [107, 21], [106, "20"]]]}, None, "no area"),
        ({"type": "Polygon", "coordinates": [[[106, 20], [107, 20]]]}, None, "no area"),
        ({"type": "Polygon", "coordinates": []}, None, "empty"),
        ({"type": "FeatureCollection", "features": []}, None, "no area"),
        ("106.69,20.85,106.66,20.87", None, "no box"),
        ("nan,20,107,21", None, "no area"),
        ({"type": "Polygon", "coordinates": [TWISTED]}, None, "crosses itself"),
        ({"type": "Polygon", "coordinates": [[*RING[:4]] * MOST_CORNERS]}, None, "corners"),
        ("100,10,110,20", None, "too large"),
        ("20.85,106.66,20.87,106.69", None, "longitude stands before latitude"),
        (METRES, None, "no degrees"),
        (POLYGON, 9210, "no metres of EPSG:9210"),
        (POLYGON, 3857, "EPSG:3857 cannot be used"),
        (POLYGON | {"crs": "here"}, None, "CRS of the area is unknown"),
    ],
)
def test_what_is_no_area_is_told_with_a_mend(given: object, srid: int | None, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        read_area(tidied(given), srid)
    assert refused.value.hint
    assert refused.value.where["parameter"] in {"area", "area_crs"}
