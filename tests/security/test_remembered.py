"""Rights that were taken away are gone in all workers a moment later, however lately they were looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from psycopg import Connection

from gisland.database import run
from gisland.security.accounts import account_called, change_password, reset_secret, set_disabled
from gisland.security.permissions import Permission
from gisland.security.tokens import revoke_token
from tests.factories import SECRET, one
from tests.live import PASSWORD, LiveServer, serve
from tests.security.conftest import SOON, Person, a_token, browser

Work = Callable[[Connection, int], object]


@pytest.fixture(scope="module")
def urls(people: LiveServer) -> Iterator[tuple[str, str]]:
    """Two programs, so that it is known which worker answers: one process each."""
    settings = people.settings.model_copy(update={"workers": 1})
    with serve(settings) as first, serve(settings) as second:
        yield first.url, second.url


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


@pytest.mark.parametrize("how", TAKEN)
def test_a_password_is_no_good_any_more(
    people: LiveServer, urls: tuple[str, str], someone: Callable[..., Person], how: str
) -> None:
    person = someone()
    for url in urls:
        assert httpx.get(f"{url}/api/v1/me", auth=person).status_code == 200
    run(people.settings, lambda connection: TAKEN[how](connection, account_called(connection, person[0])))
    time.sleep(SOON)
    assert [httpx.get(f"{url}/api/v1/me", auth=person).status_code for url in urls] == [401, 401]


@pytest.mark.parametrize("how", ["disabled", "reset", "revoked"])
def test_a_token_is_no_good_any_more(
    people: LiveServer, urls: tuple[str, str], someone: Callable[..., Person], how: str
) -> None:
    person = someone()
    token = a_token(people, person)
    for url in urls:
        assert httpx.get(f"{url}/api/v1/me", auth=(person[0], token)).status_code == 200
    take = TAKEN.get(how, revoke_all)
    run(people.settings, lambda connection: take(connection, account_called(connection, person[0])))
    time.sleep(SOON)
    assert [httpx.get(f"{url}/api/v1/me", auth=(person[0], token)).status_code for url in urls] == [401, 401]


@pytest.mark.parametrize("how", TAKEN)
def test_a_session_ends(people: LiveServer, urls: tuple[str, str], someone: Callable[..., Person], how: str) -> None:
    person = someone()
    with browser(urls[0]) as here, browser(urls[1]) as there:
        here.post("/api/v1/session", json={"name": person[0], "secret": person[1]}).raise_for_status()
        there.cookies.set("gisland_session", here.cookies["gisland_session"])
        assert [each.get("/api/v1/me").status_code for each in (here, there)] == [200, 200]
        run(people.settings, lambda connection: TAKEN[how](connection, account_called(connection, person[0])))
        time.sleep(SOON)
        assert [each.get("/api/v1/me").status_code for each in (here, there)] == [401, 401]


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
