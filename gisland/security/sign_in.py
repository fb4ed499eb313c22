"""Name and password: an unknown name, a disabled account and a wrong password look alike, also to a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from psycopg import Connection

from gisland.audit import log
from gisland.database import run
from gisland.errors import Unauthorized
from gisland.kit.identifiers import mask_ids
from gisland.security import attempts
from gisland.security.crypto import load_vault
from gisland.security.names import is_name
from gisland.security.passwords import NOBODYS_HASH, fits
from gisland.settings import Settings

Result = TypeVar("Result")

ONE_TIME_DAYS = 14
# A one-time secret that nobody used is a door that stays open.
GOOD = f"NOT disabled AND NOT (one_time AND secret_set_at < now() - interval '{ONE_TIME_DAYS} days')"
FIND = f"SELECT id, secret_hash FROM security.account WHERE name = %s AND {GOOD}"  # noqa: S608 - our own words
# Until the end of the transaction nobody changes it.
HOLD = f"SELECT one_time FROM security.account WHERE id = %s AND secret_hash = %s AND {GOOD} FOR SHARE"  # noqa: S608


@dataclass(frozen=True)
class Known:
    """An account whose password was right."""

    id: int
    name: str
    secret_hash: str
    one_time: bool


@dataclass(frozen=True)
class Claim:
    """Who somebody says to be."""

    name: str
    secret: str
    address: str
    purpose: str = attempts.SIGN_IN
    """What the password is asked for; failures are counted for each purpose."""


def check_password_of(settings: Settings, claim: Claim, then: Callable[[Connection, Known], Result]) -> Result:
    """Check a password, and do what it was asked for, in the transaction that notes it.

    It takes long on purpose: call it in a thread.

    Args:
        settings: of this installation.
        claim: who somebody says to be.
        then: what comes of it.

    Raises:
        TooManyRequests: too many attempts have failed.
        Unauthorized: it is wrong, or there is no such account, or not any more.
    """
    vault = load_vault(settings)
    name, address = attempts.name_key(vault, claim.name, claim.purpose), attempts.address_key(vault, claim.address)

    def begin(connection: Connection) -> tuple[attempts.Attempt, tuple[int, str] | None]:
        attempt = attempts.begin(connection, name, address)
        return attempt, connection.execute(FIND, [claim.name if is_name(claim.name) else ""]).fetchone()

    attempt, row = run(settings, begin)
    right = fits(NOBODYS_HASH if row is None else row[1], claim.secret) and row is not None

    def end(connection: Connection) -> tuple[Result] | None:
        held = connection.execute(HOLD, row).fetchone() if right and row is not None else None
        if held is None or row is None:
            _note_failure(connection, claim, attempt, known=row is not None)
            return None
        attempts.succeeded(connection, attempt)
        return (then(connection, Known(row[0], claim.name, row[1], held[0])),)

    done = run(settings, end)
    if done is None:
        raise Unauthorized("sai tên hoặc mật khẩu · name or secret is wrong", hint="sign in again")
    return done[0]


def note_success(connection: Connection, name: str, by: str) -> None:
    """Note that somebody signed in by a password, a session or a token."""
    log.record(connection, f"account:{name}", log.Tag.SIGN_IN_ACCEPTED, object_id=name, detail={"by": by})


def _note_failure(connection: Connection, claim: Claim, attempt: attempts.Attempt, *, known: bool) -> None:
    # What is no name of an account may be an id or a secret: it is not noted. Attempts of one origin are known by a
    # part of its keyed hash.
    attempts.sweep(connection)
    name = mask_ids(claim.name, code=True) if known else ""
    detail: dict[str, object] = {"for": claim.purpose, "origin": attempt.origin}
    for tag in (log.Tag.SIGN_IN_REFUSED, *([log.Tag.ACCOUNT_LOCKED] if attempt.wait else [])):
        log.record(connection, "anonymous", tag, object_id=name, detail=detail)
