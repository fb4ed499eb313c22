"""A list for the police: who is on it, who may see it and how, what is noted, what is left when it is interrupted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import Connection

from gisland.database import NOWHERE, Role, Scope, connect, conninfo, run, scope
from gisland.errors import Conflict
from gisland.intake.staging import without_loops
from gisland.registry.writing import Clerk
from gisland.security.crypto import load_vault
from gisland.verification import lists, sending
from gisland.verification.sending import NewList, send_list
from tests import commands
from tests.factories import add_evidence, one
from tests.verification.conftest import ID, LISTS, Office

CLEAR = re.compile(r"999070000\d{3}")
STAFF = "/ogc/collections/parcels-staff/items?limit=100"


def events(office: Office, like: str) -> list[tuple[Any, ...]]:
    query = "SELECT subject, tag, ward_id, object, detail FROM audit.event WHERE tag LIKE %s ORDER BY id"
    with connect(office.settings, Role.APP) as connection:
        return connection.execute(query, [like]).fetchall()


def written(office: Office) -> list[Any]:
    """All that a list leaves behind."""
    tables = ("verification.list", "verification.list_row", "verification.evidence", "registry.change", "audit.event")
    with connect(office.settings, Role.APP) as connection:
        return [one(connection, f"SELECT count(*) FROM {table}") for table in tables]


def send(office: Office, ward: str, **more: Any) -> sending.Sent:
    clerk = Clerk("cli:test", load_vault(office.settings))
    return run(office.settings, lambda connection: send_list(connection, NewList(ward=ward, **more), clerk))


@pytest.fixture(scope="module")
def made(office: Office) -> list[dict[str, Any]]:
    """What was answered to whoever made two lists of ward A, with two persons each."""
    counted = send(office, "11311", dry_run=True)
    assert (counted.id, counted.rows) == (None, 4)
    assert counted.others == {"missing_id": 1, "not_found": 1, "organisation": 1, "verified": 1}
    first = {"ward": "11311", "group": "01", "limit": 2, "note": "Đợt 1, CCCD 999070000001"}
    answers = [office.clients["registrar"].post(LISTS, json=said) for said in (first, {"ward": "11311"})]
    assert [each.status_code for each in answers] == [201, 201], answers[0].text
    found = [each.json() for each in answers]
    assert [each.headers["location"] for each in answers] == [f"{LISTS}/{each['id']}" for each in found]
    return found


@pytest.fixture(scope="module")
def answered(office: Office, made: list[dict[str, Any]]) -> int:
    """The first list, after answers to both of its persons came back."""

    def answer(connection: Connection) -> None:
        for name, result in (("Hai", "mismatch"), ("Hai", "verified"), ("Bốn", "not_found")):
            add_evidence(connection, office.holders[name], result)
        connection.execute(  # on the id of before: no answer to these rows
            "INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)"
            " SELECT holder_id, decode(repeat('00', 32), 'hex'), 'test', 'deceased', 'test' FROM verification.list_row"
        )

    run(office.settings, answer)
    return int(made[0]["id"])


def test_nothing_is_left_of_one_that_is_interrupted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    before = written(office)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        # The last step before the commit.
        broken.setattr(sending, "flush", fail)
        with pytest.raises(RuntimeError):
            send(office, "11312")
    assert written(office) == before
    assert send(office, "11312", dry_run=True).rows == 1
    assert written(office) == before


def test_a_list_is_made_once(office: Office, made: list[dict[str, Any]]) -> None:
    told = [{name: each[name] for name in ("number", "rows", "left")} for each in made]
    assert told == [{"number": 1, "rows": 2, "left": 1}, {"number": 2, "rows": 2, "left": 0}]
    statuses = {each["properties"]["parcel_no"]: each["properties"]["exact_status"] for each in _parcels(office)}
    assert [statuses[str(number)] for number in (8, 10, 12)] == ["verified", "sent", "sent"]
    before = written(office)
    again = office.clients["registrar"].post(LISTS, json={"ward": "11311"})
    assert (again.status_code, "1 without an id, 1 organisations" in again.json()["hint"]) == (409, True)
    with pytest.raises(Conflict):
        send(office, "11311")
    assert written(office) == before
    noted = events(office, "verification:sent")[0]
    assert noted[:4] == ("account:registrar", "verification:sent", office.ward, f"list:{made[0]['id']}")
    assert noted[4] == {"rows": 2, "left": 1, "missing_id": 1, "organisation": 1}


def _parcels(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.clients["officer"].get(STAFF).json()["features"]
    return found


def rows_of(client: httpx.Client, address: str) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    found: list[dict[str, Any]] = []
    url = f"{address}/rows?limit=1"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"].startswith("private")
        found += answer.json()["items"]
        url = next((link["href"] for link in answer.json()["links"]), "")
    return found


@pytest.mark.usefixtures("made")
def test_police_read_the_rows_of_the_own_ward(office: Office) -> None:
    police = office.clients["police"]
    page = police.get(f"{LISTS}?limit=1").json()
    newest = page["items"][0]
    assert (newest["number"], newest["rows"], newest["sent_by"]) == (2, 2, "account:registrar")
    older = police.get(page["links"][0]["href"]).json()
    assert [each["number"] for each in older["items"]] == [1]
    assert older["items"][0]["note"] == "Đợt 1, CCCD 999*****0001"
    assert older["links"] == []
    before = len(events(office, "verification:read"))
    rows = rows_of(police, f"{LISTS}/{older['items'][0]['id']}") + rows_of(police, f"{LISTS}/{newest['id']}")
    assert [each["full_name"] for each in rows] == ["Bốn", "Hai", "Ba", "Một"]
    assert [each["national_id"] for each in rows] == [ID.format(number) for number in (99, 2, 3, 1)]
    land, person = ("7", "9", 100.0, ""), ("Bốn", 1970, "Số 4 phố Thử", "personal", "999*****0099", ID.format(99))
    assert list(rows[0]) == list(lists.ListRow.model_fields)
    assert [*rows[0].values()] == [1, office.holders["Bốn"], *land, *person, None, None, None]
    assert rows[3]["serial"] == "DD 100001"
    assert rows[3]["parcel_no"] == "12"
    noted = events(office, "verification:read")[before:]
    assert [each[0] for each in noted] == ["account:police"] * 4
    assert [each[4] for each in noted] == [{"rows": 1, "identities": 1}] * 4
    assert police.get(f"{LISTS}?cursor=AAAA").status_code == 400


READERS = {"officer": "masked", "registrar": "masked", "police": "clear", "admin": "clear"}


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    "who", ["anonymous", "nothing", "viewer", "group_head", "auditor", "police of B", "registrar of B", *READERS]
)
def test_who_sees_what(office: Office, who: str) -> None:
    client, elsewhere = office.clients[who], who.endswith("of B")
    refused = 401 if who == "anonymous" else 403
    ids = [each["id"] for each in office.clients["admin"].get(LISTS).json()["items"]]
    listed = client.get(LISTS)
    if elsewhere:
        assert listed.json() == {"items": [], "links": []}
    elif who in READERS:
        assert [each["id"] for each in listed.json()["items"]] == ids
    for path in ("", "/rows"):
        answer, absent = client.get(f"{LISTS}/{ids[0]}{path}"), client.get(f"{LISTS}/999999{path}")
        assert answer.status_code == (404 if elsewhere else 200 if who in READERS else refused)
        if elsewhere:
            assert answer.text.replace(str(ids[0]), "999999") == absent.text
            [*_, event] = events(office, "request:refused")
            assert event[2] is None, "the last one asked for what is not there"
            assert (office.ward, {"kind": "list", "ids": [ids[0]]}) in [
                (ward, {name: detail.get(name) for name in ("kind", "ids")})
                for _, _, ward, _, detail in events(office, "request:refused")
            ]
        if path and answer.status_code == 200:
            items = answer.json()["items"]
            assert all(each["full_name"] and each["id_masked"] for each in items)
            assert all((each["national_id"] is not None) == (READERS[who] == "clear") for each in items)
            assert bool(CLEAR.search(answer.text)) == (READERS[who] == "clear")
    sent = client.post(LISTS, json={"ward": "11311", "dry_run": True}).status_code
    makes = {"registrar": 200, "admin": 200, "registrar of B": 404, "anonymous": 401}
    assert sent == makes.get(who, 403)
    page = client.get(f"/lists/{ids[0]}")
    assert page.status_code == (404 if elsewhere else 200 if who in READERS else 303 if who == "anonymous" else 403)


def test_everything_else_is_closed_to_police(office: Office) -> None:
    police, holder = office.clients["police"], office.holders["Một"]
    for path in ("parcels", "holders", f"holders/{holder}", "prints", "findings?ward_id=1", "audit/events", "accounts"):
        assert police.get(f"/api/v1/{path}").status_code == 403, path
    for path in ("search", f"holders/{holder}/reveal"):
        assert police.post(f"/api/v1/{path}", json={"text": "Một", "reason": "thử"}).status_code == 403, path
    assert police.get(STAFF).status_code == 403


def test_progress_is_what_came_back_since(office: Office, made: list[dict[str, Any]], answered: int) -> None:
    police = office.clients["police"]
    shown = police.get(f"{LISTS}/{answered}").json()
    assert (shown["answers"], shown["answered"]) == ({"not_found": 1, "verified": 1}, 2)
    assert [each["result"] for each in rows_of(police, f"{LISTS}/{answered}")] == ["not_found", "verified"]
    assert police.get(f"{LISTS}/{made[1]['id']}").json()["answers"] == {}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_pages(office: Office, answered: int, language: str) -> None:
    police = office.clients["police"]
    overview = police.get(f"/lists?lang={language}")
    address = f"/lists/{answered}"
    assert f'href="{address}?' in overview.text
    before = len(events(office, "verification:read"))
    shown = police.get(f"{address}?lang={language}")
    assert ID.format(2) in shown.text
    assert '<progress max="2" value="2"' in shown.text
    assert ("Khớp" in shown.text or "Đã xác minh" in shown.text) == (language == "vi")
    assert len(events(office, "verification:read")) == before + 1
    for page in (overview, shown):
        assert page.headers["cache-control"].startswith("private")
        assert "unsafe-inline" not in page.headers["content-security-policy"].partition("style-src")[0]
        assert not re.search(r"<script(?! src=)|\son\w+=|style=", page.text)
    assert "new-list" not in overview.text
    making = office.clients["registrar"].get("/lists").text
    assert "new-list" in making
    assert "11312" not in making, "a place where they make none"


@pytest.mark.usefixtures("made")
def test_no_id_lies_in_clear(office: Office) -> None:
    with psycopg.connect(conninfo(office.settings, Role.BACKUP)) as connection:
        for table in ("verification.list", "verification.list_row", "verification.evidence", "audit.event"):
            texts = [text for (text,) in connection.execute(f"SELECT t::text FROM {table} t")]
            assert texts
            assert not [text for text in texts if CLEAR.search(text)], table
        copied = (
            "SELECT count(*) FROM verification.list_row r JOIN registry.holder h USING (id_cipher) WHERE id = holder_id"
        )
        assert one(connection, copied) == 4


@pytest.mark.usefixtures("made")
def test_rows_are_seen_and_written_in_the_own_ward_only(office: Office) -> None:
    count = "SELECT count(*) FROM verification.list_row"
    reach = {
        4: Scope(wards=frozenset({office.ward})),
        0: Scope(wards=frozenset({office.other}), groups=frozenset({office.group})),
    }
    for rows, within in [*reach.items(), (0, NOWHERE)]:
        with scope(within), connect(office.settings, Role.APP) as connection:
            assert one(connection, count) == rows
            assert bool(one(connection, "SELECT count(*) FROM verification.list")) == bool(rows)
    add = "INSERT INTO verification.list (ward_id, number, change_id) SELECT %s, 9, min(id) FROM registry.change"
    change = "UPDATE verification.list_row SET full_name = 'Khác'"
    with scope(reach[0]):
        for statement, values in ((add, [office.ward]), (change, []), ("DELETE FROM verification.list", [])):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(office.settings, Role.APP) as connection:
                connection.execute(statement, values or None)
    for role in (Role.STAFF, Role.PUBLIC):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(office.settings, role) as connection:
            connection.execute(count)


def test_a_page_is_read_by_its_key(office: Office) -> None:
    """However long the list is: no sort, and no row that is not shown is read."""
    values = {"list": 1, "after": 0, "limit": 101}
    with connect(office.settings, Role.APP) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        found = connection.execute(f"EXPLAIN (FORMAT JSON) {lists.SQL['rows']}", values).fetchone()
    plan = json.dumps(found)
    assert '"Index Name": "list_row_pkey"' in plan
    assert '"Index Name": "evidence_holder"' in plan
    assert '"Sort"' not in plan


def test_a_list_is_chosen_by_joins_of_whole_tables(office: Office) -> None:
    """Of 100,000 holders one by one only the newest evidence is looked up, by its index."""
    choose = sending.SQL["choose"].partition("AS\n")[2]
    with connect(office.settings, Role.APP) as connection, without_loops(connection):
        connection.execute("SET LOCAL enable_seqscan = off")
        found = connection.execute(f"EXPLAIN (FORMAT JSON) {choose}", {"ward": office.ward, "group": None}).fetchone()
    plan = json.dumps(found)
    assert plan.count('"Nested Loop"') == 1
    assert '"Index Name": "evidence_holder"' in plan


@pytest.mark.usefixtures("answered")
def test_commands(office: Office) -> None:
    def gisland(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gisland", "verify", *words]
        env = office.settings.as_environment()
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    here = partial(commands.gisland, office.settings, "verify")
    # One in a process of its own; how they all are started is the same.
    tried = gisland("send", "--ward", "11312", "--dry-run")
    assert (tried.returncode, "1  người gửi đi" in tried.stdout) == (0, True), tried.stderr
    assert "DRY RUN" in tried.stdout
    listed = [json.loads(line) for line in here("lists").stdout.splitlines()]
    assert [each["number"] for each in listed] == [2, 1]
    rows = here("rows", str(listed[1]["id"]), "--limit", "1")
    assert ("999*****0099" in rows.stdout, CLEAR.search(rows.stdout)) == (True, None)
    assert rows.stderr.splitlines()[0] == "2/2"
    assert rows.stderr.splitlines()[1].startswith("--cursor ")
    nobody = here("send", "--ward", "11311")
    assert (nobody.returncode, nobody.stdout, "nobody is left" in nobody.stderr) == (6, "", True)
