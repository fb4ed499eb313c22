"""What comes back for many holders at once: one act with a result for each, published when it commits (design §7).

The largest list that a service of the state sends back is taken over in one transaction: what is published afterwards
is all of it or nothing. The statement and the flush run in one process of the database, whose own memory is looked at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from gisland.bench.as_of import CHANGE, EVIDENCE
from gisland.bench.table import at_most
from gisland.database import Role, connect, flush
from gisland.database import run as run_act
from gisland.settings import Settings

RESULTS = 100_000
SECONDS = 60
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Taken:
    """How many results were taken over, how long that took, and the most memory of its own that the session had."""

    results: int
    seconds: float
    mebibytes: float | None
    """None where the database is on another machine."""


def run(settings: Settings) -> list[Taken]:
    """Take over results for a tenth of the holders, then for all of them: memory that grows with them would tell."""
    with connect(settings, Role.APP) as connection:
        row = connection.execute("SELECT max(id) FROM registry.holder").fetchone()
        assert row is not None
    most = min(RESULTS, int(row[0]))
    return [_take(settings, number, result) for number, result in ((most // 10, "mismatch"), (most, "verified"))]


def _take(settings: Settings, results: int, result: str) -> Taken:
    seen: list[float] = []

    def work(connection: Connection) -> None:
        connection.execute(CHANGE)
        with _watched(connection.info.backend_pid, seen):
            connection.execute(EVIDENCE, {"first": 1, "last": results, "result": result})
            # What `run` does at the end of each act; nothing is left for it then.
            flush(connection)

    start = time.perf_counter()
    run_act(settings, work)
    return Taken(results, time.perf_counter() - start, max(seen, default=None))


@contextmanager
def _watched(backend: int, seen: list[float]) -> Iterator[None]:
    """Look at the memory of a process of the database until the block ends; without the buffers that all share."""
    ended = threading.Event()

    def watch() -> None:
        file = Path(f"/proc/{backend}/status")
        while not ended.wait(LOOK_SECONDS):
            try:
                lines = file.read_text().splitlines()
            except OSError:
                return
            if lines[0] != "Name:\tpostgres":
                return
            seen.extend(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def markdown(taken: list[Taken]) -> str:
    """A line for each."""
    return "\n".join(
        f"- {each.results:,} results in one act, seconds: {at_most(each.seconds, SECONDS)}"
        + ("" if each.mebibytes is None else f", memory of the session {each.mebibytes:.0f} MiB")
        for each in taken
    )
