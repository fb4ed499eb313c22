"""Pages on which nothing is shown: a fault of the drawing becomes an error, never paper.

It is seen in the operators of the page, not asked of what drew them. Every paper says what it is, so a page without
text is blank; and so is a map with nothing in its frame but grid, sheets' marks and the ground it shares with others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pikepdf

from gisland.errors import GislandError
from gisland.printing.ink import POINTS
from gisland.printing.paper import Box

_RING = re.compile(rb"((?:-?[\d.]+ ){2}m (?:(?:-?[\d.]+ ){2}l )+)h")
"""A closed path as `ink` writes it."""
_NUMBER = re.compile(rb"-?[\d.]+")
CORNER = 0.002
"""Of two frames of one size, what both show has a corner in that of each, mm."""


def refuse_blank(pdf: pikepdf.Pdf, frames: Mapping[int, Box]) -> None:
    """Look at all pages of a drawn file.

    Args:
        pdf: the file.
        frames: the map frames (mm) by the index of their page.

    Raises:
        GislandError: it has no page, or one on which nothing is shown.
    """
    blank = [index + 1 for index, page in enumerate(pdf.pages) if not shows(content_of(page), frames.get(index))]
    if blank or not len(pdf.pages):
        raise GislandError(f"trang trống · the drawing left an empty page: {', '.join(map(str, blank)) or 0}")


def shows(content: bytes, frame: Box | None) -> bool:
    """Whether the operators of a page show anything; of a map, any land in its frame."""
    if b" Tj" not in content:
        return False
    return frame is None or any(_is_land(ring[1], frame) for ring in _RING.finditer(content))


def _is_land(ring: bytes, frame: Box) -> bool:
    points = np.array(_NUMBER.findall(ring), dtype=float).reshape(-1, 2)
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    if west >= frame.right or east <= frame.x or south >= frame.top or north <= frame.y:
        return False
    off = np.minimum(np.abs(points - (frame.x, frame.y)), np.abs(points - (frame.right, frame.top)))
    return not (off < CORNER).all(axis=1).any()


def frames_in(pdf: pikepdf.Pdf) -> dict[int, Box]:
    """The map frames (mm) of a finished file, by its viewports."""
    found = {}
    for index, page in enumerate(pdf.pages):
        if "/VP" in page:
            view: pikepdf.Object = page.VP[0]
            west, south, east, north = (float(str(each)) / POINTS for each in list(view.BBox))
            found[index] = Box(west, south, east - west, north - south)
    return found


def content_of(page: pikepdf.Page) -> bytes:
    """The operators of a page."""
    if "/Contents" not in page:
        return b""
    contents: pikepdf.Object = page.Contents
    streams = [contents] if isinstance(contents, pikepdf.Stream) else [contents[at] for at in range(len(contents))]
    return b"\n".join(each.read_bytes() for each in streams)
