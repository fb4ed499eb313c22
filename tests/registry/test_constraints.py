"""What makes no sense at all is refused by the database itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from gisland.database import Role
from tests.factories import make_change, make_holder, make_holding, make_parcel, make_sheet, make_ward, one

Open = Callable[[Role], Connection]


@pytest.fixture
def ward(app_connection: Connection) -> int:
    return make_ward(app_connection)


def test_area_and_wgs84_copy_are_derived(app_connection: Connection, ward: int) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward), size=10)
    query = "SELECT area_m2, ST_SRID(geom_4326), ST_Area(geom_4326::geography) FROM registry.parcel WHERE id = %s"
    row = app_connection.execute(query, [parcel]).fetchone()
    assert row is not None
    assert row[:2] == (100, 4326)
    assert row[2] == pytest.approx(100, rel=0.001)


def test_derived_columns_cannot_be_set_by_hand(app_connection: Connection, ward: int) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward), size=10)
    app_connection.execute("UPDATE registry.parcel SET area_m2 = 5 WHERE id = %s", [parcel])
    assert one(app_connection, "SELECT area_m2 FROM registry.parcel WHERE id = %s", parcel) == 100


def test_version_goes_up(app_connection: Connection, ward: int) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward))
    app_connection.execute("UPDATE registry.parcel SET address = 'số 1', version = 99 WHERE id = %s", [parcel])
    assert one(app_connection, "SELECT version FROM registry.parcel WHERE id = %s", parcel) == 2


def test_number_is_unique_on_its_sheet_only(app_connection: Connection, ward: int) -> None:
    sheet = make_sheet(app_connection, ward, "1", 500)
    make_parcel(app_connection, ward, sheet, "7")
    make_parcel(app_connection, ward, make_sheet(app_connection, ward, "1", 1000), "7")
    with pytest.raises(UniqueViolation):
        make_parcel(app_connection, ward, sheet, "7")


def test_parcel_has_the_crs_of_its_sheet(app_connection: Connection, ward: int) -> None:
    sheet = make_sheet(app_connection, ward)
    query = """
        INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)
        SELECT ward_id, map_sheet_id, 'x', 9209, ST_SetSRID(geom, 9209), created_by FROM registry.parcel WHERE id = %s
    """
    with pytest.raises(ForeignKeyViolation):
        app_connection.execute(query, [make_parcel(app_connection, ward, sheet)])


@pytest.mark.parametrize("code", ["999070000001", "0bcdefghjkmn", "W7EYEW652JVM", "w7eyew652jv"])
def test_a_national_id_is_no_parcel_code(app_connection: Connection, ward: int, code: str) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward))
    query = "UPDATE registry.parcel SET parcel_code = %s WHERE id = %s"
    app_connection.execute(query, ["w7eyew652jvm", parcel])
    with pytest.raises(CheckViolation):
        app_connection.execute(query, [code, parcel])


@pytest.mark.parametrize("wkt", ["POLYGON EMPTY", "POLYGON((0 0,1 1,1 0,0 1,0 0))", "LINESTRING(0 0,1 1)"])
def test_geometry_that_is_no_parcel_is_refused(app_connection: Connection, ward: int, wkt: str) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward))
    with pytest.raises(CheckViolation):
        app_connection.execute(
            "UPDATE registry.parcel SET geom = ST_GeomFromText(%s, 9210) WHERE id = %s", [wkt, parcel]
        )


@pytest.mark.parametrize(
    ("shares", "fits"),
    [
        ([(1, 2), (1, 2)], True),
        ([(1, 3), (1, 3), (1, 3)], True),
        ([(1, 6), (1, 2), (1, 3)], True),
        ([None, None], True),
        ([(1, 2), (1, 3)], False),
        ([(1, 3), (1, 3)], False),
        ([(2, 3), (2, 3)], False),
        ([(1, 2), (1, 2), None], False),
    ],
)
def test_shares_sum_to_one(
    app_connection: Connection, ward: int, shares: list[tuple[int, int] | None], fits: bool
) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward))
    for share in shares:
        make_holding(app_connection, ward, parcel, make_holder(app_connection, ward), share=share)
    if fits:
        app_connection.commit()
    else:
        with pytest.raises(CheckViolation, match="sum to 1"):
            app_connection.commit()


def test_two_sessions_cannot_both_take_the_last_share(open_connection: Open) -> None:
    first, second = open_connection(Role.APP), open_connection(Role.APP)
    ward = make_ward(first)
    parcel = make_parcel(first, ward, make_sheet(first, ward))
    holders = [make_holder(first, ward) for _ in range(3)]
    first.commit()
    for holder in holders[:2]:
        make_holding(first, ward, parcel, holder, share=(1, 2))
    # A third half, which neither session sees of the other before commit.
    make_holding(second, ward, parcel, holders[2], share=(1, 2))
    results: list[str] = []

    def commit(session: Connection) -> None:
        try:
            session.commit()
            results.append("kept")
        except psycopg.Error:
            results.append("refused")

    threads = [threading.Thread(target=commit, args=[session]) for session in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    total = one(
        first,
        "SELECT coalesce(sum(share_num::numeric / share_den), 1) FROM registry.holding WHERE parcel_id = %s",
        parcel,
    )
    assert total == 1
    assert "refused" in results


@pytest.mark.parametrize("shares_first", [True, False])
def test_a_right_without_a_share_does_not_slip_in_beside_shares(open_connection: Open, shares_first: bool) -> None:
    shared, whole = open_connection(Role.APP), open_connection(Role.APP)
    ward = make_ward(shared)
    parcel = make_parcel(shared, ward, make_sheet(shared, ward))
    holders = [make_holder(shared, ward) for _ in range(3)]
    shared.commit()
    # Neither sees what the other one enters.
    make_holding(whole, ward, parcel, holders[2])
    for holder in holders[:2]:
        make_holding(shared, ward, parcel, holder, share=(1, 2))
    first, second = (shared, whole) if shares_first else (whole, shared)
    first.commit()
    with pytest.raises(CheckViolation, match="sum to 1"):
        second.commit()


def test_right_that_moves_away_leaves_a_whole_behind(app_connection: Connection, ward: int) -> None:
    sheet = make_sheet(app_connection, ward)
    first, second = make_parcel(app_connection, ward, sheet), make_parcel(app_connection, ward, sheet)
    for _ in range(2):
        moved = make_holding(app_connection, ward, first, make_holder(app_connection, ward), share=(1, 2))
    app_connection.commit()
    query = "UPDATE registry.holding SET parcel_id = %s, share_num = 1, share_den = 1 WHERE id = %s"
    app_connection.execute(query, [second, moved])
    with pytest.raises(CheckViolation, match="sum to 1"):
        app_connection.commit()


@pytest.fixture
def other(app_connection: Connection) -> int:
    return make_ward(app_connection, "11302")


@pytest.mark.parametrize("table", ["holding", "restriction", "parcel_number"])
def test_what_is_on_a_parcel_is_of_its_ward(app_connection: Connection, ward: int, other: int, table: str) -> None:
    parcel = make_parcel(app_connection, ward, make_sheet(app_connection, ward))
    holder = make_holder(app_connection, ward)
    rest = {
        "holding": f"holder_id, role, created_by) VALUES (%s, %s, {holder}, 'current_user', 1)",
        "restriction": "kind) VALUES (%s, %s, 'mortgage')",
        "parcel_number": "series, parcel_no) VALUES (%s, %s, 'map_299', '7')",
    }[table]
    query = f"INSERT INTO registry.{table} (ward_id, parcel_id, {rest}"
    with app_connection.transaction(), pytest.raises(ForeignKeyViolation), app_connection.transaction():
        app_connection.execute(query, [other, parcel])
    app_connection.execute(query, [ward, parcel])
    with pytest.raises(ForeignKeyViolation):
        app_connection.execute(f"UPDATE registry.{table} SET ward_id = %s", [other])


def make_thing(connection: Connection, ward: int, thing: str) -> int:
    """An asset or a certificate."""
    columns = {"asset": "(ward_id, kind) VALUES (%s, 'house')", "certificate": "(ward_id, created_by) VALUES (%s, 1)"}
    return int(one(connection, f"INSERT INTO registry.{thing} {columns[thing]} RETURNING id", ward))


THINGS = [(table, thing) for table in ("holding", "restriction") for thing in ("asset", "certificate")]
ENTRIES = {
    "holding": """
        INSERT INTO registry.holding (ward_id, {0}_id, holder_id, role, created_by)
        VALUES (%s, %s, {1}, 'current_user', 1)
    """,
    "restriction": "INSERT INTO registry.restriction (ward_id, {0}_id, kind) VALUES (%s, %s, 'mortgage')",
}


@pytest.mark.parametrize(("table", "thing"), THINGS)
def test_what_is_on_something_else_is_of_its_ward(
    app_connection: Connection, ward: int, other: int, table: str, thing: str
) -> None:
    make_change(app_connection, ward)
    on = make_thing(app_connection, ward, thing)
    query = ENTRIES[table].format(thing, make_holder(app_connection, ward))
    app_connection.execute(query, [other, on])
    with pytest.raises(CheckViolation, match="another ward"):
        app_connection.commit()


@pytest.mark.parametrize(("table", "thing"), THINGS)
def test_what_is_on_something_else_moves_with_it(
    app_connection: Connection, ward: int, other: int, table: str, thing: str
) -> None:
    make_change(app_connection, ward)
    on = make_thing(app_connection, ward, thing)
    app_connection.execute(ENTRIES[table].format(thing, make_holder(app_connection, ward)), [ward, on])
    app_connection.commit()
    app_connection.execute(f"UPDATE registry.{thing} SET ward_id = %s WHERE id = %s", [other, on])
    app_connection.commit()
    assert one(app_connection, f"SELECT ward_id FROM registry.{table} WHERE {thing}_id = %s", on) == other


def test_a_right_on_its_way_does_not_stay_behind(open_connection: Open) -> None:
    mover, writer = open_connection(Role.APP), open_connection(Role.APP)
    ward, other = make_ward(mover), make_ward(mover, "11302")
    make_change(mover, ward)
    building = make_thing(mover, ward, "asset")
    mover.commit()
    writer.execute(ENTRIES["restriction"].format("asset"), [ward, building])
    mover.execute("UPDATE registry.asset SET ward_id = %s WHERE id = %s", [other, building])
    mover.commit()
    with pytest.raises(CheckViolation, match="another ward"):
        writer.commit()


def test_tables_that_copy_a_ward_are_held_to_it(app_connection: Connection) -> None:
    """Each table that says a ward and the parcel it is on has a foreign key for both."""
    query = """
        SELECT c.table_name, c.column_name FROM information_schema.columns w
          JOIN information_schema.columns c USING (table_schema, table_name)
         WHERE w.table_schema = 'registry' AND w.column_name = 'ward_id' AND c.column_name = 'parcel_id'
           AND NOT EXISTS (SELECT FROM pg_constraint
                            WHERE conrelid = format('registry.%I', c.table_name)::regclass AND contype = 'f'
                              AND confupdtype = 'c' AND convalidated
                              AND pg_get_constraintdef(oid) LIKE 'FOREIGN KEY (parcel_id, ward_id)%')
    """
    assert app_connection.execute(query).fetchall() == []
