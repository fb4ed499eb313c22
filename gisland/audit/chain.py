"""The chain: what a seal is made of.

Each committed event gets a position, a month and a hash:

    hash(n) = SHA-256( hash(n - 1) ‖ canonical bytes of row n )           hash(0) = 32 zero bytes
    canonical bytes = UTF-8 of the JSON array
        [position, "YYYY-MM", id, "YYYY-MM-DDTHH:MM:SS.ffffffZ", "transaction", subject, tag, ward_id, object, "detail"]
    with ", " between the items, escapes only where JSON demands them (RFC 8259 §7), null for no ward, and `detail` as
    the text that PostgreSQL gives of the jsonb value.

Positions follow one another without a gap. The month is that of the event in Vietnam (UTC+7), but never an earlier one
than its predecessor's: a transaction that is sealed late belongs to the month that has begun. So a month is a run of
positions; the first row of a month chains to the last hash of the month before, and whole months can be dropped from
the front while what follows still proves itself against the last hash that is kept.

The database makes the seals (`audit.seal` in `sql/audit.sql`), this module proves them: neither is the other's word.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

START = bytes(32)


@dataclass(frozen=True)
class Row:
    """What is sealed: the place in the chain, and all columns of `audit.event`."""

    position: int
    month: date
    id: int
    at: datetime
    txid: str
    subject: str
    tag: str
    ward_id: int | None
    object: str
    detail: str
    """The text of the jsonb value."""

    def canonical(self) -> bytes:
        """The bytes that are hashed."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        values = [self.position, f"{self.month:%Y-%m}", self.id, at, self.txid, self.subject, self.tag]
        return json.dumps([*values, self.ward_id, self.object, self.detail], ensure_ascii=False).encode()

    def hash(self, before: bytes) -> bytes:
        """The hash of this row after the hash of its predecessor."""
        return hashlib.sha256(before + self.canonical()).digest()

    def in_place_of(self, other: Row, *, renamed: bool) -> Row:
        """This row at the position of another one; with the other's id when it is renamed."""
        return replace(self, position=other.position, month=other.month, id=other.id if renamed else self.id)


@dataclass(frozen=True)
class Head:
    """A place in the chain: all up to it is told by its hash."""

    month: date
    position: int
    hash: bytes
