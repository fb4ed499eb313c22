"""Drawing in millimetres: a thin layer of PDF operators over ReportLab's canvas, which keeps fonts, pages and links.

ReportLab's own drawing calls cost three times as much (measured); what its canvas keeps in `_code` are the operators of
the page, so the version is pinned. All texts are made NFC here, and get a box for what the font has not.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from gisland.kit.colors import rgb
from gisland.printing.fonts import BOLD, REGULAR, UNKNOWN, internals, missing_glyphs, printable, register, width
from gisland.printing.model import Floats, Geometries
from gisland.printing.paper import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTS = 72 / 25.4
Align = Literal["left", "middle", "right"]
Color = tuple[float, float, float]
BLACK, WHITE, GREY = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.45, 0.45, 0.45)
PALE, RULE = (0.93, 0.93, 0.93), (0.6, 0.6, 0.6)
Halo = tuple[Color, float]
"""What is kept free around the strokes of a text: its colour, and how far it reaches, mm."""
NARROWEST = 0.7
"""How narrow a text is written before it is cut off."""


def color(text: str) -> Color:
    """A colour of the palette: `#rrggbb`."""
    red, green, blue = (each / 255 for each in rgb(text))
    return red, green, blue


class Ink:
    """A PDF file that is being drawn.

    Args:
        title: of the document.
        subject: of the document.
        author: of the document.
    """

    def __init__(self, title: str, subject: str, author: str) -> None:
        register()
        # The print's own times are written by `finish`; without ASCII85 streams are smaller and made faster.
        rl_config.useA85 = 0
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pageCompression=1, invariant=1, initialFontName=REGULAR, pdfVersion=(1, 7))
        self._canvas.setTitle(printable(title))
        self._canvas.setSubject(printable(subject))
        self._canvas.setCreator("gisland")
        self._canvas.setProducer("gisland")
        self._canvas.setAuthor(printable(author))
        self._ops: list[str] = []
        self._fonts: dict[tuple[str, int], str] = {}
        self._texts: dict[tuple[str, str], list[tuple[str, str]]] = {}
        # The same polygons are filled, clipped to and outlined, one after the other.
        self._path: tuple[Geometries | None, str] = None, ""
        self.pages = 0
        self.unknown: dict[str, set[int]] = {}
        """Characters that the font has not: on which pages they were to be written, from 1."""
        self.cut: set[int] = set()
        """Pages, from 1, on which a text was cut off for want of room."""
        self.larger = 1.0
        """How many times larger what is drawn now comes out on paper."""
        # Told how many pages are drawn, after each.
        self.on_page: Callable[[int], None] = lambda _: None

    # Pages ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def page(
        self, wide: float, high: float, *, name: str, title: str, level: int = 0, above: str = ""
    ) -> Iterator[None]:
        """A page; `name` is where links lead to, `title` its bookmark, `above` one that begins a part there."""
        canvas = self._canvas
        canvas.setPageSize((wide * POINTS, high * POINTS))
        if above:
            canvas.bookmarkPage(f"{name}-part")
            canvas.addOutlineEntry(printable(above), f"{name}-part", level=0, closed=0)
        canvas.bookmarkPage(name)
        canvas.addOutlineEntry(printable(title), name, level=level, closed=0)
        self._ops = [f"{POINTS:.6f} 0 0 {POINTS:.6f} 0 0 cm 1 j 1 J"]
        yield
        canvas._code.append("q " + "\n".join(self._ops) + " Q")
        canvas.showPage()
        self.pages += 1
        self.on_page(self.pages)

    def link(self, box: Box, name: str) -> None:
        """Make a rectangle lead to a page."""
        corners = (box.x * POINTS, box.y * POINTS, box.right * POINTS, box.top * POINTS)
        self._canvas.linkRect("", name, corners, relative=0, thickness=0)

    def save(self) -> bytes:
        """The file."""
        self._canvas.showOutline()
        self._canvas.save()
        return self._out.getvalue()

    # State ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is set within (colours, clips) is forgotten at the end."""
        self._ops.append("q")
        yield
        self._ops.append("Q")

    @contextmanager
    def scaled(self, x: float, y: float, larger: float) -> Iterator[None]:
        """Draw so many times larger, from a point that is (0, 0) within; not for links."""
        self._ops.append(f"q {larger:.5f} 0 0 {larger:.5f} {x:.3f} {y:.3f} cm")
        outside, self.larger = self.larger, self.larger * larger
        yield
        self.larger = outside
        self._ops.append("Q")

    def fill_with(self, paint: Color) -> None:
        """The colour of areas and texts."""
        self._ops.append(f"{_rgb(paint)} rg")

    def draw_with(self, paint: Color, thick: float, dash: Sequence[float] = ()) -> None:
        """Colour, thickness (mm) and dashes of lines."""
        pattern = " ".join(f"{each:.2f}" for each in dash)
        self._ops.append(f"{_rgb(paint)} RG {thick:.3f} w [{pattern}] 0 d")

    def clip(self, box: Box) -> None:
        """Draw within a rectangle only."""
        self._ops.append(f"{box.x:.3f} {box.y:.3f} {box.width:.3f} {box.height:.3f} re W n")

    def clip_to(self, shapes: Geometries) -> None:
        """Draw within polygons only."""
        self._ops.append(self._path_of(shapes) + " W n" if len(shapes) else "0 0 0 0 re W n")

    # Shapes --------------------------------------------------------------------------------------------------------

    def polygons(self, shapes: Geometries, *, fill: bool = False, stroke: bool = False) -> None:
        """Polygons with their holes, in millimetres."""
        if len(shapes):
            self._ops.append(self._path_of(shapes) + _painted(fill=fill, stroke=stroke))

    def _path_of(self, shapes: Geometries) -> str:
        if self._path[0] is not shapes:
            self._path = shapes, _path(shapes)
        return self._path[1]

    def lines(self, ends: Floats | Iterable[Sequence[float]]) -> None:
        """Lines, a row (x, y, x, y) each."""
        drawn = _rows("%.3f %.3f m %.3f %.3f l", ends)
        if drawn:
            self._ops.append(drawn + " S")

    def box(self, box: Box, *, fill: bool = False, stroke: bool = True) -> None:
        """A rectangle."""
        drawn = f"{box.x:.3f} {box.y:.3f} {box.width:.3f} {box.height:.3f} re"
        self._ops.append(drawn + _painted(fill=fill, stroke=stroke))

    def boxes(self, drawn: Iterable[Sequence[float]], *, fill: bool = False, stroke: bool = True) -> None:
        """Rectangles, (x, y, width, height) each."""
        path = _rows("%.3f %.3f %.3f %.3f re", drawn)
        if path:
            self._ops.append(path + _painted(fill=fill, stroke=stroke))

    def dots(self, places: Floats, size: float) -> None:
        """Round dots: lines without length and with round ends."""
        if len(places):
            drawn = _rows("%.2f %.2f m %.2f %.2f l", np.hstack([places, places]))
            self._ops.append(f"{size:.3f} w {drawn} S")

    # Text ----------------------------------------------------------------------------------------------------------

    def text(
        self,
        x: float,
        y: float,
        said: str,
        size: float,
        *,
        bold: bool = False,
        align: Align = "left",
        angle: float = 0,
        paint: Color | None = None,
        room: float | None = None,
        halo: Halo | None = None,
    ) -> float:
        """Write a line of text.

        Args:
            x: where it begins, or its middle or end.
            y: its base line.
            said: the text.
            size: of the font, mm.
            bold: the heavier weight.
            align: what `x` is.
            angle: degrees, counter-clockwise.
            paint: its colour, when it is not that of areas.
            room: as long as it may become; it is written narrower, down to 70 %, and then cut off.
            halo: what is kept free around it.

        Returns:
            How long it is, mm.
        """
        name = BOLD if bold else REGULAR
        whole = self._printable(said)
        said, narrow = _fitted(whole, size, name, room)
        if said != whole:
            self.lose()
        long = width(said, size, name) * narrow
        turn = math.radians(angle)
        cos, sin = math.cos(turn), math.sin(turn)
        back = {"left": 0.0, "middle": long / 2, "right": long}[align]
        place = f"{cos * narrow:.5f} {sin * narrow:.5f} {-sin:.5f} {cos:.5f} {x - back * cos:.3f} {y - back * sin:.3f}"
        said_so = f"BT {place} Tm {self._shown(said, name, size)} ET"
        if halo is not None:
            self._ops.append(_around(said_so, halo))
        self._ops.append(said_so if paint is None else f"q {_rgb(paint)} rg {said_so} Q")
        return long

    def lose(self) -> None:
        """Note that a text of the page that is drawn was cut off for want of room."""
        self.cut.add(self.pages + 1)

    def _printable(self, said: str) -> str:
        """A text as it can be drawn; what the font has not is noted with the page."""
        shown = printable(said)
        if UNKNOWN in shown:
            for sign in missing_glyphs(said):
                self.unknown.setdefault(sign, set()).add(self.pages + 1)
        return shown

    def _shown(self, said: str, name: str, size: float) -> str:
        """The operators that show a text in the subsets of a font."""
        parts = self._texts.get((said, name))
        if parts is None:
            parts = self._texts[said, name] = self._split(said, name)
        return " ".join([f"{inner} {size:.3f} Tf ({codes}) Tj" for inner, codes in parts])

    def _split(self, said: str, name: str) -> list[tuple[str, str]]:
        """The parts of a text: the name of a subset of the font, and what is shown of it."""
        font: Any = internals(name)
        document = self._canvas._doc
        parts = []
        for subset, codes in font.splitString(said, document):
            inner = self._fonts.get((name, subset))
            if inner is None:
                inner = self._fonts[name, subset] = font.getSubsetInternalName(subset, document)
            parts.append((inner, self._canvas._escape(codes)))
        return parts


def _fitted(said: str, size: float, name: str, room: float | None) -> tuple[str, float]:
    """A text as it fits into a room, and how much narrower it is written."""
    long = width(said, size, name)
    if room is None or long <= room:
        return said, 1.0
    narrow = max(NARROWEST, room / long)
    while said and long * narrow > room:
        said = said[:-1]
        long = width(said + "…", size, name)
        if long * narrow <= room:
            said += "…"
    return said, narrow


def _around(said_so: str, halo: Halo) -> str:
    """The strokes of a text, thickened: readers of the file are told that they say nothing a second time."""
    paint, reach = halo
    thick = f"q {_rgb(paint)} RG {2 * reach:.3f} w [] 0 d 1 Tr {said_so} Q"
    return f"/Span <</ActualText ()>> BDC {thick} EMC"


def _painted(*, fill: bool, stroke: bool) -> str:
    return " B" if fill and stroke else " f" if fill else " S"


def _rgb(paint: Color) -> str:
    return " ".join(f"{each:.3f}" for each in paint)


def _path(shapes: Geometries) -> str:
    """The path operators of polygons.

    Outlines run one way round and holes the other: what several polygons cover is within, what is a hole of all is not.
    """
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(shapes)))
    xy, index = shapely.get_coordinates(rings, return_index=True)
    lengths = np.bincount(index, minlength=len(rings))
    # `h` closes a ring: its last point is the first one again.
    lengths[lengths < 3] = 0
    drawn = (lengths > 0)[index]
    drawn[np.flatnonzero(np.diff(index, append=-1))] = False
    return "\n".join(_ring(length) for length in lengths.tolist() if length) % tuple(xy[drawn].ravel().tolist())


@cache
def _ring(length: int) -> str:
    """How a ring of so many points is written, in one go: twice as fast as point by point."""
    return "%.3f %.3f m " + " l ".join(["%.3f %.3f"] * (length - 2)) + " l h"


def _rows(form: str, rows: Floats | Iterable[Sequence[float]]) -> str:
    """Rows of numbers, each written in this form, in one go."""
    numbers = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=float)
    return "\n".join([form] * len(numbers)) % tuple(numbers.ravel().tolist())
