"""Keys that a program shows instead of a password: 256 random bits, of which the database keeps the SHA-256.

A slow hash protects what people think up, of which the likeliest can be tried; nobody tries 2^256 keys. So a request is
checked by one look-up, and without salt the hash can be the index that finds its row.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from urllib.parse import unquote_to_bytes

from gisland.errors import UsageError

KEY_BYTES = 32
TOKEN_PREFIX = "gisland_pat_"  # noqa: S105 - what a token begins with, no secret
_IN_TEXT = re.compile(TOKEN_PREFIX + r"[^/\s]*")
_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")


def new_session_key() -> str:
    """A key for the cookie of a session."""
    return secrets.token_urlsafe(KEY_BYTES)


def new_token() -> str:
    """A personal access token; the prefix lets scanners of repositories find those that were published by mistake."""
    return TOKEN_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def is_token(text: str) -> bool:
    """Whether this is a token, good or not; one that was cut off is no password either."""
    return text.startswith(TOKEN_PREFIX)


def is_session_key(text: str) -> bool:
    """Whether this may be the key of a session."""
    return _SESSION.fullmatch(text) is not None


def key_hash(key: str) -> bytes:
    """What the database keeps of a key."""
    return hashlib.sha256(key.encode()).digest()


def check_no_token(path: str, query: bytes) -> None:
    """Refuse an address that holds a token, or the beginning of one: addresses are logged, kept and handed on.

    Args:
        path: decoded.
        query: as it was sent.

    Raises:
        UsageError: it does.
    """
    prefix = TOKEN_PREFIX.encode()
    if TOKEN_PREFIX in path or prefix in query or (b"%" in query and prefix in unquote_to_bytes(query)):
        raise UsageError(
            "địa chỉ bị ghi lại, nên không được chứa mã truy cập · no token in an address: addresses are logged",
            hint="thu hồi mã, gửi mã mới làm mật khẩu HTTP Basic · revoke it, send a new one as HTTP Basic password",
        )


def mask_tokens(text: str) -> str:
    """A text without what follows the prefix of a token."""
    return _IN_TEXT.sub(f"{TOKEN_PREFIX}…", text)
