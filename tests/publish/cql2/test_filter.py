"""The parameters `filter`, `filter-lang` and `filter-crs` of a page of items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from psycopg import Connection
from pyproj import Transformer

from gisland.database import run
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import EAST, NORTH, make_account, make_parcel, make_sheet, make_ward
from tests.publish.conftest import Ward, serving

ITEMS = "/ogc/collections/parcels/items"
STAFF = "/ogc/collections/parcels-staff/items"
CODES = "http://www.opengis.net/def/crs/EPSG/0/"
SECOND = "11359"
_numbers = count(1)
HYPHENATED = {"filter_lang": "filter-lang", "filter_crs": "filter-crs", "as_of": "as-of"}


class World(Ward):
    """Ward 11311 with six parcels, and another one with two; nobody writes to it but `edit`."""

    client: httpx.Client
    admin: tuple[str, str]
    viewer: tuple[str, str]
    elsewhere: list[int]

    def ask(self, text: str, path: str = ITEMS, /, auth: tuple[str, str] | None = None, **more: Any) -> Any:
        """A page of what a filter finds."""
        parameters = {"filter": text} | {HYPHENATED.get(name, name): value for name, value in more.items()}
        answer = self.client.get(path, params=parameters, auth=auth)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find(self, text: str, path: str = ITEMS, /, auth: tuple[str, str] | None = None, **more: Any) -> list[int]:
        """The ids of what a filter finds."""
        return [feature["id"] for feature in self.ask(text, path, auth, **more)["features"]]

    def refused(self, text: str, path: str = ITEMS, /, auth: tuple[str, str] | None = None, **more: Any) -> Any:
        """The answer to a filter that is not served."""
        parameters = {"filter": text} | {HYPHENATED.get(name, name): value for name, value in more.items()}
        answer = self.client.get(path, params=parameters, auth=auth)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()


def lonlat(east: float, north: float) -> tuple[float, float]:
    x, y = Transformer.from_crs(9210, 4326, always_xy=True).transform(east, north)
    return x, y


def fill(world: World) -> None:
    def work(connection: Connection) -> None:
        world.ward = make_ward(connection)
        world.sheet = make_sheet(connection, world.ward, "12")
        other = make_ward(connection, SECOND)
        sheet = make_sheet(connection, other, "12")
        # Ten metres wide, twenty apart, from west to east.
        world.parcels = [
            make_parcel(connection, world.ward, world.sheet, f"{place}", east=EAST + 20 * place, size=10)
            for place in range(6)
        ]
        world.elsewhere = [make_parcel(connection, other, sheet, east=EAST + 5000 + 20 * place) for place in range(2)]
        for place, parcel in enumerate(world.parcels):
            day = f"202{place}-01-0{place + 1}"
            connection.execute("UPDATE registry.parcel SET valid_from = %s WHERE id = %s", [day, parcel])
        # Names of their own in each database: a process remembers whom it has let in.
        number = next(_numbers)
        world.admin = make_account(connection, f"admin.{number}", Grant(Role.ADMIN))
        world.viewer = make_account(connection, f"viewer.{number}", Grant(Role.VIEWER, world.ward))

    run(world.settings, work)
    world.add_holder(world.parcels[0], "verified")
    world.add_holder(world.parcels[1], "mismatch")


@pytest.fixture(scope="module")
def world(server: Settings) -> Iterator[World]:
    with clone_of(server) as settings:
        world = World(settings)
        fill(world)
        with serving(settings) as world.client:
            yield world


def test_text_and_json_find_the_same(world: World) -> None:
    found = world.ask("parcel_no IN ('1', '3') AND sheet_no = '12'")
    assert [feature["id"] for feature in found["features"]] == [world.parcels[1], world.parcels[3]]
    assert (found["numberMatched"], found["numberReturned"]) == (2, 2)
    equal = [{"op": "in", "args": [{"property": "parcel_no"}, ["1", "3"]]}]
    equal.append({"op": "=", "args": [{"property": "sheet_no"}, "12"]})
    document = json.dumps({"op": "and", "args": equal})
    assert world.ask(document, filter_lang="cql2-json")["features"] == found["features"]
    assert world.ask("parcel_no IN ('1', '3')", filter_lang="cql2-text")["features"] == found["features"]


def test_it_is_one_more_condition_beside_the_others(world: World) -> None:
    some = "parcel_no > '0'"
    assert world.find(some, ward_code="11311") == world.parcels[1:]
    assert world.find(some, datetime="2022-01-01/2023-12-31") == world.parcels[1:4]
    box = f"106.6,20.8,{lonlat(EAST + 55, NORTH)[0]},20.9"
    narrowed = world.find(some, bbox=box)
    assert narrowed == world.find(f"{some} AND S_INTERSECTS(geometry, BBOX({box}))")
    assert narrowed == world.parcels[1:3]
    assert world.find(some, bbox="0,0,1,1") == []


def test_what_it_finds_is_sorted_and_shown_as_asked(world: World) -> None:
    some = "parcel_no <> '3' AND sheet_no = '12' AND ward_code = '11311'"
    backwards = [world.parcels[place] for place in (5, 4, 2, 1, 0)]
    assert world.find(some, sortby="-parcel_no") == backwards
    page = world.ask(some, sortby="-parcel_no", limit=2, properties="parcel_no", skipGeometry="true")
    assert [feature["properties"] for feature in page["features"]] == [{"parcel_no": "5"}, {"parcel_no": "4"}]
    href = next(link["href"] for link in page["links"] if link["rel"] == "next")
    following = world.client.get(href).json()
    assert [feature["id"] for feature in following["features"]] == backwards[2:4]


def test_pages_go_on_within_the_filter_and_a_cursor_fits_no_other(world: World) -> None:
    page = world.ask("ward_code = '11311'", limit=2)
    seen, matched = [], []
    while True:
        seen += [feature["id"] for feature in page["features"]]
        matched.append(page.get("numberMatched"))
        href = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if href is None:
            break
        cursor = httpx.URL(href).params["cursor"]
        page = world.client.get(href).json()
    assert seen == world.parcels
    assert matched == [6, None, None]
    assert world.refused("ward_code = '11359'", cursor=cursor)["parameter"] == "cursor"
    assert world.refused("ward_code <> '11359'", cursor=cursor)["parameter"] == "cursor"
    assert world.client.get(ITEMS, params={"cursor": cursor}).status_code == 400
    # In other words of the same meaning it goes on.
    assert world.find("(ward_code='11311')", cursor=cursor, limit=2) == world.parcels[4:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("true", [0, 1, 2, 3, 4, 5]),
        ("false", []),
        ("NOT parcel_no LIKE '_'", []),
        ("group_code IS NULL", [0, 1, 2, 3, 4, 5]),
        ("group_code = 'x'", []),
        ("NOT group_code = 'x'", []),
        ("area_m2 BETWEEN 99.9 AND 100.1", [0, 1, 2, 3, 4, 5]),
        ("area_m2 / 0 > 1 OR parcel_no = '2'", [2]),
        ("valid_from >= DATE('2023-01-01')", [3, 4, 5]),
        ("valid_from IN ('2020-01-01', '2021-01-02')", [0, 1]),
        ("T_BEFORE(valid_from, DATE('2022-01-01'))", [0, 1]),
        ("T_INTERSECTS(valid_from, INTERVAL('2021-01-02', '2022-06-01'))", [1, 2]),
        ("T_AFTER(updated_at, DATE('2020-01-01')) AND parcel_no = '4'", [4]),
        ("verification_status = 'verified'", [0]),
        ("CASEI(ward_code) = CASEI('11311') AND ACCENTI(parcel_no) IN (ACCENTI('5'))", [5]),
        ("A_OVERLAPS((parcel_no), ('1', '2', 'x'))", [1, 2]),
        ("year(valid_from) = 2024", [4]),
        ("S_INTERSECTS(geometry, buffer(POINT(106.6546 20.8722), 0.001))", []),
        ("area(geometry) > 99 AND round(area(geometry)) = 100 AND parcel_no <> '0'", [1, 2, 3, 4, 5]),
    ],
)
def test_what_it_finds_now_and_as_of(world: World, text: str, found: list[int]) -> None:
    expected = [world.parcels[place] for place in found]
    assert world.find(text, ward_code="11311") == expected
    newest = int(world.client.get(ITEMS, params={"as-of": 10**12}).json()["hint"].rpartition(" ")[2])
    assert world.find(text, ward_code="11311", as_of=newest) == expected


def test_coordinates_are_in_filter_crs(world: World) -> None:
    box = (EAST + 15, NORTH - 5, EAST + 55, NORTH + 5)
    plane = f"S_INTERSECTS(geometry, BBOX({','.join(map(str, box))}))"
    within = [world.parcels[1], world.parcels[2]]
    assert world.find(plane, filter_crs=f"{CODES}9210") == within
    triangle = f"POLYGON(({box[0]} {box[1]}, {box[2]} {box[3]}, {box[0]} {box[3]}, {box[0]} {box[1]}))"
    assert world.find(f"S_INTERSECTS(geometry, {triangle})", filter_crs=f"{CODES}9210") == within
    assert world.find(f"S_WITHIN(geometry, {triangle})", filter_crs=f"{CODES}9210") == []
    (west, south), (east, north) = lonlat(*box[:2]), lonlat(*box[2:])
    assert world.find(f"S_INTERSECTS(geometry, BBOX({west},{south},{east},{north}))") == within
    flipped = f"S_INTERSECTS(geometry, BBOX({south},{west},{north},{east}))"
    assert world.find(flipped, filter_crs=f"{CODES}4326") == within
    line = f"S_CROSSES(geometry, LINESTRING({south} {west}, {north} {east}))"
    assert world.find(line, filter_crs=f"{CODES}4326")
    assert "CRS" in world.refused(flipped)["detail"]
    to_mercator = Transformer.from_crs(4326, 3857, always_xy=True)
    (west, south), (east, north) = to_mercator.transform(west, south), to_mercator.transform(east, north)
    mercator = f"S_INTERSECTS(geometry, BBOX({west},{south},{east},{north}))"
    assert world.find(mercator, filter_crs=f"{CODES}3857") == within
    assert world.refused(mercator, filter_crs=f"{CODES}2154")["parameter"] == "filter-crs"


def test_a_field_that_is_not_shown_is_as_if_it_were_not_there(world: World) -> None:
    for name in ("holder_names", "masked_ids"):
        # Persons are searched by POST: whoever sees them asks for them in no address either.
        assert world.refused(f"{name} IS NOT NULL", STAFF, world.admin)
        hidden = world.refused(f"{name} IS NOT NULL", STAFF, world.viewer)
        nothing = world.refused(f"{'x' * len(name)} IS NOT NULL", STAFF, world.viewer)
        assert hidden == json.loads(json.dumps(nothing).replace("x" * len(name), name))
        assert name not in hidden["hint"]
    for name in ("exact_status", "holder_names", "certificate_serial"):
        assert name not in world.refused(f"{name} = 'x'")["hint"]
    names = world.client.get(STAFF.replace("items", "queryables"), auth=world.viewer).json()["properties"]
    assert not {"holder_names", "exact_status"} & names.keys()


def test_staff_find_and_count_what_is_theirs(world: World) -> None:
    for text, mine, all_of_them in (
        ("true", 6, 8),
        ("verification_status = 'none'", 4, 6),
        (f"ward_code = '{SECOND}'", 0, 2),
        ("S_INTERSECTS(geometry, BBOX(106,20,107,21))", 6, 8),
        ("verification_status = 'action_needed' OR area_m2 / 0 = 1", 1, 1),
    ):
        for auth, expected in ((world.viewer, mine), (world.admin, all_of_them)):
            page = world.ask(text, STAFF, auth)
            assert (page["numberMatched"], page["numberReturned"]) == (expected, expected), text


def test_a_filter_that_costs_too_much_is_refused(world: World) -> None:
    with serving(world.settings.model_copy(update={"query_cost_max": 0.001})) as client:
        answer = client.get(ITEMS, params={"filter": "land_type LIKE '%x%'"})
        assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")
        assert "bbox" in answer.json()["hint"]
