"""An auditor sees acts and opaque ids: no name of an account, and nothing that somebody typed. By every door alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from gisland.app import create_app
from gisland.audit.alerts.rules import load_rules
from gisland.audit.alerts.store import Breach, raise_alerts
from gisland.audit.log import INSERT, Tag
from gisland.audit.opaque import PATHS
from gisland.database import Role, connect, run
from gisland.security.permissions import Role as Has
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import SECRET, make_account
from tests.live import LiveServer
from tests.security.client import in_process
from tests.test_architecture import routes

EVENTS = "/api/v1/audit/events"
NAME = "lan.nguyen"
TYPED = "gặp bà Nguyễn Thị Lan ở số 5"
PEOPLE = {"account": NAME, "reason": TYPED, "file": "Nguyễn Thị Lan.xlsx", "note": TYPED}
# By her and about her, with all that a detail may hold.
SAID = {"count": 3, "asked": ["ward_id"], "kind": "holder", "ids": [1, 2], "found": {"holder": 2}, **PEOPLE}
# Acts whose object is a name; of all others it is an id of what is no person.
NAMED = {tag for tag in Tag if tag.split(":")[0] in {"account", "password", "sign_in"}}
FILES = {tag for tag in Tag if tag.startswith("database:")}
# What of a person may be seen nowhere.
SECRETS = (NAME, "Nguyễn", "Lan", "nguyen", "tran.van", "xlsx", "number-five", "on-this-machine")
# What was asked for in vain → what an auditor is told of it: addresses that there are, and ids.
REFUSED = {
    "/api/v1/codes/Nguyễn Thị Lan": "/api/v1/codes/…",
    "/api/v1/codes/nguyen-thi-lan": "/api/v1/codes/…",
    "/ogc/collections/tran.van.ba/items/7": "/ogc/collections/…/items/7",
    "/ogc/collections/parcels-staff/items/12345": "/ogc/collections/parcels-staff/items/12345",
    "/api/v1/prints/7e1f5f4e-4a2b-4bf5-b5c5-5e3d3a7f6a01/pages/1.png": (
        "/api/v1/prints/7e1f5f4e-4a2b-4bf5-b5c5-5e3d3a7f6a01/pages/1.png"
    ),
    "/lan": "/…",
}


def note(connection: Connection) -> None:
    for tag in Tag:
        name = NAME if tag in NAMED else "Lan.dump" if tag in FILES else "parcel:7"
        connection.execute(INSERT, [f"account:{NAME}", tag.value, None, name, Jsonb(SAID)])
    connection.execute(INSERT, ["cli:on-this-machine", Tag.UNIT_ADDED.value, None, "11311", Jsonb({})])
    for path in REFUSED:
        connection.execute(INSERT, [f"account:{NAME}", Tag.REQUEST_REFUSED.value, None, path, Jsonb({"status": 404})])
    connection.execute(INSERT, ["account:gone", Tag.SIGN_IN_REFUSED.value, None, "number-five", Jsonb({})])


def alarm(settings: Settings) -> None:
    rules, now = load_rules(settings), datetime.now(UTC)

    def work(connection: Connection) -> None:
        for rule, key in (("refusals", f"account:{NAME}"), ("password-guessing", NAME)):
            raise_alerts(connection, rule, rules.rules[rule], [Breach(key, now, now, 30)], [])

    run(settings, work)


@pytest.fixture(scope="module")
def office(server: Settings) -> Iterator[LiveServer]:
    with clone_of(server) as settings, in_process(settings) as live:
        with connect(settings, Role.APP) as connection:
            make_account(connection, NAME, Grant(Has.OFFICER))
            make_account(connection, "auditor", Grant(Has.AUDITOR))
            make_account(connection, "boss", Grant(Has.ADMIN))
            note(connection)
        alarm(settings)
        yield live


@pytest.fixture
def auditor(office: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=office.url, auth=("auditor", SECRET), timeout=30) as client:
        yield client


@pytest.fixture
def boss(office: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=office.url, auth=("boss", SECRET), timeout=30) as client:
        yield client


def number(boss: httpx.Client) -> str:
    """Her opaque id."""
    found = next(each for each in boss.get("/api/v1/accounts").json() if each["name"] == NAME)
    return f"account:{found['id']}"


def events(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get(EVENTS, params={"limit": 1000} | asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize("path", [f"{EVENTS}?limit=1000", f"{EVENTS}.csv", "/api/v1/alerts", "/admin/alerts"])
def test_no_door_shows_a_person(auditor: httpx.Client, boss: httpx.Client, path: str) -> None:
    answer, whole = auditor.get(path), boss.get(path)
    assert answer.status_code == whole.status_code == 200
    assert not [each for each in SECRETS if each in answer.text]
    assert NAME in whole.text, "who manages accounts knows them"
    assert number(boss) in answer.text


def test_all_doors_say_the_same(auditor: httpx.Client) -> None:
    listed = {str(each["id"]): each for each in events(auditor)}
    text = auditor.get(f"{EVENTS}.csv").content.decode("utf-8-sig")
    told = {row["id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert len(listed) > len(Tag)
    assert all(told[each]["subject"] == one["subject"] for each, one in listed.items())
    assert all(told[each]["object"] == one["object"] for each, one in listed.items())


def test_counts_and_words_of_the_program_stay(auditor: httpx.Client, boss: httpx.Client) -> None:
    (seen,) = events(auditor, tag="registry:searched")
    her = number(boss)
    typed = dict.fromkeys(("reason", "file", "note"), "…")
    assert seen == seen | {"subject": her, "object": "parcel:7", "detail": SAID | typed | {"account": her}}


def test_of_a_path_the_words_that_there_are_and_ids_are_told(auditor: httpx.Client, boss: httpx.Client) -> None:
    typed = {each["id"]: each["object"] for each in events(boss, tag="request:refused")}
    told = {each["id"]: each["object"] for each in events(auditor, tag="request:refused")}
    assert {path: told[number] for number, path in typed.items() if path in REFUSED} == REFUSED


def test_the_words_of_paths_are_those_of_the_routes() -> None:
    parts = {part for route in routes(create_app(Settings()).routes) for part in route.path.split("/")}
    assert {part for part in parts if part and "{" not in part} == PATHS


def test_the_same_account_has_the_same_id_and_can_be_asked_for(auditor: httpx.Client, boss: httpx.Client) -> None:
    her = number(boss)
    whole = {each["id"] for each in events(boss, subject=f"account:{NAME}")}
    assert len(whole) > len(Tag)
    assert {each["id"] for each in events(auditor, subject=her)} == whole
    signs = {each["id"] for each in events(boss, object=NAME) if each["tag"] == "sign_in:accepted"}
    assert signs
    assert signs <= {each["id"] for each in events(auditor, object=her)}


@pytest.mark.parametrize(
    "asked", [{"subject": f"account:{NAME}"}, {"object": NAME}, {"object": "/lan"}, {"subject": "cli:on-this-machine"}]
)
def test_no_name_is_confirmed(auditor: httpx.Client, asked: dict[str, str]) -> None:
    """Who asks for a name would learn whose an id is."""
    assert events(auditor, **asked) == []


def test_who_runs_commands_is_one_of_them(auditor: httpx.Client, boss: httpx.Client) -> None:
    (seen,) = [each for each in events(auditor, subject="cli") if each["object"] == "11311"]
    assert seen["subject"] == "cli"
    assert [each["subject"] for each in events(boss, subject="cli:on-this-machine")] == ["cli:on-this-machine"]


def test_who_acknowledges_is_an_id_as_well(auditor: httpx.Client, boss: httpx.Client) -> None:
    alert = auditor.get("/api/v1/alerts").json()[0]
    done = auditor.post(f"/api/v1/alerts/{alert['id']}/acknowledge", json={"note": TYPED})
    assert done.status_code == 200, done.text
    assert (done.json()["note"], done.json()["acknowledged_by"].partition(":")[0]) == ("…", "account")
    found = {each["id"]: each for each in boss.get("/api/v1/alerts?state=all").json()}[alert["id"]]
    assert (found["note"], found["acknowledged_by"]) == (TYPED, "account:auditor")


def test_a_token_of_an_administrator_knows_nobody(office: LiveServer, boss: httpx.Client) -> None:
    """Tokens never manage accounts: who finds one learns no names by it."""
    made = boss.post("/api/v1/tokens", json={"name": "thử", "permissions": ["audit:read"], "days": 1})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    answer = httpx.get(f"{office.url}{EVENTS}?limit=1000", headers=headers, timeout=30)
    assert answer.status_code == 200
    assert not [each for each in SECRETS if each in answer.text]
