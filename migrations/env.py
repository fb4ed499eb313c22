"""Alembic's entry: runs the migrations as the owner of the schema, one transaction for all of them."""

import psycopg
from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gisland.database import Role, conninfo
from gisland.settings import load_settings

settings = context.config.attributes.get("settings") or load_settings()
info = conninfo(settings, Role.MIGRATOR)
engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(info), poolclass=NullPool)

with engine.connect() as connection:
    connection.execute(text("SET ROLE gisland_owner"))
    connection.execute(text("SET lock_timeout = '5s'"))
    context.configure(connection=connection, version_table_schema="public")
    with context.begin_transaction():
        # Two programs that start at once: the second waits here and then finds nothing to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('gisland migrate'))"))
        context.run_migrations()
    connection.commit()
