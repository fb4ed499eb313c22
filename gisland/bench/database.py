"""The bench's own database: the demo with as many parcels as wanted, taken in by gisland's own commands, once."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gisland.bench import peer_table
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo, migrate
from gisland.demo.generate import generate
from gisland.demo.load import load_demo
from gisland.errors import Conflict
from gisland.publish.layers import apply_layers
from gisland.settings import Settings

NAME = "gisland_bench"
LAYER = "parcels"
SEED = 1


def settings_of(settings: Settings, database_url: str | None) -> Settings:
    """The settings of the bench: never the database that gisland otherwise works with."""
    return settings.model_copy(update={"database_name": NAME, "database_url": database_url})


def prepare(settings: Settings, catalogue: Catalogue, parcels: int) -> bool:
    """Bring the database to where it holds the demo with this many parcels, published, and the peers' copy of it.

    Returns:
        Whether it had to be filled; a database that an earlier run filled is used again.

    Raises:
        Conflict: the server given by URL holds something else.
    """
    wanted = f"gisland bench: {parcels} parcels, seed {SEED}"
    migrate(settings)
    found = mark(settings)
    # The mark is set when all is done: a fill that was broken off leaves none.
    fill = found != wanted
    if fill:
        empty(settings)
        with TemporaryDirectory() as folder:
            # Without layers in the database the intake publishes nothing yet; making the tables at once is faster.
            # Standard output holds the table of the races only.
            load_demo(settings, generate(parcels, SEED, Path(folder), None), output=sys.stderr)
    apply_layers(settings, catalogue)
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        copied = peer_table.renew(connection, catalogue.layer(LAYER))
    if fill or copied:
        settle(settings)
        set_mark(settings, wanted)
    return fill


def mark(settings: Settings) -> str | None:
    """What a bench filled the database with; None when none did."""
    with psycopg.connect(admin_conninfo(settings)) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return row[0] if row else None


def set_mark(settings: Settings, text: str) -> None:
    """Note that the database is filled."""
    with psycopg.connect(admin_conninfo(settings)) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(text)))


def empty(settings: Settings) -> None:
    """An empty database: in the private cluster the old one is dropped, on another server nothing is ever deleted."""
    with psycopg.connect(admin_conninfo(settings)) as connection:
        query = "SELECT EXISTS (SELECT FROM registry.unit) OR EXISTS (SELECT FROM publish.layer)"
        held = connection.execute(query).fetchone() == (True,)
    if not held:
        return
    if settings.database_url is not None:
        raise Conflict("the database holds something else than this bench's parcels", hint="give an empty one")
    info = admin_conninfo(settings)
    name = sql.Identifier(str(conninfo_to_dict(info)["dbname"]))
    with psycopg.connect(make_conninfo(info, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
    migrate(settings)


def settle(settings: Settings) -> None:
    """Leave nothing to autovacuum that would run into the races."""
    with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
