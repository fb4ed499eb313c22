"""Keys in files: 32 random bytes, written in hex, readable by their owner only. A file may hold further ones below."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gisland.errors import GislandError

KEY_BYTES = 32


def load_key(path: Path, *, make: bool, of: str, setting: str) -> bytes:
    """Read a key; the first time make it, where that is wanted. See `load_keys`.

    Raises:
        GislandError: the file is missing, unreadable or does not hold just 32 bytes in hex.
    """
    keys = load_keys(path, make=make, of=of, setting=setting)
    if len(keys) != 1:
        raise GislandError(
            f"khoá phải là một, 32 byte dạng hex · the key of {of} must be one, of 32 bytes in hex",
            hint=f"check {setting}",
        )
    return keys[0]


def load_keys(path: Path, *, make: bool, of: str, setting: str) -> tuple[bytes, ...]:
    """Read a key and those below it; the first time make one, where that is wanted.

    Args:
        path: its file, a key per line.
        make: whether to make a key where there is no file yet. A file that somebody named is never made: a typing error
            in the name would start a second key.
        of: what it is the key of, for the error.
        setting: the environment variable that names the file, for the error.

    Raises:
        GislandError: the file is missing, unreadable or holds something else than 32 bytes in hex per line.
    """
    if make and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        write_keys(part, [secrets.token_bytes(KEY_BYTES)])
        keep_as(part, path)
        part.unlink()
    try:
        keys = tuple(bytes.fromhex(line) for line in path.read_text(encoding="ascii").split())
    except (OSError, ValueError) as error:
        raise GislandError(f"không đọc được khoá · the key of {of} cannot be read", hint=f"check {setting}") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise GislandError(
            f"khoá phải dài 32 byte dạng hex · the key of {of} must be 32 bytes in hex",
            hint="make one: openssl rand -hex 32",
        )
    return keys


def write_keys(path: Path, keys: Sequence[bytes], *, like: Path | None = None) -> None:
    """Write a new key file that outlives a power cut, readable by its owner only.

    Args:
        path: the file; one that is there is replaced.
        keys: a key per line.
        like: the file whose owner it gets, when root writes it.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        if like is not None and os.geteuid() == 0:
            owner = like.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.writelines(f"{key.hex()}\n" for key in keys)
        file.flush()
        os.fsync(descriptor)
    sync_folder(path.parent)


def keep_as(path: Path, name: Path) -> None:
    """Give a key file a second name; one that bears it already stays, where a rename would replace it."""
    with suppress(FileExistsError):
        name.hardlink_to(path)


def sync_folder(folder: Path) -> None:
    """Make sure that names which were given in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
