"""Sign-ins that a worker has seen a moment ago: argon2 is slow on purpose, and QGIS sends the secret each time.

What is remembered holds as long as the number in `security.epoch` is the same: triggers count there whatever may take
rights away (an account that is disabled, a new password, a role, a token, a session). A worker asks for it once a
second at most, so a right that was taken away is gone everywhere a second later, and a request costs a look into a
dictionary.

LISTEN would tell at once, but a connection that was lost tells nothing: then rights would stay for ever. Here, without
the database nobody is let in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gisland.database import Pools
from gisland.security.proofs import Proof, find
from gisland.security.subject import Subject

EPOCH_SECONDS = 1.0
SIZE = 1000
EPOCH = "SELECT number FROM security.epoch"


@dataclass(frozen=True)
class _Remembered:
    proof: Proof
    subject: Subject
    epoch: int
    until: float


class SignIns:
    """What one worker remembers."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._known: dict[bytes, _Remembered] = {}
        self._under_way: dict[bytes, asyncio.Task[Subject | None]] = {}
        self._epoch = (0, -EPOCH_SECONDS)

    async def subject(self, pools: Pools, credentials: str, verify: Callable[[], Awaitable[Proof]]) -> Subject | None:
        """Who shows these credentials; None when they are not good (any more).

        Args:
            pools: of this worker.
            credentials: as the request has them.
            verify: checks them when they are not remembered.
        """
        # Keyed: neither the secret nor anything that could be tried against it stays in memory.
        digest = hmac.digest(self._key, credentials.encode(), hashlib.sha256)
        epoch = await self._current_epoch(pools)
        known = self._known.get(digest)
        if known is not None and known.epoch == epoch and known.until > time.monotonic():
            return known.subject
        # A map asks for many things at once: all wait for one check.
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._renew(pools, digest, epoch, verify))
            self._under_way[digest] = task
            task.add_done_callback(lambda _: self._under_way.pop(digest, None))
        return await asyncio.shield(task)

    def ask_again(self) -> None:
        """This worker has changed somebody's rights: the next request asks."""
        self._epoch = (self._epoch[0], time.monotonic() - EPOCH_SECONDS)

    async def _renew(
        self, pools: Pools, digest: bytes, epoch: int, verify: Callable[[], Awaitable[Proof]]
    ) -> Subject | None:
        known = self._known.pop(digest, None)
        # Rights have changed, maybe somebody else's; a password that was right need not be hashed again.
        fresh = known is not None and known.until > time.monotonic()
        proof = known.proof if known is not None and fresh else await verify()
        async with pools.app.connection() as connection:
            found = await find(connection, proof)
        if found is None:
            return None
        until = known.until if known is not None and fresh else time.monotonic() + found.seconds
        if len(self._known) >= SIZE:
            self._known.clear()
        self._known[digest] = _Remembered(proof, found.subject, epoch, until)
        return found.subject

    async def _current_epoch(self, pools: Pools) -> int:
        number, asked = self._epoch
        now = time.monotonic()
        if now - asked < EPOCH_SECONDS:
            return number
        async with pools.app.connection() as connection:
            row = await (await connection.execute(EPOCH)).fetchone()
        assert row is not None
        # As of the time before it was asked; two that ask at once may come back in another order.
        if now >= self._epoch[1]:
            self._epoch = (row[0], now)
        return int(row[0])
