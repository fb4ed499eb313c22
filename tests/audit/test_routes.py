"""`/api/v1/audit`: auditors and administrators search the log and take it away; that is noted, and holds no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from gisland.audit import events
from gisland.audit.log import INSERT, Tag, record
from gisland.database import Role, connect, run
from gisland.security.permissions import PERMISSIONS, Permission
from gisland.security.permissions import Role as Person
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import SECRET, make_account, make_group, make_ward, one
from tests.live import LiveServer
from tests.security.client import in_process


def grants_of(role: Person, connection: Connection) -> list[Grant]:
    """The role in the whole service, where it may be; a group head is one of a group."""
    if role is not Person.GROUP_HEAD:
        return [Grant(role)]
    ward = make_ward(connection)
    return [Grant(role, ward, make_group(connection, ward, "1"))]


Ask = Callable[..., httpx.Response]
EVENTS = "/api/v1/audit/events"
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.fixture(scope="module")
def audited(server: Settings) -> Iterator[LiveServer]:
    """A server whose log holds what the tests seek; each of them notes a few acts more."""
    with clone_of(server) as settings, in_process(settings) as live:
        with connect(settings, Role.APP) as connection:
            for role in Person:
                make_account(connection, f"the.{role}", *grants_of(role, connection))
            for number in range(25):
                record(connection, "account:search", Tag.REGISTRY_READ, ward_id=77, object_id=f"parcel:{number}")
            page: dict[str, object] = {"kind": "holder", "ids": [5, 6], "count": 2}
            record(connection, "account:one", Tag.REGISTRY_READ, object_id="holder", detail=page)
            record(
                connection, "account:two", Tag.IDENTITY_REVEALED, object_id="holder:6", detail={"reason": "đối chiếu"}
            )
            for formula in FORMULAS:
                connection.execute(INSERT, [formula, Tag.UNIT_ADDED, None, formula, Jsonb({})])
        yield live


@pytest.fixture
def ask(audited: LiveServer) -> Ask:
    def get(path: str = EVENTS, who: str | None = "the.admin", **params: Any) -> httpx.Response:
        auth = (who, SECRET) if who else None
        return httpx.get(f"{audited.url}{path}", params=params, auth=auth, timeout=30)

    return get


def items(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize("role", [Person.AUDITOR, Person.OFFICER])
@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}.csv"])
def test_who_may(ask: Ask, audited: LiveServer, role: Person, path: str) -> None:
    may = role in {Person.AUDITOR, Person.ADMIN}
    assert (Permission.AUDIT_READ in PERMISSIONS[role]) == may
    assert ask(path, f"the.{role}").status_code == (200 if may else 403)
    with connect(audited.settings, Role.APP) as connection:
        query = "SELECT tag FROM audit.event WHERE subject = %s ORDER BY id DESC LIMIT 1"
        tag = one(connection, query, f"account:the.{role}")
    given = Tag.AUDIT_EXPORTED if path.endswith("csv") else Tag.AUDIT_READ
    assert tag == (given if may else Tag.REQUEST_REFUSED)


def test_nobody_is_told_to_sign_in(ask: Ask) -> None:
    assert ask(who=None).status_code == 401


def test_pages_follow_one_another_without_gap(ask: Ask, audited: LiveServer) -> None:
    seen: list[int] = []
    answer = ask(subject="account:search", limit=10)
    assert answer.headers["cache-control"] == "private, no-store"
    while True:
        seen += [each["id"] for each in items(answer)]
        links = answer.json()["links"]
        if not links:
            break
        answer = ask(str(httpx.URL(links[0]["href"]).path), **dict(httpx.URL(links[0]["href"]).params))
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)


def test_filters_choose(ask: Ask) -> None:
    (revealed,) = items(ask(tag="identity:revealed"))
    assert revealed == revealed | {
        "subject": "account:two",
        "object": "holder:6",
        "ward_id": None,
        "detail": {"reason": "đối chiếu"},
    }
    assert {each["ward_id"] for each in items(ask(ward_id=77))} == {77}
    assert [each["object"] for each in items(ask(object="parcel:3"))] == ["parcel:3"]
    at = revealed["at"]
    assert revealed in items(ask(**{"from": at}))
    assert revealed not in items(ask(to=at))
    assert items(ask(**{"from": "2999-01-01T00:00:00Z"})) == []


def test_who_saw_a_record_on_a_page_with_others_is_found(ask: Ask) -> None:
    assert {each["subject"] for each in items(ask(object="holder:6"))} == {"account:one", "account:two"}
    assert {each["subject"] for each in items(ask(object="holder:5"))} == {"account:one"}
    assert items(ask(object="parcel:5"))[0]["object"] == "parcel:5"


def test_a_reading_is_noted_by_the_names_of_its_filters(ask: Ask, audited: LiveServer) -> None:
    ask(subject="Nguyễn Văn Thử", **{"from": "2026-01-01T00:00:00+07:00"})
    with connect(audited.settings, Role.APP) as connection:
        query = "SELECT to_jsonb(e) FROM audit.event e WHERE tag = 'audit:read' ORDER BY id DESC LIMIT 1"
        event = one(connection, query)
    assert event["subject"] == "account:the.admin"
    assert event["detail"] == {"asked": ["from", "subject"], "count": 0}


@pytest.mark.parametrize(
    "params",
    [
        {"tag": "no:such"},
        {"limit": 0},
        {"limit": 1001},
        {"cursor": "abc"},
        {"cursor": "AAAA"},
        {"ward_id": 0},
        {"from": "1767225600"},
        {"from": "2026-01-01"},
        {"from": "2026-01-01T00:00:00"},
        {"to": "2026-13-01T00:00:00Z"},
        {"subject": ""},
        {"subject": "a\x00b"},
        {"object": "x" * 501},
        {"unknown": "1"},
    ],
)
def test_a_wrong_request_is_refused(ask: Ask, params: dict[str, Any]) -> None:
    answer = ask(**params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_csv_holds_no_formula(ask: Ask) -> None:
    answer = ask(f"{EVENTS}.csv", tag="unit:added")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-events.csv"'
    assert answer.content.startswith("\ufeffid,at,".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["subject"] for row in rows] == [f"'{each}" for each in reversed(FORMULAS)]
    assert all(row["object"] == row["subject"] for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_csv_holds_all_events_once(ask: Ask, audited: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CSV_PAGE", 10)
    filters = events.Filters(subject="account:search")
    text = "".join(events.csv_text(events.all_events(audited.settings, filters, people=True), block=7))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["object"] for row in rows] == [f"parcel:{number}" for number in range(24, -1, -1)]
    assert rows == list(
        csv.DictReader(io.StringIO(ask(f"{EVENTS}.csv", subject="account:search").content.decode("utf-8-sig")))
    )


def test_it_is_in_the_document(audited: LiveServer) -> None:
    paths = httpx.get(f"{audited.url}/api/v1/openapi.json", timeout=60).json()["paths"]
    listed, exported = paths[EVENTS]["get"], paths[f"{EVENTS}.csv"]["get"]
    assert listed["x-permissions"] == exported["x-permissions"] == ["audit:read"]
    assert {each["name"] for each in exported["parameters"]} == {"subject", "tag", "ward_id", "object", "from", "to"}
    assert {each["name"] for each in listed["parameters"]} >= {"from", "to", "limit", "cursor"}
    assert all(" · " in each["description"] for each in listed["parameters"])
    assert list(exported["responses"]["200"]["content"]) == ["text/csv"]


def test_a_refused_change_leaves_the_log_as_it_was(settings: Settings) -> None:
    """The act and its event are one transaction: neither without the other."""

    def work(connection: Any) -> None:
        record(connection, "account:thu", Tag.UNIT_ADDED)
        connection.execute("SELECT 1 / 0")

    with connect(settings, Role.APP) as connection:
        before = one(connection, "SELECT count(*) FROM audit.event")
    with pytest.raises(Exception, match="division"):
        run(settings, work)
    with connect(settings, Role.APP) as connection:
        assert one(connection, "SELECT count(*) FROM audit.event") == before
