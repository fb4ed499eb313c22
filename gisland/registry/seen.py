"""What was seen: an act names the versions of the records it is about, and hears of both when there are others."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gisland.errors import PreconditionFailed
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
