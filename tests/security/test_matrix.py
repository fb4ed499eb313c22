"""Every role × every outlet × the own and another ward and group: exactly what the table of permissions says.

Two wards with two groups each, one parcel with its holder and certificate in every group. What lies elsewhere must look
as if it were not there: the same status and the same body as for a number that nobody has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.kit.identifiers import NationalId
from gisland.registry.kinds import KINDS
from gisland.security.crypto import IdVault, load_vault
from gisland.security.permissions import PERMISSIONS, Permission, Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import (
    make_account,
    make_certificate,
    make_change,
    make_group,
    make_holder,
    make_holding,
    make_parcel,
    make_sheet,
    make_ward,
    one,
)
from tests.security.client import in_process

NAME = "Trần Thị Bí Mật"
NOBODY = 999_999
WHY = {"reason": "Thử"}
STAFF = "/ogc/collections/parcels-staff"


@dataclass
class Place:
    """A residential group with one parcel, its holder and certificate."""

    ward: int
    group: int
    sheet: int
    parcel: int
    holder: int
    holding: int
    certificate: int
    asset: int
    restriction: int
    document: int
    change: int
    code: str = "99999"
    """That of the ward."""
    group_code: str = "?"
    job: str = "00000000-0000-4000-8000-000000000000"
    """A print of the group that waits."""
    unwanted: str = job
    drawn: str = job
    """A print of the ward that is drawn."""
    named: str = job
    """A print of the group that is drawn, with names of holders."""
    list: int = NOBODY
    """Of its persons, for the police."""
    account: int = NOBODY
    grant: int = NOBODY
    token: int = NOBODY
    session: int = NOBODY
    """Of somebody else than who asks."""
    version: int = 1


# Of nobody.
_FIVE = (NOBODY,) * 5
ABSENT = Place(*_FIVE, *_FIVE, NOBODY)


@dataclass
class World:
    """Wards A and B with the groups A1, A2, B1, B2, and a client for each account."""

    url: str
    settings: Settings
    version: int = 0
    places: dict[str, Place] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)


def _place(connection: Connection, ward: int, sheet: int, number: str, vault: IdVault) -> Place:
    group = make_group(connection, ward, f"TDP {number}")
    parcel = make_parcel(connection, ward, sheet, number)
    connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, parcel])
    sealed = vault.seal(NationalId("personal", f"99907000{parcel:04d}"))
    holder = make_holder(connection, ward, f"{NAME} {number}")
    connection.execute(
        "UPDATE registry.holder SET id_kind = %s, id_cipher = %s, id_hash = %s, id_masked = %s WHERE id = %s",
        [sealed.kind, sealed.cipher, sealed.hash, sealed.masked, holder],
    )
    certificate = make_certificate(connection, ward, f"DD 10000{number}", parcel)
    holding = make_holding(connection, ward, parcel, holder)
    change = make_change(connection, ward)
    asset = _made(connection, "asset (ward_id, kind, created_by)", ward, "apartment_building", change)
    restriction = _made(
        connection, "restriction (ward_id, certificate_id, kind, created_by)", ward, certificate, "mortgage", change
    )
    document = _made(connection, "document (ward_id, kind, created_by)", ward, "HD", change)
    link = "INSERT INTO registry.document_link (document_id, parcel_id) VALUES (%s, %s)"
    connection.execute(link, [document, parcel])
    code = one(connection, "SELECT code FROM registry.unit WHERE id = %s", ward)
    rights = holder, holding, certificate
    return Place(ward, group, sheet, parcel, *rights, asset, restriction, document, change, code, f"TDP {number}")


def _made(connection: Connection, into: str, *values: object) -> int:
    query = f"INSERT INTO registry.{into} VALUES ({', '.join(['%s'] * len(values))}) RETURNING id"
    return int(one(connection, query, *values))


def _people(places: dict[str, Place]) -> dict[str, list[Grant]]:
    ward, group = places["A1"].ward, places["A1"].group
    of_ward = [Role.VIEWER, Role.OFFICER, Role.REGISTRAR, Role.POLICE]
    return {
        **{role.value: [Grant(role, ward)] for role in of_ward},
        "group_head": [Grant(Role.GROUP_HEAD, ward, group)],
        "auditor": [Grant(Role.AUDITOR)],
        "admin": [Grant(Role.ADMIN)],
        "nothing": [],
        # An officer here who may only look at the land there.
        "mixed": [Grant(Role.OFFICER, ward), Grant(Role.VIEWER, places["B1"].ward)],
    }


@pytest.fixture(scope="module")
def world(server: Settings) -> Iterator[World]:
    yield from made(server)


def made(server: Settings) -> Iterator[World]:
    """The world, in a database of its own, served."""
    with clone_of(server) as settings:
        places: dict[str, Place] = {}

        def fill(connection: Connection) -> None:
            vault = load_vault(settings)
            for name, code in (("A", "11311"), ("B", "11312")):
                ward = make_ward(connection, code)
                sheet = make_sheet(connection, ward, "7")
                for number in ("1", "2"):
                    places[name + number] = _place(connection, ward, sheet, number, vault)

        def hire(connection: Connection) -> dict[str, tuple[str, str]]:
            people = _people(places).items()
            return {name: make_account(connection, f"a-{name}", *grants) for name, grants in people}

        run(settings, fill)
        with in_process(settings) as live:
            accounts = run(settings, hire)
            with connect(settings, DatabaseRole.APP) as connection:
                version = one(connection, "SELECT max(version) FROM publish.data_version")
            found = World(live.url, settings, version, places)
            found.clients = {
                name: httpx.Client(base_url=live.url, auth=auth, timeout=60) for name, auth in accounts.items()
            }
            found.clients["anonymous"] = httpx.Client(base_url=live.url, timeout=60)
            yield found
            for client in found.clients.values():
                client.close()


# Where each account has its role: the places whose rows it may see, if it may see any.
REACH = {
    "anonymous": set(),
    "nothing": set(),
    "group_head": {"A1"},
    "mixed": {"A1", "A2", "B1", "B2"},
    "auditor": {"A1", "A2", "B1", "B2"},
    "admin": {"A1", "A2", "B1", "B2"},
} | {name: {"A1", "A2"} for name in ("viewer", "officer", "registrar", "police")}
PEOPLE = sorted(REACH)
# `mixed` has what an officer has in ward A, and what a viewer has in ward B.
ROLES = {name: [Role(name)] for name in Role} | {"mixed": [Role.OFFICER], "anonymous": [], "nothing": []}


def may(who: str, permission: Permission, place: str = "A1") -> bool:
    """What the table of permissions says."""
    roles = [Role.VIEWER] if who == "mixed" and place.startswith("B") else ROLES[who]
    return place in REACH[who] and any(permission in PERMISSIONS[role] for role in roles)


def refused(who: str) -> int:
    """The status of a request that a role does not allow."""
    return 401 if who == "anonymous" else 403


Ask = Callable[[httpx.Client, Place], httpx.Response]
READ, WRITE, PERSON = Permission.REGISTRY_READ, Permission.REGISTRY_WRITE, Permission.PERSON_READ


# Units, groups and sheets are no secret to those who read anywhere (`outlets.OPEN`).
OF_WARDS = [kind.path for kind in KINDS.values() if kind.name not in {"unit", "group", "sheet"}]


def _without_numbers(answer: httpx.Response) -> str:
    return "".join(sign for sign in answer.text if not sign.isdigit())


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("what", OF_WARDS)
def test_lists_and_their_counts(world: World, who: str, what: str) -> None:
    answer = world.clients[who].get(f"/api/v1/{what}?limit=1000")
    if not any(may(who, READ, each) for each in world.places):
        assert answer.status_code == refused(who)
        return
    wards = {place.ward for name, place in world.places.items() if may(who, READ, name)}
    items = answer.json()["items"]
    assert {each["ward_id"] for each in items} - {None} == wards
    if what == "holders":
        shown = {each["full_name"] for each in items} - {None}
        assert shown == {f"{NAME} {name[1]}" for name in world.places if may(who, PERSON, name)}
        numbers = [each["id_masked"] for each in items if each["id_masked"] is not None]
        assert len(numbers) == sum(may(who, Permission.IDENTITY_READ, name) for name in world.places)
    for name, place in world.places.items():
        other = world.clients[who].get(f"/api/v1/{what}?ward_id={place.ward}").json()["items"]
        assert bool(other) == may(who, READ, name)


@pytest.mark.parametrize("who", PEOPLE)
def test_whose_parcel_is_asked_by_those_only_who_may_see_persons(world: World, who: str) -> None:
    for name, place in world.places.items():
        asked = f"/api/v1/parcels?holder_id={place.holder}&ward_id={place.ward}"
        answer = world.clients[who].get(asked)
        if not any(may(who, READ, each) for each in world.places):
            assert answer.status_code == refused(who)
        elif may(who, PERSON, name):
            assert [each["id"] for each in answer.json()["items"]] == [place.parcel]
        else:
            # Alike for a ward that there is not.
            assert answer.status_code == 403


@pytest.mark.parametrize("who", PEOPLE)
def test_search(world: World, who: str) -> None:
    for text in (NAME, "tờ 7 thửa 1", "DD 100001", f"99907000{world.places['A1'].parcel:04d}"):
        answer = world.clients[who].post("/api/v1/search", json={"text": text})
        if not any(may(who, Permission.REGISTRY_SEARCH, each) for each in world.places):
            assert answer.status_code == refused(who)
            continue
        wards = {place.ward for name, place in world.places.items() if may(who, Permission.REGISTRY_SEARCH, name)}
        hits = answer.json()["hits"]
        assert {hit["ward_id"] for hit in hits} <= wards
        assert hits
        # What a label tells: to who may see it wherever they search.
        persons, numbers = (
            all(may(who, each, name) for name in world.places if may(who, Permission.REGISTRY_SEARCH, name))
            for each in (PERSON, Permission.IDENTITY_READ)
        )
        labels = [hit["label"] for hit in hits if hit["kind"] == "holder"]
        assert bool(labels) == (persons and (text == NAME or (text.isdigit() and numbers)))
        assert all(NAME in label and ("***" in label) == numbers for label in labels)


@pytest.mark.parametrize("who", PEOPLE)
def test_staff_layer(world: World, who: str) -> None:
    client = world.clients[who]
    reading = Permission.STAFF_LAYER_READ
    seen = {name for name in world.places if may(who, reading, name)}
    page = client.get(f"{STAFF}/items?limit=100")
    if not seen:
        assert page.status_code == refused(who)
        assert "parcels-staff" not in client.get("/ogc/collections").text
        return
    ids = {world.places[name].parcel for name in seen}
    assert {feature["id"] for feature in page.json()["features"]} == ids
    assert page.json()["numberMatched"] == len(ids)
    assert client.get(STAFF).json()["itemCount"] == len(ids)
    assert client.get("/api/v1/layers/parcels-staff/counts").json()["total"] == len(ids)
    whole = all(may(who, PERSON, name) for name in seen)
    assert (NAME in page.text) == whole
    numbers = all(may(who, Permission.IDENTITY_READ, name) for name in seen)
    fields = client.get(f"{STAFF}/schema").json()["properties"].keys()
    assert ("holder_names" in fields, "masked_ids" in fields) == (whole, numbers)
    assert all(("masked_ids" in feature["properties"]) == numbers for feature in page.json()["features"])
    absent = client.get(f"{STAFF}/items/{NOBODY}")
    shown = page.json()["features"][0]["properties"]
    assert ("exact_status" in shown) == whole
    status = "exact_status" if whole else "verification_status"
    assert client.get("/api/v1/palette").json()["property"] == status
    told = client.get("/api/v1/layers/parcels-staff/counts").json()["by_status"]
    assert told == {shown[status]: len(ids)}
    for name, place in world.places.items():
        one = client.get(f"{STAFF}/items/{place.parcel}")
        assert one.status_code == (200 if name in seen else 404)
        if name not in seen:
            assert _without_numbers(one) == _without_numbers(absent)
        for query in (
            f"group_code=TDP {name[1]}",
            f"{status}={shown[status]}",
            "bbox=105,20,107,22",
            f"as-of={world.version}",
        ):
            found = client.get(f"{STAFF}/items?{query}").json()
            assert {feature["id"] for feature in found["features"]} <= ids, query


@pytest.mark.parametrize("who", PEOPLE)
def test_staff_tiles(world: World, who: str) -> None:
    client = world.clients[who]
    seen = {name for name in world.places if may(who, Permission.STAFF_LAYER_READ, name)}
    ids = {world.places[name].parcel for name in seen}
    here = f"{STAFF}/tiles/WebMercatorQuad"
    if not seen:
        for path in ("", "/0/0/0", "/14/7220/13046"):
            assert client.get(here + path).status_code == refused(who)
        return
    far = mapbox_vector_tile.decode(client.get(f"{here}/0/0/0").content)
    for layer in ("parcels-staff-status", "parcels-staff-areas"):
        assert sum(each["properties"]["features"] for each in far[layer]["features"]) == len(ids)
    exact = all(may(who, PERSON, name) for name in seen)
    assert all(("exact_status" in each["properties"]) == exact for each in far["parcels-staff-status"]["features"])
    # How many have which.
    assert all(("missing_id" in each["properties"]) == exact for each in far["parcels-staff-areas"]["features"])
    near: set[int] = set()
    limits = client.get(here).json().get("tileMatrixSetLimits")
    assert limits is not None
    around = limits[14]
    for row in range(around["minTileRow"], around["maxTileRow"] + 1):
        for column in range(around["minTileCol"], around["maxTileCol"] + 1):
            answer = client.get(f"{here}/14/{row}/{column}")
            assert answer.headers["cache-control"] == "private, no-store"
            assert NAME.encode() not in answer.content
            tile = mapbox_vector_tile.decode(answer.content)
            near |= {each["id"] for each in tile["parcels-staff"]["features"]}
            assert all(("exact_status" in each["properties"]) == exact for each in tile["parcels-staff"]["features"])
            assert all("verification_status" in each["properties"] for each in tile["parcels-staff"]["features"])
    assert near == ids
    one = world.places[min(seen)]
    with_all = client.get(f"{here.replace('-staff', '')}/14/{around['minTileRow']}/{around['minTileCol']}")
    assert with_all.headers["cache-control"].startswith("public")
    assert one.parcel in ids


LINKS: dict[str, Callable[[Place, Place], dict[str, Any]]] = {
    "holdings": lambda own, other: {"parcel_id": own.parcel, "holder_id": other.holder, "role": "current_user"},
    "restrictions": lambda own, other: {"certificate_id": other.certificate, "kind": "mortgage"},
    "certificates": lambda own, other: {"serial": "DD 200000", "parcels": [{"parcel_id": other.parcel}]},
    "documents": lambda own, other: {"kind": "HD", "links": [{"holder_id": other.holder}]},
    "assets": lambda own, other: {"kind": "house", "parcels": [{"parcel_id": other.parcel}]},
    "assets ": lambda own, other: {"kind": "apartment", "parent_id": other.asset},
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_tells_nothing_of_another_ward(world: World, kind: str) -> None:
    client = world.clients["registrar"]
    own, elsewhere, nobody = world.places["A2"], world.places["B1"], ABSENT

    def link(to: Place) -> httpx.Response:
        body = {"change": WHY, "ward_id": own.ward} | LINKS[kind](own, to)
        return client.post(f"/api/v1/{kind.strip()}", json=body)

    hidden, absent = link(elsewhere), link(nobody)
    assert hidden.status_code == absent.status_code, (hidden.text, absent.text)
    assert hidden.status_code in {404, 422}
    assert _without_numbers(hidden) == _without_numbers(absent)
