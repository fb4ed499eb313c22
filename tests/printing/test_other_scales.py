"""Edge references between scales: what a frame cuts and an inset holds whole says so where it is cut."""

from __future__ import annotations

import itertools
import re

import shapely

from gisland.printing.beside import Reference, _spread
from tests.printing.conftest import Land, Print
from tests.printing.pdf_text import links, opened, read_page


def test_a_parcel_that_is_cut_says_on_which_inset_it_is_whole(land: Land, draw: Print) -> None:
    for index in range(24):
        land.square(10 * index, 10, 10, f"{index + 1}")
    land.add("POLYGON((0 0,240 0,240 10,0 10,0 0))", "99", land_type="DGT")
    printed = draw(paper="A4", orientation="landscape", scale=500)
    pages, paper = printed.edition.layout.pages, printed.edition.paper
    (inset,) = [page for page in pages if page.inset]
    street = len(printed.edition.group.parcels) - 1
    assert street in inset.home
    pdf, frame = opened(printed.content), paper.frame
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    back = set()
    for text in read_page(pdf, inset.number)[0]:
        if match := re.fullmatch(r"1:500 → (\d+)", text.said):
            assert not inner.intersects(text.box)
            back.add(int(match[1]))
    cutting = [page for page in pages if not page.inset]
    assert len(cutting) > 1
    assert back == {page.number for page in cutting}
    for page in cutting:
        found = [text for text in read_page(pdf, page.number)[0] if text.said == f"thu nhỏ → {inset.number}"]
        # On each side on which the street leaves.
        sides = {round(text.middle[0]) > frame.middle[0] for text in found}
        shape = printed.edition.group.shapes[street].bounds
        assert sides == {
            each for each, out in ((False, shape[0] < page.place.west), (True, shape[2] > page.place.east)) if out
        }
        for text in found:
            assert not inner.intersects(text.box)
            leads = {target for box, target in links(pdf, page.number) if shapely.box(*box).contains(text.box.centroid)}
            assert leads == {inset.number}
            metres = page.place.scale / 1000
            assert abs((text.middle[1] - frame.y) * metres + page.place.south - (shape[1] + shape[3]) / 2) < 25 * metres


def test_references_of_a_side_do_not_touch_and_neighbours_go_first() -> None:
    many = [Reference(number, "north", 100.0, 5000) for number in range(3, 12)]
    placed = _spread([*many, Reference(1, "north", 100.0), Reference(2, "north", 104.0)], 200.0)
    assert {1, 2} <= {each.page for each in placed}
    assert len(placed) < 11
    for one, two in itertools.pairwise(placed):
        assert two.at - two.wide / 2 > one.at + one.wide / 2
    assert placed[0].at - placed[0].wide / 2 > 5
    assert placed[-1].at + placed[-1].wide / 2 < 195


def test_references_that_crowd_a_corner_leave_those_at_the_other_one_where_they_are() -> None:
    crowd = [Reference(number, "west", 195.0, 5000) for number in range(3, 7)]
    placed = _spread([*crowd, Reference(1, "west", 15.0)], 200.0)
    assert len(placed) == 5
    assert (placed[0].page, placed[0].at) == (1, 15.0)
    for one, two in itertools.pairwise(placed):
        assert two.at - two.wide / 2 > one.at + one.wide / 2
    assert placed[-1].at + placed[-1].wide / 2 < 195
