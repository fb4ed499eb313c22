"""The code by which anybody may learn whether an extract is genuine and agrees with the database, and nothing else.

    ABCDEFGHIJKL-T1234-ABCDEFGHIJKL

A digest of what was printed (`facts`: the parcel and what lies around it), for whom (T third parties, O the owner, I
the owner with masked ids) and of which parcel, and a seal that only this service can make. The digest is keyed: nobody
can try out names against it. Whether a paper is current is found by making the digest anew, of what would be printed
now.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from gisland.errors import NotFound

DIGEST, SEAL = 12, 12
"""Signs of base 32: 60 bits each."""
_CODE = re.compile(rf"([A-Z2-7]{{{DIGEST}}})-([TOI])([1-9][0-9]{{0,17}})-([A-Z2-7]{{{SEAL}}})")

Facts = Mapping[str, Any]


class Reader(StrEnum):
    """For whom an extract is."""

    THIRD_PARTY = "T"
    OWNER = "O"
    OWNER_WITH_ID = "I"


# What tells of people and of their papers. Mortgages are the owner's business, too; and so is the address: no public
# layer has it, for whoever knows the house by its number knows who lives there.
OF_OWNERS = ("address", "holders", "papers", "restrictions")


def shown_to(reader: Reader, facts: Facts) -> dict[str, Any]:
    """What of the facts of a parcel an extract tells."""
    if reader is Reader.THIRD_PARTY:
        return {name: value for name, value in facts.items() if name not in OF_OWNERS}
    shown = dict(facts)
    if reader is Reader.OWNER:
        shown["holders"] = [
            {name: each for name, each in holder.items() if name != "id"} for holder in facts["holders"]
        ]
    return shown


def verify_code(reader: Reader, parcel_id: int, facts: Facts, key: bytes) -> str:
    """The code of an extract."""
    said = f"{_digest(reader, facts, key)}-{reader.value}{parcel_id}"
    return f"{said}-{_seal(said, key)}"


def read_verify_code(text: str, key: bytes) -> tuple[Reader, int]:
    """For whom and of which parcel a genuine code is; spaces and small letters do not matter.

    Raises:
        NotFound: it is none of ours, or mistyped.
    """
    code = "".join(text.split()).upper()
    match = _CODE.fullmatch(code) if code.isascii() and len(code) < 100 else None
    if match is None or not hmac.compare_digest(match[4], _seal(code[: -SEAL - 1], key)):
        raise NotFound("không phải mã bản in của hệ thống này · this is no code of a print of this service")
    return Reader(match[2]), int(match[3])


def is_current(text: str, facts: Facts | None, key: bytes) -> bool:
    """Whether a genuine code is that of what would be printed now.

    Args:
        text: the code.
        facts: those of its parcel now; None where it is gone.
        key: of the seals.

    Raises:
        NotFound: the code is not genuine.
    """
    reader, parcel_id = read_verify_code(text, key)
    if facts is None or facts["retired"]:
        return False
    return hmac.compare_digest("".join(text.split()).upper(), verify_code(reader, parcel_id, facts, key))


def _digest(reader: Reader, facts: Facts, key: bytes) -> str:
    told = json.dumps(shown_to(reader, facts), sort_keys=True, ensure_ascii=False, default=str)
    return _signs(f"extract {told}", key, DIGEST)


def _seal(said: str, key: bytes) -> str:
    return _signs(f"extract code {said}", key, SEAL)


def _signs(said: str, key: bytes, count: int) -> str:
    return base64.b32encode(hmac.digest(key, f"gisland {said}".encode(), "sha256"))[:count].decode()
