"""The matrix goes on: every role × tiles, filters, orders, words, choice of fields, documents, alerts, metrics, pages.

The world is that of `test_matrix`; a field that is masked is refused in the same words as one that is not there.
"""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

from gisland.printing.products import PRODUCTS
from gisland.publish.tiles.grid import tile_over
from gisland.security.permissions import Permission
from tests.publish.tiles import STAFF_TILES, address, features
from tests.security import test_matrix
from tests.security.test_matrix import NAME, PEOPLE, PERSON, STAFF, World, may, refused

world = test_matrix.world
READING = Permission.STAFF_LAYER_READ
MASKED = {"holder_names": PERSON, "masked_ids": Permission.IDENTITY_READ, "exact_status": PERSON}
# No name: who is shown it may ask by it.
ASKED = {"exact_status"}


def seen(world: World, who: str) -> set[int]:
    """The parcels that the table lets somebody see."""
    return {place.parcel for name, place in world.places.items() if may(who, READING, name)}


def shown(world: World, who: str, field: str) -> bool:
    """Whether a field of persons is shown: to who may see it of all rows that they reach."""
    return all(may(who, MASKED[field], name) for name in world.places if may(who, READING, name))


def ids(answer: httpx.Response) -> set[int]:
    assert answer.status_code == 200, answer.text
    return {feature["id"] for feature in answer.json()["features"]}


@pytest.mark.parametrize("who", PEOPLE)
def test_tiles(world: World, who: str) -> None:
    client, mine = world.clients[who], seen(world, who)
    admin = world.clients["admin"]
    corners = admin.get(f"{STAFF}/items?limit=100").json()["features"]
    for zoom in (14, 17, 19):
        found: set[int] = set()
        for feature in corners:
            lon, lat = feature["geometry"]["coordinates"][0][0][:2]
            answer = client.get(address(tile_over(lon, lat, zoom), STAFF_TILES))
            if not mine:
                assert answer.status_code == refused(who)
                continue
            if answer.status_code == 204:
                continue
            assert NAME.encode() not in answer.content
            assert b"99907000" not in answer.content
            assert answer.headers["cache-control"].startswith("private")
            found |= set(features(answer, "parcels-staff")) if answer.content else set()
        assert found <= mine
        assert bool(found) == bool(mine)
    for path in (STAFF_TILES, f"{STAFF}/tiles"):
        status = client.get(path).status_code
        assert status == (200 if mine else refused(who))
    assert "parcels-staff" not in client.get("/ogc/tiles").text, "the tiles of the dataset are those of the public"


@pytest.mark.parametrize("who", PEOPLE)
def test_filters(world: World, who: str) -> None:
    client, mine = world.clients[who], seen(world, who)
    for text in ("parcel_no = '1'", "NOT (parcel_no = '1')", "1 = 1", "group_code IS NULL", "id >= 0 OR id < 0"):
        answer = client.get(f"{STAFF}/items", params={"filter": text, "limit": 100})
        if not mine:
            assert answer.status_code == refused(who)
            continue
        assert ids(answer) <= mine
        assert answer.json()["numberMatched"] == len(ids(answer))


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("field", MASKED)
def test_no_question_about_a_masked_field(world: World, who: str, field: str) -> None:
    """Filter, order, choice, words: what is not shown is not found out either, and looks like what is not there."""
    client, mine = world.clients[who], seen(world, who)

    def asked(name: str) -> list[httpx.Response]:
        params = [
            {"filter": f"{name} LIKE 'Tr%'"},
            {"filter": f"{name} IS NULL"},
            {"filter": f"CASEI({name}) = CASEI('x')"},
            {"filter-lang": "cql2-json", "filter": f'{{"op": "isNull", "args": [{{"property": "{name}"}}]}}'},
            {"sortby": name},
            {"sortby": f"-{name}"},
            {"properties": name},
            {name: f"{NAME} 1"},
        ]
        return [client.get(f"{STAFF}/items", params=each) for each in params]

    # No field is an order, and names are no queryables; who is shown one may choose it.
    good = {0, 1, 2, 3, 6} if field in ASKED else {6}
    for number, (answer, absent) in enumerate(zip(asked(field), asked("no_such_field"), strict=True)):
        if not mine:
            assert answer.status_code == refused(who)
        elif not shown(world, who, field):
            assert answer.status_code == absent.status_code == 400
            assert answer.text.replace(field, "") == absent.text.replace("no_such_field", "")
        else:
            assert answer.status_code == (200 if number in good else 400), answer.text


@pytest.mark.parametrize("who", PEOPLE)
def test_words_find_no_person_and_nothing_elsewhere(world: World, who: str) -> None:
    client, mine = world.clients[who], seen(world, who)
    for text in (NAME, "Bí Mật", "1", "7"):
        answer = client.get(f"{STAFF}/items", params={"q": text})
        if not mine:
            assert answer.status_code == refused(who)
        else:
            assert ids(answer) <= mine
            assert not ids(answer) or "M" not in text, "names are no words of the layer"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("document", ["", "/queryables", "/schema", "/sortables", "/tiles/WebMercatorQuad", "/styles"])
def test_documents(world: World, who: str, document: str) -> None:
    client, mine = world.clients[who], seen(world, who)
    answer = client.get(f"{STAFF}{document}")
    assert answer.status_code == (200 if mine else refused(who))
    if mine:
        for field in MASKED:
            assert (field in answer.text) <= shown(world, who, field)
    assert NAME not in answer.text


@pytest.mark.parametrize("who", PEOPLE)
def test_looks(world: World, who: str) -> None:
    """Styles, legends and projects are those of the fields that are shown: what is wrong with a person is no colour."""
    client, exact = world.clients[who], bool(seen(world, who)) and shown(world, who, "exact_status")
    project = client.get("/api/v1/qgis/project?format=qlr")
    assert ("exact_status" in project.text) == exact
    for path, word in (("", "exact_status"), ("?f=qml", "exact_status"), ("/legend?f=svg", "Thiếu")):
        answer = client.get(f"/ogc/styles/parcels-staff{path}")
        assert answer.status_code == (200 if seen(world, who) else refused(who)), answer.text
        assert (word in answer.text) == exact, path


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("kind", ["csv", "geojsonseq"])
def test_files(world: World, who: str, kind: str) -> None:
    client, mine = world.clients[who], seen(world, who)
    page = client.get(f"{STAFF}/items", params={"f": kind, "limit": 100})
    whole = client.post(f"{STAFF}/export", params={"f": kind}, json={"reason": "thử vai trò"})
    if not mine:
        assert page.status_code == whole.status_code == refused(who)
        return
    # What is taken away has a reason, page by page too.
    assert page.status_code == 400
    assert client.post(f"{STAFF}/export", params={"f": kind}, json={"reason": ""}).status_code == 400
    assert whole.status_code == 200, whole.text
    assert (NAME in whole.text) == shown(world, who, "holder_names")
    assert "99907000" not in whole.text
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(whole.content.decode("utf-8-sig"))))
        assert {int(row["id"]) for row in rows} == mine
        assert ("masked_ids" in rows[0]) == shown(world, who, "masked_ids")
    else:
        lines = whole.text.replace("\x1e", "").splitlines()
        assert {json.loads(line)["id"] for line in lines} == mine


@pytest.mark.parametrize("who", PEOPLE)
def test_pages_in_html(world: World, who: str) -> None:
    client = world.clients[who]
    answer = client.get(f"{STAFF}/items?f=html&limit=100")
    if not seen(world, who):
        assert answer.status_code == refused(who)
        return
    assert (NAME in answer.text) == shown(world, who, "holder_names")
    for name, place in world.places.items():
        one = client.get(f"{STAFF}/items/{place.parcel}?f=html")
        assert one.status_code == (200 if may(who, READING, name) else 404)


def test_the_log_holds_no_person(world: World) -> None:
    """After all that was asked above."""
    admin = world.clients["admin"]
    text = admin.get("/api/v1/audit/events.csv").text
    assert "staff_layer:read" in text
    assert "Bí Mật" not in text
    assert "99907000" not in text


PAPERS = ("atlas", "receipts", "forms")
"""Papers of a group, which its head prints, too."""
PRINTS = {
    **{product: {"group": "?"} for product in PAPERS},
    "atlases": {},
    "sheet": {"sheet": "7"},
    "extract": {"parcel": "7/1"},
    "overview": {},
    "area": {},
}


def test_every_product_is_ordered() -> None:
    assert PRINTS.keys() == PRODUCTS.keys(), "a new product: who may order it?"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("product", PRINTS)
def test_prints(world: World, who: str, product: str) -> None:
    """Who may order what, and who is told of it afterwards."""
    client = world.clients[who]
    somewhere = any(may(who, Permission.MAP_PRINT, name) for name in world.places)
    for name in world.places:
        inputs = {"ward": "11311" if name[0] == "A" else "11312", "reason": "thử vai trò"} | PRINTS[product]
        if product in PAPERS:
            inputs["group"] = f"TDP {name[1]}"
        body = {"product": product, "inputs": inputs}
        answer = client.post("/api/v1/prints", json=body)
        own = may(who, Permission.MAP_PRINT, name)
        if not somewhere:
            assert answer.status_code == refused(who)
        elif product in PAPERS:
            assert answer.status_code == (202 if own else 404), answer.text
        elif who == "group_head":
            # Of the own ward they are told that it is not for them; of another one that there is none.
            assert answer.status_code == (403 if name[0] == "A" else 404), answer.text
        else:
            assert answer.status_code == (202 if own else 404), answer.text
        assert NAME not in answer.text
        if answer.status_code != 202:
            continue
        address = answer.headers["Location"]
        for other, asks in world.clients.items() if who == "admin" else ():
            told = asks.get(address).status_code
            reached = may(other, Permission.MAP_PRINT, name) and (other != "group_head" or product in PAPERS)
            allowed = any(may(other, Permission.MAP_PRINT, each) for each in world.places)
            assert told == (200 if reached else 404 if allowed else refused(other)), other
            picture = asks.get(f"{address}/pages/1.png").status_code
            assert picture == (409 if reached else 404 if allowed else refused(other)), other
        assert client.delete(address).status_code == 200
