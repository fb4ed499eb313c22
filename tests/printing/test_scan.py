"""What comes back from the scanner: codes and corner marks of a page, turned, noisy, grey and folded, at 150 dpi."""

from __future__ import annotations

import math
import subprocess
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from gisland.errors import InputError
from gisland.printing.atlas import Order, PrintedAtlas, print_atlas
from gisland.printing.code import PageCode, read_code, read_short
from gisland.printing.marks import CORNERS, MARK, mark_boxes
from gisland.printing.paper import MARGIN
from gisland.printing.scene import points_to_paper
from gisland.settings import Settings
from tests.printing.conftest import ADMIN, WHY

DPI = 150
QR, MICRO = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.MicroQRCode
AROUND = 60
"""Of the glass, around the sheet, dots."""
# Its types know only one way to say formats.
read_barcodes: Any = zxingcpp.read_barcodes


@dataclass(frozen=True)
class Sheet:
    """A page as a picture, and what its codes must say."""

    atlas: PrintedAtlas
    code: PageCode
    image: Image.Image
    codes: list[tuple[float, float]]
    """The middles of its codes, dots."""


@pytest.fixture(scope="module", params=["A3 M1", "A4 M2", "A3 L1"])
def sheet(
    atlas: PrintedAtlas, demo: Settings, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Sheet:
    """A map page of A3 and one of A4, which have two codes, and a checklist, which has one."""
    size, name = request.param.split()
    if size == "A4":
        atlas = print_atlas(demo, ADMIN, Order("11311", "02", paper="A4", orientation="portrait", reason=WHY))
    scene, number = atlas.edition, int(name[1:])
    place = scene.layout.pages[number - 1].place if name.startswith("M") else None
    at = str(number + 1 if place else scene.first_list[1])
    folder = tmp_path_factory.mktemp("scan")
    (folder / "a.pdf").write_bytes(atlas.content)
    command = ["pdftoppm", "-r", str(DPI), "-gray", "-f", at, "-l", at, "-singlefile", "-png", "a.pdf", "page"]
    subprocess.run(command, cwd=folder, check=True)
    image = Image.open(folder / "page.png").convert("L")
    codes = [middle(each.position) for each in codes_in(image)]
    assert len(codes) == (2 if place else 1)
    return Sheet(atlas, scene.code(name, place), image, codes)


def codes_in(image: Image.Image) -> list[Any]:
    """The codes without the corner marks, which are of a kind of their own."""
    return [each for each in read_barcodes(image, formats=[QR, MICRO]) if each.format == QR]


def middle(position: Any) -> tuple[float, float]:
    one, two = position.top_left, position.bottom_right
    return (one.x + two.x) / 2, (one.y + two.y) / 2


def scanned(page: Image.Image, turn: float, fold: tuple[float, float] | None = None, seed: int = 1) -> Image.Image:
    """The page on the glass of a scanner: a little off, grey, unevenly lit, folded where it is said (dots) and across.

    A fold is a dark line that runs up the page, with what is right of it a dot lower.
    """
    chance = np.random.default_rng(seed)
    glass = Image.new("L", (page.width + 2 * AROUND, page.height + 2 * AROUND), 205)
    glass.paste(page, (AROUND, AROUND))
    grey = np.asarray(glass, dtype=np.float32)
    y, x = np.ogrid[: grey.shape[0], : grey.shape[1]]
    at = (fold or (page.width / 2, page.height / 2))[0] + AROUND + (y - grey.shape[0] / 2) * 0.02
    if fold is not None:
        at = at + (grey.shape[0] / 2 - fold[1] - AROUND) * 0.02
    grey = np.where(x > at, np.roll(grey, 1, axis=0), grey) - 60 * np.exp(-(((x - at).astype(np.float32) / 4) ** 2))
    glass = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    glass = glass.rotate(turn, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=205)
    grey = np.asarray(glass.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32)
    y, x = np.ogrid[: grey.shape[0], : grey.shape[1]]
    grey = grey * (0.8 + 0.1 * x / grey.shape[1]) - 8 * np.sin(y / grey.shape[0] * 3)
    grey = grey + 10 * chance.standard_normal(grey.shape, dtype=np.float32)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def corner_marks(scan: Image.Image) -> dict[str, NDArray[np.float64]]:
    """The corners (dots) of the corner marks, by what they say; looked for in a corner each, twice as large."""
    found: dict[str, NDArray[np.float64]] = {}
    wide, high = scan.width // 3, scan.height // 3
    for left in (0, scan.width - wide):
        for top in (0, scan.height - high):
            corner = scan.crop((left, top, left + wide, top + high)).resize(
                (2 * wide, 2 * high), Image.Resampling.BICUBIC
            )
            for code in read_barcodes(corner, formats=[MICRO]):
                place = code.position
                points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
                found[code.text] = np.array([(p.x / 2 + left, p.y / 2 + top) for p in points])
    return found


def upright(scan: Image.Image, code: Any) -> Image.Image:
    """The scan turned back by as much as one of its codes is turned."""
    one, two = code.position.top_left, code.position.top_right
    turn = math.degrees(math.atan2(two.y - one.y, two.x - one.x))
    return scan.rotate(turn, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=205)


def set_right(scan: Image.Image, atlas: PrintedAtlas) -> NDArray[np.float64]:
    """The affine map from dots of the scan to millimetres of the sheet, by the corner marks: three at least."""
    boxes = dict(zip(CORNERS, mark_boxes(atlas.edition.paper), strict=True))
    marks = {name: corners for name, corners in corner_marks(scan).items() if name in boxes}
    assert len(marks) >= 3, marks.keys()
    sheet = [
        corner
        for box in map(boxes.__getitem__, marks)
        for corner in ((box.x, box.top), (box.right, box.top), (box.right, box.y), (box.x, box.y))
    ]
    dots = np.vstack([*marks.values()])
    found: NDArray[np.float64] = np.linalg.lstsq(np.column_stack([dots, np.ones(len(dots))]), np.array(sheet))[0]
    return found


@pytest.mark.parametrize("turn", [1.5, 7, 90, *(pytest.param(turn, marks=pytest.mark.proof) for turn in (0, -3, 180))])
def test_a_scan_tells_what_and_where_it_is(sheet: Sheet, turn: float) -> None:
    scan, scene = scanned(sheet.image, turn), sheet.atlas.edition
    codes = codes_in(scan)
    found = [each.text for each in codes]
    assert found == [sheet.code.text(scene.key)] * len(sheet.codes)
    code = read_code(found[0], scene.key)
    assert (code.page, code.pages, code.print_id) == (sheet.code.page, scene.pages, scene.print_id)
    scan = upright(scan, codes[0])
    to_sheet = set_right(scan, sheet.atlas)
    x, y = np.array([scan.width / 2, scan.height / 2, 1.0]) @ to_sheet
    # The middle of the scan is the middle of the sheet.
    assert (x, y) == pytest.approx((scene.paper.width / 2, scene.paper.height / 2), abs=1.0)
    if code.east is None or code.north is None:
        assert code.page == "L1"
        return
    # A point of the ground is found on the scan by nothing but the code and the marks.
    place = scene.layout.pages[int(code.page[1:]) - 1].place
    east = code.east + (x - MARGIN - MARK / 2) * code.scale / 1000
    north = code.north + (y - MARGIN - MARK / 2) * code.scale / 1000
    ((back_x, back_y),) = points_to_paper([(east, north)], place, scene.paper.frame).tolist()
    assert (back_x, back_y) == pytest.approx((x, y), abs=0.03)


@pytest.mark.parametrize("off", [0, 0.3, pytest.param(-0.3, marks=pytest.mark.proof)])
def test_a_fold_through_a_code_does_not_hide_it(sheet: Sheet, off: float) -> None:
    """The fold runs through one code: at its middle, or at a third of it to either side."""
    right = sheet.code.text(sheet.atlas.edition.key)
    side = 20 * DPI / 25.4
    for turn, (x, y) in zip((0.7, -2), sheet.codes, strict=False):
        scan = scanned(sheet.image, turn, (x + off * side, y), seed=2)
        assert [each.text for each in codes_in(scan)] == [right] * len(sheet.codes)
        assert len(corner_marks(scan)) >= 3


def test_a_code_that_was_altered_is_refused(atlas: PrintedAtlas) -> None:
    code = atlas.edition.code("M1", atlas.edition.layout.pages[0].place)
    text = code.text(atlas.edition.key)
    assert read_code(text, atlas.edition.key) == code
    with pytest.raises(InputError):
        read_code(text.replace("*M1*", "*M2*"), atlas.edition.key)
    assert read_short(code.short(atlas.edition.key), atlas.edition.key) == (atlas.edition.print_id, "M1")
