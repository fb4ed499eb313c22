"""Failed sign-ins: after some of them each costs patience, over all workers and restarts (NIST SP 800-63B §5.2.2).

Counted are names, whether there is such an account or not, and addresses; both are known by a keyed hash only, for what
was typed as a name may be a national id or a secret. A wait doubles from one second to a quarter of an hour: whoever
keeps trying delays the owner of an account, but never shuts them out for good; `gisland user unlock` forgets it all.

An attempt counts as failed before its secret is looked at, so that a thousand at once are no more than one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

from gisland.errors import TooManyRequests
from gisland.security.crypto import IdVault
from gisland.security.proxies import network_of

# Failures without a wait. Behind one address there may be a whole office.
FREE_OF_NAME, FREE_OF_ADDRESS = 10, 100
LONGEST_WAIT_SECONDS = 900
# What a password is asked for. Whoever sits at a signed-in browser and tries must not shut its owner out.
SIGN_IN, CHANGE = PURPOSES = ("sign in", "password change")

COUNT = """
    INSERT INTO security.attempt AS known (key_hash, failures, failed_at, locked_until)
    VALUES (%(key)s, 1, now(), now())
    ON CONFLICT (key_hash) DO UPDATE
       SET failures = CASE WHEN known.failed_at < now() - interval '1 day' THEN 1 ELSE known.failures + 1 END,
           failed_at = now(),
           locked_until = CASE
               WHEN known.failed_at < now() - interval '1 day' OR known.failures + 1 < %(free)s THEN now()
               ELSE now() + least(power(2, least(known.failures + 1 - %(free)s, 20)), %(longest)s) * interval '1 s' END
     WHERE known.locked_until <= now()
    RETURNING failures
"""
WAIT = "SELECT ceil(extract(epoch FROM locked_until - now()))::int FROM security.attempt WHERE key_hash = %s"
FORGET = "DELETE FROM security.attempt WHERE key_hash = %s"
TAKE_BACK = "UPDATE security.attempt SET failures = greatest(failures - 1, 0) WHERE key_hash = %s"
SWEEP = "DELETE FROM security.attempt WHERE failed_at < now() - interval '1 day' AND locked_until < now()"


@dataclass(frozen=True)
class Attempt:
    """An attempt that was counted."""

    name: bytes
    address: bytes | None
    """None: it counts for the name only, whose waits limit it already."""
    wait: bool
    """Whether the next one has to wait."""
    origin: str
    """By which those of one address are known as such in the audit log."""


def name_key(vault: IdVault, name: str, purpose: str = SIGN_IN) -> bytes:
    """Under which a name is counted."""
    return vault.content_hash(f"{purpose}\0name\0{name}".encode())


def address_key(vault: IdVault, address: str) -> bytes:
    """Under which an address is counted, with those that its owner has beside it."""
    return vault.content_hash(f"sign in\0address\0{network_of(address)}".encode())


def begin(connection: Connection, name: bytes, address: bytes) -> Attempt:
    """Count an attempt.

    Raises:
        TooManyRequests: too many have failed, and it is too early for the next.
    """
    origin = address[:4].hex()
    failures = _count(connection, name, FREE_OF_NAME)
    wait = failures >= FREE_OF_NAME
    if failures > FREE_OF_NAME:
        # A forgotten program with an old secret must not shut out the office where it runs.
        _refuse_early(connection, address)
        return Attempt(name, None, wait, origin)
    failures = _count(connection, address, FREE_OF_ADDRESS)
    return Attempt(name, address, wait or failures >= FREE_OF_ADDRESS, origin)


def succeeded(connection: Connection, attempt: Attempt) -> None:
    """It did not fail."""
    connection.execute(FORGET, [attempt.name])
    if attempt.address is not None:
        # The failures of others from there stay.
        connection.execute(TAKE_BACK, [attempt.address])


def sweep(connection: Connection) -> None:
    """Forget failures of long ago."""
    connection.execute(SWEEP)


def forget(connection: Connection, key: bytes) -> bool:
    """Forget the failures of a name or address. Returns whether there were any."""
    return connection.execute(FORGET, [key]).rowcount > 0


def waits(connection: Connection, keys: list[bytes]) -> dict[bytes, int]:
    """Which of these names have to wait, and how many seconds."""
    query = """
        SELECT key_hash, ceil(extract(epoch FROM locked_until - now()))::int
          FROM security.attempt WHERE key_hash = ANY (%s) AND locked_until > now()
    """
    return dict(connection.execute(query, [keys]).fetchall())


def _count(connection: Connection, key: bytes, free: int) -> int:
    values = {"key": key, "free": free, "longest": LONGEST_WAIT_SECONDS}
    row = connection.execute(COUNT, values).fetchone()
    if row is None:
        _refuse_early(connection, key)
        return free
    failures: int = row[0]
    return failures


def _refuse_early(connection: Connection, key: bytes) -> None:
    row = connection.execute(WAIT, [key]).fetchone()
    if row is not None and row[0] > 0:
        raise TooManyRequests(
            "đăng nhập sai quá nhiều lần · too many sign-ins failed",
            policy="failed-sign-ins",
            quota=FREE_OF_NAME,
            window=86_400,
            wait=row[0],
        )
