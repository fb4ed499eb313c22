"""A blank page never leaves the house: not as a file, not as a job, whatever was drawn around nothing."""

from __future__ import annotations

import io
import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pikepdf
import pytest
import shapely

from gisland.errors import GislandError
from gisland.printing import atlas as atlas_module
from gisland.printing import drawing, lists, products
from gisland.printing.atlas import PrintedAtlas, draw_atlas
from gisland.printing.drawing import Task
from gisland.printing.finish import Viewport, finish
from gisland.printing.ink import Ink
from gisland.printing.mapsheet import Labelled, draw_crosses, draw_frame
from gisland.printing.model import Geometries
from gisland.printing.paper import Box, paper
from gisland.printing.placement import Place
from gisland.printing.scene import to_paper
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FRAME = paper("A3", "landscape")[0].frame
PLACE = Place(594_000, 2_309_000, FRAME.width / 2, FRAME.height / 2, 500)
EAST_OF_IT = replace(PLACE, west=PLACE.west + PLACE.width / 2)
PARCEL = shapely.box(594_010, 2_309_010, 594_030, 2_309_040)


def drawn(*shapes: shapely.Geometry, text: str = "Trang bản đồ 1/1") -> bytes:
    """A map page with frame, grid, what another page shows, too, and the shapes given."""
    ink = Ink("", "", "")
    ground: Geometries = np.array([shapely.intersection(PLACE.inset(), EAST_OF_IT.inset()), *shapes], dtype=object)
    with ink.page(420, 297, name="map1", title="map"):
        ink.polygons(to_paper(ground, PLACE, FRAME), fill=True, stroke=True)
        draw_crosses(ink, PLACE, FRAME)
        if text:
            draw_frame(ink, PLACE, FRAME)
            ink.text(360, 200, text, 4)
            # The north arrow and a key map lie beside the map.
            ink.polygons(np.array([shapely.box(350, 100, 400, 140)], dtype=object), fill=True)
    return ink.save()


def finished(content: bytes) -> bytes:
    return finish(content, NOW, "vi", [Viewport(0, FRAME, PLACE, 9210)])


def test_a_map_with_land_on_it() -> None:
    drawing._check(finished(drawn(PARCEL)), 1)
    # One that is larger than the frame, too; and one that only reaches into it.
    drawing._check(finished(drawn(shapely.buffer(PLACE.inset(), 50))), 1)
    drawing._check(finished(drawn(shapely.box(593_900, 2_309_010, 594_030, 2_309_040))), 1)


@pytest.mark.parametrize(
    ("shapes", "text"),
    [([], "Trang bản đồ 1/1"), ([shapely.transform(PARCEL, lambda xy: xy + 1000)], "Trang bản đồ 1/1"), ([PARCEL], "")],
    ids=["a frame and no parcel", "parcels elsewhere", "no text"],
)
def test_a_blank_map_is_refused(shapes: list[shapely.Geometry], text: str) -> None:
    content = drawn(*shapes, text=text)
    with pytest.raises(GislandError, match="empty page: 1"):
        finished(content)
    # And the file of one who forgot to ask.
    with pikepdf.open(io.BytesIO(content)) as pdf, pikepdf.open(io.BytesIO(finished(drawn(PARCEL)))) as right:
        pdf.pages[0].VP = pdf.copy_foreign(right.pages[0].obj).VP
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(GislandError, match="empty page: 1"):
        drawing._check(out.getvalue(), 1)


def test_pages_without_anything_are_refused() -> None:
    ink = Ink("", "", "")
    with ink.page(210, 297, name="a", title="a"):
        ink.text(10, 10, "…", 4)
    with ink.page(210, 297, name="b", title="b"):
        ink.box(Box(10, 10, 20, 20))
    with pytest.raises(GislandError, match="empty page: 2"):
        finish(ink.save(), NOW, "vi")
    with pikepdf.open(io.BytesIO(drawn(PARCEL))) as pdf:
        pdf.add_blank_page()
        del pdf.pages[1].Contents
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(GislandError, match="empty page: 2"):
        drawing._check(out.getvalue(), 2)
    with pytest.raises(GislandError, match="has 1 pages, not 2"):
        drawing._check(finished(drawn(PARCEL)), 2)


def test_an_atlas_with_a_page_of_no_parcel_is_refused(atlas: PrintedAtlas, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*given: object) -> Labelled:
        return replace(atlas.labelled[1], seen=np.empty(0, dtype=int))

    monkeypatch.setattr(atlas_module, "label_page", nothing)
    monkeypatch.setattr(lists, "told_on", lambda *_: atlas.told)
    with pytest.raises(GislandError, match="no parcel on map page 1"):
        draw_atlas(atlas.edition)


def test_a_job_that_draws_a_blank_page_has_no_file(demo: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the process does that draws it, with a product that draws a frame and no parcel and does not finish it."""
    right = products.PRODUCTS["atlas"]

    def blank(*given: object) -> products.File:
        with pikepdf.open(io.BytesIO(finished(drawn(PARCEL)))) as pdf:
            pdf.pages[0].Contents = pdf.make_stream(b"BT (a) Tj ET")
            out = io.BytesIO()
            pdf.save(out)
        return products.File(out.getvalue(), "a.pdf", "AAAA", 1, 1, False)

    monkeypatch.setattr(products, "PRODUCTS", {"atlas": replace(right, draw=blank)})
    _, theirs = multiprocessing.Pipe(duplex=False)
    task = Task("atlas", {"ward": "11311", "group": "02", "reason": WHY}, ADMIN)
    with pytest.raises(GislandError, match="empty page: 1"):
        drawing._draw(theirs, demo, task)
