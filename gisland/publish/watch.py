"""Any table can be published: at `gisland layer apply` what a layer is made of gets the triggers of `publish.watch`."""

from __future__ import annotations

import psycopg
from psycopg import Connection

from gisland.catalogue import Layer
from gisland.errors import UsageError

WATCHED = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'dirty_insert')"


def watch_tables(connection: Connection, layer: Layer) -> None:
    """Let the changes of the layer's tables be noted; those of the registry are watched from the beginning.

    Raises:
        UsageError: a table does not belong to gisland, or has no `id`.
    """
    for table in layer.touched_by:
        row = connection.execute(WATCHED, [table]).fetchone()
        assert row is not None
        if row[0]:
            continue
        try:
            connection.execute("SELECT publish.watch(%s::regclass, %s, 'id')", [table, table])
        except psycopg.Error as error:
            told = f"its changes cannot be followed: {error.diag.message_primary}"
            hint = f"ALTER TABLE {table} OWNER TO gisland_owner; it needs a bigint `id`"
            raise UsageError(told, hint=hint, layer=layer.id, file="layer.yml", field=f"touched_by.{table}") from error
