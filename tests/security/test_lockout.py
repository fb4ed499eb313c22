"""Wrong passwords cost patience: over all workers and restarts, alike for names that there are and names that not."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from argon2 import PasswordHasher
from psycopg import Connection

from gisland.database import Role, connect, run
from gisland.errors import TooManyRequests, Unauthorized
from gisland.security import attempts
from gisland.security.crypto import load_vault
from gisland.security.sign_in import Claim, check_password_of
from gisland.settings import Settings
from tests.factories import SECRET, make_account, one
from tests.live import LiveServer
from tests.security.conftest import Person, last_event, me, tags

WRONG = "not the password"


def failures(connection: Connection, settings: Settings, name: str, count: int) -> None:
    """Make it so many failures, the last of them long enough ago for the next attempt."""
    key = attempts.name_key(load_vault(settings), name)
    connection.execute(
        "INSERT INTO security.attempt VALUES (%s, %s, now(), now()) ON CONFLICT (key_hash) DO UPDATE"
        " SET failures = excluded.failures, locked_until = now()",
        [key, count],
    )
    connection.commit()


def test_after_ten_failures_even_the_right_password_waits(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    name, secret = someone()
    before = last_event(db)
    for _ in range(attempts.FREE_OF_NAME - 1):
        assert me(people.url, (name, WRONG)).status_code == 401
    # As after five waits: half a minute is long enough for a slow machine.
    failures(db, people.settings, name, attempts.FREE_OF_NAME + 4)
    assert me(people.url, (name, WRONG)).status_code == 401
    refused = me(people.url, (name, secret))
    assert refused.status_code == 429
    assert 10 < int(refused.headers["retry-after"]) <= 32
    assert "too many" in refused.json()["detail"]
    failures(db, people.settings, name, attempts.FREE_OF_NAME + 5)
    assert me(people.url, (name, secret)).status_code == 200
    assert [tag for _, tag, noted in tags(db, "%", before) if noted == name] == [
        *["sign_in:refused"] * attempts.FREE_OF_NAME,
        "account:locked",
        "sign_in:accepted",
    ]
    # Whoever got in begins anew.
    assert me(people.url, (name, WRONG)).status_code == 401
    assert me(people.url, (name, WRONG)).status_code == 401


def test_whoever_knows_the_password_is_not_delayed_by_what_is_remembered(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    with httpx.Client(base_url=people.url, auth=person) as client:
        assert client.get("/api/v1/me").status_code == 200
        failures(db, people.settings, person[0], 20)
        me(people.url, (person[0], WRONG))
        assert me(people.url, (person[0], WRONG)).status_code == 429
        # The worker that has seen it knows it; the other one has to look at it, and that waits.
        assert 200 in {client.get("/api/v1/me").status_code for _ in range(10)}


def without_seconds(answer: httpx.Response) -> tuple[str, list[str]]:
    """The answer but for how long to wait, which is less a moment later."""
    return re.sub(r"\d+ (giây|s\b)|: ?\d+}", "", answer.text), sorted(answer.headers)


@pytest.mark.parametrize("count", [0, attempts.FREE_OF_NAME - 2, attempts.FREE_OF_NAME + 6, 30])
def test_an_unknown_name_is_answered_alike(
    people: LiveServer, someone: Callable[..., Person], db: Connection, count: int
) -> None:
    known, unknown = someone()[0], f"nobody{count}"
    answers = []
    for name in (known, unknown):
        if count:
            failures(db, people.settings, name, count)
        answers.append([me(people.url, (name, WRONG)) for _ in range(2)])
    for one_, other in zip(*answers, strict=True):
        assert one_.status_code == other.status_code
        assert without_seconds(one_) == without_seconds(other)


def test_a_disabled_account_is_answered_alike(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    db.execute("UPDATE security.account SET disabled = true WHERE name = %s", [person[0]])
    db.commit()
    assert me(people.url, person).text == me(people.url, ("nobody at all", WRONG)).text


def test_a_clock_tells_no_name(settings: Settings) -> None:
    def hire(connection: Connection) -> None:
        make_account(connection, "an")
        # As slow as it is in earnest; what tests make accounts with is quick.
        connection.execute("UPDATE security.account SET secret_hash = %s", [PasswordHasher().hash(SECRET)])

    run(settings, hire)

    def seconds(name: str) -> float:
        begin = time.perf_counter()
        with pytest.raises(Unauthorized):
            check_password_of(settings, Claim(name, WRONG, "192.0.2.1"), lambda *_: None)
        return time.perf_counter() - begin

    taken: dict[str, list[float]] = {"an": [], "nobody": []}
    for _ in range(5):
        for name, times in taken.items():
            times.append(seconds(name))
    known, unknown = (statistics.median(times) for times in taken.values())
    # Without the hash of nobody it would be a tenth.
    assert 0.5 < known / unknown < 2


def test_the_wait_doubles_and_has_a_longest(settings: Settings) -> None:
    key = attempts.name_key(load_vault(settings), "an")
    waits = []
    for count in (9, 10, 12, 16, 19, 20, 400):

        def work(connection: Connection, count: int = count) -> int:
            connection.execute("INSERT INTO security.attempt VALUES (%s, %s, now(), now())", [key, count])
            attempts.begin(connection, key, b"address")
            waited = one(connection, "SELECT extract(epoch FROM locked_until - now()) FROM security.attempt")
            connection.execute("DELETE FROM security.attempt")
            return int(waited)

        waits.append(run(settings, work))
    assert waits == [1, 2, 8, 128, 900, 900, 900]


def test_failures_of_yesterday_are_forgotten(settings: Settings) -> None:
    key = attempts.name_key(load_vault(settings), "an")

    def work(connection: Connection) -> attempts.Attempt:
        yesterday = "now() - interval '25 hours'"
        connection.execute(f"INSERT INTO security.attempt VALUES (%s, 400, {yesterday}, {yesterday})", [key])
        return attempts.begin(connection, key, b"address")

    assert not run(settings, work).wait


def test_a_thousand_guesses_at_once_are_no_more_than_one_by_one(settings: Settings) -> None:
    run(settings, lambda connection: make_account(connection, "an"))

    def guess(_: int) -> bool:
        try:
            check_password_of(settings, Claim("an", WRONG, "192.0.2.1"), lambda *_: None)
        except TooManyRequests:
            return False
        except Unauthorized:
            return True
        raise AssertionError

    with ThreadPoolExecutor(16) as pool:
        looked_at = sum(pool.map(guess, range(60)))
    assert attempts.FREE_OF_NAME <= looked_at <= attempts.FREE_OF_NAME + 4  # and those whose wait is over


def test_one_address_cannot_try_all_names(settings: Settings) -> None:
    vault = load_vault(settings)
    address = attempts.address_key(vault, "192.0.2.1")

    with connect(settings, Role.APP) as connection:

        def attempt(name: str, place: bytes = address) -> None:
            attempts.begin(connection, attempts.name_key(vault, name), place)
            connection.commit()

        for number in range(attempts.FREE_OF_ADDRESS):
            attempt(f"name{number}")
        with pytest.raises(TooManyRequests):
            attempt("another")
        connection.rollback()
        attempt("another", attempts.address_key(vault, "192.0.2.2"))


def test_a_forgotten_program_does_not_shut_out_its_office(settings: Settings) -> None:
    vault = load_vault(settings)
    address = attempts.address_key(vault, "192.0.2.1")

    program = attempts.name_key(vault, "program")
    with connect(settings, Role.APP) as connection:
        for _ in range(3 * attempts.FREE_OF_ADDRESS):
            connection.execute("UPDATE security.attempt SET locked_until = now()")
            attempts.begin(connection, program, address)
            connection.commit()
        attempts.begin(connection, attempts.name_key(vault, "an"), address)


def test_neighbours_in_ipv6_are_one_address(settings: Settings) -> None:
    vault = load_vault(settings)
    keys = {attempts.address_key(vault, f"2001:db8::{last}") for last in ("1", "2", "ffff:1")}
    assert len(keys) == 1
    assert attempts.address_key(vault, "2001:db8:0:1::1") not in keys


def test_nothing_that_was_typed_is_kept(people: LiveServer, db: Connection) -> None:
    for typed in ("999190000001", "my secret sentence", "a\x00b"):
        assert me(people.url, (typed, WRONG)).status_code == 401
    db.rollback()
    kept = str(db.execute("SELECT * FROM security.attempt").fetchall())
    kept += str(db.execute("SELECT * FROM audit.event WHERE tag LIKE 'sign_in:%'").fetchall())
    assert "999190000001" not in kept
    assert "my secret sentence" not in kept
