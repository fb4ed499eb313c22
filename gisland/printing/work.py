"""Prints that were ordered: how the worker draws them, each in a process of its own that it watches.

Whoever ordered one must be trusted until its file is stored: an account that is closed, a token that is revoked, a role
that is taken back stop it. File and note in the audit log are stored together, so what failed is not noted as printed.
"""

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
from gisland.errors import Forbidden
from gisland.kit.identifiers import mask_ids
from gisland.printing import drawing
from gisland.printing.drawing import Drawn, Failed, Progress, Task
from gisland.printing.press import may_print, record_notes
from gisland.security.delegated import Rights, still
from gisland.security.subject import Subject
from gisland.settings import Settings

log = structlog.get_logger()

SQL = statements("gisland.printing", "work.sql")
ATTEMPTS = 3
"""Of a print whose worker was killed, or whose database was away."""
SILENT_SECONDS = 60.0
BEAT_SECONDS = 0.5
LOOK_SECONDS = 0.2
TOLD = 300
"""Letters of a reason."""


@dataclass(frozen=True)
class _Requester:
    """Who ordered a print, with which rights, and where."""

    name: str
    account: int
    rights: Rights
    ward: int
    group: int | None

    def now(self, connection: Connection) -> Subject:
        """What they may still do.

        Raises:
            Forbidden: they are trusted no more, or may not print there any more.
        """
        subject = still(connection, self.name, self.account, self.rights)
        if not may_print(subject, self.ward, self.group):
            raise Forbidden("quyền in đã bị thu hồi · the right to print was taken back")
        return subject


@dataclass
class _Running:
    """A print that is drawn now, with the rights that its requester had when it was begun."""

    settings: Settings
    job: UUID
    attempt: int
    requester: _Requester
    subject: Subject
    progress: float = 0.0
    message: str = ""

    @property
    def own(self) -> dict[str, Any]:
        """By what its row is known, as long as it is ours, and how long what comes of it is kept."""
        return {"id": self.job, "attempt": self.attempt, "days": self.settings.prints_days}

    def write(self, query: str, **values: Any) -> bool:
        """Write to its row, while it is still ours. Returns whether it is."""
        values = self.own | values

        def work(connection: Connection) -> bool:
            return connection.execute(SQL[query], values).rowcount > 0

        return run(self.settings, work)

    def stopped(self, connection: Connection) -> bool:
        """Whether rights that it is drawn with were taken back; then it has failed."""
        try:
            if self.requester.now(connection) == self.subject:
                return False
            reason = "quyền đã thay đổi khi đang vẽ, hãy đặt lại · rights changed while it was drawn: order it anew"
        except Forbidden as error:
            reason = error.detail
        connection.execute(SQL["fail"], self.own | {"message": reason})
        log.warning("a print was stopped: its requester lost rights", job=str(self.job))
        return True

    def beat(self) -> bool:
        """Say that it is being drawn, and how far it is. Returns whether it is still wanted, and allowed."""
        values = self.own | {"progress": min(max(self.progress, 0.0), 1.0), "message": self.message}

        def work(connection: Connection) -> bool:
            return not self.stopped(connection) and connection.execute(SQL["beat"], values).rowcount > 0

        return run(self.settings, work)

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

    def finish(self, drawn: Drawn) -> None:
        """Keep the file, and note that it was printed; one that was dismissed meanwhile is thrown away."""
        values = self.own | drawn.file
        values["wards"] = list(drawn.file["wards"])

        def work(connection: Connection) -> None:
            if self.stopped(connection):
                return
            if connection.execute(SQL["finish"], values).fetchone() is not None:
                connection.execute(SQL["keep"], values)
                record_notes(connection, drawn.notes)

        run(self.settings, work)


def draw_print(settings: Settings, job: UUID, ended: threading.Event) -> None:
    """Draw a print that was ordered; do nothing when it was dismissed or is drawn already.

    Args:
        settings: of the service.
        job: its id.
        ended: set when the worker ends: the drawing is stopped, and another worker begins it anew.
    """

    def begin(connection: Connection) -> tuple[_Running, Task] | None:
        row = connection.execute(SQL["begin"], {"id": job}).fetchone()
        if row is None:
            return None
        product, inputs, *of_requester, attempt = row
        requester = _Requester(*of_requester)
        try:
            subject = requester.now(connection)
        except Forbidden as error:
            values = {"id": job, "attempt": attempt, "days": settings.prints_days, "message": error.detail}
            connection.execute(SQL["fail"], values)
            log.warning("a print was not begun: its requester lost rights", job=str(job))
            return None
        return _Running(settings, job, attempt, requester, subject), Task(product, inputs, subject)

    begun = run(settings, begin)
    if begun is not None:
        _watch(*begun, ended)


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
                    return running.finish(told)
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
                    log.info("a print is not wanted any more", job=str(running.job))
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
