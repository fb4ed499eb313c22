"""A client that leaves while its page is read: the database stops reading it, and the connection is free again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from gisland.errors import TookTooLong

# Most pages are read long before; for them nobody looks.
AFTER_SECONDS = 0.25


@asynccontextmanager
async def stops_when_client_leaves(request: Request) -> AsyncIterator[None]:
    """Within this block the client is watched once the work takes long; when it leaves, the work is cancelled.

    psycopg, whose waiting is cancelled, cancels the statement in the database.

    Raises:
        TookTooLong: the client has left; nobody reads this answer.
    """
    loop = asyncio.get_running_loop()
    work = asyncio.current_task()
    assert work is not None
    watching: list[asyncio.Task[None]] = []
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        work.cancel()

    timer = loop.call_later(AFTER_SECONDS, lambda: watching.append(loop.create_task(watch())))
    try:
        yield
    except asyncio.CancelledError:
        if not left:
            raise
        work.uncancel()
        raise TookTooLong("the client has left") from None
    finally:
        timer.cancel()
        for each in watching:
            each.cancel()
