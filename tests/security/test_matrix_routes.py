"""The matrix by the routes that the application has: each by every role, on own and other wards and groups.

The exact status of each is that of its row in `outlets`; what lies elsewhere is answered in the words of what nobody
has. What is in the answers is looked at in the other files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg import Connection

from gisland.app import create_app
from gisland.database import run
from gisland.printing.orders import MOST
from gisland.printing.work import draw_print
from gisland.security.permissions import Permission, Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.factories import make_account
from tests.printing.pdf_text import opened, read_page
from tests.security import test_matrix
from tests.security.outlets import ELSEWHERE, ROWS, Row
from tests.security.test_matrix import ABSENT, NAME, PEOPLE, PERSON, Place, World, may, refused
from tests.security.test_matrix_kinds import alike
from tests.test_architecture import routes

ASKED = ("A1", "A2", "B1")
"""Own ward and group, another group of the own ward, another ward."""
NOWHERE = "nowhere"
EXAMPLES = "GET /api/v1/openapi.json"
"""Its examples have invented ids."""


def test_every_route_has_its_row() -> None:
    served = {
        f"{method} {route.path}"
        for route in routes(create_app(Settings()).routes)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    listed = {row.route for row in ROWS}
    assert served - listed - ELSEWHERE.keys() == set(), "a new route: who may ask it?"
    assert (listed | ELSEWHERE.keys()) - served == set(), "a row of a route that there is no more"
    assert listed & ELSEWHERE.keys() == set()


@pytest.fixture(scope="module")
def world(server: Settings) -> Iterator[World]:
    for world in test_matrix.made(server):
        ids = _of_others(world)
        drawn = _order(world)
        for name, place in world.places.items():
            world.places[name] = replace(place, **ids, version=world.version, drawn=drawn[place.ward])
        yield world


def _of_others(world: World) -> dict[str, Any]:
    """An account that nobody below has, and its role; and the token and session of another one."""
    (spare, grant), owner = run(
        world.settings, lambda c: (_hired(c, "a-spare", world), make_account(c, "a-owner", Grant(Role.VIEWER)))
    )
    with httpx.Client(base_url=world.url, headers={"X-Gisland-Page": "1", "Origin": world.url}) as browser:
        made = browser.post("/api/v1/tokens", auth=owner, json={"name": "QGIS", "permissions": ["registry:read"]})
        assert (
            browser.post("/api/v1/session", json=dict(zip(("name", "secret"), owner, strict=True))).status_code == 200
        )
        (session,) = browser.get("/api/v1/sessions").json()
    return {"account": spare, "grant": grant, "token": made.json()["id"], "session": session["id"]}


def _hired(connection: Connection, name: str, world: World) -> tuple[int, int]:
    make_account(connection, name, Grant(Role.VIEWER, world.places["B1"].ward))
    query = (
        "SELECT account.id, g.id FROM security.account JOIN security.grant g ON account_id = account.id WHERE name = %s"
    )
    row = connection.execute(query, [name]).fetchone()
    assert row is not None
    return row[0], row[1]


def _order(world: World) -> dict[int, str]:
    """Of each group a list for the police, and prints that wait, one of them with names, drawn where that is asked for;
    of each ward a drawn overview.

    Returns the latter.
    """
    admin = world.clients["admin"]

    def order(product: str, **inputs: str) -> str:
        body = {"product": product, "inputs": {"reason": "thử vai trò"} | inputs}
        return str(admin.post("/api/v1/prints", json=body).json()["id"])

    for name, place in world.places.items():
        waiting = [order("atlas", ward=place.code, group=place.group_code) for _ in range(2)]
        sent = admin.post("/api/v1/verification/lists", json={"ward": place.code, "group": place.group_code})
        named = order("atlas", ward=place.code, group=place.group_code)
        ids = {"job": waiting[0], "unwanted": waiting[1], "named": named, "list": sent.json()["id"]}
        world.places[name] = replace(place, **ids)
    drawn = {
        place.ward: order("overview", ward=place.code) for place in world.places.values() if place.group_code[-1] == "1"
    }
    with ThreadPoolExecutor() as pool:
        jobs = [*drawn.values(), *(world.places[name].named for name in ASKED)]
        list(pool.map(lambda job: draw_print(world.settings, UUID(job), threading.Event()), jobs))
    return drawn


def expected(row: Row, who: str, name: str) -> int:
    """What the table says."""
    if row.needs is None:
        by_rule = 401 if who == "anonymous" else row.ok
    elif row.needs is Permission.PUBLIC_READ:
        by_rule = row.ok
    elif not any(may(who, row.needs, each) for each in test_matrix.REACH["admin"]):
        by_rule = 303 if row.page and who == "anonymous" else refused(who)
    elif name != NOWHERE and (row.hidden is None or may(who, row.needs, name)):
        by_rule = row.ok
    else:
        by_rule = row.hidden if row.hidden is not None else row.ok
    return by_rule if row.answers is None else row.answers(who, name, by_rule)


def ask(client: httpx.Client, row: Row, place: Place) -> httpx.Response:
    body = None if row.body is None else row.body(place)
    return client.request(row.method, row.url(place), json=body, headers=row.headers)


def text_of(answer: httpx.Response) -> str:
    """What an answer says, be it on paper: the texts of a PDF are compressed, and drawn sign by sign.

    What stands in a picture of a page stands in its PDF.
    """
    if answer.headers.get("content-type") != "application/pdf":
        return answer.text
    pdf = opened(answer.content)
    texts = [text.said.strip() for index in range(len(pdf.pages)) for text in read_page(pdf, index)[0]]
    return " ".join(texts)


def told_names(row: Row, who: str, name: str) -> bool:
    """Whether a name is in the answer to somebody who may have it."""
    if row.names == "list":
        return True
    reached = [each for each in test_matrix.REACH[who] if row.needs is not None and may(who, row.needs, each)]
    return may(who, PERSON, name) if row.names == "own" else all(may(who, PERSON, each) for each in reached)


def in_clear(row: Row, who: str, name: str) -> bool:
    """Whether national ids are, in the answer to somebody who may have it."""
    confirms = row.names == "list" and may(who, Permission.VERIFICATION_CONFIRM, name)
    return row.needs is Permission.IDENTITY_REVEAL or confirms


def faults(world: World, who: str, row: Row) -> Iterator[tuple[object, ...]]:
    """What is answered otherwise than the table says: place, status there is, status by the table, what is wrong."""
    client = world.clients[who]
    absent = None
    if row.hidden is not None:
        absent, status = ask(client, row, replace(ABSENT, version=world.version)), expected(row, who, NOWHERE)
        if absent.status_code != status:
            yield row.route, row.query, NOWHERE, absent.status_code, status, absent.text[:200]
    for name in ASKED if row.hidden is not None else ASKED[:1]:
        answer, status = ask(client, row, world.places[name]), expected(row, who, name)
        text = text_of(answer)
        said = (row.route, row.query, name, answer.status_code, status)
        if answer.status_code != status:
            yield *said, answer.text[:200]
        elif absent is not None and status == row.hidden and name[0] in row.words and not alike(answer, absent):
            yield *said, answer.text[:200], absent.text[:200]
        elif (NAME in text) != (row.names is not None and status == row.ok and told_names(row, who, name)):
            yield *said, "names"
        elif row.route == EXAMPLES:
            continue
        elif "***" in text and row.names == "own" and not may(who, Permission.IDENTITY_READ, name):
            yield *said, "masked ids"
        elif ("99907000" in text) != (status == row.ok and in_clear(row, who, name)):
            yield *said, "ids"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_route(world: World, who: str) -> None:
    wrong = [fault for row in ROWS for fault in faults(world, who, row)]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(("who", "told"), [("viewer", set()), ("officer", {"holder", "result", "source"})])
def test_what_the_police_answered_is_told_to_whom_persons_are(world: World, who: str, told: set[str]) -> None:
    events = world.clients[who].get(f"/api/v1/parcels/{world.places['A1'].parcel}/timeline").json()
    answers = [each["fields"] for event in events for each in event["entries"] if each["record"] == "evidence"]
    assert [each.keys() for each in answers] == [{"holder_id"} | told]


@pytest.mark.parametrize("who", PEOPLE)
def test_lists_of_prints(world: World, who: str) -> None:
    """Of the own wards and groups, as prints and as jobs; papers of wards are for those who reach the whole ward."""
    of_group = {place.group: name for name, place in world.places.items()}
    of_ward = {place.ward: name for name, place in world.places.items()}
    everything = world.clients["admin"].get("/api/v1/prints", params={"limit": MOST}).json()
    assert {job for place in world.places.values() for job in (place.job, place.drawn, place.named)} <= {
        each["id"] for each in everything
    }

    def reached(job: dict[str, Any]) -> bool:
        group = job["residential_group_id"]
        if group is None:
            return who != "group_head" and may(who, Permission.MAP_PRINT, of_ward[job["ward_id"]])
        return may(who, Permission.MAP_PRINT, of_group[group])

    for path, key in (("/api/v1/prints", "id"), ("/ogc/jobs", "jobID")):
        answer = world.clients[who].get(path, params={"limit": MOST})
        if not any(may(who, Permission.MAP_PRINT, name) for name in world.places):
            assert answer.status_code == refused(who)
            continue
        found = answer.json()
        assert [each[key] for each in (found if path == "/api/v1/prints" else found["jobs"])] == [
            each["id"] for each in everything if reached(each)
        ]


CHANGE = {"reason": "thử"}
PATCHES: dict[str, dict[str, Any]] = {
    "parcels": {"address": "Số 9 phố Thử"},
    "holders": {"address": "Số 9 phố Thử"},
    "holdings": {"valid_from": "2001-02-03"},
    "certificates": {"issuer": "UBND thử"},
    "assets": {"name": "Nhà thử"},
}
ENDS = {"assets": "retire", "parcels": "retire"}


def attack(world: World, client: httpx.Client, place: Place) -> list[tuple[str, int]]:
    """Write on all records of a place as they are now: whatever else it takes is there."""
    done = []
    for kind, body in PATCHES.items():
        url = f"/api/v1/{kind}/{getattr(place, kind.removesuffix('s'))}"
        seen = world.clients["admin"].get(url)
        said = {"change": CHANGE} | body
        done.append((f"patch {kind}", client.patch(url, json=said, headers={"If-Match": seen.headers["etag"]})))
    for kind, act in ENDS.items():
        url = f"/api/v1/{kind}/{getattr(place, kind.removesuffix('s'))}"
        version = world.clients["admin"].get(url).json()["version"]
        done.append((f"{act} {kind}", client.post(f"{url}/{act}", json={"change": CHANGE, "version": version})))
    return [(name, answer.status_code) for name, answer in done]


def test_writing(world: World) -> None:
    """Whatever the registrar of ward A tries on whatever id changes nothing of ward B."""
    registrar, admin = world.clients["registrar"], world.clients["admin"]
    theirs = [place for name, place in world.places.items() if name.startswith("B")]

    def state() -> list[tuple[int, str]]:
        records = [(f"/api/v1/{kind}/{getattr(place, kind.removesuffix('s'))}") for place in theirs for kind in PATCHES]
        return [(answer.status_code, answer.headers.get("etag", "")) for answer in map(admin.get, records)]

    before = state()
    assert {status for status, _ in before} == {200}
    for place in theirs:
        assert {status for _, status in attack(world, registrar, place)} == {404}
    assert state() == before
    # The same is done by whoever may do it there: the attack above failed for its ward only.
    assert {status for _, status in attack(world, admin, theirs[0])} == {200}
    assert all(one != other for one, other in zip(state()[: len(PATCHES)], before, strict=False))


@pytest.mark.parametrize("who", ["viewer", "officer", "registrar", "mixed", "admin"])
def test_findings(world: World, who: str) -> None:
    """What is wrong in a ward is told to those who read there; what tells of persons, to those who see persons."""
    reach = {"A": who != "nothing", "B": who in {"mixed", "admin"}}
    for letter, ward in (("A", world.places["A1"].ward), ("B", world.places["B1"].ward)):
        answer = world.clients[who].get("/api/v1/findings", params={"ward_id": ward})
        if not reach[letter]:
            absent = world.clients[who].get("/api/v1/findings", params={"ward_id": 999_999})
            assert (answer.status_code, absent.status_code) == (404, 404)
            continue
        told = {each["check"] for each in answer.json()}
        of_persons = {"id_borne_by_several", "holder_of_nothing"}
        persons = who in {"officer", "registrar", "admin"} or (who == "mixed" and letter == "A")
        assert told & of_persons == (of_persons if persons else set())
    events = world.clients["auditor"].get("/api/v1/audit/events", params={"tag": "registry:read"})
    assert events.status_code == 200
    assert '"finding"' in events.text
