"""Cursors of lists that are read page by page: where a page ends, and of which list, so that no other takes it."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import Literal

from pydantic import BaseModel, Field

from gisland.errors import UsageError


class Link(BaseModel):
    """A link to another page."""

    rel: Literal["next"] = Field(description="Trang sau · the page after this one")
    href: str = Field(description="Địa chỉ · its address")


def cursor_of(after: int, of: object) -> str:
    """The cursor of the page that follows.

    Args:
        after: key of the last record of this page.
        of: what was asked for: what can be said in JSON, or turned into text.
    """
    return base64.urlsafe_b64encode(struct.pack(">q", after) + _checksum(of)).decode().rstrip("=")


def read_cursor(text: str, of: object) -> int:
    """The key after which the page begins.

    Raises:
        UsageError: the cursor is none of ours, or of another list.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        (after,) = struct.unpack_from(">q", raw)
    except (ValueError, struct.error):
        after, raw = 0, b""
    if raw[8:] != _checksum(of):
        raise UsageError(
            "con trỏ không thuộc danh sách này · the cursor is of another list",
            hint="follow the `next` links and change nothing in them",
            parameter="cursor",
        )
    return int(after)


def _checksum(of: object) -> bytes:
    asked = json.dumps(of, sort_keys=True, default=str)
    return hashlib.blake2b(asked.encode(), digest_size=6).digest()
