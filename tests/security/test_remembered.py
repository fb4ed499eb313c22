"""Rights that were taken away are gone in all workers a moment later, however lately they were looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.database import run
from gisland.security.accounts import account_called, change_password, reset_secret, set_disabled
from gisland.security.permissions import Permission
from gisland.security.remembered import EPOCH
from gisland.security.tokens import revoke_token
from tests.factories import SECRET, one
from tests.live import PASSWORD, LiveServer
from tests.publish.conftest import serving
from tests.security.conftest import SOON, Person, a_token, browser, me

Work = Callable[[Connection, int], object]
# What a request shows, in httpx's words.
Shown = dict[str, Any]


@pytest.fixture(scope="module")
def urls(people: LiveServer) -> Iterator[tuple[str, str]]:
    """Two applications, so that it is known which one answers: each remembers for itself, as each worker does."""
    settings = people.settings.model_copy(update={"workers": 1})
    with serving(settings) as first, serving(settings) as second:
        yield str(first.base_url).rstrip("/"), str(second.base_url).rstrip("/")


def revoke_all(connection: Connection, account: int) -> None:
    for (token,) in connection.execute("SELECT id FROM security.token WHERE account_id = %s", [account]).fetchall():
        revoke_token(connection, account, token, "test")


TAKEN: dict[str, Work] = {
    "disabled": lambda connection, account: set_disabled(connection, account, "test", disabled=True),
    "reset": lambda connection, account: reset_secret(connection, account, "test"),
    "changed": lambda connection, account: change_password(connection, account, SECRET, PASSWORD),
    # By hand, in the database itself.
    "by SQL": lambda connection, account: connection.execute(
        "UPDATE security.account SET disabled = true WHERE id = %s", [account]
    ),
}


def by_password(_: LiveServer, __: str, person: Person) -> Shown:
    return {"auth": person}


def by_token(people: LiveServer, _: str, person: Person) -> Shown:
    return {"auth": (person[0], a_token(people, person))}


def by_session(_: LiveServer, url: str, person: Person) -> Shown:
    with browser(url) as client:
        client.post("/api/v1/session", json={"name": person[0], "secret": person[1]}).raise_for_status()
        return {"cookies": {"gisland_session": client.cookies["gisland_session"]}}


@pytest.mark.parametrize(
    ("show", "ways"),
    [
        (by_password, TAKEN),
        (by_token, {how: TAKEN[how] for how in ("disabled", "reset")} | {"revoked": revoke_all}),
        (by_session, TAKEN),
    ],
)
def test_what_was_taken_away_is_no_good_any_more(
    people: LiveServer,
    urls: tuple[str, str],
    someone: Callable[..., Person],
    show: Callable[[LiveServer, str, Person], Shown],
    ways: dict[str, Work],
) -> None:
    """In each way from somebody else; all are looked at after one moment, and that each alone is noticed is counted."""
    persons = {how: someone() for how in ways}
    shown = {how: show(people, urls[0], person) for how, person in persons.items()}

    def statuses() -> dict[str, list[int]]:
        return {how: [me(url, **each).status_code for url in urls] for how, each in shown.items()}

    assert statuses() == {how: [200, 200] for how in ways}
    for how, take in ways.items():
        before = epoch(people)
        run(people.settings, lambda connection: take(connection, account_called(connection, persons[how][0])))  # noqa: B023 - run now
        assert epoch(people) > before, how
    time.sleep(SOON)
    assert statuses() == {how: [401, 401] for how in ways}


def epoch(people: LiveServer) -> int:
    """The number that workers look at: what does not count there is noticed by none of them."""
    return run(people.settings, lambda connection: int(one(connection, EPOCH)))


def test_a_role_is_gone_and_comes_back(
    people: LiveServer, urls: tuple[str, str], someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()

    def permissions() -> set[bool]:
        told = [httpx.get(f"{url}/api/v1/me", auth=person).json()["permissions"] for url in urls]
        return {Permission.REGISTRY_READ in each for each in told}

    assert permissions() == {True}
    account = one(db, "SELECT id FROM security.account WHERE name = %s", person[0])
    db.execute("DELETE FROM security.grant WHERE account_id = %s", [account])
    db.commit()
    time.sleep(SOON)
    assert permissions() == {False}
    db.execute("INSERT INTO security.grant (account_id, role) VALUES (%s, 'viewer')", [account])
    db.commit()
    time.sleep(SOON)
    assert permissions() == {True}


def test_somebody_elses_change_costs_nobody_a_password_check(
    people: LiveServer, urls: tuple[str, str], someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    query = "SELECT count(*) FROM audit.event WHERE tag = 'sign_in:accepted' AND object = %s"
    assert httpx.get(f"{urls[0]}/api/v1/me", auth=person).status_code == 200
    someone()
    time.sleep(SOON)
    assert httpx.get(f"{urls[0]}/api/v1/me", auth=person).status_code == 200
    assert one(db, query, person[0]) == 1


def test_many_requests_at_once_are_one_check(
    urls: tuple[str, str], someone: Callable[..., Person], db: Connection
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    person = someone()
    with ThreadPoolExecutor(12) as pool:
        asked = pool.map(lambda _: httpx.get(f"{urls[0]}/api/v1/me", auth=person).status_code, range(24))
        assert set(asked) == {200}
    query = "SELECT count(*) FROM audit.event WHERE tag = 'sign_in:accepted' AND object = %s"
    assert one(db, query, person[0]) == 1
