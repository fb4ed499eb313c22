"""A client that leaves while its page is read: the database stops reading it, and the connection is free again."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import Request

from gisland.errors import TookTooLong

# Most pages are read long before; for them nobody looks.
AFTER_SECONDS = 0.25


class ClientWatch:
    """Within its block the client is watched once the work takes long; when it leaves, the work is cancelled.

    psycopg, whose waiting is cancelled, cancels the statement in the database. A plain class: a generator as context
    manager would cost a small page several times as much.

    Raises:
        TookTooLong: the client has left; nobody reads this answer.
    """

    __slots__ = ("_left", "_request", "_timer", "_watching", "_work")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._left = False
        self._watching: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        """Begin to watch, some time from now."""
        self._work = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(AFTER_SECONDS, self._begin)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """The work is done, or ends by an error."""
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if kind is asyncio.CancelledError and self._left and self._work is not None:
            self._work.uncancel()
            raise TookTooLong("máy khách đã rời đi · the client has left") from None

    def _begin(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._left = True
        if self._work is not None:
            self._work.cancel()
