"""What is promised of the codes of each map page: two QR codes in two corners, and a mark in each; see `proofs`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw

from tests.printing.pdf_text import MM
from tests.printing.seen import Map, Seen

DOTS = 8
"""Of the picture, for a millimetre."""
MARKS = {"1": (0, 0), "2": (1, 0), "3": (1, 1), "4": (0, 1)}
"""The corners of the sheet that the marks name: how far right, how far up."""
AT_CORNER, NEAR_CORNER = 15.0, 40.0
"""The middles of marks and of codes lie no further from the two sides of the sheet at their corner, mm."""
QR, MICRO = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.MicroQRCode


def check_codes(seen: Seen) -> None:
    """Two codes of level Q say the page, its place and scale, and stand in two corners, the short form of each beneath
    it; each corner has its own mark."""
    for each in seen.maps:
        _, _, wide, high = (float(side) * MM for side in seen.pdf.pages[each.index].MediaBox)
        codes = _codes(each, wide, high)
        marks = {code.text: _corner(at, wide, high, AT_CORNER) for code, at in codes if code.format == MICRO}
        assert marks == MARKS, (each.number, marks)
        found = [(code, at) for code, at in codes if code.format == QR]
        assert len({_corner(at, wide, high, NEAR_CORNER) for _, at in found} - {None}) == len(found) == 2, found
        (said,) = {code.text for code, _ in found}
        assert {code.ec_level for code, _ in found} == {"Q"}
        kind, page, pages, print_id, *_, scale, srid, east, north, _ = said.split("*")
        assert (kind, page, int(pages)) == ("GL1", f"M{each.number}", len(seen.pdf.pages))
        assert (int(scale), int(srid)) == (each.scale, seen.ward.srid)
        # The place is that of the middle of the first mark.
        ((x, y),) = each.to_ground(np.array([at for code, at in codes if code.text == "1"]))
        assert np.abs(np.array((x, y)) - np.array((int(east), int(north))) / 100).max() < 0.2 * each.metres
        (short,) = {_beneath(each, at) for _, at in found}
        assert re.fullmatch(rf"{print_id}-{page}-[A-Z2-7]{{4}}", short), short


def _codes(each: Map, wide: float, high: float) -> list[tuple[Any, tuple[float, float]]]:
    """What a reader finds in the black rectangles of a page, with the middle of each code, mm."""
    image = Image.new("L", (round(wide * DOTS), round(high * DOTS)), 255)
    pen = ImageDraw.Draw(image)
    for box in each.page.rectangles:
        if box.paint == (0, 0, 0):
            low, top = (high - box.y) * DOTS - 1, (high - box.y - box.height) * DOTS
            pen.rectangle((round(box.x * DOTS), round(top), round((box.x + box.width) * DOTS) - 1, round(low)), fill=0)
    # Its types know only one way to say formats.
    read: Any = zxingcpp.read_barcodes
    found = []
    for code in read(image, formats=[QR, MICRO]):
        one, two = code.position.top_left, code.position.bottom_right
        found.append((code, ((one.x + two.x) / 2 / DOTS, high - (one.y + two.y) / 2 / DOTS)))
    return found


def _corner(at: tuple[float, float], wide: float, high: float, most: float) -> tuple[int, int] | None:
    """The corner of a sheet that a point is near to: how far right, how far up."""
    right, up = int(at[0] > wide / 2), int(at[1] > high / 2)
    return (right, up) if max(abs(at[0] - right * wide), abs(at[1] - up * high)) < most else None


def _beneath(each: Map, at: tuple[float, float]) -> str:
    """The text whose middle is right below a code."""
    below = [text for text in each.page.texts if abs(text.middle[0] - at[0]) < 0.5 and 10 < at[1] - text.middle[1] < 15]
    (found,) = below
    return found.said
