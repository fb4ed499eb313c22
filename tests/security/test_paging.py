"""Pages of who sees some rows only, whose ids lie between those of others: as if the others were not there.

No page is shorter, none more is promised than there is, and a cursor that ends at a hidden row tells nothing of it.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.database import run
from gisland.registry.kinds import KINDS
from gisland.security.crypto import load_vault
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import make_account, make_sheet, make_ward
from tests.security import test_matrix
from tests.security.client import in_process
from tests.security.test_matrix import NOBODY, STAFF, Place
from tests.security.test_matrix_kinds import alike

NUMBERS = ("1", "2", "3")
# Seen by whoever reads anywhere.
OPEN = {"units", "groups", "sheets"}
KEPT = sorted({kind.path for kind in KINDS.values()} - OPEN)


@dataclass
class Mixed:
    """Rows of wards A and B by turns, and who reaches both, and A only."""

    own: list[Place]
    others: list[Place]
    admin: httpx.Client
    officer: httpx.Client


@pytest.fixture(scope="module")
def mixed(server: Settings) -> Iterator[Mixed]:
    with clone_of(server) as settings:
        places: dict[str, list[Place]] = {"A": [], "B": []}

        def fill(connection: Connection) -> None:
            vault = load_vault(settings)
            wards = {letter: make_ward(connection, code) for letter, code in (("A", "11311"), ("B", "11312"))}
            sheets = {letter: make_sheet(connection, ward, "7") for letter, ward in wards.items()}
            for number in NUMBERS:
                for letter, ward in wards.items():
                    places[letter].append(test_matrix._place(connection, ward, sheets[letter], number, vault))

        run(settings, fill)
        ward = places["A"][0].ward
        with in_process(settings) as live:
            officer = run(settings, lambda it: make_account(it, "a-officer", Grant(Role.OFFICER, ward)))

            def client(auth: tuple[str, str]) -> httpx.Client:
                return httpx.Client(base_url=live.url, auth=auth, timeout=60)

            with client(live.admin) as admin, client(officer) as own:
                for place in (each for both in zip(*places.values(), strict=True) for each in both):
                    of_group = {"ward": place.code, "group": place.group_code}
                    sent = admin.post("/api/v1/verification/lists", json=of_group)
                    assert sent.is_success, sent.text
                    order = {"product": "atlas", "inputs": of_group | {"reason": "thử trang"}}
                    assert admin.post("/api/v1/prints", json=order).status_code == 202
                yield Mixed(places["A"], places["B"], admin, own)


def pages(client: httpx.Client, address: str) -> Iterator[tuple[list[dict[str, Any]], str | None]]:
    """What is on each page, and where the next one is, until there is none."""
    following: str | None = address
    while following is not None:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        following = next((link["href"] for link in said["links"] if link["rel"] == "next"), None)
        yield said.get("items", said.get("features")), following


def ids(client: httpx.Client, address: str) -> list[list[int]]:
    return [[each["id"] for each in items] for items, _ in pages(client, address)]


def is_own(mixed: Mixed, row: dict[str, Any]) -> bool:
    """Whether a row of a list is of ward A, or of the whole service."""
    ward = row.get("ward_id", row.get("properties", {}).get("ward_code"))
    return ward is None or ward in {mixed.own[0].ward, mixed.own[0].code}


LISTS = [f"/api/v1/{path}?" for path in KEPT] + [
    "/api/v1/holders?sort=name&",
    "/api/v1/documents?sort=newest&",
    "/api/v1/changes?sort=newest&",
    "/api/v1/verification/lists?",
    f"{STAFF}/items?",
    f"{STAFF}/items?sortby=area_m2&",
    f"{STAFF}/items?sortby=-parcel_no&",
    f"{STAFF}/items?sortby=valid_from,parcel_no&",
    f"{STAFF}/items?filter=area_m2%20%3E%201&",
    f"{STAFF}/items?bbox=105,20,107,22&sortby=parcel_no&",
]


@pytest.mark.parametrize("address", LISTS)
def test_pages_are_those_of_a_world_without_the_hidden_rows(mixed: Mixed, address: str) -> None:
    ((everything, _),) = pages(mixed.admin, f"{address}limit=1000")
    own = [row["id"] for row in everything if is_own(mixed, row)]
    assert len(NUMBERS) <= len(own) < len(everything)
    assert ids(mixed.officer, f"{address}limit=1000") == [own]
    assert ids(mixed.officer, f"{address}limit=1") == [[each] for each in own]
    assert ids(mixed.officer, f"{address}limit=2") == [own[at : at + 2] for at in range(0, len(own), 2)]


@pytest.mark.parametrize("address", LISTS)
def test_a_cursor_that_ends_at_a_hidden_row_goes_on_with_the_own_ones(mixed: Mixed, address: str) -> None:
    (own,) = ids(mixed.officer, f"{address}limit=1000")
    seen = hidden = 0
    for items, following in pages(mixed.admin, f"{address}limit=1"):
        if is_own(mixed, items[0]):
            seen += 1
        elif following is not None:
            hidden += 1
            if "sort=" in address:
                # The record itself says where it stands in this order.
                refused, absent = mixed.officer.get(following), mixed.officer.get(_after_nothing(following))
                assert refused.status_code == 400
                assert alike(refused, absent), "as if there were no such row"
            else:
                assert [each for page in ids(mixed.officer, following) for each in page] == own[seen:]
    assert hidden >= len(NUMBERS) - 1


def _after_nothing(address: str) -> str:
    """The same page after a record that nobody has."""
    url = httpx.URL(address)
    text = url.params["cursor"]
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    cursor = base64.urlsafe_b64encode(struct.pack(">q", NOBODY) + raw[8:]).decode().rstrip("=")
    return str(url.copy_set_param("cursor", cursor))


def test_prints_and_their_jobs(mixed: Mixed) -> None:
    """The next page is after a print by its id, which cannot be guessed; what lies elsewhere is no beginning."""
    everything = mixed.admin.get("/api/v1/prints").json()
    own = [each["id"] for each in everything if each["ward_id"] == mixed.own[0].ward]
    hidden = [each["id"] for each in everything if each["id"] not in own]
    assert (len(own), len(hidden)) == (len(NUMBERS), len(NUMBERS))

    def asked(client: httpx.Client, **params: Any) -> list[str]:
        return [each["id"] for each in client.get("/api/v1/prints", params=params).json()]

    assert asked(mixed.officer) == own
    assert asked(mixed.officer, limit=1) == own[:1]
    assert [asked(mixed.officer, limit=1, before=each) for each in own] == [own[1:2], own[2:3], []]
    for each in hidden:
        absent = asked(mixed.officer, before="00000000-0000-4000-8000-000000000000")
        assert asked(mixed.officer, before=each) == absent == []
    jobs = mixed.officer.get("/ogc/jobs", params={"limit": 1000}).json()["jobs"]
    assert [each["jobID"] for each in jobs] == own


def test_rows_of_a_list(mixed: Mixed) -> None:
    (own, *_), _ = next(pages(mixed.officer, "/api/v1/verification/lists?"))
    assert len(ids_of_rows(mixed.officer, own["id"])) == 1
    (everything, _), *_ = pages(mixed.admin, "/api/v1/verification/lists?limit=1000")
    for each in everything:
        answer = mixed.officer.get(f"/api/v1/verification/lists/{each['id']}/rows?limit=1")
        assert answer.status_code == (200 if is_own(mixed, each) else 404)


def ids_of_rows(client: httpx.Client, of_list: int) -> list[int]:
    found = pages(client, f"/api/v1/verification/lists/{of_list}/rows?limit=1")
    return [row["row_no"] for rows, _ in found for row in rows]
