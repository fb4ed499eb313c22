"""What an act holds to: the ground to a centimetre, the areas on paper, and the codes, which nothing computes again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from gisland.errors import InputError
from gisland.registry import reshape
from gisland.registry.fields import Shape
from gisland.registry.move import SheetMove, move_sheet
from gisland.registry.parcel_code import METHOD_VERSION
from gisland.registry.parcels import DrawnParcel, renumber_parcel
from tests.factories import make_ward
from tests.registry.land import BY, HALVES, WHY, Land, box

WITHIN, BEYOND = 0.009, 0.011


def split(*pieces: Shape) -> Callable[[Land], Any]:
    return lambda land: land.split(*pieces)


def merge(new: Shape) -> Callable[[Land], Any]:
    def work(land: Land) -> Any:
        seen = [land.seen(land.west), land.seen(land.east)]
        return land.do(lambda c: reshape.merge(c, seen, DrawnParcel(geometry=new), WHY, by=BY))

    return work


def adjust(west: Shape, east: Shape) -> Callable[[Land], Any]:
    def work(land: Land) -> Any:
        parcels = zip((land.west, land.east), (west, east), strict=True)
        drawn = [reshape.Redrawn(geometry=shape, **land.seen(parcel).model_dump()) for parcel, shape in parcels]
        return land.do(lambda c: reshape.adjust(c, drawn, WHY, by=BY))

    return work


# What is off by so many metres, and what is said of it.
OFF: dict[str, tuple[Callable[[float], Callable[[Land], Any]], str]] = {
    "split with a gap": (lambda d: split(box(0, 0, 4, 10), box(4 + d, 0, 10, 10)), "a gap"),
    "split with an overlap": (lambda d: split(box(0, 0, 4 + d, 10), box(4, 0, 10, 10)), "an overlap"),
    "split beyond": (lambda d: split(box(0, 0, 4, 10), box(4, 0, 10, 10 + d)), "beyond the old parcels"),
    "merge with a gap": (lambda d: merge(box(0, 0, 20, 10 - d)), "a gap"),
    "merge beyond": (lambda d: merge(box(-d, 0, 20, 10)), "beyond the old parcels"),
    "adjust with a gap": (lambda d: adjust(box(0, 0, 12, 10), box(12 + d, 0, 20, 10)), "a gap"),
    "adjust with an overlap": (lambda d: adjust(box(0, 0, 12 + d, 10), box(12, 0, 20, 10)), "an overlap"),
}


@pytest.mark.parametrize("how", OFF)
def test_nine_millimetres_are_the_same_ground_and_eleven_are_not(land: Land, how: str) -> None:
    drawn, told = OFF[how]
    with pytest.raises(InputError, match=told):
        drawn(BEYOND)(land)
    assert land.rows("SELECT count(*) FROM registry.parcel WHERE retired_by IS NOT NULL") == [(0,)]
    assert drawn(WITHIN)(land).balance["difference_m2"] != 0


def test_areas_on_paper_are_summed_where_each_is_known(land: Land) -> None:
    land.do(lambda c: c.execute("UPDATE registry.parcel SET legal_area_m2 = 98.5 WHERE id = %s", [land.west]))

    def pieces(*areas: str) -> list[DrawnParcel]:
        return [
            DrawnParcel(geometry=each, legal_area_m2=Decimal(area)) for each, area in zip(HALVES, areas, strict=True)
        ]

    done = land.do(lambda c: reshape.split(c, land.seen(land.west), pieces("39.5", "59"), WHY, by=BY))
    assert (done.balance["old_legal_m2"], done.balance["new_legal_m2"]) == (98.5, 98.5)
    detail = "SELECT (detail ->> 'old_legal_m2')::float8, (detail ->> 'new_legal_m2')::float8 FROM registry.change"
    assert land.rows(f"{detail} WHERE id = %s", done.change) == [(98.5, 98.5)]
    # The eastern parcel has none, so a sum would say too little.
    seen = [land.seen(parcel) for parcel in (*done.parcels, land.east)]
    new = DrawnParcel(geometry=box(0, 0, 20, 10), legal_area_m2=Decimal(200))
    merged = land.do(lambda c: reshape.merge(c, seen, new, WHY, by=BY))
    assert "old_legal_m2" not in merged.balance
    assert merged.balance["new_legal_m2"] == 200


@pytest.mark.parametrize("method", [METHOD_VERSION, None])
def test_no_act_gives_a_parcel_another_code(land: Land, method: int | None) -> None:
    """A computed one as little as a supplied one, although the place deepest inside is another one by now."""
    give = """
        UPDATE registry.parcel SET parcel_code_method = %s, parcel_code = ST_GeoHash(ST_Centroid(geom_4326), 12)
         WHERE id = ANY (%s)
    """
    land.do(lambda c: c.execute(give, [method, [land.west, land.east]]))
    query = "SELECT id, parcel_code, parcel_code_method FROM registry.parcel ORDER BY id"
    codes = land.rows(query)
    assert all(code and made == method for _, code, made in codes)
    adjust(box(0, 0, 17, 10), box(17, 0, 20, 10))(land)
    assert land.rows(query) == codes
    land.do(lambda c: renumber_parcel(c, land.seen(land.west), WHY, by=BY))
    assert land.rows(query) == codes

    def move(connection: Connection) -> None:
        make_ward(connection, "11302")
        version = connection.execute("SELECT version FROM registry.map_sheet WHERE id = %s", [land.sheet]).fetchone()
        assert version is not None
        move_sheet(connection, SheetMove(id=land.sheet, version=version[0], ward_code="11302"), WHY, by=BY)

    land.do(move)
    assert land.rows("SELECT DISTINCT unit.code FROM registry.parcel JOIN registry.unit ON unit.id = ward_id") == [
        ("11302",)
    ]
    assert land.rows(query) == codes
