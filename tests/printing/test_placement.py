"""Pages: each box whole on at least one, few of them, in reading order, the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from gisland.printing.beside import neighbours, references
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


@pytest.mark.parametrize("seed", range(20))
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
    pages = place_pages(bounds, WIDE, HIGH, 500, INSIDE, 10)
    assert len(pages) <= 1.2 * 400 * 300 / (WIDE * HIGH) + 3


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
