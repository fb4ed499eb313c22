"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from psycopg import Connection
from psycopg.types.json import Jsonb

from gisland.errors import UsageError
from gisland.kit.identifiers import mask_ids
from gisland.kit.text import clean_text


class Tag(StrEnum):
    """What can be done to what: `noun:act`, a closed list."""

    ACCOUNT_CHANGED = "account:changed"
    ACCOUNT_CREATED = "account:created"
    ACCOUNT_DISABLED = "account:disabled"
    ACCOUNT_LOCKED = "account:locked"
    ACCOUNT_READ = "account:read"
    ALERT_ACKNOWLEDGED = "alert:acknowledged"
    ALERT_RAISED = "alert:raised"
    AUDIT_EXPORTED = "audit:exported"
    AUDIT_MONTH_DROPPED = "audit:month_dropped"
    AUDIT_READ = "audit:read"
    AUDIT_VERIFIED = "audit:verified"
    DATABASE_DUMP_BEGUN = "database:dump_begun"
    DATABASE_DUMPED = "database:dumped"
    DATABASE_RESET = "database:reset"
    DATABASE_RESTORED = "database:restored"
    DATA_EXPORTED = "data:exported"
    EVIDENCE_IMPORTED = "evidence:imported"
    FORM_IMPORTED = "form:imported"
    IDENTITY_KEY_CHANGED = "identity:key_changed"
    IDENTITY_REVEALED = "identity:revealed"
    LAYER_APPLIED = "layer:applied"
    LAYER_DROPPED = "layer:dropped"
    LAYER_REBUILT = "layer:rebuilt"
    LAYER_REFRESHED = "layer:refreshed"
    MAP_PRINTED = "map:printed"
    PARCELS_IMPORTED = "parcels:imported"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105 - names an act
    PRINT_TAKEN = "print:taken"
    REGISTRY_CHANGED = "registry:changed"
    REGISTRY_CHANGED_DIRECTLY = "registry:changed_directly"
    REGISTRY_READ = "registry:read"
    REGISTRY_SEARCHED = "registry:searched"
    REQUEST_REFUSED = "request:refused"
    ROLE_GRANTED = "role:granted"
    ROLE_REVOKED = "role:revoked"
    SIGN_IN_ACCEPTED = "sign_in:accepted"
    SIGN_IN_ENDED = "sign_in:ended"
    SIGN_IN_REFUSED = "sign_in:refused"
    STAFF_LAYER_READ = "staff_layer:read"
    TOKEN_FIRST_USED = "token:first_used"  # noqa: S105 - a name
    TOKEN_ISSUED = "token:issued"  # noqa: S105 - a name
    TOKEN_REVOKED = "token:revoked"  # noqa: S105 - a name
    UNIT_ADDED = "unit:added"
    VERIFICATION_READ = "verification:read"
    VERIFICATION_SENT = "verification:sent"


# The subject of what gisland does by itself.
SYSTEM = "system"

SHORTEST, LONGEST = 3, 500
"""Letters of a reason."""

INSERT = "INSERT INTO audit.event (subject, tag, ward_id, object, detail) VALUES (%s, %s, %s, %s, %s)"


def record(
    connection: Connection,
    subject: str,
    tag: Tag,
    *,
    ward_id: int | None = None,
    wards: Iterable[int] | Literal["all"] = (),
    object_id: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    """Note an act in the transaction that does it, so that both are there or neither.

    Args:
        connection: the transaction of the act, as `gisland_app` or `gisland_owner`.
        subject: who, as `account:<name>`, `cli:<operating system user>` or SYSTEM.
        tag: what was done.
        ward_id: the unit whose data it was.
        wards: the units, where it may be several; "all" of the whole service.
        object_id: what it was done to, as an opaque id.
        detail: counts and names of files; never personal data.
    """
    one, several = (ward_id, {}) if ward_id is not None else ward_and_detail(wards)
    connection.execute(INSERT, [subject, tag.value, one, object_id, Jsonb((detail or {}) | several)])


def ward_and_detail(wards: Iterable[int] | Literal["all"]) -> tuple[int | None, dict[str, object]]:
    """How an event tells whose data it was: the `ward_id` of one ward; of several, what its detail says besides."""
    if wards == "all":
        return None, {"ward_ids": "all"}
    several = sorted({each for each in wards if isinstance(each, int)})
    return (several[0], {}) if len(several) == 1 else (None, {"ward_ids": several} if several else {})


def stated_reason(why: str, missing: str) -> str:
    """The reason that somebody gives for an act with personal data, as it may stand in the detail of an event.

    Args:
        why: what was said.
        missing: what is told when it is no reason: which act needs one.

    Returns:
        The reason in one line, ids in it masked.

    Raises:
        UsageError: it is shorter than SHORTEST letters, or longer than LONGEST.
    """
    reason = clean_text(why)
    if not SHORTEST <= len(reason) <= LONGEST or "\0" in reason:
        vi, en = (f"{SHORTEST} {to} {LONGEST}" for to in ("đến", "to"))
        hint = f"{vi} chữ, không có dữ liệu cá nhân · {en} letters, no personal data"
        raise UsageError(missing, hint=hint, parameter="reason")
    return mask_ids(reason)
