"""A parcel code is given once in the country: also where row-level security hides the parcel that bears it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import shapely
from psycopg import Connection

from gisland.database import Scope, scope
from gisland.errors import Conflict
from gisland.registry import reshape
from gisland.registry.fields import Shape
from gisland.registry.kinds import KINDS
from gisland.registry.parcel_code import METHOD_VERSION, parcel_codes
from gisland.registry.parcels import DrawnParcel
from gisland.registry.records import etag, read
from gisland.registry.writing import Clerk, act, create, patch
from tests.factories import VAULT, make_change, make_parcel, make_sheet, make_ward
from tests.registry.land import BY, HALVES, WHY, Land, box

BOTH, PARCEL, CLERK = box(0, 0, 20, 10), KINDS["parcel"], Clerk(BY, VAULT)
CODE = "w7eyew652jvm"


def code_of(shape: Shape) -> str:
    return parcel_codes([shapely.from_geojson(shape.model_dump_json())], 9210)[0]


def bear(land: Land, code: str, *, hidden: bool, retired: bool = False) -> None:
    """A parcel bears the code: of this ward or of one that is not seen, in force or not."""

    def work(connection: Connection) -> None:
        ward = make_ward(connection, "11302") if hidden else land.ward
        parcel = make_parcel(connection, ward, make_sheet(connection, ward, "77"), "9")
        ended = make_change(connection, ward, "retire") if retired else None
        query = "UPDATE registry.parcel SET parcel_code = %s, retired_by = %s WHERE id = %s"
        connection.execute(query, [code, ended, parcel])

    land.do(work)


def codes(land: Land, parcels: list[int]) -> list[tuple[Any, ...]]:
    query = "SELECT parcel_no, parcel_code, parcel_code_method FROM registry.parcel WHERE id = ANY (%s) ORDER BY id"
    return land.rows(query, parcels)


def merged(land: Land, new: DrawnParcel | None = None) -> reshape.Reshaped:
    seen = [land.seen(land.west), land.seen(land.east)]
    done: reshape.Reshaped = land.do(lambda c: reshape.merge(c, seen, new, WHY, by=BY))
    return done


def made(land: Land, **more: Any) -> dict[str, Any]:
    body = {"change": {"reason": "test"}, "map_sheet_id": land.sheet, "parcel_no": "50"}
    new = PARCEL.new.model_validate(body | {"geometry": HALVES[0].model_dump()} | more)
    return act(land.settings, lambda c: create(c, PARCEL, new, CLERK).record)


def patched(land: Land, code: str) -> None:
    said = PARCEL.patch.model_validate({"change": {"reason": "test"}, "parcel_code": code})

    def work(connection: Connection) -> None:
        tag = etag(read(connection, PARCEL, land.west))
        patch(connection, PARCEL, land.west, said, CLERK, if_match=tag)

    act(land.settings, work)


@pytest.mark.parametrize("retired", [False, True], ids=["in force", "retired"])
def test_a_computed_code_that_is_taken_elsewhere_is_left_out(land: Land, retired: bool) -> None:
    taken, free = map(code_of, HALVES)
    bear(land, taken, hidden=True, retired=retired)
    with scope(Scope(wards=frozenset({land.ward}))):
        pieces = land.split(*HALVES).parcels
        assert codes(land, pieces) == [("3", None, None), ("4", free, METHOD_VERSION)]
        assert made(land)["parcel_code"] is None


def test_so_it_is_in_a_merger(land: Land) -> None:
    bear(land, code_of(BOTH), hidden=True)
    with scope(Scope(wards=frozenset({land.ward}))):
        assert codes(land, merged(land).parcels) == [("3", None, None)]


def set_aside(connection: Connection) -> None:
    """The parcel that bore the code bears none; its ward and sheet are out of the way."""
    connection.execute("UPDATE registry.parcel SET parcel_code = NULL WHERE parcel_code = %s", [CODE])
    connection.execute("UPDATE registry.unit SET code = '9' || id WHERE code = '11302'")
    connection.execute("UPDATE registry.map_sheet SET sheet_no = 'x' || id WHERE sheet_no = '77'")


SAY: dict[str, Callable[[Land], object]] = {
    "create": lambda land: made(land, parcel_code=CODE),
    "patch": lambda land: patched(land, CODE),
    "split": lambda land: land.split(*HALVES, parcel_code=CODE),
    "merge": lambda land: merged(land, DrawnParcel(geometry=BOTH, parcel_code=CODE)),
}


@pytest.mark.parametrize("say", SAY)
def test_a_code_that_was_said_is_refused_alike_wherever_it_is_taken(land: Land, say: str) -> None:
    """Seen or hidden, in force (public in the layer) or retired: the answer does not tell which."""
    told = set()
    for hidden, retired in [(False, False), (False, True), (True, False), (True, True)]:
        land.do(set_aside)
        bear(land, CODE, hidden=hidden, retired=retired)
        with scope(Scope(wards=frozenset({land.ward}))), pytest.raises(Conflict) as refused:
            SAY[say](land)
        told.add((str(refused.value), refused.value.hint, tuple(refused.value.where.items())))
    ((detail, _, where),) = told
    assert "another parcel bears this code" in detail
    assert dict(where) == {"constraint": "parcel_parcel_code_key"}
    assert (
        land.rows("SELECT count(*) FROM registry.parcel WHERE retired_by IS NULL AND ward_id = %s", land.ward)[0][0]
        >= 2
    )


def test_a_code_that_is_free_is_taken_as_it_was_said(land: Land) -> None:
    with scope(Scope(wards=frozenset({land.ward}))):
        assert codes(land, merged(land, DrawnParcel(geometry=BOTH, parcel_code=CODE)).parcels) == [("3", CODE, None)]
