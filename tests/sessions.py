"""Two sessions at once, in an order that the test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from tests.factories import one


def somebody_waits(session: Connection) -> bool:
    """Whether any session of the database waits for another one."""
    # Or the transaction would go on seeing who waited when it first asked.
    session.execute("SELECT pg_stat_clear_snapshot()")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(one(session, waiting))


@contextmanager
def meanwhile(session: Connection, work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Somebody else's work, which has to wait for the session; its result, or the error, once the block has ended."""
    left: list[Any] = []

    def other() -> None:
        try:
            left.append(work())
        except Exception as error:  # noqa: BLE001 - told by the test
            left.append(error)

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    for _ in range(200):
        if somebody_waits(session) or left:
            break
        time.sleep(0.05)
    assert not left, f"did not wait: {left}"
    yield left
    thread.join(timeout=20)
    assert len(left) == 1
