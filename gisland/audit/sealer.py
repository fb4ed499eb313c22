"""The sealer: once a second it chains what was committed, and writes anchors. It runs beside the job worker.

It may be killed at any point: a batch of seals is one transaction, and what the anchors lack is made up for at the next
start. Several may run: the database lets one of them seal at a time, and of those that share an anchor file one works.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from psycopg import Connection

from gisland.audit.anchors import Anchor, append_anchor, only_writer, read_anchors
from gisland.audit.chain import Head
from gisland.database import Role, conninfo
from gisland.settings import Settings

log = structlog.get_logger()

SECONDS = 1.0
STANDBY_SECONDS = 5.0
BATCH = 20_000

_HEAD = "SELECT month, position, hash FROM audit.seal ORDER BY position DESC LIMIT 1"
# The last row of each month, the newest month's, too.
_ENDS = """
    SELECT DISTINCT ON (month) month, position, hash FROM audit.seal WHERE position > %s ORDER BY month, position DESC
"""


def seal(connection: Connection) -> int:
    """Chain all that is committed, a batch in a transaction.

    Args:
        connection: as `gisland_app`, in autocommit.

    Returns:
        How many events were sealed; those that another sealer has at hand are its own.
    """
    count = 0
    while True:
        row = connection.execute("SELECT audit.seal(%s)", [BATCH]).fetchone()
        sealed = row[0] if row is not None else None
        count += sealed or 0
        if sealed != BATCH:
            return count


class Anchoring:
    """Writes the heads that must be in the file: the last of each month, and now and then the newest."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.audit_anchor_path
        self._rows = settings.audit_anchor_rows
        self._pause = timedelta(minutes=settings.audit_anchor_minutes)
        self._newest: Anchor | None = read_anchors(self._path).newest

    def anchor(self, connection: Connection) -> None:
        """Write what is due.

        Raises:
            OSError: the file cannot be written.
        """
        head = _head(connection)
        if head is None or (self._newest is not None and head == self._newest.head):
            return
        if self._newest is not None and head.position <= self._newest.head.position:
            log.error("the anchors say more than the audit log", position=head.position, hint="gisland audit verify")
            self._newest = None  # what is there is anchored from now on
        if self._newest is None or head.month != self._newest.head.month:
            after = self._newest.head.position if self._newest is not None else 0
            for values in connection.execute(_ENDS, [after]).fetchall():
                if values[0] < head.month:
                    self._newest = append_anchor(self._path, Head(*values))
        if self._is_due(head):
            self._newest = append_anchor(self._path, head)

    def _is_due(self, head: Head) -> bool:
        newest = self._newest
        if newest is None or newest.head.month != head.month:
            return True
        old = datetime.now(UTC) - newest.at >= self._pause
        return old or head.position - newest.head.position >= self._rows


def _head(connection: Connection) -> Head | None:
    row = connection.execute(_HEAD).fetchone()
    return Head(*row) if row is not None else None


@contextmanager
def sealing(settings: Settings) -> Iterator[None]:
    """Keep the log sealed by a thread of its own while the block runs."""
    # Once: later it would start a private cluster that was stopped on purpose.
    info = conninfo(settings, Role.APP)
    ended = threading.Event()
    thread = threading.Thread(target=_keep_sealing, args=[settings, info, ended], name="sealer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _keep_sealing(settings: Settings, info: str, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            with only_writer(settings.audit_anchor_path) as alone:
                if alone:
                    with psycopg.connect(info, autocommit=True) as connection:
                        _serve(connection, settings, ended)
        except (psycopg.Error, OSError) as error:
            # The type only: the text of a database error may quote values.
            log.error("the audit log is not sealed for now", error=type(error).__name__)  # noqa: TRY400
        ended.wait(STANDBY_SECONDS)


def _serve(connection: Connection, settings: Settings, ended: threading.Event) -> None:
    anchoring = Anchoring(settings)
    while not ended.is_set():
        seal(connection)
        anchoring.anchor(connection)
        ended.wait(SECONDS)
