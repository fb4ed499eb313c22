"""The bench of the audit log notes an event for each act, seals them meanwhile, and tells the ratio."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from gisland.audit.chain import Head
from gisland.audit.verify import Report
from gisland.bench import audit, bulk
from gisland.bench.audit import AUDITED, PLAIN, Result, Round
from gisland.bench.writer import LAYERS, NEITHER, WARM_UP
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.settings import Settings
from tests.conftest import alone, migrated
from tests.factories import one

WRITERS = 6  # each has sessions of its own, four times, and a new one plans all statements of an act


@pytest.fixture
def filled(server: Settings, catalogue: Catalogue) -> Iterator[Settings]:
    """The database of the bench. One at a time: it is the same for all workers."""
    settings = bulk.settings_of(server, audit.NAME)
    with alone("audit"):
        bulk.prepare(migrated(settings), catalogue, 600)
        yield settings


def test_half_of_the_acts_have_an_event(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "WRITERS", WRITERS)
    with connect(filled, Role.APP) as connection:
        before = one(connection, "SELECT count(*) FROM audit.event")
    result = audit.run(filled, 2 * WRITERS, 1, lambda _: None)
    with connect(filled, Role.APP) as connection:
        events = one(connection, "SELECT count(*) FROM audit.event WHERE subject = 'cli:bench'")
        assert one(connection, "SELECT count(*) FROM audit.event") == before + 2 * (WARM_UP + 2) * WRITERS
    assert events % (WARM_UP + 2) == 0
    assert set(result.rounds) == {(model, sort) for model in (LAYERS, NEITHER) for sort in (PLAIN, AUDITED)}
    assert {len(rounds[0].milliseconds) for rounds in result.rounds.values()} == {2 * WRITERS}
    assert result.report.events > 0
    assert {each.kind.value for each in result.report.faults} <= {"unanchored"}


def test_the_table_tells_whether_the_limit_holds() -> None:
    report = Report(events=12, head=Head(date(2026, 1, 1), 12, bytes(32)), unsealed=1)
    plain, audited = [Round(100, [1.0]), Round(110, [1.0])], [Round(80, [2.0]), Round(88, [2.0])]
    rounds = {(LAYERS, PLAIN): plain, (LAYERS, AUDITED): audited, (NEITHER, PLAIN): plain, (NEITHER, AUDITED): plain}
    text = audit.markdown(Result(rounds, report, 0.1), {"cores": "2"})
    assert "| layers and data versions, with events, sealed | 84 | 80–88 | 2.0 |" in text
    assert "- layers and data versions: with ÷ without 1.25 (≤ 1.1 **MISSED**)" in text
    assert "- neither: with ÷ without 1.00 (three inserts instead of two)" in text
    assert "12 sealed events in 0.1 s, faults 0, not sealed yet 1" in text
