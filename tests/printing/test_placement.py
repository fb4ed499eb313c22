"""Pages: each box whole on at least one, few of them, in reading order, the same each time."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from gisland.printing.beside import neighbours, references
from gisland.printing.covering import Aside
from gisland.printing.layout import MapPage
from gisland.printing.model import Floats
from gisland.printing.paper import paper
from gisland.printing.placement import Place, place_pages

WIDE, HIGH, INSIDE = 160.0, 130.0, 1.0


def town(seed: int, count: int, extent: float, largest: float) -> Floats:
    """Boxes strewn over a square."""
    chance = np.random.default_rng(seed)
    corner = chance.uniform(0, extent, (count, 2))
    return np.hstack([corner, corner + chance.uniform(2, largest, (count, 2))])


@pytest.mark.parametrize(
    "seed", [pytest.param(each, marks=pytest.mark.proof if each % 3 else []) for each in range(20)]
)
def test_each_box_lies_whole_on_a_page(seed: int) -> None:
    bounds = town(seed, 30 + 20 * seed, 100.0 + 60 * seed, 40)
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE)
    assert np.any([page.holds(bounds, INSIDE) for page in pages], axis=0).all()
    # None is idle.
    for page in pages:
        others = [other.holds(bounds, INSIDE) for other in pages if other is not page]
        assert not others or not np.any(others, axis=0).all()
    assert pages == place_pages(bounds, WIDE, HIGH, 500, INSIDE)


def test_a_full_town_takes_few_pages() -> None:
    x, y = np.meshgrid(np.arange(40) * 10.0, np.arange(60) * 5.0)
    bounds = np.column_stack([x.ravel(), y.ravel(), x.ravel() + 10, y.ravel() + 5])
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE)
    assert len(pages) <= 1.2 * 400 * 300 / (WIDE * HIGH) + 3


def fewest(bounds: Floats) -> int:
    """By trial of all choices among all places of a fine grid: for few boxes only."""
    wide, high = WIDE - 2 * INSIDE, HIGH - 2 * INSIDE
    held = {
        frozenset(
            np.flatnonzero(
                (bounds[:, 0] >= west)
                & (bounds[:, 2] <= west + wide)
                & (bounds[:, 1] >= south)
                & (bounds[:, 3] <= south + high)
            ).tolist()
        )
        for west in bounds[:, 0]
        for south in bounds[:, 1]
    }
    return next(
        count
        for count in range(1, len(bounds) + 1)
        if any(len(frozenset().union(*some)) == len(bounds) for some in combinations(held, count))
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_other_placement_has_fewer_pages(seed: int) -> None:
    bounds = town(seed, 12, 380, 60)
    assert len(place_pages(bounds, WIDE, HIGH, 500, INSIDE)) == fewest(bounds)


def test_very_many_boxes_are_placed_part_by_part() -> None:
    bounds = town(2, 800, 470, 12)
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE)
    assert np.any([page.holds(bounds, INSIDE) for page in pages], axis=0).all()
    assert len(pages) <= 2 * 470 * 470 / (WIDE * HIGH)
    assert pages == place_pages(bounds, WIDE, HIGH, 500, INSIDE)


def test_what_stands_apart_is_left_when_its_page_is_one_too_many() -> None:
    row = [[100.0 * index, 0.0, 100.0 * index + 40, 40.0] for index in range(12)]
    bounds = np.array([*row, [5000.0, 0, 5020, 20], [9000.0, 0, 9020, 20]])
    nothing = np.zeros(len(bounds), dtype=bool)
    aside = Aside(np.full(len(bounds), 0.1), nothing, 2, 100)
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE, aside)
    held = np.any([page.holds(bounds, INSIDE) for page in pages], axis=0)
    assert np.flatnonzero(~held).tolist() == [12, 13]
    assert len(place_pages(bounds, WIDE, HIGH, 500, INSIDE)) == len(pages) + 2


def test_of_very_many_boxes_those_apart_are_left_too() -> None:
    """Above 600 boxes none was left to an inset, and the pages were more than enough."""
    corner = np.array([[3000.0 + 400 * index, 900.0 * (index % 2)] for index in range(8)])
    bounds = np.vstack([town(3, 620, 240, 12), np.hstack([corner, corner + 20])])
    nothing = np.zeros(len(bounds), dtype=bool)
    all_held = place_pages(bounds, WIDE, HIGH, 500, INSIDE)
    # Cheap to leave: for themselves; dear: only where the pages would be too many.
    for cost, enough in ((0.1, 100), (2.0, len(all_held) - 7)):
        pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE, Aside(np.full(len(bounds), cost), nothing, 8, enough))
        held = np.any([page.holds(bounds, INSIDE) for page in pages], axis=0)
        assert (~held).sum() <= 8
        assert len(pages) <= len(all_held) - 8
    assert np.any([page.holds(bounds, INSIDE) for page in all_held], axis=0).all()


def test_the_solver_says_nothing() -> None:
    # In a process of its own: the solver says what it is only once.
    code = (
        "import numpy as np; from gisland.printing.covering import candidates, cover; "
        "cover(candidates(np.array([[x, 0.0, x + 9, 9] for x in range(0, 900, 10)]), 50, 50)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_pages_run_from_north_to_south_and_from_west_to_east() -> None:
    bounds = np.array([[x, y, x + 5, y + 5] for y in (0.0, 300.0) for x in (400.0, 0.0, 200.0)])
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE)
    at = [(round(page.middle[0] - 2.5), round(page.middle[1] - 2.5)) for page in pages]
    assert at == [(0, 300), (200, 300), (400, 300), (0, 0), (200, 0), (400, 0)]


def test_one_box_lies_in_the_middle() -> None:
    (page,) = place_pages(np.array([[1000.0, 2000.0, 1010.0, 2030.0]]), WIDE, HIGH, 500, INSIDE)
    assert page.middle == pytest.approx((1005, 2015))


def test_references_lead_back() -> None:
    frame = paper("A3", "landscape")[0].frame
    chance = np.random.default_rng(4)
    pages = [
        MapPage(number, Place(chance.uniform(0, 700), chance.uniform(0, 700), WIDE, HIGH, 500), inset=False)
        for number in range(1, 25)
    ]
    opposite = {"north": "south", "south": "north", "east": "west", "west": "east"}
    said = {page.number: references(page, pages, frame) for page in pages}
    for page in pages:
        for reference in said[page.number]:
            back = [each for each in said[reference.page] if each.page == page.number]
            assert [each.side for each in back] == [opposite[reference.side]]
    assert {(one, two) for one, two in neighbours(pages)} == {
        (page.number, each.page) for page in pages for each in said[page.number] if each.page > page.number
    }
