"""Changes (biến động): the events that create, alter and retire rows. Each act is one transaction with one change.

What a transaction writes after `begin` is of that change: `changed_by` of the rows, `ended_by` of their former states.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from gisland.audit import log
from gisland.errors import NotFound
from gisland.registry.fields import BigKey, Day, Text


class ChangeKind(StrEnum):
    """What can happen to the registry, the codes of `data/codes/change_kinds.yml`."""

    IMPORT = "import"
    CREATE = "create"
    CORRECT = "correct"
    SPLIT = "split"
    MERGE = "merge"
    ADJUST = "adjust"
    RENUMBER = "renumber"
    RETIRE = "retire"
    TRANSFER = "transfer"
    REISSUE = "reissue"
    REFORM = "reform"
    HISTORIC = "historic"
    WITHDRAW = "withdraw"
    RESTRICT = "restrict"
    RELEASE = "release"
    FILE = "file"
    VERIFY = "verify"
    PUBLISH = "publish"
    UNDO = "undo"
    DIRECT = "direct"


class Why(BaseModel):
    """Why somebody changes the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[Text, Field(min_length=3)] = Field(
        description="Lý do; không ghi dữ liệu cá nhân · The reason; no personal data"
    )
    document_id: BigKey | None = Field(default=None, description="Văn bản làm căn cứ · The document it rests on")
    valid_on: Day | None = Field(
        default=None, description="Ngày có hiệu lực, mặc định hôm nay · Day from which it holds, today by default"
    )


def begin(
    connection: Connection,
    kind: ChangeKind,
    why: Why,
    *,
    by: str,
    ward_id: int | None,
    detail: dict[str, Any] | None = None,
    undoes: int | None = None,
) -> int:
    """Note a change and, in the audit log, who made it; the rows that this transaction writes from now on are of it.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        kind: what happens.
        why: reason, source document, day of effect.
        by: who, as `account:<name>` or `cli:<operating system user>`.
        ward_id: the unit it happens in; None when it concerns several.
        detail: facts of the change, such as the balance of areas; never personal data.
        undoes: the change that an undo takes back.

    Returns:
        The id of the change.

    Raises:
        NotFound: there is no such document.
    """
    if why.document_id is not None:
        found = connection.execute("SELECT 1 FROM registry.document WHERE id = %s", [why.document_id]).fetchone()
        if found is None:
            what = f"không có văn bản {why.document_id} · there is no document {why.document_id}"
            raise NotFound(what).of("document", why.document_id)
    row = connection.execute(
        "INSERT INTO registry.change (kind, ward_id, reason, document_id, valid_on, detail, undoes, by)"
        " VALUES (%s, %s, %s, %s, coalesce(%s, current_date), %s, %s, %s) RETURNING id",
        [kind.value, ward_id, why.reason, why.document_id, why.valid_on, Jsonb(detail or {}), undoes, by],
    ).fetchone()
    assert row is not None
    change = int(row[0])
    log.record(
        connection, by, log.Tag.REGISTRY_CHANGED, ward_id=ward_id, object_id=f"change:{change}", detail={"kind": kind}
    )
    return change
