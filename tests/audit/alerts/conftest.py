"""A log that is watched: what a second of the worker does, in the order that the test says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.audit.alerts.evaluate import evaluate
from gisland.audit.alerts.rules import Rule, Rules, load_rules
from gisland.audit.alerts.store import Alert, Told, list_alerts
from gisland.database import EVERYWHERE, Scope, run
from gisland.settings import Settings
from tests.audit.conftest import Log

_EVENTS = """
    INSERT INTO audit.event (at, subject, tag, ward_id, object, detail)
    SELECT %s::timestamptz + n * interval '1 second', %s, %s, %s, %s, %s FROM generate_series(0, %s - 1) n
"""


@dataclass
class Watched(Log):
    """The audit log of a test database, with the rules of the project."""

    rules: Rules = field(default_factory=lambda: load_rules(Settings()))
    opened: ExitStack = field(default_factory=ExitStack)
    sessions: dict[Scope | None, Connection] = field(default_factory=dict)

    @contextmanager
    def session(self, of: Scope | None = None) -> Iterator[Connection]:
        """It stays, as the worker's does: a new one plans all rules anew."""
        if of not in self.sessions:
            self.sessions[of] = self.opened.enter_context(super().session(of))
        yield self.sessions[of]

    def rule(self, name: str, **changes: Any) -> Rule:
        """Change a rule for this test."""
        rule = self.rules.rules[name].model_copy(update=changes)
        self.rules = self.rules.model_copy(update={"rules": self.rules.rules | {name: rule}})
        return rule

    def happen(
        self,
        subject: str,
        tag: str,
        times: int = 1,
        *,
        at: datetime | None = None,
        ward: int | None = None,
        name: str = "",
        **detail: object,
    ) -> None:
        """Events of some time, as they are noted by the application."""
        from psycopg.types.json import Jsonb

        with self.tampering() as connection:
            connection.execute(_EVENTS, [at or datetime.now(UTC), subject, tag, ward, name, Jsonb(detail), times])

    def look(self, ways: Iterable[str] = (), most: int = 20_000) -> list[Told]:
        """What the worker does in a moment."""
        self.seal()
        told: list[Told] = []
        with self.session(EVERYWHERE) as connection:
            while True:
                seen, found = evaluate(connection, self.rules, list(ways), most)
                told += found
                if seen < most:
                    return told

    def told(self, rule: str | None = None) -> list[str]:
        """Look, and say which rules told."""
        return sorted(each.rule for each in self.look() if rule in {None, each.rule})

    def alerts(self, state: Any = "open") -> list[Alert]:
        return run(self.settings, lambda connection: list_alerts(connection, people=True, state=state))

    def open(self) -> set[tuple[str, str]]:
        """Rule and key of what nobody has looked at."""
        return {(each.rule, each.key) for each in self.alerts()}


@pytest.fixture
def watched(settings: Settings, tmp_path: Path) -> Iterator[Watched]:
    """A fresh database in which all that happened is looked at."""
    found = Watched(settings.model_copy(update={"audit_anchor_file": tmp_path / "outside" / "anchors"}))
    with found.opened:
        found.look()
        yield found


# A Wednesday, at ten in the morning in Vietnam.
WORKDAY = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = timedelta(days=1)
