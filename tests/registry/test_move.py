"""A sheet comes to another ward: its parcels with it, findable by their old numbers; nothing is torn apart."""

from __future__ import annotations

import pytest
from psycopg import Connection

from gisland.database import Role
from gisland.errors import Conflict, PreconditionFailed, UsageError
from gisland.registry import undo
from gisland.registry.move import SheetMove, move_sheet
from tests.factories import make_change, make_holding, make_parcel, make_sheet, make_ward, one
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
