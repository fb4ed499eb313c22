"""National ids at rest: encrypted with AES-256-GCM, found by HMAC-SHA256; the key never lies in the database.

The key is changed by `rotation`. Cipher and hash of each id are then made anew from the number. The contents of source
rows are stored nowhere, so their hashes are hashed once more, with the new key, and the key file keeps the content keys
of before below the key: a row that was accepted once is known for ever, and yet whoever has an old key file can try no
number against hashes of today. From a content key of before, the cipher key of before cannot be told.

The database says by name which key it is sealed with. A file `id.key.new` or `id.key.<name>` beside the key file is
looked at when it is not the key of the file: while keys are changed, after that was interrupted, or when an older dump
was restored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import AsyncConnection, Connection

from gisland.errors import DatabaseUnavailable, GislandError
from gisland.kit.identifiers import NationalId
from gisland.kit.keys import load_keys
from gisland.settings import Settings

NONCE_BYTES = 12
_KEY_OF = re.compile(r"\.(?:new|[0-9a-f]{16})$")
IN_USE = "SELECT free, name, sample FROM security.id_key_in_use()"


@dataclass(frozen=True)
class SealedId:
    """A national id as the registry stores it."""

    kind: str
    cipher: bytes
    hash: bytes
    masked: str


class IdVault:
    """Seals and opens national ids with one 32-byte key.

    Args:
        key: the key.
        earlier: content keys of before, the oldest first.
        path: its file; beside it lie the keys of before.
    """

    def __init__(self, key: bytes, earlier: Sequence[bytes] = (), path: Path | None = None) -> None:
        self._cipher = AESGCM(_derived(key, b"gisland national id cipher"))
        self._hash_key = _derived(key, b"gisland national id hash")
        self.content_keys = (*earlier, _derived(key, b"gisland content hash"))
        self.name = _derived(key, b"gisland national id key name")[:8].hex()
        self.path = path

    def seal(self, national_id: NationalId) -> SealedId:
        """Encrypt an id; the same id never gives the same cipher text, but always the same hash."""
        cipher, hashed = self._sealed(f"{national_id.kind}:{national_id.number}".encode())
        return SealedId(kind=national_id.kind, cipher=cipher, hash=hashed, masked=national_id.masked)

    def open(self, cipher: bytes) -> str:
        """The number in clear. Its caller must audit who is told; the check of the registry tells nobody.

        Raises:
            GislandError: it was sealed with another key.
        """
        return self._opened(cipher).decode().partition(":")[2]

    def reseal(self, cipher: bytes, other: IdVault) -> tuple[bytes, bytes]:
        """Cipher and hash of an id with another key.

        Raises:
            GislandError: it was not sealed with this one.
        """
        return other._sealed(self._opened(cipher))

    def hash(self, national_id: NationalId) -> bytes:
        """The keyed hash under which an id is found; without the key, 10^12 numbers could be tried in minutes."""
        return self._hashed(f"{national_id.kind}:{national_id.number}".encode())

    def content_hash(self, content: bytes) -> bytes:
        """Keyed hash of a source row that may hold an id."""
        return reduce(_derived_from, self.content_keys, content)

    def rehash_content(self, stored: bytes) -> bytes:
        """The content hash that was stored under the key before this one, under this one."""
        return _derived(self.content_keys[-1], stored)

    def in_use(self, connection: Connection) -> IdVault:
        """The vault to seal and to find with in a transaction; until its end the key is not changed.

        Raises:
            DatabaseUnavailable: the key is being changed.
            GislandError: the database is sealed with another key, and its file is not here.
        """
        return self._fitting(connection.execute(IN_USE).fetchone())

    async def in_use_async(self, connection: AsyncConnection) -> IdVault:
        """The same as `in_use`, on a connection of a web worker's pool."""
        return self._fitting(await (await connection.execute(IN_USE)).fetchone())

    def fitting(self, name: str | None, sample: bytes | None = None) -> IdVault:
        """The vault with the key of a database: this one, or one whose file lies beside its file.

        Args:
            name: what the database calls its key; None when it was never changed.
            sample: an id that was sealed with it, when it has no name.

        Raises:
            GislandError: there is none.
        """
        if name == self.name:
            return self
        beside = self._beside()
        if name is None and (sample is None or not beside):
            return self
        for vault in (self, *beside):
            if vault.name == name or (name is None and sample is not None and vault.opens(sample)):
                return vault
        raise GislandError(
            f"số định danh được khoá bằng khoá {name or 'khác'}, không phải {self.name}"
            f" · the national ids are sealed with the key {name or 'of another file'}, this one is {self.name}",
            hint="chép tệp khoá đúng về · bring the right key file here, GISLAND_ID_KEY_FILE",
        )

    def opens(self, cipher: bytes) -> bool:
        """Whether an id was sealed with this key."""
        try:
            self._opened(cipher)
        except GislandError:
            return False
        return True

    def _beside(self) -> list[IdVault]:
        """The key file as it is now, the next one while keys are changed, and those of before."""
        if self.path is None:
            return []
        names = [each for each in self.path.parent.glob(f"{self.path.name}.*") if _KEY_OF.search(each.name)]
        return [_load(path, make=False) for path in (self.path, *sorted(names)) if path.is_file()] if names else []

    def _fitting(self, row: tuple[bool, str | None, bytes | None] | None) -> IdVault:
        assert row is not None
        free, name, sample = row
        if not free:
            raise DatabaseUnavailable(
                "khoá số định danh đang được thay · the key of the national ids is being changed",
                hint="thử lại sau ít phút · try again in some minutes",
            )
        return self.fitting(name, sample)

    def _sealed(self, plain: bytes) -> tuple[bytes, bytes]:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, None), self._hashed(plain)

    def _hashed(self, plain: bytes) -> bytes:
        return _derived(self._hash_key, plain)

    def _opened(self, cipher: bytes) -> bytes:
        try:
            return self._cipher.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], None)
        except InvalidTag:
            raise GislandError(
                "không mở được số định danh bằng khoá này · a national id does not open with this key",
                hint="check GISLAND_ID_KEY_FILE",
            ) from None


def new_file(path: Path) -> Path:
    """Where a new key lies until the database is sealed with it."""
    return path.with_name(f"{path.name}.new")


def named_file(path: Path, name: str) -> Path:
    """Where a key of before lies."""
    return path.with_name(f"{path.name}.{name}")


def load_vault(settings: Settings) -> IdVault:
    """The vault with the key of the settings; the first start makes a key when none was named.

    Raises:
        GislandError: the named key file is missing, unreadable or no 32-byte key in hex.
    """
    return _load(settings.id_key_path, make=settings.id_key_file is None)


def _load(path: Path, *, make: bool) -> IdVault:
    key, *earlier = load_keys(path, make=make, of="the national ids", setting="GISLAND_ID_KEY_FILE")
    return IdVault(key, earlier, path)


def _derived(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)


def _derived_from(text: bytes, key: bytes) -> bytes:
    return _derived(key, text)
