"""How much one client may ask for, and how much of one kind of work goes on at a time.

Both are counted in the memory of each web worker: a count that all workers share would cost a request more than its
guard does (a round trip to the database, or a lock). So each worker grants its part of a rate, the rate divided by the
number of workers: together they never grant more than the settings say. A client that keeps to one connection keeps to
one worker and gets its part only; the rates are set high enough for that.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from enum import StrEnum

from gisland.errors import Busy, TooManyRequests
from gisland.settings import Settings

# Who was quiet may ask for this many seconds' worth at once: a map that opens asks for a lot in a moment.
BURST_SECONDS = 20
# What each body may hold without being counted: sign-ins and forms come in whatever else does.
FREE_BYTES = 16_384
# One address may hold this part of what is held in all.
PART = 4
# One token may ask for this part of what its account may: a program that has gone wild leaves its owner the rest.
TOKEN_PART = 2
# Clients that are remembered; some 20 MB.
MOST_CLIENTS = 100_000


class Work(StrEnum):
    """Kinds of work that a worker does some of at a time; each route names its kind at its guard."""

    PAGES = "pages"
    TILES = "tiles"
    SEARCHES = "searches"
    EXPORTS = "exports"
    JOBS = "jobs"


class Bucket:
    """A token bucket per client, as the moment when it will be full again (GCRA): one number each.

    Args:
        policy: its name, told to whom it refuses.
        rate: requests per second that all workers together grant a client; 0 grants any number.
        workers: number of web workers.
    """

    def __init__(self, policy: str, rate: float, workers: int = 1) -> None:
        self.policy = policy
        self.rate = rate
        self._interval = workers / rate if rate else 0.0
        # One at least, also where there are more workers than requests.
        self._span = max(BURST_SECONDS, self._interval)
        self._full: dict[str, float] = {}

    def take(self, client: str) -> None:
        """Count a request of a client.

        Raises:
            TooManyRequests: the bucket is empty.
        """
        if not self._interval:
            return
        now = time.monotonic()
        full = max(self._full.get(client, now), now) + self._interval
        if full - now > self._span:
            wait = max(1, math.ceil(full - now - self._span))
            raise TooManyRequests(
                "quá nhiều yêu cầu · too many requests",
                policy=self.policy,
                quota=max(1, round(self.rate * BURST_SECONDS)),
                window=BURST_SECONDS,
                wait=wait,
            )
        if len(self._full) >= MOST_CLIENTS and client not in self._full:
            self._forget(now)
        self._full[client] = full

    def give_back(self, client: str) -> None:
        """Take back that a request was counted."""
        if client in self._full:
            self._full[client] -= self._interval

    def _forget(self, now: float) -> None:
        self._full = {client: full for client, full in self._full.items() if full > now}
        if len(self._full) > MOST_CLIENTS // 2:
            # So many at once are no single client: this limit is no help, memory is bounded, and to look through them
            # must not become what each request costs.
            self._full.clear()


@dataclass(slots=True)
class Visit:
    """What is known of a request from its entrance on; in its scope as VISIT."""

    address: str
    """Of the client: of the socket, or what a trusted proxy says."""
    limited: bool
    work: Work | None = None
    """The slot that it holds."""
    held: int = 0
    """Bytes of its body that count."""
    account: str | None = None
    """That it was counted by."""


VISIT = "gisland.visit"


class Limits:
    """The limits of a web worker."""

    def __init__(self, settings: Settings) -> None:
        self._addresses = Bucket("address", settings.rate_address, settings.workers)
        self._attempts = Bucket("sign-in", settings.rate_sign_in, settings.workers)
        self._accounts = Bucket("account", settings.rate_account, settings.workers)
        self._tokens = Bucket("token", settings.rate_account / TOKEN_PART, settings.workers)
        self._wait = settings.slot_wait_seconds
        self._most = max(settings.bodies_max_bytes, PART * settings.body_max_bytes)
        self._held = 0
        self._held_of: dict[str, int] = {}
        self._slots = {
            Work.PAGES: asyncio.Semaphore(settings.slots_pages),
            Work.TILES: asyncio.Semaphore(settings.slots_tiles),
            Work.SEARCHES: asyncio.Semaphore(settings.slots_searches),
            Work.EXPORTS: asyncio.Semaphore(settings.slots_exports),
            Work.JOBS: asyncio.Semaphore(settings.slots_jobs),
        }

    def arrives(self, visit: Visit, *, with_credentials: bool) -> None:
        """Count a request by its address, before anything is done for it.

        One with credentials is an attempt to sign in until it has come out well; then it is counted by its account. So
        an office whose people share one address is not kept out by what somebody there asks for without signing in.

        Raises:
            TooManyRequests: the address asks too often.
        """
        if visit.limited:
            (self._attempts if with_credentials else self._addresses).take(visit.address)

    def signed_in(self, visit: Visit, account: str, token_id: int | None = None) -> None:
        """Count a request by the account that it has turned out to be of, and by the token that it came with.

        Raises:
            TooManyRequests: the account asks too often, or this token of it does.
        """
        if visit.limited and visit.account is None:
            # Once, however many permissions the request needs.
            visit.account = account
            self._attempts.give_back(visit.address)
            if token_id is not None:
                # First: what it is refused for is not counted against its owner.
                self._tokens.take(str(token_id))
            self._accounts.take(account)

    def holds(self, visit: Visit, size: int) -> None:
        """Count what has come of the body of a request: it is read before anybody knows who sends it.

        Raises:
            Busy: this worker, or this address, holds too much already.
        """
        more = size - FREE_BYTES - visit.held
        if more <= 0:
            return
        of_address = self._held_of.get(visit.address, 0) + more
        if self._held + more > self._most or (visit.limited and of_address > self._most // PART):
            raise Busy(
                "đang nhận quá nhiều nội dung cùng lúc · too many large bodies are coming in at once",
                hint="thử lại sau · try again in a moment",
            )
        self._held += more
        self._held_of[visit.address] = of_address
        visit.held += more

    def leaves(self, visit: Visit) -> None:
        """A request is over: its slot and its body are free."""
        self.end(visit)
        if visit.held:
            self._held -= visit.held
            left = self._held_of.pop(visit.address) - visit.held
            if left:
                self._held_of[visit.address] = left
            visit.held = 0

    async def begin(self, visit: Visit, work: Work) -> None:
        """Take a slot for the work of a request; waits shortly when there is none. `end` gives it back.

        Raises:
            Busy: there is none still.
        """
        if visit.work is work:
            return
        self.end(visit)
        slots = self._slots[work]
        if slots.locked():
            try:
                async with asyncio.timeout(self._wait):
                    await slots.acquire()
            except TimeoutError:
                raise Busy(
                    f"đang có quá nhiều việc loại này · too much of this work is going on: {work}",
                    hint="thử lại sau · try again in a moment",
                ) from None
        else:
            await slots.acquire()
        visit.work = work

    def end(self, visit: Visit) -> None:
        """Give the slot of a request back, if it has one."""
        if visit.work is not None:
            self._slots[visit.work].release()
            visit.work = None
