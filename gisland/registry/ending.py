"""Records that end and have nothing in their place; and a right of the past that was entered wrongly, which never was.

An asset that is gone, a certificate that is revoked, a document that counts no more stay readable, with their history.
"""

from __future__ import annotations

from psycopg import Connection

from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.seen import Seen, check_seen, lock_in_force


def retire_asset(connection: Connection, asset: Seen, why: Why, *, by: str) -> int:
    """End an asset (a house that was pulled down, one that was entered twice) and the rights on it.

    Returns:
        The change.

    Raises:
        NotFound: there is no such asset.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it has ended already, bears a restriction such as a mortgage, or has parts, such as flats.
    """
    ward = lock_in_force(connection, SQL["lock_asset"], "asset", asset)
    if _first(connection, "restriction_on_asset", asset.id) is not None:
        raise Conflict(
            "tài sản còn hạn chế (thế chấp…) · the asset bears a restriction",
            hint="xoá hạn chế trước · end the restriction first: POST /api/v1/restrictions/…/end",
            asset=asset.id,
        )
    part = _first(connection, "part_of_asset", asset.id)
    if part is not None:
        raise Conflict(
            f"còn tài sản {part} thuộc tài sản này · asset {part} is a part of it",
            hint="ngừng các phần trước · end its parts first",
            asset=asset.id,
        )
    change = begin(connection, ChangeKind.RETIRE, why, by=by, ward_id=ward)
    for name in ("end_holdings_of_asset", "end_restrictions_of_asset", "retire_asset"):
        connection.execute(SQL[name], {"id": asset.id, "change": change})
    return change


def revoke_certificate(connection: Connection, certificate: Seen, why: Why, *, by: str) -> int:
    """Revoke a certificate (thu hồi, huỷ GCN) in whose place there is no other.

    Returns:
        The change.

    Raises:
        NotFound: there is no such certificate.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it has ended already, or rights or restrictions in force are under it: what becomes of them is for the
            officer to say.
    """
    ward = lock_in_force(connection, SQL["lock_certificate"], "certificate", certificate)
    right = _first(connection, "right_under_certificate", certificate.id)
    if right is not None:
        raise Conflict(
            f"còn hiệu lực theo Giấy này · in force under this certificate: {right}",
            hint="kết thúc, hoặc ghi lại không theo Giấy này · end it, or let it begin without this certificate:"
            " POST /api/v1/holdings/transfer, /api/v1/restrictions/…/end",
            certificate=certificate.id,
        )
    change = begin(connection, ChangeKind.RETIRE, why, by=by, ward_id=ward)
    connection.execute(SQL["retire_certificate"], {"id": certificate.id, "change": change})
    return change


def retire_document(connection: Connection, document: Seen, why: Why, *, by: str) -> int:
    """Say that a document counts no more (a wrong scan, a paper that was withdrawn). Changes go on naming it.

    Returns:
        The change.

    Raises:
        NotFound: there is no such document.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it has ended already.
    """
    ward = lock_in_force(connection, SQL["lock_document"], "document", document)
    change = begin(connection, ChangeKind.RETIRE, why, by=by, ward_id=ward)
    connection.execute(SQL["retire_document"], {"id": document.id, "change": change})
    return change


def withdraw_historic_right(connection: Connection, right: Seen, why: Why, *, by: str) -> int:
    """Take back a right of the past (dữ liệu lịch sử) that was entered wrongly, however long ago.

    It leaves the registry, for it never was; what was entered, by whom, and why it was taken back stays in history and
    in the timeline. Undoing this change enters it again.

    Returns:
        The change.

    Raises:
        NotFound: there is no such right.
        PreconditionFailed: it was changed in the meantime.
        Conflict: it was a right in force once: that is ended or corrected, not taken back.
    """
    row = connection.execute(SQL["lock_right"], {"id": right.id}).fetchone()
    if row is None:
        raise NotFound(f"không có quyền {right.id} · there is no right {right.id}").of("holding", right.id)
    version, ward, historic = row
    check_seen("holding", right.id, right.version, version)
    if not historic:
        raise Conflict(
            "chỉ rút được dữ liệu lịch sử · only a right that was entered as one of the past is taken back",
            hint="kết thúc · end it: POST /api/v1/holdings/transfer; sửa · correct it: PATCH /api/v1/holdings/…",
            holding=right.id,
        )
    change = begin(connection, ChangeKind.WITHDRAW, why, by=by, ward_id=ward)
    connection.execute(SQL["withdraw_right"], {"id": right.id})
    return change


def _first(connection: Connection, query: str, record: int) -> str | None:
    row = connection.execute(SQL[query], {"id": record}).fetchone()
    return None if row is None else str(row[0])


SQL = statements("gisland.registry", "sql/ending.sql")
