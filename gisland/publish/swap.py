"""Tables that are read without pause give way to new ones, and no reader's statement is ended for it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg import Connection, sql

from gisland.errors import Conflict

# How long readers are waited for at a time, milliseconds, and how often.
WAIT_MS, ATTEMPTS = 300, 200


def lock_for_swap(connection: Connection, tables: Sequence[sql.Identifier]) -> None:
    """Wait until nobody reads the tables, as far as they are there, and let nobody begin until the commit.

    A page locks two tables in one order when its statement is new and in the other when its plan is kept, so waiting
    for the second while holding the first may be a circle: it is left before PostgreSQL looks for one (after a second)
    and ends the reader's statement.

    Raises:
        Conflict: they are read without pause.
    """
    present = [table for table in tables if _exists(connection, table.as_string(connection))]
    if not present:
        return
    lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(present))
    for _ in range(ATTEMPTS):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(WAIT_MS)))
                connection.execute(lock)
                connection.execute("SET LOCAL lock_timeout = 0")
            return
        except psycopg.errors.LockNotAvailable:
            time.sleep(0.01)
    raise Conflict("lớp đang được đọc liên tục · the layer is read without pause", hint="try again in a moment")


def _exists(connection: Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    assert row is not None
    return bool(row[0])
