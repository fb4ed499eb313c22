"""The chain is proven piece by piece, and what a superuser did to it becomes an alert without anybody asking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gisland.audit.alerts.proof import Round
from gisland.database import Role, conninfo
from gisland.settings import Settings
from tests.audit.alerts.conftest import Watched
from tests.conftest import clone_of

# What is told of at every step is told of once.
CHANGES = {"changed", "missing", "inserted"}


@pytest.fixture(scope="module")
def thirty(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A database with thirty events more, all of them sealed, with an anchor for each."""
    with clone_of(server) as settings:
        anchors = tmp_path_factory.mktemp("outside") / "anchors"
        log = Watched(settings.model_copy(update={"audit_anchor_file": anchors, "audit_anchor_rows": 1}))
        with log.opened:
            log.look()
            log.write(30)
            log.seal()
            log.settle()
        yield log.settings


@pytest.fixture
def sealed(thirty: Settings, tmp_path: Path) -> Iterator[Watched]:
    """A copy of it, to be tampered with."""
    with clone_of(thirty) as settings:
        anchors = tmp_path / "anchors"
        shutil.copy(thirty.audit_anchor_path, anchors)
        found = Watched(settings.model_copy(update={"audit_anchor_file": anchors}))
        with found.opened:
            yield found


def faults(log: Watched, most: int = 7) -> dict[str, int]:
    """What one round finds, in pieces."""
    found: dict[str, int] = {}
    round_ = Round(log.settings.audit_anchor_path)
    with psycopg.connect(conninfo(log.settings, Role.APP), autocommit=True) as connection:
        for _ in range(50):
            for breach in round_.step(connection, most):
                found[breach.key] = found.get(breach.key, 0) + (breach.amount if breach.key in CHANGES else 1)
            if not round_._begun:
                return found
    raise AssertionError("the round does not end")


def test_a_log_that_nobody_touched(sealed: Watched) -> None:
    assert faults(sealed) == {}
    with sealed.tampering() as connection:
        proven, head = connection.execute(
            "SELECT proven, (SELECT max(position) FROM audit.seal) FROM audit.watch"
        ).fetchone() or (0, 1)
    assert proven == head


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit.event SET subject = 'account:other' WHERE id = {event}", {"changed": 1}),
        ("DELETE FROM audit.event WHERE id = {event}", {"missing": 1}),
        ("UPDATE audit.seal SET hash = sha256('x') WHERE event_id = {event}", {"changed": 2}),
        (
            "DELETE FROM audit.seal WHERE event_id = {event}; DELETE FROM audit.event WHERE id = {event}",
            {"missing": 1},
        ),
        ("DELETE FROM audit.seal WHERE event_id = {event}", {"missing": 1, "inserted": 1}),
        ("DELETE FROM audit.seal WHERE event_id >= {event}", {"truncated": 1}),
    ],
)
def test_a_break_is_found(sealed: Watched, statement: str, found: dict[str, int]) -> None:
    """However long the pieces are in which the chain is proven."""
    event = sealed.event(-8)
    with sealed.tampering() as connection:
        connection.execute(statement.format(event=event).encode())
    for most in (1, 7, 5000):
        told = {kind: amount if kind in CHANGES else 1 for kind, amount in faults(sealed, most).items()}
        assert told == found, most


def test_a_chain_made_anew_differs_from_its_anchors(sealed: Watched) -> None:
    with sealed.tampering() as connection:
        connection.execute(f"UPDATE audit.event SET subject = 'account:other' WHERE id = {sealed.event(-8)}")
        connection.execute("TRUNCATE audit.seal")
        connection.execute("UPDATE audit.sealer SET floor = 0, next_floor = 0, next_floor_after = NULL")
        connection.execute("SELECT audit.seal(1000)")
    assert set(faults(sealed)) == {"rewritten"}


def test_anchors_that_are_gone_are_told(sealed: Watched) -> None:
    file = sealed.settings.audit_anchor_path
    kept = file.read_bytes()
    file.unlink()
    assert faults(sealed) == {"unanchored": len(kept.splitlines()) and _steps(sealed) - 1}
    file.write_bytes((b"rubbish" * 20 + b"\n") * 10)
    assert "unanchored" in faults(sealed)
    assert ("unanchored", None) in sealed.faults()
    file.write_bytes(kept)
    assert faults(sealed) == {}


def _steps(log: Watched, most: int = 7) -> int:
    """In how many pieces the chain is proven."""
    with log.tampering() as connection:
        row = connection.execute("SELECT count(*) / %s + 1 FROM audit.seal", [most]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("rubbish", [b"rubbish\n", b"2026-13 1 x\n", b"\xff\n\n", b"x" * 1000 + b"\n"])
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM audit.seal WHERE event_id >= {event}", "truncated"),
        (
            "UPDATE audit.seal SET hash = sha256('x') WHERE position = (SELECT max(position) FROM audit.seal)",
            "rewritten",
        ),
    ],
)
def test_an_unreadable_line_hides_nothing(sealed: Watched, rubbish: bytes, statement: str, found: str) -> None:
    with sealed.settings.audit_anchor_path.open("ab") as file:
        file.write(rubbish)
    assert set(faults(sealed)) == {"unanchored"}
    event = sealed.event(-8)
    with sealed.tampering() as connection:
        connection.execute(statement.format(event=event).encode())
    assert {"unanchored", found} <= set(faults(sealed))


def test_what_was_just_sealed_may_lack_its_first_anchor(watched: Watched) -> None:
    watched.settings.audit_anchor_path.unlink()
    watched.write(3)
    watched.seal(anchor=False)
    round_ = Round(watched.settings.audit_anchor_path)
    with psycopg.connect(conninfo(watched.settings, Role.APP), autocommit=True) as connection:
        assert round_.step(connection) == []
        assert [breach.key for breach in round_.step(connection)] == ["unanchored"]
        watched.seal()
        assert round_.step(connection) == []


def test_months_that_were_dropped_are_no_break(watched: Watched) -> None:
    from datetime import date

    from gisland.audit.retention import drop_months

    watched.clear()
    with watched.tampering() as connection:
        connection.execute("TRUNCATE audit.seal")
        connection.execute("UPDATE audit.sealer SET floor = 0, next_floor = 0, next_floor_after = NULL")
    watched.settings.audit_anchor_path.unlink(missing_ok=True)
    watched.write_at("2021-05-05T00:00:00Z", 20)
    watched.seal()
    watched.write(5)
    watched.seal()
    round_ = Round(watched.settings.audit_anchor_path)
    with psycopg.connect(conninfo(watched.settings, Role.APP), autocommit=True) as connection:
        assert round_.step(connection, 6) == []
        drop_months(watched.settings, date(2022, 1, 1), by="cli:test")
        watched.seal()
        for _ in range(4):
            assert round_.step(connection, 6) == []
    assert watched.faults() == []
