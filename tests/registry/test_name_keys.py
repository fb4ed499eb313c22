"""Keys of names from before are made anew by the migration, and nothing else of these rows becomes another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gisland.database.migrate import migrate
from gisland.kit.text import name_key
from gisland.settings import Settings
from tests.factories import one
from tests.revisions import database_at, owner

# Under the keys that an earlier program gave them.
NAMES = {
    "Nguyễn Thị Quý": "nguyễn thị qúy",
    "H’ Hen Niê": "h’ hen niê",
    "Hộ ông: Trần Văn Hoà": "ông: trần văn hòa",
    "Lê Văn Thử": "lê văn thử",
}
ROWS = "SELECT full_name, version, updated_at, changed_by FROM registry.holder ORDER BY id"


@pytest.fixture
def before(settings: Settings) -> Iterator[Settings]:
    """A database of the migration before."""
    with database_at(settings, "0006") as old:
        yield old


def test_names_from_before_get_their_keys(before: Settings) -> None:
    change = "INSERT INTO registry.change (kind, reason, by) VALUES ('create', 'test', 'test') RETURNING id"
    with owner(before) as connection:
        ward = one(connection, "INSERT INTO registry.unit (level, code, name) VALUES ('ward', '1', 'A') RETURNING id")
        made = one(connection, change)
        add = "INSERT INTO registry.holder (ward_id, kind, full_name, name_key, created_by)"
        add += " VALUES (%s, 'person', %s, %s, %s)"
        connection.cursor().executemany(add, [(ward, *each, made) for each in NAMES.items()])
    with owner(before) as connection:
        one(connection, change)
        connection.execute(
            "UPDATE registry.holder SET full_name = 'Lê Thử', name_key = 'lê thử' WHERE full_name LIKE 'H’%'"
        )
    with owner(before) as connection:
        rows = connection.execute(ROWS).fetchall()
        changes = one(connection, "SELECT count(*) FROM registry.change")
    migrate(before)
    with owner(before) as connection:
        assert connection.execute(ROWS).fetchall() == rows
        keys: dict[str, str] = dict(connection.execute("SELECT full_name, name_key FROM registry.holder").fetchall())
        assert keys == {name: name_key(name) for name in keys}
        assert keys["Nguyễn Thị Quý"] == "nguyễn thị quý"
        assert keys["Hộ ông: Trần Văn Hoà"] == "trần văn hòa"
        assert connection.execute("SELECT name_key, version FROM history.holder").fetchall() == [("h'hen niê", 1)]
        assert one(connection, "SELECT count(*) FROM registry.change") == changes
        assert one(connection, "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O' AND NOT tgisinternal") == 0
