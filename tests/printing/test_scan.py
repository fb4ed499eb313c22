"""What comes back from the scanner: codes and corner marks of a page, turned, noisy, grey and folded, at 150 dpi."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from gisland.errors import InputError
from gisland.printing.atlas import PrintedAtlas
from gisland.printing.code import read_code, read_short
from gisland.printing.marks import CORNERS, MARK, mark_boxes
from gisland.printing.paper import MARGIN
from gisland.printing.scene import points_to_paper

DPI = 150
FORMATS = [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.MicroQRCode]
PAGE = 1
# Its types know only one way to say formats.
read_barcodes: Any = zxingcpp.read_barcodes


@pytest.fixture(scope="module")
def page(atlas: PrintedAtlas, tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """The first map page as a picture."""
    folder = tmp_path_factory.mktemp("scan")
    (folder / "a.pdf").write_bytes(atlas.content)
    at = str(PAGE + 1)
    command = ["pdftoppm", "-r", str(DPI), "-gray", "-f", at, "-l", at, "-singlefile", "-png", "a.pdf", "page"]
    subprocess.run(command, cwd=folder, check=True)
    return Image.open(Path(folder) / "page.png").convert("L")


def scanned(page: Image.Image, turn: float, seed: int) -> Image.Image:
    """The page on the glass of a scanner: a little off, grey, unevenly lit, folded across the middle."""
    chance = np.random.default_rng(seed)
    sheet = Image.new("L", (page.width + 120, page.height + 120), 205)
    sheet.paste(page, (60, 60))
    sheet = sheet.rotate(turn, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=205)
    grey = np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.7)), dtype=float)
    y, x = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]]
    grey = grey * (0.8 + 0.1 * x / grey.shape[1]) - 8 * np.sin(y / grey.shape[0] * 3)
    fold = grey.shape[1] / 2 + (y - grey.shape[0] / 2) * 0.02
    grey -= 60 * np.exp(-(((x - fold) / 4) ** 2))
    grey += chance.normal(0, 10, grey.shape)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def corner_marks(scan: Image.Image) -> dict[str, NDArray[np.float64]]:
    """The corners (dots) of the corner marks, by what they say; looked for in a corner each, twice as large."""
    found: dict[str, NDArray[np.float64]] = {}
    wide, high = scan.width // 5, scan.height // 5
    for left in (0, scan.width - wide):
        for top in (0, scan.height - high):
            corner = scan.crop((left, top, left + wide, top + high)).resize(
                (2 * wide, 2 * high), Image.Resampling.BICUBIC
            )
            for code in read_barcodes(corner, formats=FORMATS[1:]):
                place = code.position
                points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
                found[code.text] = np.array([(p.x / 2 + left, p.y / 2 + top) for p in points])
    return found


def set_right(scan: Image.Image, atlas: PrintedAtlas) -> NDArray[np.float64]:
    """The affine map from dots of the scan to millimetres of the sheet, by the corner marks that were found."""
    boxes = dict(zip(CORNERS, mark_boxes(atlas.edition.paper), strict=True))
    marks = {name: corners for name, corners in corner_marks(scan).items() if name in boxes}
    assert len(marks) >= 2
    sheet = [
        corner
        for box in map(boxes.__getitem__, marks)
        for corner in ((box.x, box.top), (box.right, box.top), (box.right, box.y), (box.x, box.y))
    ]
    dots = np.vstack([*marks.values()])
    found: NDArray[np.float64] = np.linalg.lstsq(np.column_stack([dots, np.ones(len(dots))]), np.array(sheet))[0]
    return found


@pytest.mark.parametrize("turn", [0, 1.5, -3, 7, 90, 180])
def test_a_scan_tells_what_and_where_it_is(atlas: PrintedAtlas, page: Image.Image, turn: float) -> None:
    scan = scanned(page, turn, seed=1)
    found = read_barcodes(scan, formats=FORMATS)
    texts = {code.text for code in found if code.format == zxingcpp.BarcodeFormat.QRCode}
    (text,) = texts
    code = read_code(text, atlas.edition.key)
    assert (code.page, code.pages, code.print_id) == ("M1", atlas.edition.pages, atlas.edition.print_id)
    # A point of the ground is found on the scan by nothing but the code and the marks.
    place, frame = atlas.edition.layout.pages[0].place, atlas.edition.paper.frame
    assert code.east is not None
    assert code.north is not None
    to_sheet = set_right(scan, atlas)
    middle = (scan.width / 2, scan.height / 2, 1.0)
    x, y = middle @ to_sheet
    east = code.east + (x - MARGIN - MARK / 2) * code.scale / 1000
    north = code.north + (y - MARGIN - MARK / 2) * code.scale / 1000
    ((back_x, back_y),) = points_to_paper([(east, north)], place, frame).tolist()
    assert (back_x, back_y) == pytest.approx((x, y), abs=0.03)
    # The middle of the scan is the middle of the sheet.
    sheet = atlas.edition.paper
    assert (x, y) == pytest.approx((sheet.width / 2, sheet.height / 2), abs=1.0)


def test_a_code_that_was_altered_is_refused(atlas: PrintedAtlas) -> None:
    code = atlas.edition.code("M1", atlas.edition.layout.pages[0].place)
    text = code.text(atlas.edition.key)
    assert read_code(text, atlas.edition.key) == code
    with pytest.raises(InputError):
        read_code(text.replace("*M1*", "*M2*"), atlas.edition.key)
    assert read_short(code.short(atlas.edition.key), atlas.edition.key) == (atlas.edition.print_id, "M1")
