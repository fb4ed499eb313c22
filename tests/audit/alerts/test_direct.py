"""Whoever changes the registry by direct SQL is in the audit log; what gisland itself does never looks like that."""

from __future__ import annotations

import psycopg

from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo
from gisland.settings import Settings
from tests.audit.alerts.conftest import Watched
from tests.conftest import clone_of
from tests.factories import make_parcel, make_sheet, make_ward

DIRECT = "SELECT subject FROM audit.event WHERE tag = 'registry:changed_directly'"


def test_direct_sql_is_noted_once_a_transaction(watched: Watched) -> None:
    with psycopg.connect(admin_conninfo(watched.settings)) as connection:
        ward = make_ward(connection)
        sheet = make_sheet(connection, ward)
        for _ in range(3):
            make_parcel(connection, ward, sheet)
    assert watched.told() == ["direct-changes"]
    with psycopg.connect(admin_conninfo(watched.settings)) as connection:
        connection.execute("UPDATE registry.parcel SET address = 'x'")
        found = connection.execute(DIRECT).fetchall()
    assert len({subject for (subject,) in found}) == 1
    assert found[0][0].startswith("db:")


def test_what_gisland_does_is_no_direct_change(demo_ward: Settings) -> None:
    """Units, groups, parcels, forms and results of the demo ward came by the application."""
    with clone_of(demo_ward) as settings, connect(settings, Role.APP) as connection:
        assert connection.execute(DIRECT).fetchall() == []
