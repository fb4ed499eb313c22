"""A process that is killed between an act and its event leaves neither, or both."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import Connection

from gisland.database import Role, connect
from gisland.database.migrate import admin_conninfo
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import one

WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND usename = 'gisland_app' AND pid <> pg_backend_pid()
"""
# Holds up a transaction at a point; the row is the one of the unit that is added.
PAUSE = """
    CREATE FUNCTION public.pause() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(4711);
        RETURN NULL;
    END
    $$;
"""
POINTS = {
    # Before the row of the act is written; when it is, and the event is not yet; when both are; in the commit.
    "before the act": "CREATE TRIGGER a_pause BEFORE INSERT ON registry.unit EXECUTE FUNCTION public.pause()",
    "between": "CREATE TRIGGER a_pause BEFORE INSERT ON audit.event EXECUTE FUNCTION public.pause()",
    "after both": "CREATE TRIGGER z_pause AFTER INSERT ON audit.event EXECUTE FUNCTION public.pause()",
    "in the commit": "CREATE CONSTRAINT TRIGGER z_pause AFTER INSERT ON audit.event DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION public.pause()",
}
COUNTS = """
    SELECT (SELECT count(*) FROM registry.unit WHERE code = '11311'),
           (SELECT count(*) FROM audit.event WHERE tag = 'unit:added' AND object = '11311')
"""
ADD = ["unit", "add", "11311", "--name", "Phường Thử", "--srid", "9210"]
# Acts without pause, as a busy server does them, until it is killed.
BUSY = """
from gisland.database import run
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.settings import load_settings
settings = load_settings()
while True:
    run(settings, lambda it: begin(it, ChangeKind.CORRECT, Why(reason="kiểm thử"), by="x", ward_id=None))
"""


@pytest.fixture
def settings(begun: Settings) -> Iterator[Settings]:
    """A database of its own, where nobody else has a session."""
    with clone_of(begun) as settings:
        yield settings


@contextmanager
def held(settings: Settings, point: str) -> Iterator[Connection]:
    """A session that makes the act wait at the point for as long as the block takes."""
    with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
        connection.execute(PAUSE)
        connection.execute(POINTS[point].encode())
        connection.execute("SELECT pg_advisory_lock(4711)")
        yield connection


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("point", POINTS)
def test_neither_or_both(settings: Settings, point: str) -> None:
    with held(settings, point) as connection:
        command = [sys.executable, "-m", "gisland", *ADD]
        process = subprocess.Popen(command, env=settings.as_environment())
        wait_until(lambda: one(connection, WAITING) == 1)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        connection.execute("SELECT pg_advisory_unlock(4711)")
        wait_until(lambda: one(connection, OTHERS) == 0)
        counts = connection.execute(COUNTS).fetchone()
    # Once the commit was asked for, the server completes it, whoever has gone.
    assert counts == ((1, 1) if point == "in the commit" else (0, 0))


def test_an_act_that_is_not_killed_has_its_event(settings: Settings) -> None:
    """The counts that are compared above do count."""
    subprocess.run([sys.executable, "-m", "gisland", *ADD], env=settings.as_environment(), check=True)
    with connect(settings, Role.APP) as connection:
        assert connection.execute(COUNTS).fetchone() == (1, 1)


def test_killed_at_any_time(settings: Settings) -> None:
    drawn = random.Random(1)
    query = """
        SELECT (SELECT count(*) FROM registry.change WHERE by = 'x'),
               (SELECT count(*) FROM audit.event WHERE tag = 'registry:changed' AND subject = 'x'
                   AND EXISTS (SELECT FROM registry.change WHERE 'change:' || id = object))
    """
    done = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", BUSY], env=settings.as_environment())
        with psycopg.connect(admin_conninfo(settings), autocommit=True) as connection:
            before = done
            wait_until(lambda before=before: one(connection, query) > before)  # type: ignore[misc]  # bound here
            time.sleep(drawn.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            wait_until(lambda: one(connection, OTHERS) == 0)
            changes, noted = connection.execute(query).fetchone() or (0, -1)
        assert changes == noted > done
        done = changes
