"""Undo of a change on which nothing stands: the rows get their former values, versions and history go on."""

from __future__ import annotations

from psycopg import Connection
from psycopg.errors import CheckViolation, UniqueViolation

from gisland.errors import Conflict, NotFound
from gisland.registry.changes import ChangeKind, Why, begin

# An accepted file, an answer of another database and what was published are not taken back as a whole.
LASTING = {ChangeKind.IMPORT, ChangeKind.VERIFY, ChangeKind.PUBLISH, ChangeKind.DIRECT}

FIND = """
    SELECT change.kind, change.ward_id, later.id
      FROM registry.change LEFT JOIN registry.change later ON later.undoes = change.id WHERE change.id = %s
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
        raise NotFound(f"không có biến động {change} · there is no change {change}")
    kind, ward_id, undone_by = row
    if undone_by is not None:
        raise Conflict(f"đã được huỷ bằng biến động {undone_by} · it was undone by change {undone_by}", change=change)
    if kind in LASTING:
        raise Conflict(
            f"không huỷ được loại biến động này · a change of the kind {kind} is not undone",
            hint="sửa từng bản ghi · correct the records",
            change=change,
        )
    standing = connection.execute("SELECT history.stands_on(%s)", [change]).fetchone()
    if standing is not None and standing[0]:
        raise Conflict(
            f"đã có thay đổi sau đó · something stands on it: {standing[0]}",
            hint="huỷ thay đổi sau trước · undo the later change first",
            change=change,
        )
    undone = begin(connection, ChangeKind.UNDO, why, by=by, ward_id=ward_id, undoes=change)
    try:
        connection.execute("SELECT history.take_back(%s)", [change])
    except (UniqueViolation, CheckViolation):
        raise Conflict(
            "giá trị cũ nay đã thuộc bản ghi khác · what it was is taken by another record now", change=change
        ) from None
    return undone
