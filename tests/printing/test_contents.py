"""Atlases of hundreds of pages: each number of a page can be read on an index, and the table of contents goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gisland.printing import cover
from gisland.printing.atlas import PrintedAtlas
from gisland.printing.contents import Contents, draw_contents
from gisland.printing.ink import Ink
from gisland.printing.layout import MapPage
from gisland.printing.paper import paper
from gisland.printing.placement import Place
from gisland.printing.scene import map_name
from tests.printing.pdf_text import links, opened, overlapping, read_page

ACROSS = 16


@pytest.mark.parametrize(("name", "way"), [("A4", "portrait"), ("A3", "landscape")])
def test_hundreds_of_pages_are_told_apart(atlas: PrintedAtlas, name: str, way: str) -> None:
    first = atlas.edition.layout.pages[0].place
    pages = [
        # Every other row is so near to the one before that numbers in the middle would touch on a small index.
        MapPage(
            row * ACROSS + column + 1,
            Place(first.west + 90 * column, first.south - 60 * row - 25 * (row % 2), 100, 80, 500),
            inset=False,
        )
        for row in range(ACROSS)
        for column in range(ACROSS)
    ]
    (sheet,) = paper(name, way)
    scene = replace(atlas.edition, layout=replace(atlas.edition.layout, paper=sheet, pages=pages), paper=sheet)
    behind = cover.behind_cover(scene)
    assert behind.table
    shown = {page.number: f"{500 + page.number}" for page in pages}
    ink = Ink("", "", "")
    cover.draw_cover(ink, scene, shown, behind)
    draw_contents(ink, scene, behind, shown)
    last = ink.pages
    assert last == 1 + behind.pages(scene)
    for page in pages:
        with ink.page(20, 20, name=map_name(page), title=map_name(page)):
            pass
    pdf = opened(ink.save())
    indexes = range(1, 1 + len(behind.parts)) if behind.parts else range(1)
    numbers: set[str] = set()
    for index in indexes:
        texts = [each for each in read_page(pdf, index)[0] if each.said.isdigit() and each.bold]
        assert overlapping(texts) == []
        assert min(each.size for each in texts) >= 1.7
        numbers |= {each.said for each in texts}
    assert numbers == {str(page.number) for page in pages}
    # Each line of the contents can be read, and leads to its page.
    rows = [each for index in range(1 + len(behind.parts), last) for each in read_page(pdf, index)[0]]
    assert {each.said for each in rows} >= {*shown.values(), *numbers}
    assert min(each.size for each in rows) > 1.7
    leads = {to - last + 1 for index in range(1 + len(behind.parts), last) for _, to in links(pdf, index)}
    assert leads >= {page.number for page in pages}
    assert not ink.cut


def test_a_small_atlas_has_all_on_its_cover(atlas: PrintedAtlas) -> None:
    assert cover.behind_cover(atlas.edition) == Contents((), table=False)
