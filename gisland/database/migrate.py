"""Bringing a database up to date: roles, then migrations, then the idempotent SQL of `gisland/sql/`."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gisland.database.connection import connect
from gisland.database.roles import LOGINS, Role, by_password, set_passwords
from gisland.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from alembic.config import Config

# Re-applied in this order after the migrations, so that a migration never runs today's version of a function.
SQL_FILES = (
    "registry.sql",
    "guards.sql",
    "history.sql",
    "undo.sql",
    "search.sql",
    "tiles.sql",
    "cql2.sql",
    "dirty.sql",
    "publish.sql",
    "progress.sql",
    "audit.sql",
    "security.sql",
    "policies.sql",
    "styles.sql",
    "grants.sql",
    "comments.sql",
)


def sql_text(name: str) -> str:
    """The text of a file of `gisland/sql/`; it comes with the program, so it may be run as it stands."""
    return resources.files("gisland.sql").joinpath(name).read_text(encoding="utf-8")


def admin_conninfo(settings: Settings) -> str:
    """The connection that may create roles and extensions: the URL's own role, or the private cluster's superuser."""
    if settings.database_url is not None:
        return settings.database_url
    from gisland.database.cluster import ensure_running

    cluster = ensure_running(settings)
    return make_conninfo(
        host=str(cluster.socket_dir), port=cluster.port, dbname=settings.database_name, user=cluster.superuser
    )


def prepare_server(settings: Settings) -> None:
    """Create the database (in the private cluster), the roles and the extensions where they are missing.

    On a server given by a URL with a password each role gets a password of its own, and is tried.

    Raises:
        DatabaseUnavailable: the server refuses the login of a role.
        GislandError: the key of the roles cannot be read.
    """
    if settings.database_url is None:
        server = make_conninfo(admin_conninfo(settings), dbname="postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            name = settings.database_name
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(admin_conninfo(settings)) as connection:
        # Two programs that start at once: PostgreSQL refuses to change the same role or database twice at a time.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland roles'))")
        connection.execute(sql_text("roles.sql"))
        if by_password(settings):
            set_passwords(connection, settings)
    if by_password(settings):
        for role in LOGINS:
            with connect(settings, role):
                pass


def alembic_config(settings: Settings) -> Config:
    """Alembic's configuration; there is no ini file, the connection comes from the settings."""
    from alembic.config import Config  # not for every command: to import it takes half a second

    config = Config()
    config.set_main_option("script_location", str(PROJECT_DIR / "migrations"))
    config.attributes["settings"] = settings
    return config


def migrate(settings: Settings) -> None:
    """Bring the schema of the database up to date; safe to repeat and to run from two programs at once."""
    from alembic import command

    prepare_server(settings)
    command.upgrade(alembic_config(settings), "head")
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland migrate'))")
        for name in SQL_FILES:
            connection.execute(sql_text(name))
