"""The threads of the watcher: what goes wrong in one ends none of them, and two workers raise an alert once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import Connection

from gisland.audit.alerts import deadline, watcher
from gisland.audit.alerts.delivery import deliver
from gisland.audit.alerts.rules import load_rules
from gisland.audit.alerts.store import ATTEMPTS, Breach, list_alerts, raise_alerts
from gisland.audit.alerts.watcher import Watcher, _keep
from gisland.audit.alerts.ways import Mail
from gisland.database import Role, conninfo
from gisland.errors import UsageError
from gisland.settings import Settings
from tests.audit.alerts.conftest import Watched

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
SEEN = Breach("account:an", NOW, NOW, 7)


@contextmanager
def session(log: Watched) -> Iterator[Connection]:
    with psycopg.connect(conninfo(log.settings, Role.APP), autocommit=True) as connection:
        yield connection


def test_an_error_that_nobody_foresaw_ends_no_thread(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "STANDBY_SECONDS", 0.01)
    ended = threading.Event()
    tries: list[int] = []

    def work(*_: Any) -> None:
        tries.append(1)
        if len(tries) == 3:
            ended.set()
        raise ValueError("what it says stays here")

    _keep(work, watched.settings, conninfo(watched.settings, Role.APP), ended)
    assert len(tries) == 3


def test_a_message_that_cannot_be_made_is_tried_again_and_then_given_up(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 2.0)
    own = watched.settings.model_copy(update={"alert_mail_to": "an@example.vn", "smtp_host": "mail..vn"})
    rule = watched.rules.rules["refusals"]
    with session(watched) as connection:
        with connection.transaction():
            (told,) = raise_alerts(connection, "refusals", rule, [SEEN], ["mail"])
        assert deliver(connection, Mail(own), watched.rules) == 0
        row = connection.execute("SELECT attempts, error FROM audit.delivery WHERE alert_id = %s", [told.id]).fetchone()
        assert row == (1, "UnicodeError")
        assert list_alerts(connection, people=True)[0].deliveries == {"mail": "waiting"}
        connection.execute("UPDATE audit.delivery SET attempts = %s, due_at = now()", [ATTEMPTS])
        assert deliver(connection, Mail(own), watched.rules) == 0
        assert list_alerts(connection, people=True)[0].deliveries == {"mail": "failed"}


@pytest.mark.parametrize(
    ("title", "good"),
    [
        ("  Nhiều yêu cầu\n", True),
        ("Nhiều\nyêu cầu", False),
        ("Nhiều\ryêu cầu", False),
        ("Nhiều\u2028yêu cầu", False),
        ("Nhiều\u0085yêu cầu", False),
        ("\t", False),
    ],
)
def test_a_title_is_one_line(tmp_path: Path, title: str, good: bool) -> None:
    said = yaml.safe_load((Settings().config_dir / "alerts.yml").read_text("utf-8"))
    said["rules"]["refusals"]["title"]["vi"] = title
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(said), "utf-8")
    own = Settings(config_dir=tmp_path)
    if good:
        assert load_rules(own).title("refusals", "vi") == title.strip()
    else:
        with pytest.raises(UsageError, match="title"):
            load_rules(own)


def test_an_alert_that_two_sessions_raise_is_one(watched: Watched) -> None:
    rule = watched.rules.rules["refusals"]
    found: list[int] = []

    def other() -> None:
        with session(watched) as connection, connection.transaction():
            found.extend(each.id for each in raise_alerts(connection, "refusals", rule, [SEEN], ["mail"]))

    thread = threading.Thread(target=other)
    with session(watched) as connection:
        with connection.transaction():
            (mine,) = raise_alerts(connection, "refusals", rule, [SEEN], ["mail"])
            thread.start()
            time.sleep(0.5)
        thread.join(20)
        assert found == [mine.id]
        noted = connection.execute("SELECT count(*) FROM audit.event WHERE tag = 'alert:raised'").fetchone()
        assert noted == (1,)


def test_what_the_proof_found_waits_for_whoever_raises_alerts(watched: Watched) -> None:
    """A worker that looks at events holds the lock; what the proof saw is not lost for it."""
    watched.settings.audit_anchor_path.unlink()
    proving = Watcher(watched.settings)
    told: list[str] = []

    def prove() -> None:
        with session(watched) as connection:
            for _ in range(2):
                told.extend(each.rule for each in proving._prove(connection, watched.rules))

    thread = threading.Thread(target=prove)
    with session(watched) as connection:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('gisland audit watch'))")
            thread.start()
            thread.join(0.7)
            assert thread.is_alive()
        thread.join(20)
    assert told == [name for name, rule in watched.rules.rules.items() if rule.proves]
