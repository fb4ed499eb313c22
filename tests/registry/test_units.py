"""Units are added once; the same again changes nothing, other content is a conflict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from psycopg import Connection

from gisland.errors import Conflict, InputError, NotFound, UsageError
from gisland.registry.units import NewUnit, add_unit, bbox_boundary, find_unit, list_units, read_boundary
from tests.factories import one

BOX = shapely.box(106.64, 20.86, 106.68, 20.89)


def write_geojson(path: Path, *shapes: object, code: str = "11311") -> Path:
    features = [
        {"type": "Feature", "properties": {"code": str(int(code) + n)}, "geometry": shapely.geometry.mapping(shape)}
        for n, shape in enumerate(shapes)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_unit_is_added_once(app_connection: Connection, tmp_path: Path) -> None:
    add_unit(app_connection, NewUnit("31", "Hải Phòng", level="province"), "test")
    boundary = read_boundary(write_geojson(tmp_path / "a.geojson", BOX), "11311")
    ward = NewUnit("11311", "Hồng Bàng", province="31", srid=9210, area_km2=12.11, boundary=boundary)
    unit, added = add_unit(app_connection, ward, "test")
    assert added
    assert (unit.province, unit.srid, unit.area_km2) == ("31", 9210, 12.11)
    assert unit.bounds == BOX.bounds
    assert add_unit(app_connection, ward, "test") == (unit, False)
    assert add_unit(app_connection, NewUnit("11311", "Hồng Bàng", srid=9210), "test") == (unit, False)
    assert [each.code for each in list_units(app_connection)] == ["31", "11311"]
    assert one(app_connection, "SELECT count(*) FROM audit.event WHERE tag = 'unit:added'") == 2


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("name", NewUnit("11311", "Minh Khai", srid=9210)),
        ("srid", NewUnit("11311", "Hồng Bàng", srid=9209)),
        ("area-km2", NewUnit("11311", "Hồng Bàng", srid=9210, area_km2=3.0)),
        ("boundary", NewUnit("11311", "Hồng Bàng", srid=9210, boundary=shapely.MultiPolygon([BOX]))),
        ("province", NewUnit("11311", "Hồng Bàng", srid=9210, province="31")),
    ],
)
def test_other_content_is_a_conflict(app_connection: Connection, name: str, other: NewUnit) -> None:
    add_unit(app_connection, NewUnit("31", "Hải Phòng", level="province"), "test")
    add_unit(app_connection, NewUnit("11311", "Hồng Bàng", srid=9210), "test")
    with pytest.raises(Conflict, match=name):
        add_unit(app_connection, other, "test")


def test_what_cannot_be_a_unit(app_connection: Connection) -> None:
    with pytest.raises(UsageError, match="EPSG:9999"):
        add_unit(app_connection, NewUnit("1", "A", srid=9999), "test")
    with pytest.raises(UsageError, match="--srid"):
        add_unit(app_connection, NewUnit("1", "A"), "test")
    with pytest.raises(NotFound, match="31"):
        add_unit(app_connection, NewUnit("1", "A", srid=9210, province="31"), "test")
    with pytest.raises(NotFound, match="11311"):
        find_unit(app_connection, "11311")


def test_boundaries(tmp_path: Path) -> None:
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert read_boundary(write_geojson(tmp_path / "a.geojson", BOX, bow), "11311").bounds == BOX.bounds
    with pytest.raises(InputError, match=r"a.geojson.*có 0 ranh giới"):
        read_boundary(tmp_path / "a.geojson", "99999")
    with pytest.raises(InputError, match="hỏng"):
        read_boundary(write_geojson(tmp_path / "b.geojson", bow), "11311")
    (tmp_path / "c.geojson").write_text("{}")
    with pytest.raises(InputError, match=r"c.geojson"):
        read_boundary(tmp_path / "c.geojson", "11311")
    assert bbox_boundary("2.3,48.6,2.4,48.7").bounds == (2.3, 48.6, 2.4, 48.7)
    for text in ("1,2,3", "2.4,48.6,2.3,48.7", "a,b,c,d", "600000,1,600001,2"):
        with pytest.raises(UsageError):
            bbox_boundary(text)
