"""The file as other programs see it: qpdf, poppler, GDAL, a PDF/A checker, a photocopier."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
import shapely
from pikepdf import pdfa
from PIL import Image

from gisland.errors import GislandError
from gisland.printing.atlas import PrintedAtlas, draw_atlas
from gisland.printing.finish import check, finish
from gisland.printing.hatches import draw_status
from gisland.printing.ink import Ink
from gisland.printing.paper import Box
from tests.printing.outside import check_file, check_position, told
from tests.printing.pdf_text import opened


@pytest.fixture(scope="module")
def file(atlas: PrintedAtlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file, which is found to be sound, with all fonts in it and Vietnamese text that comes back as NFC."""
    parcel = next(each for each in atlas.edition.group.parcels if each.holders)
    assert parcel.holders is not None
    words = (
        "Bản in phục vụ thu thập thông tin",
        "Ranh giới tổ dân phố không phải địa giới hành chính.",
        "Đã xác minh",
        parcel.holders[0],
    )
    return check_file(atlas.content, tmp_path_factory.mktemp("atlas"), *words)


def test_it_is_an_archive_before_it_is_georeferenced_and_after(
    atlas: PrintedAtlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[Any] = []

    def seen(*given: Any) -> bytes:
        finished.append(given)
        return finish(*given)

    monkeypatch.setattr("gisland.printing.atlas.finish", seen)
    assert draw_atlas(atlas.edition).content == atlas.content
    ((drawn, at, language, viewports),) = finished
    assert len(viewports) == len(atlas.edition.layout.pages)
    # A checker that is told of nothing approves of it without its viewports; of those it knows nothing but the key.
    with opened(finish(drawn, at, language)) as pdf:
        assert not any("/VP" in page for page in pdf.pages)
        assert pdfa.check(pdf, "2b").findings == []
    with opened(atlas.content) as pdf:
        found = [(each.rule, each.message) for each in pdfa.check(pdf, "2b").findings]
        assert found == [("pikepdf:schema-Page", "unrecognized key(s) /VP are not checked")] * len(viewports)
        for page in pdf.pages:
            if "/VP" in page:
                del page.VP
        assert pdfa.check(pdf, "2b").findings == []
        assert pdf.open_metadata().pdfa_status == "2B"
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"


def test_what_is_no_archive_is_told(atlas: PrintedAtlas) -> None:
    def changed(change: Callable[[pikepdf.Pdf], object]) -> list[str]:
        out = io.BytesIO()
        with opened(atlas.content) as pdf:
            change(pdf)
            pdf.save(out)
        return check(out.getvalue())

    assert changed(lambda pdf: None) == []
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))
    for change in (
        lambda pdf: setattr(pdf.Root, "OpenAction", script),
        lambda pdf: setattr(pdf.pages[1], "Unknown", 1),
        lambda pdf: delattr(pdf.Root, "Metadata"),
    ):
        assert changed(change)
    with pytest.raises(GislandError, match="no PDF"):
        check(b"%PDF-1.7")


def test_bookmarks(file: Path, atlas: PrintedAtlas) -> None:
    outline = json.loads(told("qpdf", "--json", "--json-key=outlines", file))["outlines"]
    titles = [each["title"] for each in outline]
    assert titles[0] == "Bìa"
    assert "Bản đồ" in titles
    maps = next(each for each in outline if each["title"] == "Bản đồ")
    assert len(maps["kids"]) == len(atlas.edition.layout.pages)


def test_gdal_opens_the_maps_at_the_right_place(file: Path, atlas: PrintedAtlas) -> None:
    """The corners of each map, by its degrees and as GDAL sees them: within a centimetre."""
    for page in atlas.edition.layout.pages:
        wanted = (page.place.west, page.place.south, page.place.east, page.place.north)
        # An affine picture of an inset of some kilometres is a little off, which is not seen on paper.
        most = 0.01 if not page.inset else max(0.01, 0.02 * page.place.scale / 1000)
        check_position(file, wanted, atlas.edition.group.srid, page.number + 1, most)


def test_statuses_differ_on_a_grey_copy(atlas: PrintedAtlas, tmp_path: Path) -> None:
    """Each status as a field of 30 mm, in grey: its grey or the texture of its hatch tells it from each other one."""
    scene = atlas.edition
    ink = Ink("", "", "")
    side = 30.0
    with ink.page(side * len(scene.palette.exact), side, name="a", title="a"):
        for index, status in enumerate(scene.palette.exact):
            box = Box(index * side, 0, side, side)
            shape = np.array([shapely.box(box.x, box.y, box.right, box.top)], dtype=object)
            draw_status(ink, scene.palette, status, shape, box)
    path = tmp_path / "fields.pdf"
    path.write_bytes(ink.save())
    told("pdftoppm", "-r", "200", "-gray", "-singlefile", "-png", path, tmp_path / "fields")
    pixels = np.asarray(Image.open(tmp_path / "fields.png").convert("L"), dtype=float)
    wide = pixels.shape[1] // len(scene.palette.exact)
    signs = {}
    for index, status in enumerate(scene.palette.exact):
        field = pixels[20:-20, index * wide + 20 : (index + 1) * wide - 20]
        # Direction and strength of lines and dots: changes along and across, and along both diagonals.
        steps = [
            np.abs(field[:, 3:] - field[:, :-3]).mean(),
            np.abs(field[3:] - field[:-3]).mean(),
            np.abs(field[3:, 3:] - field[:-3, :-3]).mean(),
            np.abs(field[3:, :-3] - field[:-3, 3:]).mean(),
        ]
        signs[status] = np.array([field.mean(), *(4 * step for step in steps)])
    for one, two in itertools.combinations(signs, 2):
        assert np.abs(signs[one] - signs[two]).max() > 6, (one, two)
