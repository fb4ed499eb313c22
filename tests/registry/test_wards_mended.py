"""Rows that an earlier move left behind in the old ward are mended by the migration, as one change that says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gisland.database.migrate import migrate
from gisland.settings import Settings
from tests.factories import make_change, make_holder, make_holding, make_parcel, make_sheet, make_ward, one
from tests.revisions import database_at, owner


@pytest.fixture
def before(settings: Settings) -> Iterator[Settings]:
    """A database of the migration before."""
    with database_at(settings, "0008") as old:
        yield old


def test_what_was_left_behind_follows(before: Settings) -> None:
    with owner(before) as connection:
        ward, other = make_ward(connection), make_ward(connection, "11302")
        parcel = make_parcel(connection, ward, make_sheet(connection, ward))
        good = make_holding(connection, ward, parcel, make_holder(connection, ward))
        left = make_holding(connection, other, parcel, make_holder(connection, ward, "Trần Thị Khác"))
        query = (
            "INSERT INTO registry.parcel_number (ward_id, parcel_id, series, parcel_no) VALUES (%s, %s, 'other', '1')"
        )
        connection.execute(query, [other, parcel])
        make_change(connection, ward)
        house = one(connection, "INSERT INTO registry.asset (ward_id, kind) VALUES (%s, 'house') RETURNING id", ward)
        connection.execute("ALTER TABLE registry.restriction DISABLE TRIGGER in_force")
        query = "INSERT INTO registry.restriction (ward_id, asset_id, kind) VALUES (%s, %s, 'mortgage')"
        connection.execute(query, [other, house])
    with owner(before) as connection:
        connection.execute("ALTER TABLE registry.restriction ENABLE TRIGGER in_force")
        last = one(connection, "SELECT max(id) FROM registry.change")
    migrate(before)
    with owner(before) as connection:
        for table in ("holding", "parcel_number", "restriction"):
            assert one(connection, f"SELECT array_agg(DISTINCT ward_id) FROM registry.{table}") == [ward], table
        query = "SELECT id, version FROM registry.holding ORDER BY id"
        assert connection.execute(query).fetchall() == [(good, 1), (left, 2)]
        assert connection.execute("SELECT id, ward_id FROM history.holding").fetchall() == [(left, other)]
        query = "SELECT kind, reason LIKE '%%rights follow%%' FROM registry.change WHERE id > %s"
        assert connection.execute(query, [last]).fetchall() == [("direct", True)]
    migrate(before)
