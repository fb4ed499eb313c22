"""People come with a one-time secret, get roles, and one administrator always stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation

from gisland.database import Role as Login
from gisland.database import connect, run
from gisland.security.accounts import account_called, create_first_admin
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.factories import make_account, make_ward, one
from tests.live import LiveServer
from tests.publish.conftest import serving
from tests.security.conftest import SOON, Person, a_token, browser, last_event, me, tags

NEW = "mot cau moi rat dai"


def test_the_first_secret_is_good_for_setting_a_password_and_nothing_else(settings: Settings) -> None:
    secret = run(settings, create_first_admin)
    assert secret is not None
    with serving(settings) as client:
        client.auth = httpx.BasicAuth("admin", secret)
        told = client.get("/api/v1/me").json()
        assert (told["must_change"], told["grants"], told["permissions"]) == (True, [], ["public:read"])
        for path in ("/api/v1/accounts", "/api/v1/parcels", "/ogc/collections/parcels-staff/items", "/api/v1/tokens"):
            refused = client.get(path)
            assert refused.status_code == 403, path
            assert "set a password of your own" in refused.json()["detail"]
            assert refused.json()["hint"] == "/account"
        wanted = {"name": "x", "permissions": ["staff_layer:read"]}
        assert client.post("/api/v1/tokens", json=wanted).status_code == 403
        assert client.post("/api/v1/me/password", json={"old": secret, "new": NEW}).status_code == 204
        time.sleep(SOON)
        assert client.get("/api/v1/me").status_code == 401
        assert client.get("/api/v1/accounts", auth=("admin", NEW)).status_code == 200


def test_a_one_time_secret_is_not_good_for_long(people: LiveServer, manager: httpx.Client, db: Connection) -> None:
    made = manager.post("/api/v1/accounts", json={"name": "late"}).json()
    late = ("late", made["secret"])
    db.execute("UPDATE security.account SET secret_set_at = now() - interval '15 days' WHERE name = 'late'")
    db.commit()
    assert me(people.url, late).status_code == 401
    db.execute("UPDATE security.account SET secret_set_at = now() - interval '13 days' WHERE name = 'late'")
    db.commit()
    assert me(people.url, late).status_code == 200


def test_an_administrator_makes_a_person(people: LiveServer, manager: httpx.Client, db: Connection) -> None:
    ward = run(people.settings, lambda connection: make_ward(connection, "20202"))
    before = last_event(db)
    answer = manager.post("/api/v1/accounts", json={"name": "made.an"})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "private, no-store"
    made = answer.json()
    account = made["account"]["id"]
    assert answer.headers["location"] == f"/api/v1/accounts/{account}"
    assert made["account"]["one_time"]
    assert manager.post("/api/v1/accounts", json={"name": "made.an"}).status_code == 409

    given = manager.post("/api/v1/grants", json={"account_id": account, "role": "officer", "ward_id": ward})
    assert given.status_code == 201
    assert given.json()["ward_code"] == "20202"
    assert given.json()["granted_by"] == "account:admin"
    again = manager.post("/api/v1/grants", json={"account_id": account, "role": "officer", "ward_id": ward})
    assert again.status_code == 409
    listed = manager.get(f"/api/v1/accounts/{account}").json()
    assert [(each["role"], each["ward_id"]) for each in listed["grants"]] == [("officer", ward)]
    assert [each["id"] for each in manager.get("/api/v1/grants", params={"account_id": account}).json()] == [
        given.json()["id"]
    ]

    with httpx.Client(base_url=people.url, auth=("made.an", made["secret"])) as person:
        assert person.post("/api/v1/me/password", json={"old": made["secret"], "new": NEW}).status_code == 204
    told = me(people.url, ("made.an", NEW)).json()
    assert told["grants"] == [{"role": "officer", "ward_id": ward, "residential_group_id": None}]
    assert manager.delete(f"/api/v1/grants/{given.json()['id']}").status_code == 204
    assert manager.delete(f"/api/v1/grants/{given.json()['id']}").status_code == 404
    noted = [tag for subject, tag, _ in tags(db, "%", before) if subject == "account:admin" and "sign_in" not in tag]
    # Who looks at people is noted, too.
    assert "account:read" in noted
    assert [tag for tag in noted if tag != "account:read"] == ["account:created", "role:granted", "role:revoked"]
    # No secret is noted anywhere.
    everything = str(db.execute("SELECT e::text FROM audit.event e").fetchall())
    assert made["secret"] not in everything
    assert NEW not in everything


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"role": "group_head"}, 422),
        ({"role": "viewer", "residential_group_id": 1}, 422),
        ({"role": "admin", "ward_id": 1}, 422),
        ({"role": "viewer", "ward_id": 99999}, 422),
        ({"role": "king"}, 400),
        ({"role": "viewer", "granted_by": "me"}, 400),
        ({"role": "viewer", "account_id": 99999}, 404),
    ],
)
def test_roles_are_given_where_they_make_sense(manager: httpx.Client, body: dict[str, object], status: int) -> None:
    answer = manager.post("/api/v1/grants", json={"account_id": 1} | body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_names_are_no_ids(manager: httpx.Client) -> None:
    refused = manager.post("/api/v1/accounts", json={"name": "999190000001"})
    assert refused.status_code == 422
    assert "999190000001" not in refused.text


def test_whoever_is_reset_begins_anew(
    people: LiveServer, manager: httpx.Client, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    token = a_token(people, person)
    account = one(db, "SELECT id FROM security.account WHERE name = %s", person[0])
    secret = manager.post(f"/api/v1/accounts/{account}/reset").json()["secret"]
    time.sleep(SOON)
    assert me(people.url, person).status_code == 401
    assert me(people.url, (person[0], token)).status_code == 401
    assert me(people.url, (person[0], secret)).json()["must_change"]


def test_whoever_is_disabled_is_out_until_enabled(
    people: LiveServer, manager: httpx.Client, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    token = a_token(people, person)
    account = one(db, "SELECT id FROM security.account WHERE name = %s", person[0])
    assert manager.post(f"/api/v1/accounts/{account}/disable").json()["disabled"]
    time.sleep(SOON)
    assert me(people.url, person).status_code == 401
    assert not manager.post(f"/api/v1/accounts/{account}/enable").json()["disabled"]
    time.sleep(SOON)
    assert me(people.url, person).status_code == 200
    assert me(people.url, (person[0], token)).status_code == 200


def test_an_administrator_unlocks(
    people: LiveServer, manager: httpx.Client, someone: Callable[..., Person], db: Connection
) -> None:
    person = someone()
    account = one(db, "SELECT id FROM security.account WHERE name = %s", person[0])
    for _ in range(11):
        me(people.url, (person[0], "wrong"))
    assert manager.get(f"/api/v1/accounts/{account}").json()["locked_seconds"] >= 0
    assert manager.post(f"/api/v1/accounts/{account}/unlock").json()["locked_seconds"] == 0
    assert me(people.url, person).status_code == 200


def test_one_does_not_reset_oneself(manager: httpx.Client) -> None:
    assert manager.post("/api/v1/accounts/1/reset").status_code == 409


def test_the_last_administrator_stays(manager: httpx.Client, db: Connection) -> None:
    grant = one(db, "SELECT id FROM security.grant WHERE account_id = 1 AND role = 'admin'")
    for answer in (manager.post("/api/v1/accounts/1/disable"), manager.delete(f"/api/v1/grants/{grant}")):
        assert answer.status_code == 409
        assert "an administrator must be left" in answer.json()["detail"]
    assert manager.get("/api/v1/me").status_code == 200


def test_two_administrators_do_not_end_each_other_at_once(
    settings: Settings, open_connection: Callable[[Login], Connection]
) -> None:
    def make(connection: Connection) -> tuple[int, int]:
        for name in ("an", "binh"):
            make_account(connection, name, Grant(Role.ADMIN))
        return account_called(connection, "an"), account_called(connection, "binh")

    an, binh = run(settings, make)
    one_, other = open_connection(Login.APP), open_connection(Login.APP)
    disable = "UPDATE security.account SET disabled = true WHERE id = %s"
    one_.execute(disable, [binh])
    refused: list[bool] = []

    def also() -> None:
        try:
            other.execute("DELETE FROM security.grant WHERE account_id = %s", [an])
            other.commit()
            refused.append(False)
        except CheckViolation:
            refused.append(True)

    thread = threading.Thread(target=also)
    thread.start()
    time.sleep(0.3)
    assert thread.is_alive(), "it waits for the first one"
    one_.commit()
    thread.join(10)
    assert refused == [True]
    with connect(settings, Login.APP) as connection:
        left = "SELECT count(*) FROM security.grant JOIN security.account a ON a.id = account_id WHERE NOT disabled"
        assert one(connection, left) == 1


def test_a_body_cannot_smuggle_rights(people: LiveServer, manager: httpx.Client) -> None:
    assert manager.post("/api/v1/accounts", json={"name": "x", "role": "admin"}).status_code == 400
    assert manager.post("/api/v1/accounts", json={"name": "x", "disabled": False, "secret": NEW}).status_code == 400
    with browser(people.url) as client:
        claim = {"name": "admin", "secret": "x", "account_id": 1}
        assert client.post("/api/v1/session", json=claim).status_code == 400
