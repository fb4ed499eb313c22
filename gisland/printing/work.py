"""Prints that were ordered: how the worker draws them, each in a process of its own that it watches."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from psycopg import Connection

from gisland.database import run
from gisland.database.statements import statements
from gisland.kit.identifiers import mask_ids
from gisland.printing import drawing
from gisland.printing.drawing import Drawn, Failed, Progress, Task
from gisland.security.delegated import still
from gisland.settings import Settings

log = structlog.get_logger()

SQL = statements("gisland.printing", "work.sql")
ATTEMPTS = 3
"""Of a print whose worker was killed, or whose database was away."""
SILENT_SECONDS = 60.0
BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.2
TOLD = 300
"""Letters of a reason."""


@dataclass
class _Running:
    """A print that is drawn now."""

    settings: Settings
    job: UUID
    attempt: int
    progress: float = 0.0
    message: str = ""

    def write(self, query: str, **values: Any) -> bool:
        """Write to its row, while it is still ours. Returns whether it is."""
        values = {"id": self.job, "attempt": self.attempt, "days": self.settings.prints_days} | values

        def work(connection: Connection) -> bool:
            return connection.execute(SQL[query], values).rowcount > 0

        return run(self.settings, work)

    def beat(self) -> bool:
        """Say that it is being drawn, and how far it is. Returns whether it is still wanted."""
        return self.write("beat", progress=min(max(self.progress, 0.0), 1.0), message=self.message)

    def fail(self, reason: str) -> None:
        """Say why there is no file."""
        self.write("fail", message=mask_ids(reason)[:TOLD])
        log.warning("a print failed", job=str(self.job))

    def again(self, reason: str, *, counted: bool) -> None:
        """Let it be drawn another time, after a while."""
        if counted and self.attempt >= ATTEMPTS:
            self.fail(reason)
        else:
            self.write("again", message=mask_ids(reason)[:TOLD], uncounted=0 if counted else 1)

    def finish(self, file: dict[str, Any]) -> None:
        """Keep the file; one that was dismissed meanwhile is thrown away."""
        values = {"id": self.job, "attempt": self.attempt, "days": self.settings.prints_days} | file

        def work(connection: Connection) -> None:
            if connection.execute(SQL["finish"], values).fetchone() is not None:
                connection.execute(SQL["keep"], values)

        run(self.settings, work)


def draw_print(settings: Settings, job: UUID, ended: threading.Event) -> None:
    """Draw a print that was ordered; do nothing when it was dismissed or is drawn already.

    Args:
        settings: of the service.
        job: its id.
        ended: set when the worker ends: the drawing is stopped, and another worker begins it anew.
    """

    def begin(connection: Connection) -> tuple[Task, int] | None:
        row = connection.execute(SQL["begin"], {"id": job}).fetchone()
        if row is None:
            return None
        product, inputs, requester, account, rights, attempt = row
        return Task(product, inputs, still(connection, requester, account, rights)), attempt

    begun = run(settings, begin)
    if begun is not None:
        task, attempt = begun
        _watch(_Running(settings, job, attempt), task, ended)


def _watch(running: _Running, task: Task, ended: threading.Event) -> None:
    process, pipe = drawing.start(running.settings, task)
    until = time.monotonic() + running.settings.print_timeout_minutes * 60
    beat = 0.0
    try:
        while True:
            told = _read(pipe)
            match told:
                case Progress():
                    running.progress, running.message = told.part, told.message
                case Drawn():
                    return running.finish(told.file)
                case Failed(again=True):
                    return running.again(told.reason, counted=True)
                case Failed():
                    return running.fail(told.reason)
                case EOFError():
                    process.join(5)
                    return running.fail(_death(process.exitcode))
            now = time.monotonic()
            if ended.is_set():
                return running.again("bị ngắt, sẽ vẽ lại · interrupted, will be drawn again", counted=False)
            if now > until:
                minutes = running.settings.print_timeout_minutes
                return running.fail(f"quá {minutes:g} phút · it took more than {minutes:g} minutes")
            if now - beat >= BEAT_SECONDS:
                beat = now
                if not running.beat():
                    log.info("a print was dismissed", job=str(running.job))
                    return None
    finally:
        process.kill()
        process.join()
        pipe.close()


def _read(pipe: Any) -> Progress | Drawn | Failed | EOFError | None:
    """What the process says next; None: nothing for now."""
    try:
        return pipe.recv() if pipe.poll(LOOK_SECONDS) else None
    except (EOFError, OSError):
        return EOFError()


def _death(code: int | None) -> str:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
    return f"tiến trình vẽ bị dừng · the process that draws ended: {how}"


def find_late(settings: Settings) -> list[UUID]:
    """Prints that should be in the queue: those whose worker was killed, and those that were never queued."""
    values = {"most": ATTEMPTS, "seconds": SILENT_SECONDS, "days": settings.prints_days}

    def work(connection: Connection) -> list[UUID]:
        connection.execute(SQL["interrupted"], values)
        return [row[0] for row in connection.execute(SQL["late"], values)]

    return run(settings, work)


def purge(settings: Settings) -> int:
    """Throw away files that have been kept long enough. Returns how many."""

    def work(connection: Connection) -> int:
        gone = connection.execute(SQL["purge_files"]).rowcount
        connection.execute(SQL["purge_jobs"])
        return gone

    return run(settings, work)
