"""National ids that once passed for parcel codes are taken away by the migration: from the registry and its past."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.errors import CheckViolation

from gisland.database.migrate import migrate
from gisland.settings import Settings
from tests.factories import make_parcel, make_sheet, make_ward, one
from tests.revisions import database_at, owner

STRAYED = "999070000001"


@pytest.fixture
def before(settings: Settings) -> Iterator[Settings]:
    """A database of the migration before."""
    with database_at(settings, "0027") as old:
        yield old


def test_ids_are_taken_away(before: Settings) -> None:
    with owner(before) as connection:
        ward = make_ward(connection)
        sheet = make_sheet(connection, ward)
        now, once, good = (make_parcel(connection, ward, sheet, number) for number in "123")
    for parcel, code in ((now, STRAYED), (once, STRAYED[::-1]), (once, None), (good, "w7eyew652jvm")):
        with owner(before) as connection:
            connection.execute("UPDATE registry.parcel SET parcel_code = %s WHERE id = %s", [code, parcel])
    migrate(before)
    with owner(before) as connection:
        rows = connection.execute("SELECT id, parcel_code FROM registry.parcel ORDER BY id").fetchall()
        assert rows == [(now, None), (once, None), (good, "w7eyew652jvm")]
        assert one(connection, "SELECT count(*) FROM history.parcel WHERE parcel_code IS NOT NULL") == 0
        assert one(connection, "SELECT count(*) FROM history.parcel WHERE id = %s", now) == 2
        assert one(connection, "SELECT kind FROM registry.change ORDER BY id DESC LIMIT 1") == "direct"
        with pytest.raises(CheckViolation):
            connection.execute("UPDATE registry.parcel SET parcel_code = %s WHERE id = %s", [STRAYED, now])
    migrate(before)
