"""Lists in another order than that of ids, page by page.

The cursor is the id of the last record: what is compared, such as a name, is looked up and never stands in an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import scalar_row

from gisland.errors import UsageError
from gisland.registry.kinds import Kind, Sort

# The wards that the transaction reaches: row-level security would look at each record of the others.
REACHED = sql.SQL("(SELECT security.everywhere()) OR ward.id = ANY ((SELECT security.wards())::int[])")

PAGE = sql.SQL(
    "SELECT t.id, {key} AS key FROM {table} t WHERE {conditions} ORDER BY {key} {way}, t.id {way} LIMIT %(limit)s"
)
MERGED = sql.SQL(
    "SELECT k.id, k.key FROM registry.unit ward CROSS JOIN LATERAL ({each}) k WHERE {reached}"
    " ORDER BY k.key {way}, k.id {way} LIMIT %(limit)s"
)


def sorted_rows(
    connection: Connection,
    kind: Kind,
    select: sql.Composed,
    conditions: Sequence[sql.Composable],
    values: dict[str, Any],
) -> list[dict[str, Any]]:
    """The records of a page.

    Args:
        connection: a transaction as `gisland_app`.
        kind: what they are.
        select: `SELECT` of the records `t` as JSON.
        conditions: which of them.
        values: parameters of both; `sort`, `after` (the id where the page before ended, or None) and `limit`.

    Raises:
        UsageError: the order needs a filter, or is asked for of the past; the last record of the page before is gone.
    """
    sort = kind.sorts[values["sort"]]
    if values["as_of"] is not None:
        what = "chỉ sắp xếp được hiện tại · the past is listed in the order of ids"
        raise UsageError(what, hint="leave out sort", parameter="sort")
    if sort.within is not None and sort.within not in values:
        what = f"thứ tự này cần bộ lọc {sort.within} · this order needs the filter {sort.within}"
        raise UsageError(what, hint=f"{sort.within}=…", parameter="sort")
    wanted = list(conditions)
    key = sql.SQL(sort.key or "t.id")
    if values["after"] is not None:
        values |= {"key": _key_of(connection, kind, key, values["after"])}
        wanted.append(_beyond(sort, key))
    way = sql.SQL("DESC" if sort.descending else "ASC")
    page = _page(kind, key, wanted, way)
    if sort.by_ward and not any(name == "ward_id" or each.few for name, each in kind.filters.items() if name in values):
        each = _page(kind, key, [*wanted, sql.SQL("t.ward_id = ward.id")], way)
        page = MERGED.format(each=each, reached=REACHED, way=way)
    query = sql.SQL("{} JOIN ({}) p USING (id) ORDER BY p.key {way}, p.id {way}").format(select, page, way=way)
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query, values).fetchall()


def _page(kind: Kind, key: sql.SQL, conditions: Sequence[sql.Composable], way: sql.SQL) -> sql.Composed:
    table = sql.Identifier("registry", kind.table)
    where = sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
    return PAGE.format(key=key, table=table, conditions=where, way=way)


def _beyond(sort: Sort, key: sql.SQL) -> sql.Composable:
    if sort.key is None:
        return sql.SQL("t.id < %(after)s" if sort.descending else "t.id > %(after)s")
    return sql.SQL("({}, t.id) {} (%(key)s, %(after)s)").format(key, sql.SQL("<" if sort.descending else ">"))


def _key_of(connection: Connection, kind: Kind, key: sql.SQL, record: int) -> Any:
    query = sql.SQL("SELECT {} FROM registry.{} t WHERE t.id = %s").format(key, sql.Identifier(kind.table))
    row = connection.execute(query, [record]).fetchone()
    if row is None:
        raise UsageError(
            "bản ghi cuối trang trước không còn · the last record of the page before is gone",
            hint="liệt kê lại từ đầu · list it anew from the beginning",
            parameter="cursor",
        )
    return row[0]
