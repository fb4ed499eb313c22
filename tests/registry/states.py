"""The state of the registry as people would call it: every row of every table, without versions, times and changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection

from tests.factories import one

Row = dict[str, Any]
State = dict[str, dict[int, Row]]

OWN = ["version", "updated_at", "changed_by"]
# What is of a ward without saying so belongs to a record that does.
OF = {
    "land_use": ("parcel_id", "parcel"),
    "parcel_lineage": ("ancestor_id", "parcel"),
    "asset_parcel": ("asset_id", "asset"),
    "certificate_parcel": ("certificate_id", "certificate"),
    "certificate_asset": ("certificate_id", "certificate"),
    "document_link": ("document_id", "document"),
}
# What rights, restrictions and numbers are on; the first of them says in which ward they are.
BEARING = ("parcel", "asset", "certificate")
# Records that are never retired: what an act made of them on its way stays.
LASTING = {"unit", "residential_group", "map_sheet", "holder"}


def tables(connection: Connection) -> list[str]:
    """The tables of the registry that have a history."""
    names = [name for (name,) in connection.execute("SELECT name FROM history.tables()")]
    assert len(names) > 15
    return names


def _within(table: str, wards: Iterable[int] | None, source: str = "registry.{}") -> str:
    if wards is None:
        return "true"
    listed = f"ANY ('{{{','.join(map(str, wards))}}}'::int[])"
    if table in OF:
        column, parent = OF[table]
        return f"{column} IN (SELECT id FROM {source.format(parent)} WHERE ward_id = {listed})"
    if table == "unit":
        return f"id = {listed}"
    return "false" if table == "unit_successor" else f"ward_id = {listed}"


def read(connection: Connection, query: str, *values: object) -> dict[int, Row]:
    """Rows by their ids; `query` gives id and row as JSON."""
    return dict(connection.execute(query.encode(), values).fetchall())


def state(connection: Connection, wards: Iterable[int] | None = None, as_of: int | None = None) -> State:
    """All rows of these wards, now or as of a data version."""
    # The version is a parameter: of what is asked again with another one, the session keeps the plan.
    source = "registry.{}" if as_of is None else "history.{}_as_of(%(as_of)s)"

    def rows(table: str) -> dict[int, Row]:
        where = _within(table, wards, source)
        query = f"SELECT id, to_jsonb(t) - %(own)s::text[] FROM {source.format(table)} t WHERE {where}"
        return dict(connection.execute(query.encode(), {"own": OWN, "as_of": as_of}).fetchall())

    return {table: rows(table) for table in tables(connection)}


def in_force(rows: Mapping[int, Row]) -> dict[int, Row]:
    """Rows that are not retired; a right of the past was never anything else."""
    return {number: row for number, row in rows.items() if row.get("retired_by") in (None, row.get("created_by"))}


def assert_same(before: State, after: State) -> None:
    """Nothing in force differs, and what was there is as it was; what there is more is retired or lasts."""
    for table, rows in before.items():
        assert {number: after[table].get(number) for number in rows} == rows, table
        if table not in LASTING:
            assert in_force(after[table]).keys() == in_force(rows).keys(), table


def touched(connection: Connection, change: int) -> tuple[State, dict[str, set[int]]]:
    """What a change altered or ended, as it was before; and what it made."""
    former, made = {}, {}
    for table in tables(connection):
        query = f"SELECT id, to_jsonb(t) - 'ended_by' - %s::text[] FROM history.{table} t WHERE ended_by = %s"
        former[table] = read(connection, query, OWN, change)
        made[table] = set(one(connection, "SELECT history.made_by(%s, %s)", change, table))
    return former, made


def followed(row: Row, former: State) -> Row:
    """A row that lies in the ward of what it is on, which goes back to its former one: an ended right goes along."""
    on = next((former[table].get(row[f"{table}_id"]) for table in BEARING if row.get(f"{table}_id") is not None), None)
    return row | {"ward_id": on["ward_id"]} if on is not None and "ward_id" in row else row


def assert_undone(before: State, after: State, former: State, made: Mapping[str, set[int]]) -> None:
    """What a change altered is as it was before it, what it made is gone, and everything else is as it was just now."""
    for table, rows in after.items():
        for number, row in former[table].items():
            assert rows.get(number) == row, table
        gone = {} if table in LASTING else {number: rows[number] for number in made[table] & rows.keys()}
        assert in_force(gone) == {}, table
        others = rows.keys() - former[table].keys() - made[table]
        assert {number: rows[number] for number in others} == {
            number: followed(row, former) for number, row in before[table].items() if number in others
        }, table
        assert before[table].keys() - former[table].keys() - made[table] == others, table
