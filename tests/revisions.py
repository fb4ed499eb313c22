"""A database as an earlier migration left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from psycopg import Connection, sql

from gisland.database import Role, conninfo
from gisland.database.migrate import admin_conninfo, alembic_config, prepare_server, sql_text
from gisland.settings import Settings


@contextmanager
def database_at(settings: Settings, revision: str) -> Iterator[Settings]:
    """A database beside that of the settings, with the registry and its history at a revision; dropped at the end."""
    old = settings.model_copy(update={"database_name": f"{settings.database_name}_old"})
    prepare_server(old)
    command.upgrade(alembic_config(old), revision)
    with owner(old) as connection:
        for name in ("registry.sql", "history.sql"):
            connection.execute(sql_text(name))
    yield old
    with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old.database_name))
        connection.execute(drop)


def owner(settings: Settings) -> Connection:
    """A connection as the owner of the schema."""
    connection = psycopg.connect(conninfo(settings, Role.MIGRATOR))
    connection.execute("SET ROLE gisland_owner")
    return connection
