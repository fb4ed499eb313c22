"""Pages of features: filters, paging, numbers, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.database import run
from gisland.publish import items
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.factories import EAST, make_change, make_parcel
from tests.publish.conftest import Ward, filled, serving

ITEMS = "/ogc/collections/parcels/items"


def get(client: httpx.Client, path: str = ITEMS, /, **parameters: str | int) -> Any:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page: Any) -> list[int]:
    return [feature["id"] for feature in page["features"]]


def link(page: Any, rel: str) -> str | None:
    found = [each["href"] for each in page["links"] if each["rel"] == rel]
    assert len(found) <= 1
    return found[0] if found else None


def walk(client: httpx.Client, /, **parameters: str | int) -> list[Any]:
    """All pages by their `next` links."""
    pages = [get(client, ITEMS, **parameters)]
    while href := link(pages[-1], "next"):
        answer = client.get(href)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
    return pages


def box_of(page: Any) -> str:
    """The bbox of the features of a page."""
    points = [point for feature in page["features"] for point in feature["geometry"]["coordinates"][0]]
    xs, ys = zip(*points, strict=True)
    return f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"


def test_a_page_is_geojson_with_what_it_should_hold(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "verified")
    answer = client.get(ITEMS)
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
    page = answer.json()
    (feature,) = page.pop("features")
    assert page.pop("links")
    assert page == {"type": "FeatureCollection", "numberMatched": 1, "numberReturned": 1}
    assert (feature["type"], feature["id"]) == ("Feature", parcel)
    properties = feature["properties"]
    (ring,) = feature["geometry"]["coordinates"]
    xs, ys = zip(*ring, strict=True)
    assert min(xs) < properties.pop("label_x") < max(xs)
    assert min(ys) < properties.pop("label_y") < max(ys)
    assert properties.pop("label_angle") in {0, 90}
    assert properties.pop("updated_at")
    assert properties.pop("valid_from")
    assert properties.pop("parcel_no")
    assert properties == {
        "parcel_code": None,
        "ward_code": "11311",
        "sheet_no": "12",
        "group_code": None,
        "land_type": None,
        "area_m2": 100.0,
        "legal_area_m2": None,
        "verification_status": "verified",
    }
    assert max(len(str(x).partition(".")[2]) for x in xs) <= 7


def test_single_item(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    feature = get(client, f"{ITEMS}/{parcel}")
    assert (feature["id"], link(feature, "collection")) == (parcel, str(client.base_url) + "/ogc/collections/parcels")
    assert {**feature, "links": 0} == {**get(client)["features"][0], "links": 0}
    for missing in ("999999", "0", "-1", "x", "1e3", "99999999999999999999999"):
        assert client.get(f"{ITEMS}/{missing}").status_code == 404


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 20, 100])
def test_pages_hold_each_feature_once_in_the_order_of_ids(
    reader: httpx.Client, shown: Ward, limit: int, filtered: bool
) -> None:
    number = len(shown.parcels)
    parameters: dict[str, str | int] = {"bbox": "-180,-90,180,90"} if filtered else {}
    pages = walk(reader, limit=limit, **parameters)
    assert [each for page in pages for each in ids(page)] == sorted(shown.parcels)
    assert len(pages) == -(-number // limit)
    assert [page["numberReturned"] for page in pages] == [len(page["features"]) for page in pages]
    assert [page.get("numberMatched") for page in pages] == [number] + [None] * (len(pages) - 1)


@pytest.mark.parametrize("way", ["hits", "walk"])
def test_paging_while_parcels_come_and_go(
    client: httpx.Client, ward: Ward, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "walk":
        monkeypatch.setattr(items, "MOST_COUNTED", 2)
        items._page_statement.cache_clear()
    before = ward.add_parcels(9)
    page = get(client, limit=3, bbox="-180,-90,180,90")
    assert page.get("numberMatched") == (9 if way == "hits" else None)
    seen = ids(page)

    def retire(connection: Connection) -> None:
        change = make_change(connection, ward.ward)
        query = "UPDATE registry.parcel SET retired_by = %s WHERE id = ANY (%s)"
        connection.execute(query, [change, [before[0], before[2], before[4]]])

    run(ward.settings, retire)
    added = ward.add_parcels(2)
    while href := link(page, "next"):
        page = client.get(href).json()
        seen += ids(page)
    items._page_statement.cache_clear()
    # Each that was there all the time exactly once; a retired one no more; the new ones at the end.
    assert seen == [*before[:4], *before[5:], *added]


def test_more_than_can_be_counted_has_no_number(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.add_parcels(7)
    for most, matched in ((6, None), (7, 7)):
        monkeypatch.setattr(items, "MOST_COUNTED", most)
        items._page_statement.cache_clear()
        pages = walk(client, limit=2, sheet_no="12")
        assert pages[0].get("numberMatched") == matched
        assert [each for page in pages for each in ids(page)] == ward.parcels
    items._page_statement.cache_clear()


def test_a_bbox_finds_what_it_meets(client: httpx.Client, ward: Ward) -> None:
    first, second, third = ward.add_parcels(3)
    west, south, east, north = map(float, box_of(get(client, sheet_no="12", limit=2)).split(","))
    assert ids(get(client, bbox=f"{west},{south},{east},{north}")) == [first, second]
    # Meeting at the edge counts (coordinates are rounded to 1e-7), the third dimension does not.
    assert ids(get(client, bbox=f"{west - 1},{south},{west + 2e-7},{north}")) == [first]
    assert ids(get(client, bbox=f"{west - 1},{south},-5,{west + 2e-7},{north},5")) == [first]
    assert ids(get(client, bbox=f"{west - 1},{south},{west - 2e-7},{north}")) == []
    # Latitude first; a box over the antimeridian; nothing there.
    epsg = "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert ids(get(client, **{"bbox": f"{south},{west},{north},{east}", "bbox-crs": epsg})) == [first, second]
    assert ids(get(client, bbox=f"{east - 2e-7},{south},{west - 1},{north}")) == [second, third]
    empty = get(client, bbox="0,0,1,1")
    assert (empty["features"], empty["numberMatched"], link(empty, "next")) == ([], 0, None)


def test_a_bbox_looks_at_the_shape_and_not_at_its_box(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    triangle = "ST_MakePolygon(ST_MakeLine(ARRAY[ST_PointN(r, 1), ST_PointN(r, 2), ST_PointN(r, 3), ST_PointN(r, 1)]))"
    query = f"UPDATE registry.parcel SET geom = (SELECT {triangle} FROM ST_ExteriorRing(geom) r) WHERE id = %s"
    run(ward.settings, lambda c: c.execute(query.encode(), [parcel]))
    page = get(client)
    west, south, east, north = map(float, box_of(page).split(","))
    (ring,) = page["features"][0]["geometry"]["coordinates"]
    corners = {(round(x > (west + east) / 2), round(y > (south + north) / 2)) for x, y in ring}
    ((right, upper),) = {(0, 0), (0, 1), (1, 0), (1, 1)} - corners
    x, y = (east, west)[not right], (north, south)[not upper]
    inward = (east - west) / 10
    dx, dy = (-inward if right else inward), (-inward if upper else inward)
    corner = f"{min(x, x + dx)},{min(y, y + dy)},{max(x, x + dx)},{max(y, y + dy)}"
    assert get(client, bbox=corner)["numberMatched"] == 0


def test_equality_on_queryables(client: httpx.Client, ward: Ward) -> None:
    first, second = ward.add_parcels(2)
    ward.add_holder(first, "verified")
    number = get(client, f"{ITEMS}/{second}")["properties"]["parcel_no"]
    assert ids(get(client, sheet_no="12", parcel_no=number)) == [second]
    assert ids(get(client, verification_status="verified")) == [first]
    assert ids(get(client, verification_status="none")) == [second]
    assert ids(get(client, sheet_no="13")) == []
    assert ids(get(client, sheet_no="12'; DROP TABLE x; --")) == []


@pytest.fixture(scope="module")
def dated(server: Settings) -> Iterator[tuple[httpx.Client, list[int]]]:
    """Three parcels, each in force from another day on."""
    with clone_of(server) as settings:
        ward = filled(Ward(settings))
        parcels = ward.add_parcels(3)

        def date(connection: Connection) -> None:
            for parcel, day in zip(parcels, ("2020-05-01", "2021-01-01", "2022-02-03"), strict=True):
                connection.execute("UPDATE registry.parcel SET valid_from = %s WHERE id = %s", [day, parcel])

        run(settings, date)
        with serving(settings) as client:
            yield client, parcels


@pytest.mark.parametrize(
    ("interval", "found"),
    [
        ("2020-05-01", [0]),
        ("2020-05-01T12:00:00Z", [0]),
        ("2021-06-01", [0, 1]),
        ("2020-01-01/2021-12-31", [0, 1]),
        ("2021-06-01/2021-12-31", [0, 1]),
        ("2021-01-01/..", [0, 1, 2]),
        ("../2021-01-01", [0, 1]),
        ("/2020-05-01", [0]),
        ("2030-01-01/", [0, 1, 2]),
        ("../..", [0, 1, 2]),
        ("0000-01-01T00:00:00Z/9999-12-31T00:00:00Z", [0, 1, 2]),
        ("2019-01-01", []),
    ],
)
def test_datetime(dated: tuple[httpx.Client, list[int]], interval: str, found: list[int]) -> None:
    client, parcels = dated
    assert ids(get(client, datetime=interval)) == [parcels[each] for each in found]
    extent = client.get("/ogc/collections/parcels").json()["extent"]
    assert extent["temporal"]["interval"] == [["2020-05-01T00:00:00Z", None]]


def test_what_says_nothing_of_time_is_found_at_any_time(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    run(ward.settings, lambda connection: connection.execute("SELECT publish.refresh_late()"))
    pages = [
        client.get("/ogc/collections/wards/items", params=more).json() for more in ({}, {"datetime": "1900-01-01"})
    ]
    assert [page["numberMatched"] for page in pages] == [1, 1]


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=unlimited",
        "limit=",
        "limit=1.5",
        "limit=²",
        "limit=1&limit=2",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,3,x",
        "bbox=1,2,3,nan",
        "bbox=1,2,3,inf",
        "bbox=",
        "bbox=1,5,2,4",
        "bbox=200,0,201,1",
        "bbox=0,0,1,91",
        "bbox=0,0,1,1&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/9205",
        "bbox-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "datetime=yesterday",
        "datetime=2020-13-01",
        "datetime=2021-01-01/2020-01-01",
        "datetime=2021-01-01/2021-01-02/2021-01-03",
        "datetime=..",
        "datetime=",
        "cursor=",
        "cursor=AAAA",
        "cursor=!!!",
        "cursor=%00",
        "f=xml",
        "lang=fr",
        "verification_status=mismatch",
        "valid_from=tomorrow",
        "sheet_no=%00",
        "sheet_no=%ff",
        "crs=http://www.opengis.net/def/crs/EPSG/0/9205",
        "crs=",
        "filter=",
        "filter=this is no filter",
        "filter=none='1'",
        "filter=exact_status='mismatch'",
        "filter=sheet_no=1",
        "filter=sheet_no='1'&filter-lang=cql",
        "filter=sheet_no='1'&filter-crs=http://www.opengis.net/def/crs/OGC/0/none",
        "filter-lang=cql2-text",
        "filter-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "exact_status=mismatch",
        "area_m2=many",
        "updated_at=2026-01-31T00:00:00",
    ],
)
def test_what_is_not_understood_is_refused(reader: httpx.Client, query: str) -> None:
    answer = reader.get(f"{ITEMS}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (400, "Bad request")
    assert problem["detail"]
    assert problem["hint"]


def test_an_unknown_parameter_is_told_which_there_are(reader: httpx.Client) -> None:
    problem = reader.get(f"{ITEMS}?foo=1").json()
    assert problem["parameter"] == "foo"
    assert {"bbox", "limit", "sheet_no", "f"} <= set(problem["hint"].removeprefix("known are: ").split(", "))


def test_a_limit_above_the_maximum_is_the_maximum(reader: httpx.Client) -> None:
    assert get(reader, limit=10**30)["numberReturned"] == 20


def test_a_cursor_fits_its_own_filter_only(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    ward.add_parcels(3)
    href = link(get(client, limit=1, sheet_no="12"), "next")
    assert href
    cursor = httpx.URL(href).params["cursor"]
    assert ids(get(client, limit=2, sheet_no="12", cursor=cursor)) == ward.parcels[1:]
    for other in (
        {},
        {"sheet_no": "13"},
        {"sheet_no": "12", "bbox": "0,0,1,1"},
        {"sheet_no": "12", "datetime": "../.."},
    ):
        assert client.get(ITEMS, params={"cursor": cursor, **other}).status_code == 400
    staff = client.get("/ogc/collections/parcels-staff/items", params={"cursor": cursor, "sheet_no": "12"}, auth=admin)
    assert staff.status_code == 400
    changed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-1] + b"x"
    forged = base64.urlsafe_b64encode(changed).decode().rstrip("=")
    assert client.get(ITEMS, params={"cursor": forged, "sheet_no": "12"}).status_code == 400


def test_links_have_no_commas(reader: httpx.Client) -> None:
    page = get(reader, bbox="-180,-90,180,90", limit=1)
    assert not any("," in each["href"] for each in page["links"])
    assert [(each["rel"], each["type"]) for each in page["links"]] == [
        ("self", "application/geo+json"),
        ("alternate", "text/html"),
        ("collection", "application/json"),
        ("http://www.opengis.net/def/rel/ogc/1.0/queryables", "application/schema+json"),
        ("next", "application/geo+json"),
    ]
    for each in page["links"]:
        answer = reader.get(each["href"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == each["type"]


def test_the_same_request_gives_the_same_bytes(reader: httpx.Client) -> None:
    assert reader.get(ITEMS).content == reader.get(ITEMS).content


def test_geometry_of_a_parcel_is_where_it_should_be(client: httpx.Client, ward: Ward) -> None:
    run(ward.settings, lambda c: make_parcel(c, ward.ward, ward.sheet, east=EAST))
    (x, y), *_ = get(client)["features"][0]["geometry"]["coordinates"][0]
    # VN-2000 / TM-3 105-45: some 94 km east of the central meridian, 2309 km north of the equator.
    assert (x, y) == (pytest.approx(106.655, abs=0.002), pytest.approx(20.872, abs=0.002))


def test_links_behind_a_public_url(settings: Settings, ward: Ward) -> None:
    ward.add_parcels(2)
    with serving(settings.model_copy(update={"public_url": "https://gis.example/base/"})) as client:
        following = link(get(client, limit=1), "next")
    assert following is not None
    assert following.startswith("https://gis.example/base/ogc/collections/parcels/items?limit=1&cursor=")
