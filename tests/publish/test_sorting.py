"""Order, choice and search of features: each order's pages against plain Python."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, run
from gisland.errors import UsageError
from gisland.publish import items, layers
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.publish.conftest import Ward, filled, serving
from tests.publish.test_items import ITEMS, get, ids, walk


@pytest.fixture(scope="module")
def mixed(server: Settings) -> Iterator[tuple[httpx.Client, list[dict[str, Any]]]]:
    """Parcels with equal, missing and awkward values; their properties in the order of ids."""
    with clone_of(server) as settings:
        rows = mix(filled(Ward(settings)))
        with serving(settings) as client:
            yield client, rows


def mix(ward: Ward) -> list[dict[str, Any]]:
    parcels = ward.add_parcels(24)
    rng = random.Random(7)

    def fill(connection: Connection) -> None:
        for parcel in parcels:
            legal = rng.choice([None, None, 90, 100.5, 120])
            day = rng.choice(["2020-05-01", "2021-01-01", "2022-02-03"])
            connection.execute(
                "UPDATE registry.parcel SET valid_from = %s, legal_area_m2 = %s WHERE id = %s", [day, legal, parcel]
            )

    run(ward.settings, fill)
    query = "SELECT row_to_json(p) FROM published.parcels p ORDER BY id"
    with connect(ward.settings, Role.PUBLIC) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def expected(rows: list[dict[str, Any]], *keys: str) -> list[int]:
    """Ids in the order of the keys; numbers and days only: the order of texts is another test's."""
    found = sorted(rows, key=lambda row: row["id"], reverse=keys[0].startswith("-"))
    for key in reversed(keys):
        name = key.lstrip("-")
        # No value is the largest of all.
        found.sort(key=lambda row: (row[name] is None, row[name] or ""), reverse=key.startswith("-"))
    return [row["id"] for row in found]


ORDERS = [
    *(["valid_from"], ["-valid_from"], ["legal_area_m2"], ["-legal_area_m2"], ["id"], ["-id"]),
    *(["valid_from", "-legal_area_m2"], ["-valid_from", "legal_area_m2"], ["-valid_from", "-id"], ["valid_from", "id"]),
    *(["legal_area_m2", "valid_from"], ["-legal_area_m2", "valid_from", "-area_m2"]),
]


@pytest.mark.parametrize("keys", ORDERS, ids=",".join)
def test_pages_in_an_order(
    mixed: tuple[httpx.Client, list[dict[str, Any]]], keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, rows = mixed
    order = expected(rows, *keys)
    filters: list[dict[str, str]] = [{}, {"bbox": "-180,-90,180,90"}, {"sheet_no": "12"}]
    for limit, most, given in itertools.product((1, 7, 100), (10_000, 5), filters):
        if limit == 1 and given:
            continue
        monkeypatch.setattr(items, "MOST_COUNTED", most)
        items._page_statement.cache_clear()
        pages = walk(client, sortby=",".join(keys), limit=limit, **given)
        assert [each for page in pages for each in ids(page)] == order, (limit, most, given)
        assert pages[0].get("numberMatched") == (24 if not given or most > 24 else None)
    items._page_statement.cache_clear()


def test_texts_are_in_the_order_of_people(client: httpx.Client, ward: Ward) -> None:
    numbers = ["10", "2", "1", "2a", "12", "100", "9", "à1", "a2", "đ", "d", "e"]
    parcels = ward.add_parcels(len(numbers))

    def fill(connection: Connection) -> None:
        # No two have the same number, at no time.
        connection.execute("UPDATE registry.parcel SET parcel_no = 'x' || parcel_no")
        for parcel, number in zip(parcels, numbers, strict=True):
            connection.execute("UPDATE registry.parcel SET parcel_no = %s WHERE id = %s", [number, parcel])

    run(ward.settings, fill)
    for sign, turned in (("", False), ("-", True)):
        pages = walk(client, sortby=f"{sign}parcel_no", limit=2)
        found = [feature["properties"]["parcel_no"] for page in pages for feature in page["features"]]
        order = ["1", "2", "2a", "9", "10", "12", "100", "à1", "a2", "d", "đ", "e"]
        assert found == (order[::-1] if turned else order)


def test_paging_in_an_order_while_features_come_and_go(client: httpx.Client, ward: Ward) -> None:
    parcels = ward.add_parcels(6)
    page = get(client, sortby="-area_m2", limit=2)
    assert ids(page) == parcels[:3:-1]
    added = ward.add_parcels(2, size=20)  # the largest: before what was seen
    smaller = ward.add_parcels(1, size=5)
    seen = []
    while href := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = client.get(href[0]).json()
        seen += ids(page)
    assert seen == [*parcels[3::-1], *smaller]
    assert not set(seen) & set(added)


def test_an_index_gives_the_order_on_many_rows(ward: Ward) -> None:
    """The last page is found by the index, as the first is: no row before it is read."""
    ward.add_parcels(3)
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(
            "INSERT INTO published.parcels"
            " (id, sheet_no, parcel_no, area_m2, geom, _west, _south, _east, _north, _change)"
            " SELECT 1000 + n, '12', n::text, nullif(n % 5000, 0), geom, _west, _south, _east, _north, _change"
            " FROM published.parcels, generate_series(1, 12000) n WHERE id = (SELECT min(id) FROM published.parcels)"
        )
        connection.execute("ANALYZE published.parcels")
        layer = load_catalogue(ward.settings).layer("parcels")
        from gisland.publish.query import Cursor, ItemsQuery
        from gisland.publish.sorting import SortKey

        for name, values in (("area_m2", ("4998", "1")), ("area_m2", (None, "1")), ("parcel_no", ("11990", "1"))):
            query = ItemsQuery(10, sort=(SortKey(name),), cursor=Cursor(1, "walk", values))
            statement, parameters = items.page_statement(layer, query, "walk")
            plan = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).fetchone()
            assert plan is not None
            root = plan[0][0]["Plan"]
            assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] < 200, plan
        connection.rollback()


def test_what_cannot_be_sorted_by_is_refused(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(3)
    for text in ("", "land_type", "exact_status", "area_m2,area_m2", "--area_m2", "id,area_m2,", "Area_m2", "1"):
        answer = client.get(ITEMS, params={"sortby": text})
        assert (answer.status_code, answer.json()["parameter"]) == (400, "sortby"), text
    assert client.get(ITEMS, params={"sortby": "area_m2", "as-of": "1"}).status_code == 400
    # A plus means a blank in a query string; both are taken.
    assert client.get(f"{ITEMS}?sortby=+area_m2").status_code == 200
    assert client.get(f"{ITEMS}?sortby=%2Barea_m2").status_code == 200


def test_a_cursor_fits_its_order_only_and_its_values_are_read_with_care(client: httpx.Client, ward: Ward) -> None:
    import base64

    ward.add_parcels(4)
    page = get(client, sortby="area_m2", limit=2)
    (href,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    cursor = dict(httpx.QueryParams(httpx.URL(href).query))["cursor"]
    for order in ("-area_m2", "id", None):
        given = {"cursor": cursor, "limit": "2"} | ({"sortby": order} if order else {})
        assert client.get(ITEMS, params=given).status_code == 400
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for values in (
        "[]",
        "{}",
        "x",
        '["a","1"]',
        '["1","x"]',
        '["1",null]',
        "[1,2]",
        '["1","1","1"]',
        '["1\\u0000","1"]',
    ):
        forged = base64.urlsafe_b64encode(raw[:15] + values.encode()).decode().rstrip("=")
        answer = client.get(ITEMS, params={"sortby": "area_m2", "limit": 2, "cursor": forged})
        assert answer.status_code == 400, (values, answer.text)


def test_sortables_are_told(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(2)
    collection = client.get("/ogc/collections/parcels").json()
    hrefs = [link["href"] for link in collection["links"] if link["rel"].endswith("/sortables")]
    document = client.get(hrefs[0])
    assert document.headers["content-type"] == "application/schema+json"
    names = list(document.json()["properties"])
    assert names == [
        "id",
        "parcel_code",
        "sheet_no",
        "parcel_no",
        "area_m2",
        "legal_area_m2",
        "valid_from",
        "updated_at",
    ]
    for name in names:
        get(client, sortby=f"-{name}")
    for language, title, other in (("vi", "Diện tích", "Area"), ("en", "Area", "Diện tích")):
        page = client.get(hrefs[1], params={"f": "html", "lang": language}).text
        assert f"<td>{title}" in page
        assert f"<td>{other}" not in page


def test_a_lost_index_is_told_by_the_check(ward: Ward) -> None:
    catalogue = load_catalogue(ward.settings)
    layers.check_layers(ward.settings, catalogue)
    with connect(ward.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("DROP INDEX published.parcels_area_m2_id_idx")
    with pytest.raises(UsageError, match="index"):
        layers.check_layers(ward.settings, catalogue)


def test_only_these_properties_and_no_geometry(client: httpx.Client, ward: Ward) -> None:
    (parcel,) = ward.add_parcels(1)
    whole = get(client)["features"][0]
    for path in (ITEMS, f"{ITEMS}/{parcel}"):

        def one(path: str = path, **parameters: str) -> Any:
            found = get(client, path, **parameters)
            return found["features"][0] if "features" in found else found

        chosen = one(properties="area_m2,sheet_no")
        assert chosen["properties"] == {name: whole["properties"][name] for name in ("area_m2", "sheet_no")}
        assert chosen["geometry"] == whole["geometry"]
        assert one(properties="")["properties"] == {}
        bare = one(skipGeometry="true")
        assert (bare["geometry"], bare["properties"]) == (None, whole["properties"])
        for bad in ({"properties": "nothing"}, {"properties": "exact_status"}, {"skipGeometry": "yes"}):
            assert client.get(path, params=bad).status_code == 400


def test_words_are_found_whatever_their_accents(client: httpx.Client, ward: Ward) -> None:
    parcels = ward.add_parcels(3)

    def fill(connection: Connection) -> None:
        for parcel, number in zip(parcels, ("34", "Đá 35/2", "345"), strict=True):
            connection.execute("UPDATE registry.parcel SET parcel_no = %s WHERE id = %s", [number, parcel])

    run(ward.settings, fill)
    for text, found in {
        "34": [0, 2],
        "34 12": [0, 2],
        "12 35": [1],
        "DA": [1],
        "đá": [1],
        "35/2": [1],
        "345,da": [1, 2],
        "13": [],
        "34' | 'x": [],
    }.items():
        page = get(client, q=text)
        assert ids(page) == [parcels[each] for each in found], text
        assert page["numberMatched"] == len(found)
        assert ids(get(client, q=text, sortby="-id")) == [parcels[each] for each in reversed(found)]
    for text in ("", "  ", ",", "!&|:*()", "a " * 30):
        assert client.get(ITEMS, params={"q": text}).status_code == 400
