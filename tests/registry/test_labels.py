"""Where the label of a parcel stands is kept: within the parcel, with history and undo, for those of its ward."""

from __future__ import annotations

from typing import Any

import pytest

from gisland.database.scope import Scope, scope
from gisland.errors import InputError, NotFound, PreconditionFailed
from gisland.registry import reshape, undo
from gisland.registry.kinds import KINDS
from gisland.registry.parcels import DrawnParcel
from gisland.registry.records import etag, read
from gisland.registry.writing import Clerk, act, patch
from tests.factories import EAST, NORTH, VAULT
from tests.registry.conftest import Api
from tests.registry.land import BY, HALVES, WHY, Land, box

CLERK = Clerk(BY, VAULT)
PARCEL = KINDS["parcel"]
PLACE = (EAST + 7.0, NORTH + 2.0, 30.0)
NONE = (None, None, None)


def place(land: Land, parcel: int, *where: float | None, tag: str = "") -> dict[str, Any]:
    """Say where the label of a parcel stands, as a request does. Returns the record."""
    said = dict(zip(("label_east", "label_north", "label_angle"), where, strict=False))
    body = PARCEL.patch.model_validate({"change": WHY} | said)
    return act(
        land.settings,
        lambda c: patch(c, PARCEL, parcel, body, CLERK, if_match=tag or etag(read(c, PARCEL, parcel))).record,
    )


def placed(land: Land, parcel: int) -> tuple[Any, ...]:
    query = "SELECT label_east, label_north, label_angle::float FROM registry.parcel WHERE id = %s"
    return land.rows(query, parcel)[0]


def test_a_place_goes_in_and_out(api: Api) -> None:
    parcel = api.parcel(api.ward())
    path = f"parcels/{parcel['id']}"
    corners = api.client.get(path, params={"geometry": "sheet"}).json()["geometry"]["coordinates"][0]
    east, north = corners[0][0] + 4.25, corners[0][1] + 3.5
    before = api.tag(path)
    answer = api.patch(path, label_east=east, label_north=north, label_angle=-12.5)
    assert answer.status_code == 200, answer.text
    kept = api.client.get(path)
    assert (kept.json()["label_east"], kept.json()["label_north"], kept.json()["label_angle"]) == (east, north, -12.5)
    assert kept.headers["etag"] != before
    assert api.patch(path, before, label_angle=10).status_code == 412
    for wrong in ({"label_east": east + 100}, {"label_east": None}, {"label_angle": 90.1}, {"label_angle": "12"}):
        answer = api.patch(path, **wrong)
        assert answer.status_code in {400, 422}, answer.text
        assert "label" in answer.text or "nhãn" in answer.text
    assert api.patch(path, label_east=None, label_north=None, label_angle=None).status_code == 200
    assert api.client.get(f"{path}/history").json()[1]["record"]["label_angle"] == -12.5


def test_outside_is_refused_and_a_shape_without_it_gives_it_up(land: Land) -> None:
    with pytest.raises(InputError, match="ngoài thửa"):
        place(land, land.west, EAST + 12.0, NORTH + 2.0)
    made = place(land, land.west, *PLACE)["changed_by"]
    assert placed(land, land.west) == PLACE
    # The boundary moves, and the place with it out of the parcel; undone, both are back.
    new = [
        reshape.Redrawn(geometry=shape, **land.seen(parcel).model_dump())
        for shape, parcel in ((box(0, 0, 6, 10), land.west), (box(6, 0, 20, 10), land.east))
    ]
    change = land.do(lambda c: reshape.adjust(c, new, WHY, by=BY)).change
    assert placed(land, land.west) == NONE
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert placed(land, land.west) == PLACE
    land.do(lambda c: undo.undo(c, made, WHY, by=BY))
    assert placed(land, land.west) == NONE


def test_split_and_merge_keep_the_one_place_there_is(land: Land) -> None:
    place(land, land.west, *PLACE)
    left, right = land.split(*HALVES).parcels
    assert (placed(land, left), placed(land, right)) == (NONE, PLACE)
    merged = land.do(lambda c: reshape.merge(c, [land.seen(right), land.seen(land.east)], None, WHY, by=BY)).parcels[0]
    assert placed(land, merged) == PLACE
    place(land, left, EAST + 1.0, NORTH + 1.0)
    # Of two places none is the one.
    pair = [land.seen(left), land.seen(merged)]
    drawn = DrawnParcel(geometry=box(0, 0, 20, 10))
    assert placed(land, land.do(lambda c: reshape.merge(c, pair, drawn, WHY, by=BY)).parcels[0]) == NONE


def test_of_another_ward_it_is_not_there(land: Land) -> None:
    tag = etag(place(land, land.west, *PLACE))
    with scope(Scope(wards=frozenset({land.ward + 1}))), pytest.raises(NotFound):
        place(land, land.west, EAST + 1.0, NORTH + 1.0, tag=tag)
    assert placed(land, land.west) == PLACE
    with pytest.raises(PreconditionFailed):
        place(land, land.west, EAST + 1.0, NORTH + 1.0, tag='"1-00000000"')
