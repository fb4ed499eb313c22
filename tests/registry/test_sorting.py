"""Lists in the order that people expect, page by page, by an index."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from gisland.database import Role, Scope, connect, scope
from gisland.errors import UsageError
from gisland.registry.kinds import kind_of
from gisland.registry.records import read_page
from gisland.settings import Settings
from tests.factories import EAST, make_change, make_holder, make_ward
from tests.registry.conftest import Api, square

# As a Vietnamese dictionary has them: a ă â, d đ, e ê, o ô ơ, u ư; tones within a letter.
NAMES = ["Ân Thử", "An Thử", "Ăn Thử", "Đan Thử", "Dan Thử", "Ơn Thử", "Ôn Thử", "On Thử", "Zan Thử", "án Thử"]
SORTED = ["An Thử", "án Thử", "Ăn Thử", "Ân Thử", "Dan Thử", "Đan Thử", "On Thử", "Ôn Thử", "Ơn Thử", "Zan Thử"]


def pages(api: Api, path: str, field: str, **asked: Any) -> list[Any]:
    """A field of all records, page by page."""
    answer = api.client.get(path, params={"limit": 3} | asked)
    assert answer.status_code == 200, answer.text
    found = [each[field] for each in answer.json()["items"]]
    while links := answer.json()["links"]:
        assert "Th" not in unquote(links[0]["href"])  # no name stands in an address
        answer = api.client.get(links[0]["href"].removeprefix("/api/v1/"))
        found += [each[field] for each in answer.json()["items"]]
    return found


def test_holders_by_name(api: Api) -> None:
    wards = api.ward(), api.ward()
    for number, name in enumerate([*NAMES, "An Thử"]):
        api.holder(wards[number % 2], full_name=name)
    every = pages(api, "holders", "full_name", sort="name")
    assert [name for name in every if name in NAMES] == sorted([*SORTED, "An Thử"], key=SORTED.index)
    one_ward = pages(api, "holders", "full_name", sort="name", ward_id=wards[0])
    assert one_ward == sorted([*NAMES[::2], "An Thử"], key=SORTED.index)


def test_numbers_are_counted(api: Api) -> None:
    ward = api.ward()
    parcels = [api.parcel(ward, parcel_no="1")]
    sheet = parcels[0]["map_sheet_id"]
    for number, name in enumerate(["10", "2", "10A", "9"]):
        api.parcel(ward, map_sheet_id=sheet, parcel_no=name, geometry=square(EAST - 20 * (number + 1)))
    assert pages(api, "parcels", "parcel_no", sort="number", map_sheet_id=sheet) == ["1", "2", "9", "10", "10A"]
    refused = api.client.get("parcels", params={"sort": "number"})
    assert (refused.status_code, refused.json()["parameter"]) == (400, "sort")
    assert "map_sheet_id" in refused.json()["detail"]
    for name in ("TDP 10", "TDP 2"):
        api.make("groups", ward_id=ward, code=name, name=name)
    assert pages(api, "groups", "name", sort="name", ward_id=ward) == ["TDP 2", "TDP 10"]
    numbers = [int(each) for each in pages(api, "sheets", "sheet_no", sort="number", ward_id=ward)]
    assert numbers == sorted(numbers)


def test_the_newest_change_comes_first(api: Api) -> None:
    ward = api.ward()
    api.holder(ward)
    ids = pages(api, "changes", "id", sort="newest")
    assert ids == sorted(ids, reverse=True)
    assert len(ids) > 3


def test_what_is_no_order(api: Api) -> None:
    assert api.client.get("holders", params={"sort": "birth"}).status_code == 400
    assert api.client.get("certificates", params={"sort": "name"}).status_code == 400
    past = api.client.get("holders", params={"sort": "name", "as_of": "0"})
    assert (past.status_code, past.json()["parameter"]) == (400, "sort")


def test_a_page_of_a_large_ward_reads_only_itself(settings: Settings) -> None:
    """By ward, key and id there is an index; lists of several wards are merged from it, whoever asks."""
    with connect(settings, Role.APP) as connection:
        wards = [make_ward(connection, code=code) for code in ("90001", "90002")]
        change = make_change(connection, wards[0])
        connection.execute(
            "INSERT INTO registry.holder (ward_id, kind, full_name, name_key, created_by)"
            " SELECT (%s::int[])[1 + n %% 2], 'person', 'Người ' || n, 'người ' || n, %s"
            "   FROM generate_series(1, 4000) n",
            [wards, change],
        )
    kind = kind_of("holder")
    for within in (Scope(everywhere=True), Scope(wards=frozenset(wards[:1]))):
        with scope(within), connect(settings, Role.APP) as connection:
            connection.execute("ANALYZE registry.holder")
            query = kind.page_query.model_validate({"sort": "name", "limit": 50})
            first = read_page(connection, kind, query)
            second = read_page(connection, kind, query.model_copy(update={"cursor": first.next}))
            names = [each["full_name"] for each in first.items + second.items]
            assert len(set(names)) == 100
            row = connection.execute(
                "SELECT array_agg(full_name ORDER BY full_name COLLATE registry.vietnamese, id) FROM registry.holder"
            ).fetchone()
            assert row is not None
            assert names == row[0][:100]
            if not within.everywhere:
                assert {each["ward_id"] for each in first.items} == set(wards[:1])
    with connect(settings, Role.APP) as connection:
        plan = json.dumps(connection.execute(EXPLAIN, [wards[0]]).fetchone())
    assert "holder_full_name" in plan
    assert '"Sort"' not in plan


EXPLAIN = """
    EXPLAIN (FORMAT json)
    SELECT t.id FROM registry.holder t
     WHERE t.ward_id = %s AND (t.full_name COLLATE registry.vietnamese, t.id) > ('Người 2', 1)
     ORDER BY t.full_name COLLATE registry.vietnamese, t.id LIMIT 50
"""


def test_the_record_where_a_page_begins_must_be_there(settings: Settings) -> None:
    with connect(settings, Role.APP) as connection:
        ward = make_ward(connection)
        for number in range(3):
            make_holder(connection, ward, name=f"Người {number}")
        kind = kind_of("holder")
        query = kind.page_query.model_validate({"sort": "name", "limit": 1})
        first = read_page(connection, kind, query)
    with scope(Scope(wards=frozenset({ward + 1}))), connect(settings, Role.APP) as connection:
        following = query.model_copy(update={"cursor": first.next})
        with pytest.raises(UsageError, match="is gone"):
            read_page(connection, kind, following)
