"""Personal access tokens: what they open, never more than their owner may, and where they never stand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import Connection

from gisland.database import Role as Login
from gisland.database import connect, run
from gisland.security.permissions import FOR_TOKENS, PERMISSIONS, WITHIN_WARDS, Permission, Role
from gisland.security.subject import Grant, Subject, narrowed
from tests.factories import make_ward, one
from tests.live import LiveServer
from tests.security.conftest import SOON, Person, a_token, last_event, me, tags


def test_a_token_is_the_password_of_its_owner(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    told = me(people.url, (person[0], a_token(people, person))).json()
    assert told["name"] == person[0]
    assert told["by"] == "token"
    assert told["permissions"] == ["public:read", "staff_layer:read"]


def test_a_token_is_a_bearer(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    token = a_token(people, person)
    assert me(people.url, headers={"authorization": f"Bearer {token}"}).json()["name"] == person[0]
    assert me(people.url, headers={"authorization": f"bearer {token}"}).status_code == 200


@pytest.mark.parametrize("given", ["Bearer", "Bearer abc", "Bearer gisland_pat_abc", "Bearer gisland_pat_" + "a" * 43])
def test_what_is_no_token_is_refused(people: LiveServer, given: str) -> None:
    assert me(people.url, headers={"authorization": given}).status_code == 401


def test_a_token_that_was_cut_off_locks_nobody_out(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    for _ in range(12):
        assert me(people.url, (person[0], "gisland_pat_abc")).status_code == 401
    assert me(people.url, person).status_code == 200


def test_a_token_with_anothers_name_is_refused(people: LiveServer, someone: Callable[..., Person]) -> None:
    token = a_token(people, someone())
    assert me(people.url, (someone()[0], token)).status_code == 401


def test_it_is_shown_once_and_kept_as_a_hash(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    token = a_token(people, person)
    listed = httpx.get(f"{people.url}/api/v1/tokens", auth=person)
    assert [each["name"] for each in listed.json()] == ["QGIS"]
    assert token not in listed.text
    assert token not in str(db.execute("SELECT t::text FROM security.token t").fetchall())


def test_it_lasts_ninety_days_unless_told_and_a_year_at_most(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    a_token(people, person)
    days = "SELECT extract(epoch FROM expires_at - made_at) / 86400 FROM security.token ORDER BY id DESC"
    assert one(db, days) == 90
    with httpx.Client(base_url=people.url, auth=person) as client:
        wanted = {"name": "lâu", "permissions": ["staff_layer:read"]}
        assert client.post("/api/v1/tokens", json=wanted | {"days": 366}).status_code == 201
        assert client.post("/api/v1/tokens", json=wanted | {"days": 367}).status_code == 400
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "INSERT INTO security.token (account_id, name, key_hash, permissions, expires_at)"
            " SELECT id, 'x', sha256('x'), '{a}', now() + interval '367 days' FROM security.account LIMIT 1"
        )


def test_it_expires(people: LiveServer, someone: Callable[..., Person]) -> None:
    person = someone()
    token = a_token(people, person)
    with connect(people.settings, Login.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(
            "UPDATE security.token SET made_at = now() - interval '90 days', expires_at = now()"
            " WHERE account_id = (SELECT id FROM security.account WHERE name = %s)",
            [person[0]],
        )
    assert me(people.url, (person[0], token)).status_code == 401


@pytest.mark.parametrize("column", ["permissions = '{registry:write}'", "ward_ids = NULL", "expires_at = now()"])
def test_what_it_is_for_never_changes(db: Connection, column: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(f"UPDATE security.token SET {column}")


def test_it_cannot_be_for_more_than_its_owner_may(people: LiveServer, someone: Callable[..., Person]) -> None:
    refused = httpx.post(
        f"{people.url}/api/v1/tokens", auth=someone(), json={"name": "x", "permissions": ["registry:write"]}
    )
    assert refused.status_code == 422
    assert "registry:write" in refused.json()["detail"]
    assert "staff_layer:read" in refused.json()["hint"]


def test_it_cannot_make_accounts(people: LiveServer) -> None:
    wanted = {"name": "x", "permissions": ["account:manage"]}
    assert httpx.post(f"{people.url}/api/v1/tokens", auth=people.admin, json=wanted).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "tokens", None),
        ("POST", "tokens", {"name": "x", "permissions": ["staff_layer:read"]}),
        ("DELETE", "tokens/1", None),
        ("GET", "sessions", None),
        ("POST", "me/password", {"old": "a", "new": "b"}),
        ("GET", "accounts", None),
        ("POST", "grants", {"account_id": 1, "role": "viewer"}),
    ],
)
def test_it_manages_no_account(people: LiveServer, method: str, path: str, body: object) -> None:
    token = a_token(people, people.admin, *sorted(FOR_TOKENS))
    answer = httpx.request(method, f"{people.url}/api/v1/{path}", auth=("admin", token), json=body)
    assert answer.status_code == 403


def test_it_loses_what_its_owner_loses(people: LiveServer, someone: Callable[..., Person], db: Connection) -> None:
    person = someone(Grant(Role.REGISTRAR), Grant(Role.VIEWER))
    token = a_token(people, person, "registry:read", "registry:write")
    auth = (person[0], token)
    assert me(people.url, auth).json()["permissions"] == ["public:read", "registry:read", "registry:write"]
    db.execute(
        "DELETE FROM security.grant USING security.account WHERE account.id = account_id AND name = %s"
        " AND role = 'registrar'",
        [person[0]],
    )
    db.commit()
    time.sleep(SOON)
    assert me(people.url, auth).json()["permissions"] == ["public:read", "registry:read"]


def test_it_is_good_in_its_wards_only(people: LiveServer, someone: Callable[..., Person]) -> None:
    wards = run(
        people.settings, lambda connection: [make_ward(connection, code) for code in ("00001", "00002", "00003")]
    )
    person = someone(Grant(Role.OFFICER, wards[0]), Grant(Role.OFFICER, wards[1]))
    token = a_token(people, person, "registry:read", ward_ids=wards[:1])
    told = me(people.url, (person[0], token)).json()
    assert told["grants"] == [{"role": "officer", "ward_id": wards[0], "residential_group_id": None}]
    wanted = {"name": "x", "permissions": ["registry:read"], "ward_ids": [wards[2]]}
    assert httpx.post(f"{people.url}/api/v1/tokens", auth=person, json=wanted).status_code == 422


@pytest.mark.parametrize("role", Role)
def test_narrowing_gives_nothing(role: Role) -> None:
    grants = (Grant(role, 1, 5) if role is Role.GROUP_HEAD else Grant(role), Grant(Role.VIEWER, 3))
    owner = Subject("account:an", grants)
    for wards in (None, [1, 2], [3], [9]):
        left, limit = narrowed(grants, [*Permission, "gone:now"], wards)
        token = Subject("account:an", left, limit=limit)
        assert token.permissions <= owner.permissions
        for permission in Permission:
            assert owner.scope(permission).covers(token.scope(permission))
            if wards is not None and permission in token.permissions - {Permission.PUBLIC_READ}:
                assert permission in WITHIN_WARDS
                assert token.scope(permission).wards <= set(wards)
                assert not token.scope(permission).everywhere


def test_what_is_of_the_whole_service_is_not_had_in_a_ward() -> None:
    assert PERMISSIONS[Role.REGISTRAR] | PERMISSIONS[Role.POLICE] == WITHIN_WARDS


def test_first_use_is_noted_and_the_last_is_coarse(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    before = last_event(db)
    token = a_token(people, person)
    for _ in range(3):
        me(people.url, (person[0], token))
        me(people.url, headers={"authorization": f"Bearer {token}"})
    noted = [tag for subject, tag, _ in tags(db, "token:%", before) if subject == f"account:{person[0]}"]
    assert noted == ["token:issued", "token:first_used"]
    used = httpx.get(f"{people.url}/api/v1/tokens", auth=person).json()[0]["used_at"]
    me(people.url, headers={"authorization": f"BEARER {token}"})
    assert httpx.get(f"{people.url}/api/v1/tokens", auth=person).json()[0]["used_at"] == used


def test_its_owner_revokes_it_and_nobody_else(
    people: LiveServer, someone: Callable[..., Person], db: Connection
) -> None:
    person, other = someone(), someone()
    token = a_token(people, person)
    number = httpx.get(f"{people.url}/api/v1/tokens", auth=person).json()[0]["id"]
    place = f"{people.url}/api/v1/tokens/{number}"
    assert httpx.delete(place, auth=other).status_code == 404
    assert me(people.url, (person[0], token)).status_code == 200
    before = last_event(db)
    assert httpx.delete(place, auth=person).status_code == 204
    assert httpx.delete(place, auth=person).status_code == 404
    assert tags(db, "token:%", before) == [(f"account:{person[0]}", "token:revoked", f"token:{number}")]
    time.sleep(SOON)
    assert me(people.url, (person[0], token)).status_code == 401


@pytest.mark.parametrize(
    "place",
    [
        "/ogc/collections?token={}",
        "/ogc/collections/parcels/items?access_token={}&limit=1",
        "/api/v1/{}",
        "/static/{}",
        "/?{}",
        "/api/v1/me?a=%67island_pat_{}",
    ],
)
def test_a_token_in_an_address_is_refused_and_not_logged(
    people: LiveServer, someone: Callable[..., Person], people_log: Path, db: Connection, place: str
) -> None:
    person = someone()
    token = a_token(people, person)
    key = token.removeprefix("gisland_pat_")
    asked = place.format(key if "%67" in place else token)
    answer = httpx.get(f"{people.url}{asked}", auth=(person[0], token))
    assert answer.status_code == 400
    assert "HTTP Basic" in answer.json()["hint"]
    me(people.url, (person[0], token))
    time.sleep(0.1)
    said = people_log.read_text()
    assert '"status": 400' in said
    for text in (answer.text, said, str(db.execute("SELECT e::text FROM audit.event e").fetchall())):
        assert key not in text


def test_there_are_so_many_at_most(people: LiveServer, someone: Callable[..., Person], db: Connection) -> None:
    person = someone()
    db.execute(
        "INSERT INTO security.token (account_id, name, key_hash, permissions, expires_at) SELECT account.id, 'x',"
        " sha256((name || n)::bytea), '{a}', now() + interval '1 day' FROM security.account, generate_series(1, 50) n"
        " WHERE account.name = %s",
        [person[0]],
    )
    db.commit()
    wanted = {"name": "x", "permissions": ["staff_layer:read"]}
    assert httpx.post(f"{people.url}/api/v1/tokens", auth=person, json=wanted).status_code == 422
