"""What tests share is put back: rows, numbers, and whoever alters the schema is told."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from gisland.database.migrate import admin_conninfo
from gisland.settings import Settings
from tests.database.test_dump import contents
from tests.emptied import Emptied, emptied
from tests.registry.land import HALVES, make_land

ALTERED = {
    "a table": ("CREATE TABLE registry.other (id int)", "DROP TABLE registry.other"),
    "a trigger": (
        "ALTER TABLE registry.parcel DISABLE TRIGGER in_force",
        "ALTER TABLE registry.parcel ENABLE TRIGGER in_force",
    ),
    "a function": (
        "CREATE FUNCTION public.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION public.other()",
    ),
}


@pytest.fixture(scope="module")
def reused(server: Settings) -> Iterator[Emptied]:
    with emptied(server) as reused:
        yield reused


def test_rows_and_numbers_are_as_they_were(reused: Emptied) -> None:
    before = contents(reused.settings)
    assert before["publish.layer"][0] > 0, "what the template has stays"
    lands = []
    for _ in range(2):
        land = make_land(reused.settings)
        with land.opened:
            lands.append((land.ward, land.west, land.split(*HALVES).parcels))
        with psycopg.connect(admin_conninfo(reused.settings)) as connection:
            connection.execute("DELETE FROM publish.layer")
        changed = contents(reused.settings)
        assert {name for name in before if changed[name] != before[name]} > {"registry.parcel", "publish.layer"}
        reused.restore()
        assert contents(reused.settings) == before
    assert lands[0] == lands[1]


@pytest.mark.parametrize("altered", ALTERED)
def test_who_alters_the_schema_is_told(reused: Emptied, altered: str) -> None:
    reused.restore()
    done, undone = ALTERED[altered]
    with psycopg.connect(admin_conninfo(reused.settings), autocommit=True) as connection:
        connection.execute(done.encode())
        with pytest.raises(AssertionError, match="needs a clone"):
            reused.restore()
        connection.execute(undone.encode())
    reused.restore()
