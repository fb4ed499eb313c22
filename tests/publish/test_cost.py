"""Queries that no index serves are asked for their plan first; ordinary pages never are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from gisland.database import Role, conninfo, run
from gisland.errors import UsageError
from gisland.publish import items
from gisland.publish.cost import check_cost
from gisland.security.permissions import Role as Has
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.factories import make_account
from tests.publish.conftest import Ward, serving

ITEMS = "/ogc/collections/parcels/items"
ORDINARY: list[dict[str, Any]] = [
    {},
    {"limit": 1},
    {"bbox": "106.6,20.8,106.7,20.9"},
    {"ward_code": "11311"},
    {"verification_status": "verified", "sheet_no": "12"},
    {"datetime": "2020-01-01/.."},
    {"as-of": 1_000_000},
    {"as-of": 1_000_000, "bbox": "106.6,20.8,106.7,20.9", "ward_code": "11311"},
    {"sortby": "parcel_no", "limit": 1},
    {"sortby": "-area_m2"},
    {"sortby": "-id", "limit": 1},
    {"sortby": "parcel_no", "bbox": "106.6,20.8,106.7,20.9", "limit": 1},
    {"sortby": "parcel_no,area_m2", "ward_code": "11311"},
]
UNSERVED: list[dict[str, Any]] = [{"ward_code": "11311"}, {"datetime": "2020-01-01/.."}]


@contextmanager
def explained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are explained."""
    seen: list[str] = []
    execute = psycopg.AsyncConnection.execute

    async def watched(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        text = query if isinstance(query, str) else bytes(query).decode()
        if "EXPLAIN" in text:
            seen.append(text)
        return await execute(self, query, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncConnection, "execute", watched)
        yield seen


def version(client: httpx.Client) -> int:
    """The newest data version, from what is said of one that has not come."""
    hint: str = client.get(ITEMS, params={"as-of": 10**12}).json()["hint"]
    return int(hint.rpartition(" ")[2])


def test_ordinary_pages_never_pay_for_a_plan(settings: Settings, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.add_parcels(3)
    with serving(settings.model_copy(update={"query_cost_max": 0.001})) as client:
        newest = version(client)
        with explained(monkeypatch) as seen:
            for asked in ORDINARY:
                given = asked | ({"as-of": newest} if "as-of" in asked else {})
                answer = client.get(ITEMS, params=given)
                assert answer.status_code == 200, (given, answer.text)
                following = [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]
                assert all(client.get(href).status_code == 200 for href in following)
            assert not seen
            client.get(ITEMS, params={"as-of": newest, **UNSERVED[0]})
            assert len(seen) == 1, "so it would have been seen"


@pytest.mark.parametrize("asked", UNSERVED, ids=lambda asked: next(iter(asked)))
def test_what_no_index_serves_is_refused_above_its_cost(settings: Settings, ward: Ward, asked: dict[str, str]) -> None:
    ward.add_parcels(3)
    with serving(settings) as client:
        newest = version(client)
        page = client.get(ITEMS, params=asked | {"as-of": newest})
        assert page.json()["numberMatched"] == 3
    with serving(settings.model_copy(update={"query_cost_max": 0.001})) as client:
        refused = client.get(ITEMS, params=asked | {"as-of": newest})
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/problem+json"
        assert "bbox" in refused.json()["hint"]
        assert client.get(ITEMS, params=asked | {"as-of": newest, "bbox": "106,20,107,21"}).status_code == 200


def test_an_export_is_asked_for_its_cost_like_a_page(settings: Settings, ward: Ward) -> None:
    ward.add_parcels(3)
    export = "/ogc/collections/parcels/export"
    dear = {"f": "csv", "filter": "label_angle > 10 OR land_type LIKE '%T'"}
    with serving(settings) as client:
        answer = client.get(export, params=dear)
        assert answer.status_code == 200
        assert int(answer.headers["data-version"]) == version(client)
    with serving(settings.model_copy(update={"query_cost_max": 0.001})) as client:
        refused = client.get(export, params=dear)
        assert refused.status_code == 400
        assert "bbox" in refused.json()["hint"]
        for asked in ({}, {"bbox": "106,20,107,21"}):
            assert client.get(export, params={"f": "csv"} | asked).status_code == 200, "an index serves it"


LARGE = '{"op": ">", "args": [{"property": "area_m2"}, 1]}'
UNBOUND: list[dict[str, Any]] = [
    # Sorted within equal values of the first field, which may be most of a layer.
    {"sortby": "valid_from,parcel_no"},
    # More hits than are counted: sought along the index of the order.
    {"sortby": "parcel_no", "bbox": "106,20,107,21"},
    {"sortby": "parcel_no", "ward_code": "11311"},
    {"filter": "area_m2 > 1"},
    {"filter": LARGE, "filter-lang": "cql2-json"},
    {"sortby": "parcel_no", "filter": "area_m2 > 1"},
]


@pytest.mark.parametrize("layer", ["parcels", "parcels-staff"])
@pytest.mark.parametrize("asked", UNBOUND, ids=lambda asked: "+".join(asked))
def test_filters_and_orders_are_refused_above_their_cost_on_each_page(
    shown: Ward, keeper: tuple[str, str], monkeypatch: pytest.MonkeyPatch, layer: str, asked: dict[str, Any]
) -> None:
    auth = keeper if layer.endswith("staff") else None
    address = ITEMS.replace("parcels", layer)
    monkeypatch.setattr(items, "MOST_COUNTED", 1)
    items._page_statement.cache_clear()
    with serving(shown.settings) as client:
        page = client.get(address, params={**asked, "limit": 1}, auth=auth)
        assert page.status_code == 200, page.text
        following = [link["href"] for link in page.json()["links"] if link["rel"] == "next"]
        assert following
    with serving(shown.settings.model_copy(update={"query_cost_max": 0.001})) as client:
        later = f"{address}?{following[0].partition('?')[2]}"
        for refused in (client.get(address, params=asked, auth=auth), client.get(later, auth=auth)):
            assert refused.status_code == 400, refused.text
            assert "bbox" in refused.json()["hint"]
    items._page_statement.cache_clear()


def test_an_order_of_staff_who_see_some_wards_only_is_asked_for_its_cost(
    shown: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their features may be the last ones in the index of an order."""
    officer = run(shown.settings, lambda connection: make_account(connection, "dear", Grant(Has.OFFICER, shown.ward)))
    monkeypatch.setattr(items, "MOST_COUNTED", 1)
    items._page_statement.cache_clear()
    with serving(shown.settings.model_copy(update={"query_cost_max": 0.001})) as client:
        page = client.get(ITEMS.replace("parcels", "parcels-staff"), params={"sortby": "parcel_no"}, auth=officer)
        assert page.status_code == 400, page.text
    items._page_statement.cache_clear()


async def cost_of(settings: Settings, statement: str, most: float) -> None:
    info = conninfo(settings, Role.PUBLIC, statement_timeout_ms=10_000)
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        await check_cost(connection, statement, {"most": 3}, most=most)


def test_the_dearest_node_counts_however_small_the_limit(settings: Settings) -> None:
    import asyncio

    # Of the planner's own cost of this only a millionth is left, for it believes to be done after one row.
    statement = "SELECT n FROM generate_series(1, 1000000) n WHERE n <> %(most)s LIMIT 1"
    with pytest.raises(UsageError, match="would cost too much"):
        asyncio.run(cost_of(settings, statement, 5_000))
    asyncio.run(cost_of(settings, statement, 50_000))


def test_a_limit_on_what_has_no_condition_is_what_it_costs(settings: Settings) -> None:
    """A walk along the index of an order is as dear in a layer of ten million as in one of ten."""
    import asyncio

    statement = "SELECT * FROM (SELECT oid, proname FROM pg_proc {} ORDER BY oid LIMIT %(most)s) few"
    asyncio.run(cost_of(settings, statement.format(""), 50))
    with pytest.raises(UsageError, match="would cost too much"):
        asyncio.run(cost_of(settings, statement.format("WHERE proname <> ''"), 50))
