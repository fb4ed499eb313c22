"""With a URL gisland uses any server: here the test run's own, reached as its administrator."""

from __future__ import annotations

import psycopg
import pytest

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo, migrate
from gisland.jobs import create_queue
from gisland.publish.layers import apply_layers
from gisland.settings import Settings
from tests.factories import one


@pytest.fixture
def by_url(settings: Settings) -> Settings:
    return settings.model_copy(update={"database_url": admin_conninfo(settings)})


def test_schema_and_layers_come_to_it(by_url: Settings, catalogue: Catalogue) -> None:
    migrate(by_url)
    assert {each.layer for each in apply_layers(by_url, catalogue)} == set(catalogue.layers)


@pytest.mark.parametrize("role", [Role.APP, Role.STAFF, Role.PUBLIC])
def test_connections_take_on_their_role(by_url: Settings, role: Role) -> None:
    with connect(by_url, role) as connection:
        assert one(connection, "SELECT current_user") == role.value
        if role is not Role.APP:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT 1 FROM registry.parcel")


async def _user_of_the_queue(settings: Settings) -> str:
    queue = create_queue(settings)
    async with queue.open_async():
        row = await queue.connector.execute_query_one_async("SELECT current_user AS name")
    return str(row["name"])


def test_job_queue_takes_on_its_role(by_url: Settings) -> None:
    import asyncio

    assert asyncio.run(_user_of_the_queue(by_url)) == Role.APP.value
