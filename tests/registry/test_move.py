"""A sheet comes to another ward: its parcels with it, findable by their old numbers; nothing is torn apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege

from gisland.database import Role, Scope, scope
from gisland.errors import Conflict, InputError, NotFound, PreconditionFailed, UsageError
from gisland.registry import undo
from gisland.registry.move import SheetMove, move_sheet
from gisland.registry.parcels import renumber_parcel, retire_parcel
from gisland.registry.seen import Seen
from tests.factories import make_change, make_holder, make_holding, make_parcel, make_sheet, make_ward, one
from tests.registry.conftest import Api
from tests.registry.land import BY, WHY, Land


@pytest.fixture
def new_ward(land: Land) -> int:
    def work(connection: Connection) -> int:
        change = make_change(connection, land.ward)
        group = one(
            connection,
            "INSERT INTO registry.residential_group (ward_id, code, name) VALUES (%s, '5', 'Tổ 5') RETURNING id",
            land.ward,
        )
        connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, land.west])
        query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, 'AB 1', %s) RETURNING id"
        certificate = one(connection, query, land.ward, change)
        query = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s)"
        connection.execute(query, [certificate, land.west])
        return make_ward(connection, "11302")

    return int(land.do(work))


def test_a_sheet_moves_with_all_that_belongs_to_it(land: Land, new_ward: int) -> None:
    move = SheetMove(id=land.sheet, version=1, ward_code="11302", sheet_no="85")
    change, sheet = land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    query = "SELECT ward_id, old_ward_code, sheet_no FROM registry.map_sheet WHERE id = %s"
    assert land.rows(query, sheet) == [(new_ward, "11311", "85")]
    assert land.rows("SELECT DISTINCT ward_id, map_sheet_id FROM registry.parcel") == [(new_ward, sheet)]
    for table in ("holding", "holder", "certificate"):
        assert land.rows(f"SELECT DISTINCT ward_id FROM registry.{table}") == [(new_ward,)], table
    query = "SELECT g.code FROM registry.parcel p LEFT JOIN registry.residential_group g ON g.id = residential_group_id"
    assert sorted(land.rows(query), key=str) == [("11311/5",), (None,)]
    query = "SELECT series, old_ward_code, sheet_no, parcel_no FROM registry.parcel_number ORDER BY parcel_no"
    assert land.rows(query) == [("before_reform", "11311", "1", "1"), ("before_reform", "11311", "1", "2")]
    shown = land.rows("SELECT DISTINCT ward_code, sheet_no FROM published.parcels", role=Role.PUBLIC)
    assert shown == [("11302", "85")]
    # And back, as if nothing had been.
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id, map_sheet_id FROM registry.parcel") == [(land.ward, land.sheet)]
    assert land.rows("SELECT count(*) FROM registry.parcel_number") == [(0,)]


def test_holders_with_land_left_behind_stay(land: Land, new_ward: int) -> None:
    def elsewhere(connection: Connection) -> None:
        sheet = make_sheet(connection, land.ward, "2")
        make_holding(connection, land.ward, make_parcel(connection, land.ward, sheet), land.holder)

    land.do(elsewhere)
    land.do(lambda c: move_sheet(c, SheetMove(id=land.sheet, version=1, ward_code="11302"), WHY, by=BY))
    assert land.rows("SELECT ward_id FROM registry.holder") == [(land.ward,)]
    assert land.rows("SELECT DISTINCT ward_id FROM registry.certificate") == [(new_ward,)]


def test_moves_that_are_refused(land: Land, new_ward: int) -> None:
    move = SheetMove(id=land.sheet, version=1, ward_code="11302")
    with pytest.raises(UsageError):
        land.do(lambda c: move_sheet(c, SheetMove(id=land.sheet, version=1, ward_code="11311"), WHY, by=BY))
    with pytest.raises(PreconditionFailed):
        land.do(lambda c: move_sheet(c, move.model_copy(update={"version": 2}), WHY, by=BY))
    insert = """
        INSERT INTO registry.map_sheet (ward_id, old_ward_code, sheet_no, scale, srid)
        VALUES (%s, '11311', '1', 500, 9210)
    """
    land.do(lambda c: c.execute(insert, [new_ward]))
    with pytest.raises(Conflict, match="another number"):
        land.do(lambda c: move_sheet(c, move, WHY, by=BY))


BUILDING = "INSERT INTO registry.asset (ward_id, kind, parent_id) VALUES (%s, %s, %s) RETURNING id"
ON_ASSET = """
    INSERT INTO registry.holding (ward_id, asset_id, certificate_id, holder_id, role, created_by)
    VALUES (%s, %s, %s, %s, 'certificate_holder', %s)
"""


def test_a_tower_moves_with_its_flats_and_all_on_them(land: Land, new_ward: int) -> None:
    """Rights, mortgages, papers and owners of what stands on the land, though none of them names a parcel."""

    def build(connection: Connection) -> None:
        change = make_change(connection, land.ward)
        tower = one(connection, BUILDING, land.ward, "apartment_building", None)
        query = "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)"
        connection.execute(query, [tower, land.west])
        flat = one(connection, BUILDING, land.ward, "apartment", tower)
        query = "INSERT INTO registry.certificate (ward_id, serial, created_by) VALUES (%s, 'CH 1', %s) RETURNING id"
        paper = one(connection, query, land.ward, change)
        connection.execute(
            "INSERT INTO registry.certificate_asset (certificate_id, asset_id) VALUES (%s, %s)", [paper, flat]
        )
        owner = make_holder(connection, land.ward, "Chủ Căn Hộ", "999190000077")
        connection.execute(ON_ASSET, [land.ward, flat, paper, owner, change])
        query = (
            "INSERT INTO registry.restriction (ward_id, asset_id, certificate_id, kind) VALUES (%s, %s, %s, 'mortgage')"
        )
        connection.execute(query, [land.ward, flat, None])
        connection.execute(query, [land.ward, None, paper])
        # A right that waits on the certificate of a parcel that is there, for another one that is not found yet.
        query = """
            INSERT INTO registry.holding (ward_id, certificate_id, holder_id, role, created_by)
            SELECT ward_id, id, %s, 'certificate_holder', %s FROM registry.certificate WHERE serial = 'AB 1'
        """
        connection.execute(query, [land.holder, change])
        query = "INSERT INTO registry.document (ward_id, kind) VALUES (%s, 'contract') RETURNING id"
        deed = one(connection, query, land.ward)
        connection.execute("INSERT INTO registry.document_link (document_id, asset_id) VALUES (%s, %s)", [deed, flat])

    land.do(build)
    before = {table: land.rows(f"SELECT id, ward_id FROM registry.{table} ORDER BY id") for table in MOVED}
    move = SheetMove(id=land.sheet, version=1, ward_code="11302")
    change, _ = land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    for table in MOVED:
        assert land.rows(f"SELECT DISTINCT ward_id FROM registry.{table}") == [(new_ward,)], table
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert before == {table: land.rows(f"SELECT id, ward_id FROM registry.{table} ORDER BY id") for table in MOVED}


MOVED = ("parcel", "asset", "certificate", "holder", "holding", "restriction", "document")


def test_what_also_stands_elsewhere_stays_with_what_is_on_it(land: Land, new_ward: int) -> None:
    def build(connection: Connection) -> None:
        change = make_change(connection, land.ward)
        house = one(connection, BUILDING, land.ward, "house", None)
        elsewhere = make_parcel(connection, land.ward, make_sheet(connection, land.ward, "2"))
        for parcel in (land.west, elsewhere):
            query = "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)"
            connection.execute(query, [house, parcel])
        connection.execute(ON_ASSET, [land.ward, house, None, land.holder, change])
        # Of what is on both, the parcel says where it is.
        query = "INSERT INTO registry.restriction (ward_id, parcel_id, asset_id, kind) VALUES (%s, %s, %s, 'mortgage')"
        connection.execute(query, [land.ward, land.west, house])

    land.do(build)
    land.do(lambda c: move_sheet(c, SheetMove(id=land.sheet, version=1, ward_code="11302"), WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id FROM registry.asset") == [(land.ward,)]
    assert land.rows("SELECT ward_id FROM registry.holding WHERE asset_id IS NOT NULL") == [(land.ward,)]
    assert land.rows("SELECT ward_id FROM registry.restriction") == [(new_ward,)]
    assert land.rows("SELECT ward_id FROM registry.holder") == [(land.ward,)]


def test_a_move_is_undone_by_those_only_who_reach_both_wards(land: Land, new_ward: int) -> None:
    move = SheetMove(id=land.sheet, version=1, ward_code="11302", sheet_no="85")
    one_ward, both = Scope(wards=frozenset({land.ward})), Scope(wards=frozenset({land.ward, new_ward}))
    with scope(one_ward), pytest.raises((NotFound, InsufficientPrivilege)):
        land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    with scope(both):
        change, _ = land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    for ward in (land.ward, new_ward):
        with (
            scope(Scope(wards=frozenset({ward}))),
            pytest.raises((NotFound, Conflict), match=r"another ward|no change"),
        ):
            land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id FROM registry.parcel") == [(new_ward,)]
    with scope(both):
        land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id FROM registry.parcel") == [(land.ward,)]


def part(land: Land, *parcels: int, **more: Any) -> SheetMove:
    """Some parcels of the sheet, to the other ward."""
    said = {"id": land.sheet, "version": 1, "ward_code": "11302", "parcels": [land.seen(each) for each in parcels]}
    return SheetMove.model_validate(said | more)


PLACES = """
    SELECT parcel.id, parcel.ward_id, map_sheet_id, parcel_no, g.code FROM registry.parcel
      LEFT JOIN registry.residential_group g ON g.id = residential_group_id ORDER BY parcel.id
"""
KNOWN = "SELECT parcel_id, ward_id, series, old_ward_code, sheet_no, parcel_no, scale FROM registry.parcel_number"


def test_of_a_sheet_that_is_divided_some_parcels_move_and_the_others_stay(land: Land, new_ward: int) -> None:
    before = land.rows(PLACES)
    change, sheet = land.do(lambda c: move_sheet(c, part(land, land.west), WHY, by=BY))
    # The new sheet is as the old one, under the same number; of that ward's groups there is one for the parcel.
    query = "SELECT ward_id, old_ward_code, sheet_no, scale, srid FROM registry.map_sheet WHERE id = %s"
    assert land.rows(query, sheet) == [(new_ward, "11311", "1", 500, 9210)]
    assert land.rows(PLACES) == [
        (land.west, new_ward, sheet, "1", "11311/5"),
        (land.east, land.ward, land.sheet, "2", None),
    ]
    assert land.rows(KNOWN) == [(land.west, new_ward, "before_reform", "11311", "1", "1", 500)]
    # What is on it alone has followed; the holder has land in both wards and stays.
    query = "SELECT parcel_id, ward_id FROM registry.holding ORDER BY parcel_id"
    assert land.rows(query) == [(land.west, new_ward), (land.east, land.ward)]
    assert land.rows("SELECT DISTINCT ward_id FROM registry.certificate") == [(new_ward,)]
    assert land.rows("SELECT ward_id FROM registry.holder") == [(land.ward,)]
    query = "SELECT id, ward_code, sheet_no, parcel_no FROM published.parcels ORDER BY id"
    assert land.rows(query, role=Role.PUBLIC) == [(land.west, "11302", "1", "1"), (land.east, "11311", "1", "2")]
    query = "SELECT kind, ward_id, detail FROM registry.change WHERE id = %s"
    detail = {"sheet": land.sheet, "parcels": 1, "from": "1", "to": "1", "whole": False}
    assert land.rows(query, change) == [("reform", new_ward, detail)]
    query = "SELECT tag, ward_id FROM audit.event WHERE object = %s"
    assert land.rows(query, f"change:{change}") == [("registry:changed", new_ward)]
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows(PLACES) == before
    assert land.rows(KNOWN) == []


def test_a_sheet_that_is_there_takes_parcels_under_its_next_numbers(land: Land, new_ward: int) -> None:
    """After the largest that it ever gave, in the order they had; what it had itself stays untouched."""

    def taking(connection: Connection) -> tuple[int, int]:
        sheet = make_sheet(connection, new_ward, "7")
        return sheet, make_parcel(connection, new_ward, sheet, "41", east=900_000)

    sheet, own = land.do(taking)
    for parcel, number in ((own, "30"), (land.west, "10")):  # 10 comes after 2
        land.do(partial(renumber_parcel, seen=land.seen(parcel), why=WHY, by=BY, parcel_no=number))
    land.do(lambda c: c.execute("DELETE FROM registry.parcel_number"))
    before = land.rows(PLACES)
    move = part(land, land.west, land.east, to_sheet=sheet)
    change, there = land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    assert there == sheet
    assert [row[:4] for row in land.rows(PLACES)] == [
        (land.west, new_ward, sheet, "43"),
        (land.east, new_ward, sheet, "42"),
        (own, new_ward, sheet, "30"),
    ]
    assert {row[0]: row[5] for row in land.rows(KNOWN)} == {land.west: "10", land.east: "2"}
    assert land.rows("SELECT version FROM registry.parcel WHERE id = %s", own) == [(2,)]
    # The numbers that were given up are not given again where they came from.
    left = land.do(lambda c: make_parcel(c, land.ward, land.sheet, "3", east=901_000))
    assert land.do(lambda c: renumber_parcel(c, land.seen(left), WHY, by=BY))[1] == "11"
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.rows(PLACES)[:3] == before


def test_a_paper_of_two_parcels_that_are_parted_stays(land: Land, new_ward: int) -> None:
    query = (
        "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) SELECT id, %s FROM registry.certificate"
    )
    land.do(lambda c: c.execute(query, [land.east]))
    land.do(lambda c: move_sheet(c, part(land, land.west), WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id FROM registry.certificate") == [(land.ward,)]
    land.do(lambda c: move_sheet(c, part(land, land.east, sheet_no="2"), WHY, by=BY))
    assert land.rows("SELECT DISTINCT ward_id FROM registry.certificate") == [(new_ward,)]
    assert land.rows("SELECT DISTINCT ward_id FROM registry.holder") == [(new_ward,)]


def test_parts_that_are_refused(land: Land, new_ward: int) -> None:
    def sheets(connection: Connection) -> list[int]:
        other = make_sheet(connection, land.ward, "2")
        elsewhere = make_parcel(connection, land.ward, other, "9", east=900_000)
        return [
            other,
            elsewhere,
            make_sheet(connection, new_ward, "7"),
            make_sheet(connection, new_ward, "8", srid=3405),
        ]

    other, elsewhere, there, of_other_crs = land.do(sheets)
    stale = [Seen(id=land.west, version=land.seen(land.west).version + 1)]
    refused: list[tuple[type[Exception], SheetMove]] = [
        (PreconditionFailed, part(land, parcels=stale)),
        (PreconditionFailed, part(land, land.west, version=2)),
        (Conflict, part(land, elsewhere)),
        (Conflict, part(land, land.west, land.west)),
        (Conflict, part(land, land.west, to_sheet=other)),
        (Conflict, part(land, land.west, to_sheet=of_other_crs)),
        (NotFound, part(land, parcels=[Seen(id=2**40, version=1)])),
        (NotFound, part(land, land.west, to_sheet=2**40)),
        (UsageError, part(land, land.west, to_sheet=land.sheet)),
        (UsageError, part(land, land.west, ward_code="11311")),
        (InputError, part(land, land.west, to_sheet=there, sheet_no="9")),
        (InputError, part(land, parcels=None, to_sheet=there)),
    ]
    before = land.rows(PLACES)
    for error, move in refused:
        with pytest.raises(error):
            land.do(lambda c: move_sheet(c, move, WHY, by=BY))  # noqa: B023
    # Who writes in one of the two wards alone neither gives nor takes.
    for ward in (land.ward, new_ward):
        move = part(land, land.west, to_sheet=there)
        with scope(Scope(wards=frozenset({ward}))), pytest.raises((NotFound, InsufficientPrivilege)):
            land.do(lambda c: move_sheet(c, move, WHY, by=BY))  # noqa: B023
    assert land.rows(PLACES) == before
    # What has ended stays with the sheet it ended on.
    land.do(lambda c: retire_parcel(c, land.seen(land.west), WHY, by=BY))
    with pytest.raises(Conflict, match="retired"):
        land.do(lambda c: move_sheet(c, part(land, land.west), WHY, by=BY))


def test_a_part_moves_over_http(api: Api) -> None:
    ward, other = api.ward(), api.ward()
    parcel = api.parcel(ward)
    place = f"sheets/{parcel['map_sheet_id']}"
    seen = {"If-Match": api.tag(place)}
    code = api.client.get(f"units/{other}").json()["code"]
    said: dict[str, Any] = {"change": {"reason": "địa giới mới"}, "ward_code": code}
    said["parcels"] = [{"id": parcel["id"], "version": parcel["version"]}]
    assert api.client.post(f"{place}/move", json=said).status_code == 428
    moved = api.client.post(f"{place}/move", json=said, headers=seen)
    assert moved.status_code == 200, moved.text
    now = api.client.get(f"parcels/{parcel['id']}").json()
    assert (now["ward_id"], now["map_sheet_id"], now["parcel_no"]) == (
        other,
        *moved.json()["made"],
        parcel["parcel_no"],
    )
    assert [each["series"] for each in now["numbers"]] == ["before_reform"]
    assert api.client.post(f"{place}/move", json=said, headers=seen).status_code == 412
