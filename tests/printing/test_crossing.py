"""Rectangles and lines that meet are those of GEOS; numbers outside of parcels meet nothing, or are none at all."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gisland.printing import leaders
from gisland.printing.crossing import boxes_meet, lines_meet, lines_meet_boxes
from tests.printing.conftest import Land, Print
from tests.printing.proofs import CHECKS
from tests.printing.seen import SMALL, Seen
from tests.printing.truth import read_ward


@pytest.mark.parametrize("seed", range(5))
def test_what_meets_is_what_geos_says(seed: int) -> None:
    chance = np.random.default_rng(seed)
    # Small whole numbers: much of it touches, or lies on one line.
    low = chance.integers(0, 12, (60, 2))
    boxes = np.hstack([low, low + chance.integers(1, 5, (60, 2))]).astype(float)
    lines = chance.integers(0, 12, (80, 4)).astype(float)
    lines = lines[(lines[:, :2] != lines[:, 2:]).any(axis=1)]
    rooms, drawn = shapely.box(*boxes.T), shapely.linestrings(lines.reshape(-1, 2, 2))
    assert (boxes_meet(boxes, boxes) == shapely.intersects(rooms[:, None], rooms)).all()
    assert (lines_meet_boxes(lines, boxes) == shapely.intersects(drawn[:, None], rooms)).all()
    assert (lines_meet(lines, lines) == shapely.intersects(drawn[:, None], drawn)).all()


def small_houses(land: Land) -> None:
    """Two rows of very small parcels, with a street between them."""
    for index in range(12):
        land.square(3 * index, 0, 1, f"{index + 1}")
        land.square(3 * index, 12, 1, f"{index + 21}")


def test_a_line_leads_from_each_number_outside_to_its_parcel(land: Land, draw: Print) -> None:
    small_houses(land)
    printed = draw(paper="A4", scale=500)
    assert len(printed.labelled[1].leaders) > 12
    seen = Seen(printed.content, read_ward(land.settings), "07", printed.edition.palette)
    for check in CHECKS:
        check(seen)
    (page,) = seen.maps
    numbers = {text.said for text in page.on_map if text.said.isdigit() and text.bold}
    assert len(numbers) == len(printed.labelled[1].leaders)


def test_a_page_with_too_many_of_them_has_none(land: Land, draw: Print, monkeypatch: pytest.MonkeyPatch) -> None:
    small_houses(land)
    monkeypatch.setattr(leaders, "MOST", 10)
    printed = draw(paper="A4", scale=500)
    assert not printed.labelled[1].leaders
    seen = Seen(printed.content, read_ward(land.settings), "07", printed.edition.palette)
    assert len(set(seen.lists[SMALL].windows(2)) & {(each.sheet, each.number) for each in seen.parcels}) == 24
