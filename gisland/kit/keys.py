"""Keys in files: 32 random bytes, written in hex, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from gisland.errors import GislandError

KEY_BYTES = 32


def load_key(path: Path, *, make: bool, of: str, setting: str) -> bytes:
    """Read a key; the first time make it, where that is wanted.

    Args:
        path: its file.
        make: whether to make a key where there is no file yet. A file that somebody named is never made: a typing error
            in the name would start a second key.
        of: what it is the key of, for the error.
        setting: the environment variable that names the file, for the error.

    Raises:
        GislandError: the file is missing, unreadable or holds no 32 bytes in hex.
    """
    if make and not path.exists():
        _create(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise GislandError(f"the key of {of} cannot be read", hint=f"check {setting}") from error
    if len(key) != KEY_BYTES:
        raise GislandError(f"the key of {of} must be 32 bytes in hex", hint="make one: openssl rand -hex 32")
    return key


def _create(path: Path) -> None:
    """Write a new key; of two programs that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
    try:
        # A link fails where a rename would replace the key that the other program has begun to use.
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()
