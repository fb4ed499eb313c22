"""National ids at rest: encrypted with AES-256-GCM, found by HMAC-SHA256; the key never lies in the database."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gisland.errors import GislandError
from gisland.kit.identifiers import NationalId
from gisland.kit.keys import load_key
from gisland.settings import Settings

NONCE_BYTES = 12


@dataclass(frozen=True)
class SealedId:
    """A national id as the registry stores it."""

    kind: str
    cipher: bytes
    hash: bytes
    masked: str


class IdVault:
    """Seals and opens national ids with one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"gisland national id cipher", hashlib.sha256))
        self._hash_key = hmac.digest(key, b"gisland national id hash", hashlib.sha256)
        self._content_key = hmac.digest(key, b"gisland content hash", hashlib.sha256)

    def seal(self, national_id: NationalId) -> SealedId:
        """Encrypt an id; the same id never gives the same cipher text, but always the same hash."""
        nonce = os.urandom(NONCE_BYTES)
        plain = f"{national_id.kind}:{national_id.number}".encode()
        return SealedId(
            kind=national_id.kind,
            cipher=nonce + self._cipher.encrypt(nonce, plain, None),
            hash=self.hash(national_id),
            masked=national_id.masked,
        )

    def open(self, cipher: bytes) -> str:
        """The number in clear. Each call is an act that its caller must audit.

        Raises:
            GislandError: it was sealed with another key.
        """
        try:
            plain = self._cipher.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], None)
        except InvalidTag:
            raise GislandError("a national id does not open with this key", hint="check GISLAND_ID_KEY_FILE") from None
        return plain.decode().partition(":")[2]

    def hash(self, national_id: NationalId) -> bytes:
        """The keyed hash under which an id is found; without the key, 10^12 numbers could be tried in minutes."""
        return hmac.digest(self._hash_key, f"{national_id.kind}:{national_id.number}".encode(), hashlib.sha256)

    def content_hash(self, content: bytes) -> bytes:
        """Keyed hash of a source row that may hold an id."""
        return hmac.digest(self._content_key, content, hashlib.sha256)


def load_vault(settings: Settings) -> IdVault:
    """The vault with the key of the settings; the first start makes a key when none was named.

    Raises:
        GislandError: the named key file is missing, unreadable or no 32-byte key in hex.
    """
    make = settings.id_key_file is None
    return IdVault(load_key(settings.id_key_path, make=make, of="the national ids", setting="GISLAND_ID_KEY_FILE"))
