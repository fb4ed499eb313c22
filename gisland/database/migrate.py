"""Bringing a database up to date: roles, then migrations, then the idempotent SQL of `gisland/sql/`."""

from __future__ import annotations

from importlib import resources

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gisland.database.connection import Role, conninfo
from gisland.settings import PROJECT_DIR, Settings

# Re-applied in this order after the migrations, so that a migration never runs today's version of a function.
SQL_FILES = ("registry.sql", "history.sql", "search.sql", "publish.sql", "audit.sql", "grants.sql")


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
    """Create the database (in the private cluster), the roles and the extensions where they are missing."""
    if settings.database_url is None:
        server = make_conninfo(admin_conninfo(settings), dbname="postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            name = settings.database_name
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(admin_conninfo(settings)) as connection:
        connection.execute(sql_text("roles.sql"))


def alembic_config(settings: Settings) -> Config:
    """Alembic's configuration; there is no ini file, the connection comes from the settings."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT_DIR / "migrations"))
    config.attributes["settings"] = settings
    return config


def migrate(settings: Settings) -> None:
    """Bring the schema of the database up to date; safe to repeat and to run from two programs at once."""
    prepare_server(settings)
    command.upgrade(alembic_config(settings), "head")
    with psycopg.connect(conninfo(settings, Role.MIGRATOR)) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland migrate'))")
        for name in SQL_FILES:
            connection.execute(sql_text(name))
