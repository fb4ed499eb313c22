"""Who is asking: HTTP Basic against `security.account` on the web, the operating system's user on the command line."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg import Connection
from starlette.requests import HTTPConnection

from gisland.audit import log
from gisland.errors import Unauthorized
from gisland.security.permissions import Role
from gisland.security.subject import ANONYMOUS, Grant, Subject, operator
from gisland.state import state_of

HASHER = PasswordHasher()
GRANTS = "SELECT role, ward_id, residential_group_id FROM security.grant WHERE account_id = %s ORDER BY id"
CACHE_SECONDS = 60
CACHE_SIZE = 1000


class SignIns:
    """Sign-ins that were verified a moment ago: argon2 is slow on purpose, and QGIS sends the secret each time."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._known: dict[bytes, tuple[float, Subject]] = {}

    def _digest(self, credentials: str) -> bytes:
        # Keyed: neither the secret nor anything that could be tried against it stays in memory.
        return hmac.digest(self._key, credentials.encode(), hashlib.sha256)

    def find(self, credentials: str) -> Subject | None:
        """The subject that these credentials were verified for within the last minute."""
        known = self._known.get(self._digest(credentials))
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def remember(self, credentials: str, subject: Subject) -> None:
        """Keep a verified sign-in for a minute."""
        if len(self._known) >= CACHE_SIZE:
            self._known.clear()
        self._known[self._digest(credentials)] = (time.monotonic() + CACHE_SECONDS, subject)


_sign_ins = SignIns()


async def authenticate(request: HTTPConnection) -> Subject:
    """Who sends this request.

    Raises:
        Unauthorized: credentials were sent, but they are not right.
    """
    header = request.headers.get("authorization")
    if header is None:
        return ANONYMOUS
    known = _sign_ins.find(header)
    if known is not None:
        return known
    subject = await _verify(request, *_basic_credentials(header))
    _sign_ins.remember(header, subject)
    return subject


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        if not colon:
            raise ValueError
    except (ValueError, binascii.Error):
        raise Unauthorized("the Authorization header is not HTTP Basic") from None
    return name, secret


async def _verify(request: HTTPConnection, name: str, secret: str) -> Subject:
    async with state_of(request).pools.app.connection() as connection:
        found = await connection.execute(
            "SELECT secret_hash, id FROM security.account WHERE name = %s AND NOT disabled", [name]
        )
        row = await found.fetchone()
        secret_hash, account = row if row is not None else (_nobodys_hash(), None)
        granted = await (await connection.execute(GRANTS, [account])).fetchall()
    right = await asyncio.to_thread(_secret_fits, secret_hash, secret)
    if not right or account is None:
        raise Unauthorized("name or secret is wrong", hint="sign in again")
    return Subject(f"account:{name}", tuple(Grant(Role(role), ward, group) for role, ward, group in granted))


@cache
def _nobodys_hash() -> str:
    """A hash that no secret fits: an unknown name costs as much time as a wrong secret."""
    return HASHER.hash(secrets.token_urlsafe())


def _secret_fits(secret_hash: str, secret: str) -> bool:
    try:
        return HASHER.verify(secret_hash, secret)
    except (VerificationError, InvalidHashError):
        return False


def create_first_admin(connection: Connection) -> str | None:
    """Create the account `admin` where there is no account yet.

    Returns:
        Its secret, which is shown once and kept nowhere, or None when there are accounts.
    """
    connection.execute("LOCK TABLE security.account IN SHARE ROW EXCLUSIVE MODE")
    if connection.execute("SELECT 1 FROM security.account LIMIT 1").fetchone():
        return None
    secret = secrets.token_urlsafe(15)
    connection.execute(
        "WITH made AS (INSERT INTO security.account (name, secret_hash) VALUES ('admin', %s) RETURNING id)"
        " INSERT INTO security.grant (account_id, role) SELECT id, %s FROM made",
        [HASHER.hash(secret), Role.ADMIN.value],
    )
    log.record(connection, operator().name, log.Tag.ACCOUNT_CREATED, object_id="admin")
    return secret
