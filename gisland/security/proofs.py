"""What was shown to sign in, and who that is now: asked anew whenever rights may have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from gisland.audit.log import INSERT, Tag
from gisland.security.permissions import Role
from gisland.security.sign_in import GOOD
from gisland.security.subject import Grant, Subject, narrowed

# A password that was right, a token and a session are looked at anew after so many seconds at the latest.
PASSWORD_SECONDS, KEY_SECONDS = 900, 60

_ACCOUNT = """
    account.id, account.name, account.one_time,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(role, ward_id, residential_group_id) ORDER BY id), '[]')
       FROM security.grant WHERE account_id = account.id)
"""
BY_PASSWORD = f"SELECT {_ACCOUNT} FROM security.account WHERE id = %s AND secret_hash = %s AND {GOOD}"  # noqa: S608
BY_TOKEN = f"""
    SELECT {_ACCOUNT}, token.id, permissions, ward_ids, extract(epoch FROM expires_at - now())::float, used_at IS NULL
      FROM security.token JOIN security.account ON account.id = account_id
     WHERE key_hash = %s AND revoked_at IS NULL AND expires_at > now() AND (%s::text IS NULL OR account.name = %s)
       AND {GOOD}
"""  # noqa: S608
BY_SESSION = f"""
    SELECT {_ACCOUNT}, session.id, extract(epoch FROM expires_at - now())::float
      FROM security.session JOIN security.account ON account.id = account_id
     WHERE key_hash = %s AND expires_at > now() AND seen_at > now() - %s * interval '1 minute' AND {GOOD}
"""  # noqa: S608
# Coarse: when a token was used last is a hint to whoever tidies up, and must not cost a write for each request.
TOUCH = """
    UPDATE security.token SET used_at = now() WHERE id = %s AND (used_at IS NULL OR used_at < now() - interval '1 hour')
"""
FIRST_USE = "UPDATE security.token SET used_at = now() WHERE id = %s AND used_at IS NULL"
SEEN = "UPDATE security.session SET seen_at = now() WHERE id = %s"


@dataclass(frozen=True)
class PasswordProof:
    """A password that was right: it still is as long as its hash is the same."""

    account_id: int
    secret_hash: str


@dataclass(frozen=True)
class TokenProof:
    """A token, and the name that was given with it; as a bearer it comes without."""

    key_hash: bytes
    name: str | None


@dataclass(frozen=True)
class SessionProof:
    """The cookie of a session."""

    key_hash: bytes
    idle_minutes: int


Proof = PasswordProof | TokenProof | SessionProof


@dataclass(frozen=True)
class Found:
    """Whose proof it is, and for how many seconds that need not be asked again, unless rights change."""

    subject: Subject
    seconds: float


async def find(connection: AsyncConnection, proof: Proof) -> Found | None:
    """Who it is, with the rights they have now; None when the proof is not good (any more)."""
    match proof:
        case PasswordProof():
            row = await _one(connection, BY_PASSWORD, proof.account_id, proof.secret_hash)
            return None if row is None else Found(_subject(row, "password"), PASSWORD_SECONDS)
        case TokenProof():
            row = await _one(connection, BY_TOKEN, proof.key_hash, proof.name, proof.name)
            return None if row is None else await _by_token(connection, row)
        case SessionProof():
            row = await _one(connection, BY_SESSION, proof.key_hash, proof.idle_minutes)
            if row is None:
                return None
            await connection.execute(SEEN, [row[4]])
            return Found(_subject(row, "session", session_id=row[4]), min(row[5], KEY_SECONDS))


async def _by_token(connection: AsyncConnection, row: tuple[Any, ...]) -> Found:
    token, permissions, wards, seconds, unused = row[4:]
    if unused:
        async with connection.transaction():
            if (await connection.execute(FIRST_USE, [token])).rowcount:
                values = [f"account:{row[1]}", Tag.TOKEN_FIRST_USED.value, None, f"token:{token}", Jsonb({})]
                await connection.execute(INSERT, values)
    else:
        await connection.execute(TOUCH, [token])
    grants, limit = narrowed(_grants(row), permissions, wards)
    return Found(_subject(row, "token", grants=grants, limit=limit, token_id=token), min(seconds, KEY_SECONDS))


def _subject(row: tuple[Any, ...], by: Any, **more: Any) -> Subject:
    account, name, one_time = row[:3]
    given = {"grants": _grants(row)} | more
    if one_time:
        given["grants"] = ()
    return Subject(f"account:{name}", account_id=account, by=by, must_change=one_time, **given)


def _grants(row: tuple[Any, ...]) -> tuple[Grant, ...]:
    return tuple(Grant(Role(role), ward, group) for role, ward, group in row[3])


async def _one(connection: AsyncConnection, query: str, *values: object) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = await (await connection.execute(query.encode(), values)).fetchone()
    return row
