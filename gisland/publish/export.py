"""A whole layer, or what a filter finds of it: page by page, as a client would read it, in one transaction.

What is read is one state of the layer, whatever is written meanwhile. The connection is the export's own: a reader may
be slow, and no page has to wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import psycopg
from psycopg import Connection

from gisland.audit.log import Tag, record, stated_reason
from gisland.catalogue import Layer
from gisland.database import Role, Scope, conninfo, run
from gisland.database.scope import ENTER
from gisland.publish.items import page_statement
from gisland.publish.query import Cursor, ItemsQuery
from gisland.publish.sorting import read_values
from gisland.publish.tables import FileFormat
from gisland.settings import Settings

ROWS = 2000
WARDS = "SELECT unnest(security.wards_of_scope(%s::int[], %s::int[]))"


@dataclass
class Export:
    """An export that goes on."""

    connection: Connection
    layer: Layer
    query: ItemsQuery
    version: int
    """The data version that is read."""
    expected: int | None
    """Features that come, when nothing is filtered."""
    done: int = 0
    """Features that have come."""

    def pages(self) -> Iterator[list[bytes]]:
        """The rows, some thousand at a time."""
        query = replace(self.query, limit=ROWS, cursor=None)
        while True:
            statement, parameters = page_statement(self.layer, query, "walk")
            result = self.connection.execute(statement.encode(), parameters, prepare=False).pgresult
            assert result is not None
            value, last = result.get_value, result.ntuples - 1
            rows = [row for number in range(result.ntuples) if (row := value(number, 0)) is not None]
            self.done += len(rows)
            if rows:
                yield rows
            if int(value(0, 2) or 0) <= ROWS:
                return
            values = read_values(query.sort, (value(last, 4) or b"").decode()) if query.sort else ()
            query = replace(query, cursor=Cursor(int(value(last, 1) or 0), "walk", values))

    def cancel(self) -> None:
        """Let the database stop, from another thread."""
        self.connection.cancel()


@contextmanager
def exporting(
    settings: Settings, layer: Layer, query: ItemsQuery, scope: Scope, *, timeout_ms: int | None = None
) -> Iterator[Export]:
    """Open an export as whoever may see the layer: the public, or staff within a scope."""
    role = Role.PUBLIC if layer.public else Role.STAFF
    text = conninfo(settings, role, statement_timeout_ms=timeout_ms or settings.write_timeout_ms, pages=False)
    with psycopg.connect(text) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        if not layer.public:
            connection.execute(ENTER, scope.values())
        yield Export(connection, layer, query, _version(connection, query), _expected(connection, layer, query))
        # Nothing was written.
        connection.rollback()


def _version(connection: Connection, query: ItemsQuery) -> int:
    if isinstance(query.as_of, int):
        return query.as_of
    row = connection.execute("SELECT publish.version_at('infinity')").fetchone()
    assert row is not None
    return int(row[0])


def _expected(connection: Connection, layer: Layer, query: ItemsQuery) -> int | None:
    if query.filtered or query.scoped or query.as_of is not None:
        return None
    row = connection.execute("SELECT publish.feature_count(%s)", [layer.id]).fetchone()
    assert row is not None
    return int(row[0])


def note_export(
    settings: Settings, by: str, layer: Layer, query: ItemsQuery, file_format: FileFormat, why: str, within: Scope
) -> None:
    """Note in the audit log that somebody takes a staff layer away, before the first of its features leaves.

    Args:
        settings: where the log is.
        by: who.
        layer: the layer.
        query: which of its features.
        file_format: as what.
        why: the reason that they give.
        within: what they reach; its wards are noted.

    Raises:
        UsageError: no reason is given.
    """
    reason = stated_reason(why, "xuất dữ liệu nội bộ cần lý do · an export of a staff layer needs a reason")
    detail = {"format": file_format.name, "filtered": query.filtered, "reason": reason}

    def note(connection: Connection) -> None:
        reached = connection.execute(WARDS, [sorted(within.wards), sorted(within.groups)]).fetchall()
        wards: Iterable[int] | Literal["all"] = "all" if within.everywhere else {ward for (ward,) in reached}
        record(connection, by, Tag.DATA_EXPORTED, wards=wards, object_id=layer.id, detail=detail)

    run(settings, note)
