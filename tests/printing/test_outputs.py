"""The file as other programs see it: qpdf, poppler, GDAL, a PDF/A checker, a photocopier."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from gisland.kit.crs import to_wgs84
from gisland.printing.atlas import PrintedAtlas
from gisland.printing.finish import check
from gisland.printing.hatches import draw_status
from gisland.printing.ink import Ink
from gisland.printing.paper import Box


@pytest.fixture(scope="module")
def file(atlas: PrintedAtlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("atlas") / "atlas.pdf"
    path.write_bytes(atlas.content)
    return path


def told(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_qpdf_finds_no_fault(file: Path) -> None:
    assert "No syntax or stream encoding errors found" in told("qpdf", "--check", file)


def test_it_is_pdf_a(atlas: PrintedAtlas) -> None:
    assert check(atlas.content) == []
    assert b"pdfaid" in atlas.content or b"/Metadata" in atlas.content


def test_all_fonts_are_embedded_subsets_with_unicode(file: Path) -> None:
    fonts = told("pdffonts", file).splitlines()[2:]
    assert len(fonts) >= 2
    for font in fonts:
        assert re.search(r"GislandSans\S*\s+TrueType\s+\S+\s+yes yes yes", font)


def test_vietnamese_comes_back_as_nfc(file: Path, atlas: PrintedAtlas) -> None:
    text = told("pdftotext", "-layout", file, "-")
    assert text == unicodedata.normalize("NFC", text)
    for words in (
        "Bản in phục vụ thu thập thông tin",
        "Ranh giới tổ dân phố không phải địa giới hành chính.",
        "Đã xác minh",
    ):
        assert words in text
    parcel = next(each for each in atlas.edition.group.parcels if each.holders)
    assert parcel.holders is not None
    assert parcel.holders[0] in text


def test_bookmarks(file: Path, atlas: PrintedAtlas) -> None:
    outline = json.loads(told("qpdf", "--json", "--json-key=outlines", file))["outlines"]
    titles = [each["title"] for each in outline]
    assert titles[0] == "Bìa"
    assert "Bản đồ" in titles
    maps = next(each for each in outline if each["title"] == "Bản đồ")
    assert len(maps["kids"]) == len(atlas.edition.layout.pages)


def test_gdal_opens_the_maps_at_the_right_place(file: Path, atlas: PrintedAtlas) -> None:
    """The corners of the page, as GDAL sees them, against those that scale and frame give: within a centimetre."""
    scene = atlas.edition
    for page in scene.layout.pages:
        info = json.loads(told("gdalinfo", "-json", f"PDF:{page.number + 1}:{file}"))
        geo, (wide, high) = info["geoTransform"], info["size"]
        assert "WGS 84" in info["coordinateSystem"]["wkt"]
        frame, metres = scene.paper.frame, page.place.scale / 1000
        dots = wide / scene.paper.width
        for x, y in ((frame.x, frame.y), (frame.right, frame.y), (frame.right, frame.top), (frame.x, frame.top)):
            column, row = x * dots, (scene.paper.height - y) * high / scene.paper.height
            lon = geo[0] + column * geo[1] + row * geo[2]
            lat = geo[3] + column * geo[4] + row * geo[5]
            ground = page.place.west + (x - frame.x) * metres, page.place.south + (y - frame.y) * metres
            east, north = to_wgs84(scene.group.srid).transform(lon, lat, direction="INVERSE")
            off = np.hypot(east - ground[0], north - ground[1])
            # GDAL rounds the frame to whole points of its raster; what is left is that of an affine map.
            assert off < 0.02


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
