"""Groups, map sheets and wards with their progress: what they count, when they follow, and what is nowhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gisland.catalogue import Catalogue
from gisland.database import Role, connect, flush, run
from gisland.printing.progress import APART, share
from gisland.publish.layers import apply_layers, rebuild_layer
from gisland.publish.refreshing import refresh_late
from gisland.settings import Settings
from tests.factories import (
    make_group,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    move_to_group,
    one,
)
from tests.publish.conftest import Ward, serving

LAYERS = {"residential_groups": "residential_group_id", "map_sheets": "map_sheet_id", "wards": "ward_id"}
COUNTS = "parcels, parcels_to_verify, parcels_verified, share, persons_to_verify, persons_verified, progress"


def shown(settings: Settings, table: str, columns: str = COUNTS) -> list[tuple[Any, ...]]:
    with connect(settings, Role.PUBLIC) as connection:
        return connection.execute(f"SELECT {columns} FROM published.{table} ORDER BY id".encode()).fetchall()


@pytest.fixture
def groups(ward: Ward) -> list[int]:
    """Two groups: one with four parcels in as many states, and one without any."""
    parcels = ward.add_parcels(4)
    ward.add_holder(parcels[0], "verified")
    ward.add_holder(parcels[1], "mismatch")
    with connect(ward.settings, Role.APP) as connection:
        firm = make_holder(connection, ward.ward, kind="organisation")
        make_holding(connection, ward.ward, parcels[2], firm)
        made = [make_group(connection, ward.ward, code) for code in ("01", "02")]
        connection.execute("UPDATE registry.parcel SET residential_group_id = %s", [made[0]])
        flush(connection)
    return made


def test_what_they_count(ward: Ward, groups: list[int], catalogue: Catalogue) -> None:
    assert refresh_late(ward.settings) >= 4
    expected = [(4, 2, 1, 50, 2, 1, "from_40")]
    assert {table: shown(ward.settings, table) for table in LAYERS} == dict.fromkeys(LAYERS, expected)
    assert refresh_late(ward.settings) == 0, "nothing waits any more"
    # The verified one comes to use another parcel, too: a person once, and who is on its certificate no longer counts.
    with connect(ward.settings, Role.APP) as connection:
        holder = one(connection, "SELECT holder_id FROM registry.holding WHERE parcel_id = %s", ward.parcels[0])
        make_holding(connection, ward.ward, ward.parcels[1], holder, role="current_user")
        flush(connection)
    refresh_late(ward.settings)
    assert shown(ward.settings, "wards") == [(4, 2, 2, 100, 1, 1, "from_95")]
    # The second group has come to a parcel, and the first is without it.
    run(ward.settings, lambda connection: move_to_group(connection, ward.parcels[3], groups[1]))
    refresh_late(ward.settings)
    found = shown(ward.settings, "residential_groups", "code, parcels, share, progress")
    assert found == [("01", 3, 100, "from_95"), ("02", 1, None, "none")]
    # Made anew, they are the same.
    before = shown(ward.settings, "residential_groups", "*")
    rebuild_layer(ward.settings, catalogue, "residential-groups")
    assert shown(ward.settings, "residential_groups", "*") == before


def test_they_are_as_the_parcels_of_the_map_and_of_the_printed_overview(
    demo_ward: Settings, catalogue: Catalogue
) -> None:
    apart = {name for name, public in catalogue.palette.order if public == "none"} | {"none"}
    assert apart == set(APART)
    with connect(demo_ward, Role.PUBLIC) as connection:
        query = "SELECT verification_status, count(*) FROM published.parcels WHERE {} GROUP BY 1"
        for table, where in (
            ("residential_groups", "(ward_code, group_code) = ('{ward_code}', '{code}')"),
            ("map_sheets", "(ward_code, sheet_no) = ('{ward_code}', '{sheet_no}')"),
            ("wards", "ward_code = '{code}'"),
        ):
            cursor = connection.execute(f"SELECT * FROM published.{table}".encode())
            names = [each.name for each in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            assert rows, table
            for row in rows:
                of_it = dict(connection.execute(query.format(where.format(**row)).encode()).fetchall())
                percent = share(of_it)
                assert (row["parcels"], row["parcels_verified"]) == (sum(of_it.values()), of_it.get("verified", 0))
                assert row["share"] == (None if percent is None else round(Decimal(percent), 1))
                assert row["progress"] == catalogue.palette.progress_of(percent)


def test_a_writer_holds_nothing_that_another_of_its_ward_needs(ward: Ward, groups: list[int]) -> None:
    assert groups
    with connect(ward.settings, Role.APP) as writer, connect(ward.settings, Role.APP) as other:
        writer.execute("UPDATE registry.parcel SET legal_area_m2 = 5 WHERE id = %s", [ward.parcels[0]])
        flush(writer)
        # A flush locks the rows that its features are of; those of groups, sheets and wards are everybody's.
        for table in ("residential_group", "map_sheet", "unit"):
            other.execute(f"SELECT FROM registry.{table} FOR NO KEY UPDATE NOWAIT".encode())
    assert refresh_late(ward.settings) > 0


def test_what_another_one_took_meanwhile_is_no_fault(ward: Ward) -> None:
    """It is seen that something waits, and then there are no rows of which it would be."""
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("DELETE FROM publish.late")
        connection.execute("INSERT INTO publish.late (source, keys) VALUES ('registry.parcel', '{}')")
    assert refresh_late(ward.settings) == 0


def test_what_is_nowhere_is_no_feature(ward: Ward) -> None:
    """No parcel, no outline, no group; then one of each, and a sheet in another zone."""
    with connect(ward.settings, Role.APP) as connection:
        make_group(connection, ward.ward, "01")
        flush(connection)
    refresh_late(ward.settings)
    assert {table: shown(ward.settings, table) for table in LAYERS} == {table: [] for table in LAYERS}
    with connect(ward.settings, Role.APP) as connection:
        other = make_ward(connection, "11312", 9211)
        make_parcel(connection, other, make_sheet(connection, other, "3", scale=0, srid=9211))
        query = (
            "UPDATE registry.residential_group SET geom_4326 ="
            " ST_Multi(ST_MakeEnvelope(106.6, 20.8, 106.7, 20.9, 4326))"
        )
        connection.execute(query)
        flush(connection)
    refresh_late(ward.settings)
    outlines = "code, parcels, share, ST_AsText(geom)"
    found = shown(ward.settings, "residential_groups", outlines)
    assert found == [("01", 0, None, "MULTIPOLYGON(((106.6 20.8,106.6 20.9,106.7 20.9,106.7 20.8,106.6 20.8)))")]
    assert shown(ward.settings, "map_sheets", "sheet_no, scale, epsg, parcels") == [("3", None, 9211, 1)]
    assert shown(ward.settings, "wards", "code, parcels, ST_NPoints(geom)") == [("11312", 1, 5)]


def test_a_page_of_them_and_no_past(ward: Ward, groups: list[int]) -> None:
    assert groups
    refresh_late(ward.settings)
    with serving(ward.settings) as client:
        path = "/ogc/collections/residential-groups/items"
        page = client.get(path, params={"progress": "from_40", "sortby": "-share"}).json()
        assert [each["properties"]["share"] for each in page["features"]] == [50]
        tag = client.get(path).headers["etag"]
        ward.add_holder(ward.parcels[3], "verified")
        refresh_late(ward.settings)
        later = client.get(path, headers={"if-none-match": tag})
        assert later.json()["features"][0]["properties"]["share"] == 66.7
        refused = client.get(path, params={"as-of": "1"})
        assert refused.status_code == 400
        assert "former states of this layer are not kept" in refused.text


def test_the_classes_of_a_share_are_those_of_the_palette(ward: Ward, groups: list[int], catalogue: Catalogue) -> None:
    assert groups
    palette = catalogue.palette.model_copy(update={"progress": (0.0, 50.0)})
    apply_layers(ward.settings, catalogue.model_copy(update={"palette": palette}), "wards")
    assert shown(ward.settings, "wards", "progress") == [("from_50",)]


def test_what_is_counted_is_told_in_the_same_words(catalogue: Catalogue) -> None:
    """Each layer has its own file; what they share may not drift apart."""
    told = [{field.name: field for field in catalogue.layers[name.replace("_", "-")].fields} for name in LAYERS]
    for name in (*COUNTS.split(", "), "share_of_all", "share_of_persons", "label_x", "label_y"):
        one_field, *others = (fields[name] for fields in told)
        assert all(other == one_field for other in others), name
