"""Undo of a change on which nothing stands: the rows get their former values, versions and history go on."""

from __future__ import annotations

from psycopg import Connection
from psycopg.errors import CheckViolation, UniqueViolation

from gisland.errors import Conflict, NotFound
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.rights import check_rights

# An accepted file, an answer of another database and what was published are not taken back as a whole.
LASTING = {ChangeKind.IMPORT, ChangeKind.VERIFY, ChangeKind.PUBLISH, ChangeKind.DIRECT}

FIND = """
    SELECT change.kind, change.ward_id, later.id
      FROM registry.change LEFT JOIN registry.change later ON later.undoes = change.id WHERE change.id = %s
"""

LEFT = """
    SELECT name FROM history.tables()
     WHERE NOT retires AND NOT listed AND cardinality(history.made_by(%(change)s, name)) > 0
"""


def undo(connection: Connection, change: int, why: Why, *, by: str) -> int:
    """Take back a change. What it had made is retired or, where it is a row of a list, deleted; nothing leaves history.

    Returns:
        The id of the change that undoes it; undoing that one does it again.

    Raises:
        NotFound: there is no such change.
        Conflict: it was undone already, something stands on it, or it is of a kind that lasts.
    """
    # One undo at a time: two that undo one another's rows would each see the other's as not there yet.
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland undo'))")
    row = connection.execute(FIND, [change]).fetchone()
    if row is None:
        raise NotFound(f"không có biến động {change} · there is no change {change}").of("change", change)
    kind, ward_id, undone_by = row
    if undone_by is not None:
        raise Conflict(f"đã được huỷ bằng biến động {undone_by} · it was undone by change {undone_by}", change=change)
    _check_kind(kind, change)
    if connection.execute("SELECT history.is_reached(%s)", [change]).fetchone() != (True,):
        # Taken back by half it would be a third state, that nobody meant.
        raise Conflict(
            "biến động này còn ở phường khác · the change is of another ward, too",
            hint="người có quyền ở mọi phường đó huỷ · who has the role in all its wards may undo it",
            change=change,
        )
    # In a statement of its own: the next one sees what was committed while this one waited.
    connection.execute("SELECT history.lock_touched(%s)", [change])
    standing = connection.execute("SELECT history.stands_on(%s)", [change]).fetchone()
    if standing is not None and standing[0]:
        raise Conflict(
            f"đã có thay đổi sau đó · something stands on it: {standing[0]}",
            hint="huỷ thay đổi sau trước · undo the later change first",
            change=change,
        )
    _check_leaves_nothing(connection, change, kind)
    undone = begin(connection, ChangeKind.UNDO, why, by=by, ward_id=ward_id, undoes=change)
    try:
        connection.execute("SELECT history.take_back(%s)", [change])
    except (UniqueViolation, CheckViolation):
        raise Conflict(
            "giá trị cũ nay đã thuộc bản ghi khác · what it was is taken by another record now", change=change
        ) from None
    check_rights(connection)
    return undone


def _check_kind(kind: str, change: int) -> None:
    if kind == ChangeKind.HISTORIC:
        raise Conflict(
            "dữ liệu lịch sử không huỷ được, quyền đã kết thúc từ trước"
            " · historic data are not undone: the right had ended before it was entered",
            hint="rút quyền nhập sai · take the right back: POST /api/v1/holdings/…/withdraw; or correct it: PATCH",
            change=change,
        )
    if kind in LASTING:
        raise Conflict(
            f"không huỷ được loại biến động này · a change of the kind {kind} is not undone",
            hint="sửa từng bản ghi · correct the records",
            change=change,
        )


def _check_leaves_nothing(connection: Connection, change: int, kind: str) -> None:
    """Refuse what an undo would only seem to do.

    Holders, groups, sheets and units are never retired. Of an act that made one on its way (a sheet that moved) it
    stays, empty; an act that was to make it, and nothing else, would leave all as it is.
    """
    for (table,) in connection.execute(LEFT, {"change": change}):
        if table == "unit" or kind == ChangeKind.CREATE:
            raise Conflict(
                f"bản ghi loại này không huỷ được · a record of this kind is not taken back: {table}",
                hint="sửa bản ghi · correct the record",
                change=change,
            )
