"""Samples of legends and strips of parcels are small: wherever they lie the whole pattern of the hatch is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from gisland.catalogue import load_catalogue
from gisland.printing.hatches import draw_sample, draw_status
from gisland.printing.ink import BLACK, Ink
from gisland.printing.paper import Box
from gisland.settings import Settings
from tests.printing.pdf_text import Page, opened, see_page
from tests.printing.proofs_hatches import _marks, check_samples, hatched, wanted
from tests.printing.seen import NEAR

HEIGHTS = (2.2, 2.8, 3.5)
"""Of samples: with the most lines of a legend on A4, with some fewer, beside charts; mm."""
STEPS = 27
"""Places, a tenth of a millimetre apart: more than from line to line of any hatch."""


def pages_of(status: str, high: float) -> list[Page]:
    """A page for each place."""
    palette = load_catalogue(Settings()).palette
    ink = Ink("", "", "")
    for step in range(STEPS):
        with ink.page(60, 10, name=str(step), title=""):
            y = 1 + 0.1 * step
            draw_sample(ink, palette, status, Box(5, y, 9, high))
            ink.fill_with(BLACK)
            ink.text(16, y + high / 2 - 0.9, palette.exact[status].label.vi, 2.5)
    pdf = opened(ink.save())
    return [see_page(pdf, index) for index in range(STEPS)]


@pytest.mark.parametrize("status", load_catalogue(Settings()).palette.exact)
def test_wherever_a_sample_stands_it_has_the_whole_hatch(status: str) -> None:
    palette = load_catalogue(Settings()).palette
    for high in HEIGHTS:
        for page in pages_of(status, high):
            check_samples(page, palette, [status])


def test_it_lies_in_the_middle_of_its_sample() -> None:
    for page in pages_of("missing_id", 2.8):
        ((rings, paths),) = hatched(page.paths)
        low, high = rings[0][:, 1].min(), rings[0][:, 1].max()
        at = sorted(line[0][1] for path in paths for line in path.lines)
        assert len(at) > 1
        assert math.isclose(at[0] - low, high - at[-1], abs_tol=0.01)


def test_of_a_strip_too_the_pattern_is_drawn_as_far_as_its_sides() -> None:
    palette = load_catalogue(Settings()).palette
    for status in palette.exact:
        for step in range(STEPS):
            ink = Ink("", "", "")
            strip = shapely.box(5 + 0.1 * step, 2, 6 + 0.1 * step, 3)
            with ink.page(60, 10, name="a", title=""):
                draw_status(ink, palette, status, np.array([strip], dtype=object), Box(0, 0, 60, 10))
            marks = [_marks(*each) for each in hatched(see_page(opened(ink.save()), 0).paths)]
            right = wanted(palette, status)
            assert len(marks) == bool(right)
            assert all(np.shape(each) == np.shape(right) and np.allclose(each, right, atol=NEAR) for each in marks)
