"""How far a print is is told page by page, by what draws many pages."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from gisland.printing import drawing
from gisland.printing.drawing import Drawn, Progress, Task
from gisland.printing.products import PRODUCTS
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY


@pytest.mark.parametrize("product", ["atlas", "receipts", "forms", "atlases"])
def test_each_page_is_told(demo: Settings, product: str) -> None:
    inputs = {"ward": "11311", "reason": WHY} | ({"groups": "01,02"} if product == "atlases" else {"group": "02"})
    told: list[Progress] = []
    process, pipe = drawing.start(demo, Task(product, inputs, ADMIN))
    while True:
        each = pipe.recv()
        if not isinstance(each, Progress):
            break
        told.append(each)
    process.join()
    assert isinstance(each, Drawn), each
    parts = [one.part for one in told]
    assert parts == sorted(parts)
    assert 0 <= parts[0] <= 0.1
    assert 0.85 < parts[-1] < 1
    pages = [one for one in told if "drawing page" in one.message]
    assert len(pages) == each.file["pages"]
    # No step is large: it moves as the pages do.
    few = 2 if product == "receipts" else 6
    assert max(later - earlier for earlier, later in pairwise(parts)) <= max(0.25, 1 / few)
    for one in told:
        assert one.message.count(" · ") == 1, one.message
        assert re.fullmatch(r"[\w\s·/:,]+", one.message), one.message
    # Nothing is noted where nothing is stored: whoever stores it does.
    assert len(each.notes) == (2 if product == "atlases" else 1)
    assert PRODUCTS[product].media_type == each.file["media_type"]
