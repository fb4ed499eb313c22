"""What the views of the parcel layers compute, and at what cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gisland.catalogue import Catalogue
from gisland.database import Role, connect, run
from gisland.settings import Settings
from tests import emptied
from tests.factories import make_change, one
from tests.publish import conftest
from tests.publish.conftest import Ward

reused = emptied.reused
settings = emptied.settings
ward = conftest.lasting_ward


def set_shape(ward: Ward, parcel: int, wkt: str) -> None:
    """Give a parcel another shape, in metres from its south-west corner."""
    query = """
        UPDATE registry.parcel
           SET geom = ST_Translate(ST_GeomFromText(%s, srid), ST_XMin(geom), ST_YMin(geom)) WHERE id = %s"""
    run(ward.settings, lambda c: c.execute(query, [wkt, parcel]))


def published(ward: Ward, column: str, parcel: int) -> Any:
    with connect(ward.settings, Role.PUBLIC) as connection:
        return one(connection, f"SELECT {column} FROM published.parcels t WHERE id = %s", parcel)


@pytest.mark.parametrize(
    ("wkt", "angle"),
    [
        ("POLYGON((0 0, 20 0, 20 4, 0 4, 0 0))", 0),
        ("POLYGON((0 0, 4 0, 4 20, 0 20, 0 0))", 90),
        ("POLYGON((0 0, 20 20, 18 22, -2 2, 0 0))", 45),
        ("POLYGON((0 0, 20 -20, 22 -18, 2 2, 0 0))", -45),
        # Ever so slightly past upright: still not upside down.
        ("POLYGON((0 0, 4 0, 4.001 20, 0.001 20, 0 0))", 90),
        ("POLYGON((0 0, 4 0, 3.999 20, -0.001 20, 0 0))", 90),
        ("POLYGON((0 0, 30 0, 30 4, 4 4, 4 6, 0 6, 0 0))", 0),
    ],
)
def test_the_label_runs_along_the_long_side(ward: Ward, wkt: str, angle: float) -> None:
    (parcel,) = ward.add_parcels(1)
    set_shape(ward, parcel, wkt)
    found = float(published(ward, "label_angle", parcel))
    assert -90 < found <= 90
    assert found == pytest.approx(angle, abs=0.2)
    inside = "ST_Contains(geom, ST_SetSRID(ST_MakePoint(label_x, label_y), 4326))"
    assert published(ward, inside, parcel)


def test_a_label_stands_where_somebody_placed_it(ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    set_shape(ward, parcel, "POLYGON((0 0, 20 0, 20 4, 0 4, 0 0))")
    query = """
        UPDATE registry.parcel SET label_east = ST_XMin(geom) + 3, label_north = ST_YMin(geom) + 1, label_angle = %s
         WHERE id = %s RETURNING label_east, label_north"""
    ((east, north),) = run(ward.settings, lambda c: c.execute(query, [-33.5, parcel]).fetchall())
    with connect(ward.settings, Role.APP) as connection:
        there = "SELECT ST_X(p), ST_Y(p) FROM registry.to_wgs84(ST_Point(%s, %s, 9210)) p"
        expected = connection.execute(there, [east, north]).fetchone()
    x, y, angle = (float(published(ward, name, parcel)) for name in ("label_x", "label_y", "label_angle"))
    assert (x, y) == pytest.approx(expected, abs=1e-7)
    assert angle == -33.5
    run(ward.settings, lambda c: c.execute("UPDATE registry.parcel SET label_angle = NULL WHERE id = %s", [parcel]))
    assert float(published(ward, "label_angle", parcel)) == 0


def test_the_label_of_a_hollow_parcel_lies_in_it(ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    set_shape(ward, parcel, "POLYGON((0 0, 20 0, 20 20, 0 20, 0 0), (2 2, 18 2, 18 18, 2 18, 2 2))")
    assert published(ward, "ST_Contains(geom, ST_SetSRID(ST_MakePoint(label_x, label_y), 4326))", parcel)


@pytest.mark.parametrize(("width", "area"), [("7.2249", "72.2"), ("7.2251", "72.3"), ("7.0", "70.0")])
def test_areas_are_rounded_to_a_tenth(ward: Ward, width: str, area: str) -> None:
    (parcel,) = ward.add_parcels(1)
    set_shape(ward, parcel, f"POLYGON((0 0, {width} 0, {width} 10, 0 10, 0 0))")
    assert str(published(ward, "area_m2", parcel)) == area


def test_land_types_stand_in_their_order(ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)

    def work(connection: Connection) -> None:
        for seq, land_type in ((2, "CLN"), (1, "ODT"), (3, "NTS")):
            query = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, %s, %s)"
            connection.execute(query, [parcel, seq, land_type])

    run(ward.settings, work)
    assert published(ward, "land_type", parcel) == "ODT+CLN+NTS"


def test_group_certificates_and_retired_rights(settings: Settings, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    gone = ward.add_holder(parcel, "verified")

    def work(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        query = "INSERT INTO registry.residential_group (ward_id, code, name) VALUES (%s, '07', 'Tổ 7') RETURNING id"
        group = one(connection, query, ward.ward)
        connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, parcel])
        for serial in ("BK 123456", "", "AA 01234567"):
            query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, %s, %s) RETURNING id"
            certificate = one(connection, query, ward.ward, serial, change)
            query = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s)"
            connection.execute(query, [certificate, parcel])
        connection.execute("UPDATE registry.holding SET retired_by = %s WHERE holder_id = %s", [change, gone])

    run(settings, work)
    columns = "group_code, certificate_serial, exact_status, verification_status, holder_names, masked_ids"
    with connect(settings, Role.STAFF) as connection:
        row = connection.execute(f"SELECT {columns} FROM published_staff.parcels_staff".encode()).fetchone()
    assert row == ("07", "BK 123456; AA 01234567", "no_holder", "none", None, None)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.parametrize("layer_id", ["parcels", "parcels-staff"])
def test_one_feature_is_refreshed_without_reading_a_whole_table(
    settings: Settings, catalogue: Catalogue, ward: Ward, layer_id: str
) -> None:
    ward.add_parcels(400)
    layer = catalogue.layer(layer_id)
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("ANALYZE registry.parcel")
        # The statement of publish.refresh(), with one key.
        query = f"""
            EXPLAIN (FORMAT json, ANALYZE)
            WITH wanted AS MATERIALIZED (SELECT unnest('{{{ward.parcels[7]}}}'::bigint[]) AS id)
            SELECT * FROM {layer.source_schema}.{layer.table} WHERE id IN (SELECT id FROM wanted)"""
        plan = one(connection, query)[0]["Plan"]
    rows = {node["Relation Name"]: node["Actual Rows"] for node in nodes(plan) if node.get("Relation Name") == "parcel"}
    assert rows == {"parcel": 1}, json.dumps(plan, indent=1)
