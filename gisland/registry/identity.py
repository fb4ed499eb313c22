"""National ids of holders: sealed on the way in, shown masked, given in clear only as an audited act with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gisland.audit import log
from gisland.database.statements import statements
from gisland.errors import GislandError, InputError, NotFound
from gisland.kit.identifiers import (
    IdWarning,
    id_inconsistencies,
    mask_ids,
    organisation_id_inconsistencies,
    parse_organisation_id,
    parse_personal_id,
)
from gisland.registry.fields import Word
from gisland.security.crypto import IdVault

COLUMNS = ("id_kind", "id_cipher", "id_hash", "id_masked")


class RevealReason(BaseModel):
    """Why somebody must see a number."""

    model_config = ConfigDict(extra="forbid")

    reason: Word = Field(
        min_length=3,
        max_length=500,
        description="Lý do; không ghi dữ liệu cá nhân · The reason; no personal data",
        examples=["Đối chiếu bản giấy"],
    )


class Revealed(BaseModel):
    """A national id in clear."""

    holder_id: int
    id_kind: str
    national_id: str = Field(description="Số định danh · The number")


def reveal(connection: Connection, holder_id: int, why: RevealReason, *, by: str, vault: IdVault) -> Revealed:
    """The national id of a holder in clear. Who asked, and why, is in the audit log before anybody sees it.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        holder_id: whose.
        why: the reason.
        by: who asks, as `account:<name>` or `cli:<operating system user>`.
        vault: the key.

    Raises:
        NotFound: there is no such holder, or no number is known.
    """
    key = vault.in_use(connection)
    row = connection.execute(
        "SELECT ward_id, id_kind, id_cipher FROM registry.holder WHERE id = %s", [holder_id]
    ).fetchone()
    if row is None or row[2] is None:
        raise NotFound(
            f"không có holder {holder_id} có số định danh · there is no holder {holder_id} with a national id"
        ).of("holder", holder_id)
    log.record(
        connection,
        by,
        log.Tag.IDENTITY_REVEALED,
        ward_id=row[0],
        object_id=f"holder:{holder_id}",
        detail={"reason": mask_ids(why.reason)},
    )
    return Revealed(holder_id=holder_id, id_kind=row[1], national_id=key.open(row[2]))


def odd_ids(
    connection: Connection, vault: IdVault, ward_id: int | None = None
) -> Iterator[tuple[int, int, list[IdWarning]]]:
    """The holders whose id does not fit what else is known of them, or is not like one. No number leaves this function.

    What an id says (birth, gender) is not kept beside it: with the digits that are shown, little of it would be secret.
    Ids are opened one after the other, a few thousand rows at a time in memory.

    Args:
        connection: a transaction as `gisland_app`.
        vault: the key.
        ward_id: only of this ward.

    Yields:
        Holder, ward, what is odd.
    """
    key = vault.in_use(connection)
    with connection.cursor(name="ids") as cursor:
        cursor.itersize = 5000
        for holder, ward, kind, cipher, gender, year in cursor.execute(SQL["id_unusual"], {"ward": ward_id}):
            try:
                number = key.open(cipher)
            except GislandError:  # sealed with a key that is lost; the others are examined all the same
                yield holder, ward, ["sealed"]
                continue
            odd_person = partial(id_inconsistencies, gender=gender, birth_year=year)
            if found := (organisation_id_inconsistencies if kind == "organisation" else odd_person)(number):
                yield holder, ward, found


def sealed_columns(
    connection: Connection, number: SecretStr | None, given: dict[str, Any], current: dict[str, Any], vault: IdVault
) -> dict[str, Any]:
    """The columns of a holder's national id; none of them when it is the number that is there already.

    Args:
        connection: the transaction of the act.
        number: as typed; None takes the id away.
        given: what else is said of the holder; `kind` decides how the number is read.
        current: the holder as it is, empty for a new one.
        vault: the key.

    Raises:
        InputError: there is no number in the text.
    """
    if number is None:
        return dict.fromkeys(COLUMNS) if current.get("id_masked") else {}
    organisation = given.get("kind", current.get("kind")) in {"organisation", "community"}
    parsed = (parse_organisation_id if organisation else parse_personal_id)(number.get_secret_value())
    if parsed is None:
        raise InputError(
            "không có số nào trong đó · there is no number in it",
            hint="12 (CCCD) or 9 (CMND) digits",
            field="national_id",
        )
    sealed = vault.in_use(connection).seal(parsed)
    same = "SELECT FROM registry.holder WHERE id = %s AND id_hash = %s"
    if current and connection.execute(same, [current["id"], sealed.hash]).fetchone() is not None:
        return {}
    return dict(zip(COLUMNS, (sealed.kind, sealed.cipher, sealed.hash, sealed.masked), strict=True))


SQL = statements("gisland.registry", "sql/check.sql")
