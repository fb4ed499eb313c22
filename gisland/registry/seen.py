"""What was seen: an act names the versions of the records it is about, and hears of both when there are others."""

from __future__ import annotations

from typing import LiteralString

from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from gisland.errors import Conflict, NotFound, PreconditionFailed
from gisland.registry.fields import BigKey, Key


class Seen(BaseModel):
    """A record and the version of it that the writer has seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: BigKey = Field(description="Mã nội bộ của bản ghi · Id of the record")
    version: Key = Field(description="Phiên bản đã xem · Version that was seen")


def check_seen(kind: str, record: int, given: int, current: int) -> None:
    """Refuse an act on another version than the one that was seen.

    Args:
        kind: what the record is, as `gisland.registry.kinds` calls it.
        record: its id.
        given: the version that was seen.
        current: the version there is, under lock.

    Raises:
        PreconditionFailed: they differ; it says both.
    """
    if given != current:
        raise PreconditionFailed(
            f"{kind} {record} đã được người khác sửa · {kind} {record} was changed in the meantime",
            hint="xem lại bản mới rồi làm lại · look at it again",
            id=record,
            given_version=given,
            current_version=current,
        )


def lock_in_force(connection: Connection, query: LiteralString, kind: str, seen: Seen) -> int:
    """Lock a record that is in force, in the version that was seen.

    Args:
        connection: the transaction of the act.
        query: selects version, ward and whether it has ended, of the record `id`, and locks it.
        kind: what it is, as `gisland.registry.kinds` calls it.
        seen: the record.

    Returns:
        Its ward.

    Raises:
        NotFound: there is no such record.
        Conflict: it has ended already.
        PreconditionFailed: it was changed in the meantime.
    """
    row = connection.execute(query, {"id": seen.id}).fetchone()
    if row is None:
        raise NotFound(f"không có {kind} {seen.id} · there is no {kind} {seen.id}").of(kind, seen.id)
    version, ward, ended = row
    if ended:
        raise Conflict(f"{kind} {seen.id} đã hết hiệu lực · {kind} {seen.id} has ended", id=seen.id)
    check_seen(kind, seen.id, seen.version, version)
    return int(ward)
