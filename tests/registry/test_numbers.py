"""Numbers of parcels: one that was ever on a sheet is not given again (circular 25/2014/TT-BTNMT)."""

from __future__ import annotations

import pytest

from gisland.registry import undo
from gisland.registry.move import SheetMove, move_sheet
from gisland.registry.parcels import next_number, renumber_parcel
from tests.factories import EAST, make_parcel, make_ward
from tests.registry.land import BY, HALVES, WHY, Land


@pytest.fixture
def ninth(land: Land) -> int:
    """A parcel that was number 9, the largest of the sheet, and is number 5 now."""
    parcel = land.do(lambda c: make_parcel(c, land.ward, land.sheet, "9", east=EAST + 20))
    land.do(lambda c: renumber_parcel(c, land.seen(parcel), WHY, by=BY, parcel_no="5"))
    return int(parcel)


def numbers(land: Land, parcels: list[int]) -> list[str]:
    query = "SELECT parcel_no FROM registry.parcel WHERE id = ANY (%s) ORDER BY id"
    return [row[0] for row in land.rows(query, parcels)]


def test_a_number_that_was_given_up_is_not_given_again(land: Land, ninth: int) -> None:
    assert numbers(land, land.split(*HALVES).parcels) == ["10", "11"]
    assert land.do(lambda c: renumber_parcel(c, land.seen(ninth), WHY, by=BY))[1] == "12"


def test_a_number_is_not_given_again_when_giving_it_was_undone(land: Land) -> None:
    change, number = land.do(lambda c: renumber_parcel(c, land.seen(land.west), WHY, by=BY))
    assert number == "3"
    land.do(lambda c: undo.undo(c, change, WHY, by=BY))
    assert land.do(lambda c: renumber_parcel(c, land.seen(land.west), WHY, by=BY))[1] == "4"


def test_numbers_go_with_a_sheet_that_moves(land: Land, ninth: int) -> None:
    land.do(lambda c: make_ward(c, "11302"))
    move = SheetMove(id=land.sheet, version=1, ward_code="11302")
    _, sheet = land.do(lambda c: move_sheet(c, move, WHY, by=BY))
    assert [land.do(lambda c, n=each: next_number(c, n)) for each in (sheet, land.sheet)] == ["10", "10"]  # type: ignore[misc]


def test_numbers_of_other_sheets_do_not_count(land: Land, ninth: int) -> None:
    query = "INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid) VALUES (%s, '2', 500, 9210) RETURNING id"
    other = land.do(lambda c: c.execute(query, [land.ward]).fetchone())[0]
    assert land.do(lambda c: next_number(c, other)) == "1"


def test_whoever_names_a_number_that_is_free_gets_it(land: Land, ninth: int) -> None:
    """A mistaken number can be set right: only what is given without being asked for is always new."""
    assert land.do(lambda c: renumber_parcel(c, land.seen(ninth), WHY, by=BY, parcel_no="9"))[1] == "9"
