"""A log to write to, to seal, and to tamper with as a superuser would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection

from gisland.audit.anchors import read_anchors
from gisland.audit.log import Tag, record
from gisland.audit.sealer import Anchoring, seal
from gisland.audit.verify import Report, verify
from gisland.database import Role, Scope, connect, conninfo, run
from gisland.database.migrate import admin_conninfo
from gisland.settings import Settings
from tests import emptied

reused = emptied.reused
settings = emptied.settings
_EVENT = """
    INSERT INTO audit.event (at, subject, tag, object, detail)
    SELECT %s::timestamptz + n * interval '1 second', 'account:thu', 'registry:read', 'holder:' || n,
           jsonb_build_object('kind', 'holder', 'ids', jsonb_build_array(n))
      FROM generate_series(1, %s) n
"""


@dataclass
class Log:
    """The audit log of a test database."""

    settings: Settings

    def write(self, count: int = 1, tag: Tag = Tag.REGISTRY_READ) -> None:
        """As many acts, each a transaction."""
        for number in range(count):
            detail: dict[str, object] = {"kind": "holder", "reason": 'ghi chú "1"\n\t\\ \x1f\x7f ₫', "share": 0.10}
            run(
                self.settings,
                lambda connection, name=f"holder:{number}", said=detail: record(  # type: ignore[misc]  # bound here
                    connection, "account:thu", tag, object_id=name, detail=said
                ),
            )

    def write_at(self, at: str, count: int = 1) -> None:
        """Events of a past time, as only a superuser can."""
        with self.tampering() as connection:
            connection.execute(_EVENT, [at, count])

    def clear(self) -> None:
        """Forget what was noted when the template was made: it is of today, and months never go back."""
        with self.tampering() as connection:
            connection.execute("TRUNCATE audit.event")

    @contextmanager
    def session(self, of: Scope | None = None) -> Iterator[Connection]:
        """One of the application as the worker has it: each statement commits."""
        with psycopg.connect(conninfo(self.settings, Role.APP, scope=of), autocommit=True) as connection:
            yield connection

    def seal(self, *, anchor: bool = True) -> int:
        """What the sealer does in a second."""
        with self.session() as connection:
            sealed = seal(connection)
            if anchor:
                Anchoring(self.settings).anchor(connection)
        return sealed

    def settle(self, seconds: float = 60) -> None:
        """Seal until the floor is at the head; transactions of other databases keep it down for a while."""
        until = time.monotonic() + seconds
        query = "SELECT floor = (SELECT max(event_id) FROM audit.seal) FROM audit.sealer"
        while True:
            self.seal()
            with connect(self.settings, Role.APP) as connection:
                if connection.execute(query).fetchone() == (True,):
                    return
            assert time.monotonic() < until, "the floor does not rise"
            time.sleep(0.02)

    @contextmanager
    def tampering(self) -> Iterator[Connection]:
        """A superuser, for whom triggers do not fire."""
        with psycopg.connect(admin_conninfo(self.settings)) as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def verify(self) -> Report:
        with connect(self.settings, Role.APP) as connection:
            return verify(connection, read_anchors(self.settings.audit_anchor_path))

    def faults(self) -> list[tuple[str, int | None]]:
        """Kind and position of each fault."""
        report = self.verify()
        assert report.fault_count == len(report.faults)
        return [(each.kind.value, each.position) for each in report.faults]

    def position(self, row: int) -> int:
        """The position of a row, counted from the end of the chain (-1 the last)."""
        report = self.verify()
        assert report.head is not None
        return report.head.position + 1 + row

    def event(self, row: int) -> int:
        """The id of the event at such a position."""
        with connect(self.settings, Role.APP) as connection:
            query = "SELECT event_id FROM audit.seal WHERE position = %s"
            found = connection.execute(query, [self.position(row)]).fetchone()
        assert found is not None
        return int(found[0])


@pytest.fixture
def log(settings: Settings, tmp_path: Path) -> Log:
    """A database as it is made, whose anchors lie in a file of their own."""
    return Log(settings.model_copy(update={"audit_anchor_file": tmp_path / "outside" / "anchors"}))
