"""Sessions of browsers: a cookie that no script reads, that ends, and that no other site can write with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from psycopg import Connection
from starlette.responses import Response

from gisland.database import Role as Login
from gisland.database import connect
from gisland.security import attempts
from gisland.security.crypto import load_vault
from gisland.security.sessions import give_cookie
from gisland.settings import Settings
from tests.factories import SECRET
from tests.live import LiveServer
from tests.publish.conftest import serving
from tests.security.conftest import SOON, Person, browser, last_event, me, tags

NEW = "mot cau moi rat dai"


@contextmanager
def signed_in(people: LiveServer, person: Person) -> Iterator[httpx.Client]:
    with browser(people.url) as client:
        client.post("/api/v1/session", json={"name": person[0], "secret": person[1]}).raise_for_status()
        yield client


def test_the_cookie_is_for_this_site_and_no_script(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    with browser(people.url) as client:
        answer = client.post("/api/v1/session", json={"name": person[0], "secret": person[1]})
    assert answer.json() == {"name": person[0], "must_change": False}
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("gisland_session=")
    assert {*map(str.lower, attributes)} == {"httponly", "max-age=43200", "path=/", "samesite=lax"}
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(("url", "secure"), [("https://dat.example", True), ("http://dat.example", False)])
def test_the_cookie_is_secure_where_the_site_is(url: str, secure: bool) -> None:
    response = Response()
    give_cookie(response, "key", Settings(public_url=url))
    assert ("secure" in response.headers["set-cookie"].lower()) is secure


def test_the_database_keeps_a_hash(people: LiveServer, someone: Callable[..., Person], db: Connection) -> None:
    with signed_in(people, someone()) as client:
        key = client.cookies["gisland_session"]
        assert len(key) == 43
    assert key not in str(db.execute("SELECT s::text FROM security.session s").fetchall())


def test_signing_in_and_out(people: LiveServer, someone: Callable[..., Person], db: Connection) -> None:
    person = someone()
    before = last_event(db)
    with signed_in(people, person) as client:
        assert client.get("/api/v1/me").json()["by"] == "session"
        key = client.cookies["gisland_session"]
        out = client.delete("/api/v1/session")
        assert out.status_code == 204
        assert "max-age=0" in out.headers["set-cookie"].lower()
        assert "gisland_session" not in client.cookies
        time.sleep(SOON)
        client.cookies.set("gisland_session", key)
        assert client.get("/api/v1/me").status_code == 401
    noted = [tag for subject, tag, _ in tags(db, "s%", before) if subject == f"account:{person[0]}"]
    assert noted == ["sign_in:accepted", "sign_in:ended"]


def test_a_wrong_password_begins_none(people: LiveServer, someone: Callable[..., Person]) -> None:
    with browser(people.url) as client:
        answer = client.post("/api/v1/session", json={"name": someone()[0], "secret": "wrong"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        # Our page has a dialog of its own; the browser must not show another one.
        assert answer.headers["www-authenticate"].startswith("Session ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Gisland-Page": "1", "Origin": "{url}"}, 201),
        ({"X-Gisland-Page": "1"}, 403),
        ({"X-Gisland-Page": "", "Origin": "{url}"}, 403),
        ({"X-Gisland-Page": "0", "Origin": "{url}"}, 403),
        ({"Origin": "{url}"}, 403),
        ({"X-Gisland-Page": "1", "Origin": "https://evil.example"}, 403),
        ({"X-Gisland-Page": "1", "Origin": "null"}, 403),
        ({"X-Gisland-Page": "1", "Origin": "{url}.evil.example"}, 403),
        ({}, 403),
    ],
)
def test_only_our_pages_write_by_cookie(
    people: LiveServer, someone: Callable[..., Person], headers: dict[str, str], status: int
) -> None:
    with signed_in(people, someone()) as client:
        sent = {name: value.format(url=people.url) for name, value in headers.items()}
        cookies = dict(client.cookies)
    wanted = {"name": "x", "permissions": ["staff_layer:read"]}
    with httpx.Client(base_url=people.url, headers=sent, cookies=cookies) as other:
        assert other.post("/api/v1/tokens", json=wanted).status_code == status
        assert other.get("/api/v1/me").status_code == 200


def test_behind_a_proxy_the_public_url_is_the_origin(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    with serving(people.settings.model_copy(update={"public_url": "https://dat.example"})) as client:
        client.headers["X-Gisland-Page"] = "1"
        claim, own = {"name": person[0], "secret": person[1]}, str(client.base_url).rstrip("/")
        assert client.post("/api/v1/session", json=claim, headers={"Origin": own}).status_code == 403
        begun = client.post("/api/v1/session", json=claim, headers={"Origin": "https://dat.example"})
        assert begun.status_code == 200
        assert "secure" in begun.headers["set-cookie"].lower()


def test_programs_need_neither_header_nor_origin(people: LiveServer, someone: Callable[..., Person]) -> None:
    wanted = {"name": "x", "permissions": ["staff_layer:read"]}
    assert httpx.post(f"{people.url}/api/v1/tokens", auth=someone(), json=wanted).status_code == 201


def test_no_other_site_writes_with_a_password_that_the_browser_knows(
    people: LiveServer, someone: Callable[..., Person]
) -> None:
    wanted = {"name": "x", "permissions": ["staff_layer:read"]}
    headers = {"Origin": "https://evil.example"}
    refused = httpx.post(f"{people.url}/api/v1/tokens", auth=someone(), json=wanted, headers=headers)
    assert refused.status_code == 403


def test_no_other_site_signs_somebody_in(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    claim = {"name": person[0], "secret": person[1]}
    headers = {"Origin": "https://evil.example"}
    assert httpx.post(f"{people.url}/api/v1/session", json=claim, headers=headers).status_code == 403


@pytest.mark.parametrize("column", ["expires_at = now()", "seen_at = now() - interval '61 minutes'"])
def test_a_session_that_ended_is_nobodys(people: LiveServer, someone: Callable[..., Person], column: str) -> None:
    person = someone()
    with signed_in(people, person) as client:
        with connect(people.settings, Login.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            where = "account_id = (SELECT id FROM security.account WHERE name = %s)"
            connection.execute(f"UPDATE security.session SET {column} WHERE {where}".encode(), [person[0]])
        assert client.get("/api/v1/me").status_code == 401
        # What anybody may read can still be read, as by anybody.
        assert client.get("/api/v1/palette").json()["layer"] == "parcels"


@pytest.mark.parametrize("key", ["", "x", "a" * 43, "a" * 5000, "'; --"])
def test_a_cookie_that_is_none_is_nobodys(people: LiveServer, key: str) -> None:
    assert me(people.url, headers={"cookie": f"gisland_session={key}"}).status_code == 401


def test_the_header_counts_more_than_the_cookie(people: LiveServer, someone: Callable[..., Person]) -> None:
    other = someone()
    with signed_in(people, someone()) as client:
        assert client.get("/api/v1/me", auth=other).json()["name"] == other[0]
        assert client.get("/api/v1/me", auth=(other[0], "wrong")).status_code == 401


def test_one_ends_ones_own_sessions_only(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    with signed_in(people, person) as here, signed_in(people, person) as there, signed_in(people, someone()) as other:
        listed = here.get("/api/v1/sessions").json()
        assert sorted(each["present"] for each in listed) == [False, True]
        elsewhere = next(each["id"] for each in listed if not each["present"])
        assert other.delete(f"/api/v1/sessions/{elsewhere}").status_code == 404
        assert here.delete(f"/api/v1/sessions/{elsewhere}").status_code == 204
        time.sleep(SOON)
        assert there.get("/api/v1/me").status_code == 401
        assert here.get("/api/v1/me").status_code == 200


def test_signing_in_again_ends_the_session_before(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    with signed_in(people, person) as client:
        before = client.cookies["gisland_session"]
        client.post("/api/v1/session", json={"name": person[0], "secret": person[1]}).raise_for_status()
        assert client.cookies["gisland_session"] != before
        assert len(client.get("/api/v1/sessions").json()) == 1


def test_a_new_password_ends_the_other_sessions(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    before = last_event(db)
    with signed_in(people, person) as here, signed_in(people, person) as there:
        wrong = here.post("/api/v1/me/password", json={"old": "wrong", "new": NEW})
        assert wrong.status_code == 401
        assert here.post("/api/v1/me/password", json={"old": SECRET, "new": "too short"}).status_code == 422
        assert here.post("/api/v1/me/password", json={"old": SECRET, "new": SECRET}).status_code == 422
        assert here.post("/api/v1/me/password", json={"old": SECRET, "new": NEW}).status_code == 204
        time.sleep(SOON)
        assert here.get("/api/v1/me").status_code == 200
        assert there.get("/api/v1/me").status_code == 401
    assert me(people.url, person).status_code == 401
    assert me(people.url, (person[0], NEW)).status_code == 200
    assert (f"account:{person[0]}", "password:changed", person[0]) in tags(db, "password:%", before)


def test_trying_passwords_in_a_session_waits_but_locks_nobody_out(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    key = attempts.name_key(load_vault(people.settings), person[0], attempts.CHANGE)
    with signed_in(people, person) as client:
        change = {"old": "wrong", "new": NEW}
        assert client.post("/api/v1/me/password", json=change).status_code == 401
        db.execute("UPDATE security.attempt SET failures = 16 WHERE key_hash = %s", [key])
        db.commit()
        assert client.post("/api/v1/me/password", json=change).status_code == 401
        assert client.post("/api/v1/me/password", json=change | {"old": SECRET}).status_code == 429
    assert me(people.url, person).status_code == 200


def test_a_session_writes_what_its_owner_may(people: LiveServer, someone: Callable[..., Person]) -> None:
    with signed_in(people, people.admin) as admin, signed_in(people, someone()) as viewer:
        assert viewer.post("/api/v1/accounts", json={"name": "by.session"}).status_code == 403
        assert admin.post("/api/v1/accounts", json={"name": "by.session"}).status_code == 201
