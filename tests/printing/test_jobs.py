"""Prints that are ordered: drawn by the worker, watched, stopped, found again, kept for a while, for whoever may."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import Scope, connect, run, scope
from gisland.errors import Conflict, Forbidden, NotFound, UsageError
from gisland.printing import drawing, orders, work
from gisland.printing.orders import Asked, PrintJob
from gisland.printing.products import PRODUCTS, Product
from gisland.printing.tasks import queue_print
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant, Subject
from gisland.security.tokens import NewToken, make_token, revoke_token
from gisland.settings import Settings
from tests.factories import make_account, make_ward, one
from tests.printing.conftest import WHY

ORDER = {"ward": "11311", "group": "02", "reason": WHY}


def person(settings: Settings, name: str, role: Role, ward: int | None = None) -> Subject:
    """Somebody with an account, in the ward of the demo unless said."""

    def hire(connection: Connection) -> tuple[int, int]:
        there = ward or one(connection, "SELECT id FROM registry.unit WHERE code = '11311'")
        make_account(connection, name, Grant(role, there))
        return one(connection, "SELECT id FROM security.account WHERE name = %s", name), there

    account, there = run(settings, hire)
    return Subject(f"account:{name}", (Grant(role, there),), account_id=account)


@pytest.fixture(scope="module")
def officer(demo: Settings) -> Subject:
    # Somebody must be administrator, or no account can be closed.
    run(demo, lambda connection: make_account(connection, "quan", Grant(Role.ADMIN)))
    return person(demo, "an", Role.OFFICER)


def within(settings: Settings, subject: Subject, work: Callable[[Connection], object]) -> object:
    with scope(subject.scope(Permission.MAP_PRINT)):
        return run(settings, work)


def ordered(settings: Settings, subject: Subject, **inputs: object) -> PrintJob:
    product = orders.product_called("atlas")
    found = within(
        settings,
        subject,
        lambda c: orders.order(c, settings, subject, product, orders.read_inputs(product, ORDER | inputs)),
    )
    assert isinstance(found, PrintJob)
    return found


def look(settings: Settings, job: UUID) -> PrintJob:
    return run(settings, lambda connection: orders.look(connection, job))


def change(settings: Settings, job: UUID, what: str) -> None:
    query = f"UPDATE printing.job SET {what} WHERE id = %s"
    with connect(settings, DatabaseRole.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(query.encode(), [job])


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "gisland", "worker"], env=settings.as_environment())
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def wait_for(settings: Settings, job: UUID, *states: str, seconds: float = 120) -> PrintJob:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look(settings, job)
        if found.state in states:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{found.state}: {found.message}")


def test_a_worker_draws_what_was_ordered(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    assert (job.state, job.inputs.get("reason"), job.kept) == ("accepted", None, False)
    with pytest.raises(Conflict):
        within(demo, officer, lambda c: orders.fetch(c, officer, job.id))
    with worker(demo):
        queue_print(demo, job.id)
        queue_print(demo, job.id)
        done = wait_for(demo, job.id, "successful", "failed")
    assert (done.state, done.progress, done.names, done.kept) == ("successful", 1.0, True, True), done.message
    assert done.file_name == "atlas-11311-02.pdf"
    found = within(demo, officer, lambda c: orders.fetch(c, officer, job.id))
    assert isinstance(found, tuple)
    assert found[1].startswith(b"%PDF")
    assert len(found[1]) == done.size_bytes
    with connect(demo, DatabaseRole.APP) as connection:
        tags = connection.execute(
            "SELECT tag, detail ->> 'sha256' FROM audit.event WHERE detail ->> 'print' = %s ORDER BY id",
            [done.print_id],
        ).fetchall()
    assert tags == [("map:printed", done.sha256), ("print:taken", done.sha256)]


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_every_product_is_drawn_as_a_job(demo: Settings, officer: Subject, product: Product) -> None:
    def first(connection: Connection) -> tuple[str, str, int]:
        query = """
            SELECT sheet_no, parcel_no, scale
              FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id
             WHERE retired_by IS NULL ORDER BY parcel.id LIMIT 1
        """
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    sheet, number, scale = run(demo, first)
    known: dict[str, object] = {
        "ward": "11311",
        "group": "01",
        "reason": WHY,
        "sheet": sheet,
        "parcel": f"{sheet}/{number}",
    }
    known |= {"sheet_scale": scale}
    fields = product.inputs.model_fields
    unknown = {name for name, each in fields.items() if each.is_required()} - known.keys()
    if unknown:
        pytest.skip(f"its own test says what {unknown} are")
    inputs = orders.read_inputs(product, {name: value for name, value in known.items() if name in fields})
    job = within(demo, officer, lambda c: orders.order(c, demo, officer, product, inputs))
    assert isinstance(job, PrintJob)
    work.draw_print(demo, job.id, threading.Event())
    done = look(demo, job.id)
    assert (done.state, done.media_type) == ("successful", product.media_type), done.message
    assert re.fullmatch(r"[A-Za-z0-9._-]+", done.file_name or "")


def test_who_may_have_it(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    work.draw_print(demo, job.id, threading.Event())
    viewer, colleague = person(demo, "binh", Role.VIEWER), person(demo, "chi", Role.OFFICER)
    ward = run(demo, lambda c: make_ward(c, "11399"))
    stranger = person(demo, "dung", Role.OFFICER, ward)
    for subject in (viewer, colleague):
        assert within(demo, subject, lambda c: orders.look(c, job.id).id) == job.id
        with pytest.raises(Forbidden, match="names"):
            within(demo, subject, lambda c: orders.fetch(c, subject, job.id))  # noqa: B023 - done at once
        with pytest.raises(Forbidden):
            within(demo, subject, lambda c: orders.dismiss(c, demo, subject, job.id))  # noqa: B023 - done at once
    with pytest.raises(NotFound):
        within(demo, stranger, lambda c: orders.fetch(c, stranger, job.id))
    assert within(demo, stranger, lambda c: orders.list_prints(c, Asked())) == []
    with pytest.raises(NotFound, match="11311"):
        ordered(demo, stranger)
    # Who sees no names needs no reason, and what they order holds none: it is for all who print in the ward.
    plain = ordered(demo, viewer, reason="")
    work.draw_print(demo, plain.id, threading.Event())
    assert look(demo, plain.id).names is False
    assert within(demo, colleague, lambda c: orders.fetch(c, colleague, plain.id)[1][:4]) == b"%PDF"
    with pytest.raises(UsageError, match="reason"):
        ordered(demo, colleague, reason="")


def test_rights_that_were_taken_back_count_no_more(demo: Settings) -> None:
    subject = person(demo, "em", Role.OFFICER)
    job = ordered(demo, subject)
    run(demo, lambda c: c.execute("DELETE FROM security.grant WHERE account_id = %s", [subject.account_id]))
    work.draw_print(demo, job.id, threading.Event())
    found = look(demo, job.id)
    assert (found.state, found.kept) == ("failed", False)


def test_what_cannot_be_drawn_fails_with_its_reason(demo: Settings, officer: Subject) -> None:
    with pytest.raises(NotFound, match="77"):
        ordered(demo, officer, group="77")
    job = ordered(demo, officer)
    change(demo, job.id, 'inputs = inputs || \'{"group": "77"}\'')
    work.draw_print(demo, job.id, threading.Event())
    found = look(demo, job.id)
    assert found.state == "failed"
    assert "there is no group 77" in found.message
    assert found.expires_at is not None


def test_too_little_memory_and_too_little_time(demo: Settings, officer: Subject) -> None:
    small = demo.model_copy(update={"print_memory_mb": 20})
    job = ordered(demo, officer)
    work.draw_print(small, job.id, threading.Event())
    found = look(demo, job.id)
    assert found.state == "failed"
    assert "too large for the memory" in found.message or "process that draws ended" in found.message, found.message
    short = demo.model_copy(update={"print_timeout_minutes": 0.001})
    job = ordered(demo, officer)
    work.draw_print(short, job.id, threading.Event())
    assert "took more than" in look(demo, job.id).message


@contextmanager
def drawn_in_background(settings: Settings, job: UUID, ended: threading.Event) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work.draw_print, args=[settings, job, ended])
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def drawn_by(program: int) -> set[int]:
    """Processes that draw for a program, and have not ended: it has them forked by one of its own."""
    found = set()
    for each in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            number = int(each.name)
            if of_whom(of_whom(number) or 0) == program and os.getpriority(os.PRIO_PROCESS, number) == drawing.NICE:
                found.add(number)
    return found


def of_whom(number: int) -> int | None:
    """The process that started a process; None of one that has ended."""
    with suppress(OSError):
        state, parent = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[:2]
        return int(parent) if state != "Z" else None
    return None


def test_a_print_is_dismissed_while_it_is_drawn(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    with drawn_in_background(demo, job.id, threading.Event()):
        wait_for(demo, job.id, "running")
        found = within(demo, officer, lambda c: orders.dismiss(c, demo, officer, job.id))
        assert isinstance(found, PrintJob)
        assert found.state == "dismissed"
    assert look(demo, job.id).state == "dismissed"
    assert not drawn_by(os.getpid())
    # One that waits is never begun.
    job = ordered(demo, officer)
    within(demo, officer, lambda c: orders.dismiss(c, demo, officer, job.id))
    work.draw_print(demo, job.id, threading.Event())
    assert look(demo, job.id).state == "dismissed"


def test_a_worker_that_ends_leaves_the_print_to_the_next(demo: Settings, officer: Subject) -> None:
    job, ended = ordered(demo, officer), threading.Event()
    with drawn_in_background(demo, job.id, ended):
        wait_for(demo, job.id, "running")
        until = time.monotonic() + 60
        while not drawn_by(os.getpid()) and time.monotonic() < until:
            time.sleep(0.05)
        assert drawn_by(os.getpid())
        ended.set()
    assert look(demo, job.id).state == "accepted"
    assert not drawn_by(os.getpid())


def test_a_killed_worker_s_prints_are_found_again(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    change(demo, job.id, "state = 'running', attempts = 1, seen_at = now() - interval '2 minutes'")
    other = ordered(demo, officer)
    assert job.id in work.find_late(demo) or job.id in work.find_late(demo)
    assert look(demo, job.id).state == "accepted"
    assert other.id not in work.find_late(demo)
    change(demo, job.id, "state = 'running', attempts = 3, seen_at = now() - interval '2 minutes'")
    work.find_late(demo)
    found = look(demo, job.id)
    assert (found.state, "interrupted" in found.message) == ("failed", True)


def test_a_worker_is_killed_in_the_middle(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    first = subprocess.Popen([sys.executable, "-m", "gisland", "worker"], env=demo.as_environment())
    queue_print(demo, job.id)
    wait_for(demo, job.id, "running")
    until = time.monotonic() + 60
    while not (drawing_now := drawn_by(first.pid)) and time.monotonic() < until:
        time.sleep(0.1)
    assert drawing_now
    first.kill()
    first.wait()
    while any(map(of_whom, drawing_now)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(of_whom, drawing_now))
    assert look(demo, job.id).state == "running"
    change(demo, job.id, "seen_at = now() - interval '2 minutes'")
    work.find_late(demo)
    with worker(demo):
        queue_print(demo, job.id)
        assert wait_for(demo, job.id, "successful", "failed").state == "successful"


def test_files_are_kept_for_some_days(demo: Settings, officer: Subject) -> None:
    done, failed = ordered(demo, officer), ordered(demo, officer)
    work.draw_print(demo, done.id, threading.Event())
    change(demo, failed.id, "state = 'failed', finished_at = now(), expires_at = now() - interval '1 hour'")
    kept = look(demo, done.id)
    assert kept.expires_at is not None
    assert kept.finished_at is not None
    assert (kept.expires_at - kept.finished_at).days == demo.prints_days
    work.purge(demo)
    assert look(demo, done.id).kept
    change(demo, done.id, "expires_at = now() - interval '1 hour'")
    assert work.purge(demo) == 1
    with pytest.raises(NotFound, match="is no more"):
        within(demo, officer, lambda c: orders.fetch(c, officer, done.id))
    # What was printed stays known.
    assert look(demo, done.id).sha256 == kept.sha256
    with pytest.raises(NotFound):
        look(demo, failed.id)


def test_not_too_many_wait(demo: Settings) -> None:
    subject = person(demo, "giang", Role.OFFICER)
    few = demo.model_copy(update={"prints_waiting_max": 2})
    for _ in range(2):
        ordered(few, subject)
    with pytest.raises(Conflict, match="2 prints of yours"):
        ordered(few, subject)


def test_rows_of_another_ward_are_not_there(demo: Settings, officer: Subject) -> None:
    job = ordered(demo, officer)
    with scope(Scope(wards=frozenset({999_999}))), connect(demo, DatabaseRole.APP) as connection:
        assert connection.execute("SELECT count(*) FROM printing.job").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM printing.result").fetchone() == (0,)
        with pytest.raises(NotFound):
            orders.look(connection, job.id)


def printed_notes(settings: Settings, subject: Subject) -> int:
    """How many prints of somebody the audit log has."""
    query = "SELECT count(*) FROM audit.event WHERE tag = 'map:printed' AND subject = %s"
    with connect(settings, DatabaseRole.APP) as connection:
        return int(one(connection, query, subject.name))


def test_an_account_that_was_closed_gets_nothing_drawn(demo: Settings, officer: Subject) -> None:
    subject = person(demo, "hai", Role.OFFICER)
    job = ordered(demo, subject)
    close = "UPDATE security.account SET disabled = true WHERE id = %s"
    run(demo, lambda c: c.execute(close, [subject.account_id]))
    work.draw_print(demo, job.id, threading.Event())
    found = look(demo, job.id)
    assert (found.state, found.kept) == ("failed", False)
    assert "account was closed" in found.message
    assert printed_notes(demo, subject) == 0


def test_a_token_that_was_revoked_stops_what_it_ordered(demo: Settings) -> None:
    subject = person(demo, "khanh", Role.OFFICER)
    assert subject.account_id is not None
    new = NewToken(name="in", permissions=[Permission.MAP_PRINT, Permission.PERSON_READ])
    token, kept = [run(demo, lambda c: make_token(c, subject, new, "test")).id for _ in range(2)]
    jobs = [ordered(demo, replace(subject, token_id=each, limit=frozenset(new.permissions))) for each in (token, kept)]
    account = subject.account_id
    run(demo, lambda c: revoke_token(c, account, token, "test"))
    for each in jobs:
        work.draw_print(demo, each.id, threading.Event())
    stopped, done = (look(demo, each.id) for each in jobs)
    assert (stopped.state, stopped.kept, done.state) == ("failed", False, "successful")
    assert "token" in stopped.message
    assert printed_notes(demo, subject) == 1


@pytest.mark.parametrize(
    "taken",
    [
        "UPDATE security.account SET disabled = true WHERE id = %s",
        "DELETE FROM security.grant WHERE account_id = %s",
        "UPDATE security.grant SET role = 'viewer' WHERE account_id = %s",
    ],
)
def test_rights_that_are_lost_while_it_is_drawn_stop_it(
    demo: Settings,
    officer: Subject,
    monkeypatch: pytest.MonkeyPatch,
    taken: str,
) -> None:
    """They are asked for before the file is stored, too: nothing is kept and nothing noted."""
    subject = person(demo, f"lan{sum(map(ord, taken))}", Role.OFFICER)
    job = ordered(demo, subject)
    start = drawing.start

    def and_then(*given: object) -> object:
        found = start(*given)  # type: ignore[arg-type]
        with connect(demo, DatabaseRole.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            connection.execute(taken.encode(), [subject.account_id])
        return found

    monkeypatch.setattr(drawing, "start", and_then)
    # The first beat would see it: only the last look is left.
    monkeypatch.setattr(work, "BEAT_SECONDS", 1e9)
    work.draw_print(demo, job.id, threading.Event())
    monkeypatch.undo()
    found = look(demo, job.id)
    assert (found.state, found.kept, found.sha256) == ("failed", False, None), found.message
    assert printed_notes(demo, subject) == 0


def test_what_is_drawn_and_not_stored_is_not_noted(demo: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = person(demo, "minh", Role.OFFICER)
    job = ordered(demo, subject)
    monkeypatch.setitem(work.SQL, "keep", "INSERT INTO printing.result (job_id, content) VALUES (%(id)s, NULL)")
    with suppress(psycopg.Error):
        work.draw_print(demo, job.id, threading.Event())
    assert look(demo, job.id).state == "running"
    assert printed_notes(demo, subject) == 0
    monkeypatch.undo()
    change(demo, job.id, "state = 'accepted'")
    work.draw_print(demo, job.id, threading.Event())
    assert look(demo, job.id).state == "successful"
    assert printed_notes(demo, subject) == 1
