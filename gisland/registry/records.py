"""Reading records: one, a page of a list, the states one has had; now, or as of a data version.

Records are JSON as PostgreSQL makes it; `schemas` says what is in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row, scalar_row

from gisland.audit import log
from gisland.errors import NotFound, UsageError
from gisland.kit.cursors import cursor_of, read_cursor
from gisland.registry.kinds import KINDS, Kind, PageQuery
from gisland.registry.sorting import sorted_rows

Json = dict[str, Any]

STATES_MAX = 200
# Width of the first window of ids, in pages.
WINDOW = 2


@dataclass(frozen=True)
class Found:
    """A page of records; `next` is the cursor of the page that follows, if there is one."""

    items: list[Json]
    next: str | None


def etag(record: Json) -> str:
    """The strong entity tag of a record (RFC 9110 §8.8.3): its version, and a hash of all it says.

    The version alone would not do: a bulk load replaces lists within a record without touching the record itself.
    The geometry needs no part in it: it never changes without the version.
    """
    said = {name: value for name, value in record.items() if name != "geometry"}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f'"{record["version"] or 0}-{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"'


def as_of_version(connection: Connection, text: str | None) -> int | None:
    """The data version that `as_of` means: a number, or the one in force at an RFC 3339 time.

    Raises:
        UsageError: it is neither, or it lies in the future, whose state nobody knows.
    """
    if text is None:
        return None
    row = connection.execute("SELECT coalesce(max(version), 0), clock_timestamp() FROM publish.data_version").fetchone()
    assert row is not None
    newest, now = row
    if text.isascii() and text.isdigit():
        if int(text) > newest:
            raise UsageError(
                "chưa có phiên bản này · there is no such version yet", hint=f"0 – {newest}", parameter="as_of"
            )
        return int(text)
    moment = _moment(text)
    if moment is None or moment > now:
        raise UsageError(
            "không phải phiên bản hay thời điểm đã qua · it is neither a version nor a time that has passed",
            hint="123, 2026-03-31T17:00:00Z, 2026-03-31T17:00:00%2B07:00",
            parameter="as_of",
        )
    version = connection.execute("SELECT publish.version_at(%s)", [moment]).fetchone()
    assert version is not None
    return int(version[0])


def _moment(text: str) -> datetime | None:
    """An RFC 3339 time; None when it is none, or says no offset."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read(
    connection: Connection, kind: Kind, record_id: int, *, as_of: int | None = None, geometry: str | None = None
) -> Json:
    """One record, in force or not.

    Args:
        connection: a transaction as `gisland_app`.
        kind: what it is.
        record_id: its id.
        as_of: the data version whose state is asked for; None is now.
        geometry: which geometry comes with it, see `Kind.geometry`.

    Raises:
        NotFound: there is none, or there was none then.
    """
    record = find(connection, kind, record_id, as_of=as_of, geometry=geometry)
    if record is None:
        what = f"không có {kind.name} {record_id} · there is no {kind.name} {record_id}"
        raise NotFound(what, hint=_was(connection, kind, record_id)).of(kind.name, record_id)
    return record


def _was(connection: Connection, kind: Kind, record_id: int) -> str:
    """Where to look for a record that was there once."""
    if not kind.writable:
        return ""
    query = sql.SQL("SELECT FROM history.{} WHERE id = %s LIMIT 1").format(sql.Identifier(kind.table))
    return "" if connection.execute(query, [record_id]).fetchone() is None else "GET …/history, ?as_of=…"


def find(
    connection: Connection, kind: Kind, record_id: int, *, as_of: int | None = None, geometry: str | None = None
) -> Json | None:
    """One record like `read`, None when there is none."""
    query = sql.SQL("{} WHERE t.id = %(id)s").format(_select(kind, as_of, geometry))
    with connection.cursor(row_factory=scalar_row) as cursor:
        found: Json | None = cursor.execute(query, {"id": record_id, "as_of": as_of}).fetchone()
    return found


def read_page(connection: Connection, kind: Kind, query: PageQuery, *, as_of: int | None = None) -> Found:
    """A page of the records that a closed list of filters chooses, in the order of their ids or of another closed list.

    Raises:
        UsageError: the cursor is none of ours, or of another list; the order cannot be had, see `sorted_rows`.
    """
    given = query.model_dump(exclude_none=True, exclude={"limit", "cursor", "as_of", "geometry"})
    of = [kind.name, given, as_of]
    after = None if query.cursor is None else read_cursor(query.cursor, of)
    conditions: list[sql.Composable] = [
        _sql(kind.filters[name].condition, as_of) for name in given if name in kind.filters
    ]
    if kind.ended is not None and given["state"] != "all":
        ending = "{} IS NULL" if given["state"] == "current" else "{} IS NOT NULL"
        conditions.append(sql.SQL(ending).format(sql.Identifier("t", kind.ended)))
    select = _select(kind, as_of, getattr(query, "geometry", None))
    # One more than asked for: whether there is a next page.
    values = given | {"after": after, "limit": query.limit + 1, "as_of": as_of}
    if "sort" in given:
        rows = sorted_rows(connection, kind, select, conditions, values)
    else:
        conditions.append(sql.SQL("t.id > %(after)s AND t.id <= %(until)s"))
        where = sql.SQL(" AND ").join(conditions)
        statement = sql.SQL("{} WHERE {} ORDER BY t.id LIMIT %(limit)s").format(select, where)
        rows = _rows(connection, kind, statement, values | {"after": after or 0})
    items = rows[: query.limit]
    more = len(rows) > query.limit
    return Found(items, cursor_of(items[-1]["id"], of) if more else None)


def _rows(connection: Connection, kind: Kind, statement: sql.Composed, values: Json) -> list[Json]:
    """The first rows of a statement between two ids.

    Former states lie in two tables, whose union PostgreSQL cannot read in the order of ids: it would sort all that
    follows for each page. So they are read window by window, each four times as wide as the one before.
    """
    newest = connection.execute(
        sql.SQL("SELECT coalesce(max(id), 0) FROM registry.{}").format(sql.Identifier(kind.table))
    )
    row = newest.fetchone()
    last = int(row[0]) if row is not None else 0
    limit, after, width = values["limit"], values["after"], WINDOW * values["limit"]
    rows: list[Json] = []
    while len(rows) < limit and after < last:
        until = last if values["as_of"] is None else min(after + width, last)
        with connection.cursor(row_factory=scalar_row) as cursor:
            window = values | {"after": after, "until": until, "limit": limit - len(rows)}
            rows += cursor.execute(statement, window).fetchall()
        after, width = until, 4 * width
    return rows


def read_states(connection: Connection, kind: Kind, record_id: int) -> list[Json]:
    """The states that a record has had, the newest first: data version, the changes that made it so, the record.

    Rows of its lists count, too. The newest 200 are given. The record is None of a state in which it was not there: a
    right of the past that was taken back.

    Raises:
        NotFound: there is no such record, and never was.
    """
    rows = [(kind.table, "id"), *((part.table, part.owner) for part in kind.parts.values())]
    touched = sql.SQL(" UNION ").join(
        sql.SQL(
            "SELECT changed_by FROM registry.{0} WHERE {1} = %(id)s"
            " UNION SELECT unnest(ARRAY[changed_by, ended_by]) FROM history.{0} WHERE {1} = %(id)s"
        ).format(sql.Identifier(table), sql.Identifier(owner))
        for table, owner in rows
    )
    query = sql.SQL(
        "SELECT version AS data_version, json_agg(change ORDER BY change_id) AS changes"
        "  FROM published.change_version JOIN ({}) touched (change_id) USING (change_id)"
        " CROSS JOIN LATERAL ({} WHERE t.id = change_id) made (change)"
        " GROUP BY version ORDER BY version DESC LIMIT %(most)s"
    ).format(touched, _select(KINDS["change"], None, None))
    with connection.cursor(row_factory=dict_row) as cursor:
        states = cursor.execute(query, {"id": record_id, "most": STATES_MAX}).fetchall()
    found = [state | {"record": find(connection, kind, record_id, as_of=state["data_version"])} for state in states]
    if all(state["record"] is None for state in found):
        read(connection, kind, record_id)
    return found


def known_of(states: Sequence[Json]) -> list[Json]:
    """Of the states of a record, the newest in which it was there."""
    return [state["record"] for state in states if state["record"] is not None][:1]


def note_reading(connection: Connection, by: str, kind: Kind, records: Sequence[Json], asked: Json) -> None:
    """Note in the audit log who read which records that tell of persons; ids and names of filters only.

    The history of any record comes with the reasons of its changes, which people wrote.
    """
    if kind.personal or not asked.keys().isdisjoint({"holder_id", "history"}):
        # Who finds nothing has asked, too: for what is not theirs, maybe.
        wards = {record.get("ward_id") for record in records} or {asked.get("ward_id")}
        detail = {"kind": kind.name, "count": len(records), "ids": [record["id"] for record in records]}
        log.record(
            connection,
            by,
            log.Tag.REGISTRY_READ,
            wards=[ward for ward in wards if ward is not None],
            object_id=f"{kind.name}:{records[0]['id']}" if len(records) == 1 else kind.name,
            detail=detail | {"asked": sorted(asked)},
        )


def _select(kind: Kind, as_of: int | None, geometry: str | None) -> sql.Composed:
    """`SELECT` of the records `t` of a kind as JSON objects."""
    pairs: list[sql.Composable] = []
    for name in kind.record.model_fields:
        value = _field(kind, name, as_of, geometry)
        if value is not None:
            pairs.append(sql.SQL("{}, {}").format(sql.Literal(name), value))
    return sql.SQL("SELECT json_build_object({}) FROM {} t").format(
        sql.SQL(", ").join(pairs), _table(kind.table, as_of)
    )


def _field(kind: Kind, name: str, as_of: int | None, geometry: str | None) -> sql.Composable | None:
    if name == "geometry":
        if geometry is None or kind.geometry is None:
            return None
        # 9 decimals: a nanometre in metres, a tenth of a millimetre in degrees. No CRS within the GeoJSON.
        column = sql.Identifier("t", kind.geometry.read[geometry])
        return sql.SQL("ST_AsGeoJSON({}, 9, 0)::json").format(column)
    if name in kind.parts:
        part = kind.parts[name]
        return sql.SQL("(SELECT coalesce(json_agg({} ORDER BY p.{}), '[]') FROM {} p WHERE p.{} = t.id)").format(
            part_json(kind, name), sql.Identifier(part.order), _table(part.table, as_of), sql.Identifier(part.owner)
        )
    if name in kind.expressions:
        return sql.SQL(kind.expressions[name])
    return sql.Identifier("t", name)


def part_json(kind: Kind, name: str) -> sql.Composed:
    """A row `p` of a list as a JSON object."""
    fields = [
        sql.SQL("{}, {}").format(sql.Literal(each), sql.Identifier("p", each)) for each in kind.parts[name].model_fields
    ]
    return sql.SQL("json_build_object({})").format(sql.SQL(", ").join(fields))


def _table(name: str, as_of: int | None) -> sql.Composable:
    """A table of the registry as it is, or as it was."""
    if as_of is None:
        return sql.Identifier("registry", name)
    if name == "change":  # never altered, so it needs no history
        return sql.SQL(
            "(SELECT c.* FROM registry.change c JOIN published.change_version v ON v.change_id = c.id"
            " WHERE v.version <= %(as_of)s)"
        )
    return sql.SQL("{}(%(as_of)s)").format(sql.Identifier("history", f"{name}_as_of"))


def _sql(text: str, as_of: int | None) -> sql.Composed:
    """A text of this program in which `{parcel}` stands for a table."""
    tables = {name: _table(name, as_of) for _, name, _, _ in Formatter().parse(text) if name}
    return sql.SQL(text).format(**tables)
