"""What is in a PDF, read from its own operators: texts with their turned boxes, paths with their paint, links.

Nothing of gisland's own drawing is used here: a proof must not believe what it proves. The operators that gisland
writes are few; one that is not known here is an error, lest something be drawn that no proof sees.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pikepdf
import shapely
from numpy.typing import NDArray
from shapely import Polygon

MM = 25.4 / 72
Matrix = tuple[float, float, float, float, float, float]
Paint = tuple[float, ...]
Rings = tuple[NDArray[np.float64], ...]
UNTURNED: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Text:
    """A run of text: what it says, its box (mm, from the lower left corner of the page), angle and size in mm."""

    said: str
    box: Polygon
    angle: float
    size: float
    bold: bool
    paint: Paint

    @cached_property
    def middle(self) -> tuple[float, float]:
        return self.box.centroid.x, self.box.centroid.y


@dataclass(frozen=True)
class Rectangle:
    """A filled rectangle, mm."""

    x: float
    y: float
    width: float
    height: float
    paint: Paint


@dataclass(frozen=True)
class Path:
    """What one operator painted: rings and lines, mm; what of it lies outside of `clip` is not seen."""

    parts: list[NDArray[np.float64]]
    closed: list[bool]
    filled: Paint | None
    stroked: Paint | None
    thick: float
    dash: tuple[float, ...]
    """mm."""
    clip: tuple[float, float, float, float] | None
    """West, south, east and north of the rectangle that is drawn within; None: the page."""
    within: Rings | None = None
    """The rings of the polygons that it is drawn within, too."""

    @cached_property
    def rings(self) -> list[NDArray[np.float64]]:
        return [part for part, closed in zip(self.parts, self.closed, strict=True) if closed and len(part) > 2]

    @cached_property
    def lines(self) -> list[NDArray[np.float64]]:
        return [part for part, closed in zip(self.parts, self.closed, strict=True) if not closed]


@dataclass(frozen=True)
class Page:
    """All that is on a page."""

    texts: list[Text]
    rectangles: list[Rectangle]
    paths: list[Path]


@dataclass(frozen=True)
class State:
    """What `q` keeps."""

    place: Matrix = (MM, 0.0, 0.0, MM, 0.0, 0.0)
    fill: Paint = (0.0, 0.0, 0.0)
    stroke: Paint = (0.0, 0.0, 0.0)
    thick: float = 1.0
    dash: tuple[float, ...] = ()
    clip: tuple[float, float, float, float] | None = None
    within: Rings | None = None


def times(one: Matrix, two: Matrix) -> Matrix:
    """First one, then two."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = two
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def moved(place: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c, d, e, f = place
    found: NDArray[np.float64] = points @ np.array([(a, b), (c, d)]) + (e, f)
    return found


class Font:
    """Widths and characters of a simple font."""

    def __init__(self, font: pikepdf.Object) -> None:
        first = int(font.FirstChar)
        self.widths = {first + index: float(width) / 1000 for index, width in enumerate(font.Widths)}
        self.bold = "Bold" in str(font.BaseFont)
        self.signs: dict[int, str] = {}
        table = font.ToUnicode.read_bytes().decode("latin-1")
        for start, end, to in re.findall(r"<(\w+)> *<(\w+)> *(\[[^\]]*\]|<\w+>)", table):
            codes = re.findall(r"<(\w+)>", to)
            for index, code in enumerate(range(int(start, 16), int(end, 16) + 1)):
                if len(codes) > 1:
                    self.signs[code] = bytes.fromhex(codes[index]).decode("utf-16-be")
                else:
                    self.signs[code] = chr(int(codes[0], 16) + index)
        for code, sign in re.findall(r"^<(\w\w)> *<(\w{4})>$", table, re.MULTILINE):
            self.signs[int(code, 16)] = bytes.fromhex(sign).decode("utf-16-be")


# Parts of the size: how far digits and capitals reach up, and commas down.
UP, DOWN = 0.69, 0.10

_TOKEN = re.compile(rb"\((?:[^()\\]|\\.)*\)|[\[\]]|/[^\s/\[\]()<>]+|[^\s/\[\]()<>]+", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_SIGNS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_FIRST_OF_NUMBERS = frozenset(b"+-.0123456789")


def unescaped(token: bytes) -> bytes:
    """The bytes of a string in parentheses."""

    def sign(match: re.Match[bytes]) -> bytes:
        said = match[1]
        return bytes([int(said, 8)]) if said[:1].isdigit() else _SIGNS.get(said, said)

    return _ESCAPED.sub(sign, token[1:-1])


def operators(content: bytes) -> Iterator[tuple[bytes, list[Any]]]:
    """Operators with what stands before them: numbers, names and strings as bytes, arrays as lists."""
    operands: list[Any] = []
    array: list[Any] | None = None
    for token in _TOKEN.findall(content):
        if token[0] in _FIRST_OF_NUMBERS:
            (operands if array is None else array).append(float(token))
        elif token == b"[":
            array = []
        elif token == b"]":
            operands.append(array)
            array = None
        elif token[0] in b"/(":
            operands.append(token)
        else:
            yield token, operands
            operands = []


PAINTED = {b"f": (True, False), b"f*": (True, False), b"B": (True, True), b"B*": (True, True), b"S": (False, True)}


class Reader:
    """Goes through the operators of a page."""

    def __init__(self, page: pikepdf.Page) -> None:
        self.fonts = {str(name).encode(): Font(font) for name, font in page.Resources.Font.items()}
        self.read = Page([], [], [])
        self.state = State()
        self.kept: list[State] = []
        self.parts: list[list[float]] = []
        self.closed: list[bool] = []
        self.rectangles: list[tuple[float, ...]] = []
        self.clipping = False
        self.text_place, self.size = UNTURNED, 0.0
        self.font: Font | None = None
        self.run: list[tuple[str, float]] = []
        self.unsaid = False

    def go(self, content: bytes) -> Page:
        for name, operands in operators(content):
            if name == b"m":
                self.parts.append(operands)
                self.closed.append(False)
            elif name == b"l":
                self.parts[-1] += operands
            elif name == b"h":
                self.closed[-1] = True
            elif name == b"re":
                self.rectangles.append(tuple(operands))
            elif name in PAINTED or name == b"n":
                self.paint(name)
            elif name in {b"W", b"W*"}:
                self.clipping = True
            elif not self.set_state(name, operands):
                self.write(name, operands)
        assert not self.kept, "q without Q"
        return self.read

    def set_state(self, name: bytes, operands: list[Any]) -> bool:
        """Whether it was an operator of the state."""
        now = self.state
        if name == b"q":
            self.kept.append(now)
        elif name == b"Q":
            self.state = self.kept.pop()
        elif name == b"cm":
            a, b, c, d, e, f = operands
            self.state = replace(now, place=times((a, b, c, d, e, f), now.place))
        elif name == b"rg":
            self.state = replace(now, fill=tuple(operands))
        elif name == b"RG":
            self.state = replace(now, stroke=tuple(operands))
        elif name == b"w":
            self.state = replace(now, thick=operands[0])
        elif name == b"d":
            self.state = replace(now, dash=tuple(operands[0]))
        else:
            return name in {b"j", b"J"}
        return True

    def paint(self, name: bytes) -> None:
        now = self.state
        filled, stroked = PAINTED.get(name, (False, False))
        parts = [moved(now.place, np.array(part).reshape(-1, 2)) for part in self.parts]
        closed = self.closed
        if self.rectangles:
            x, y, wide, high = np.array(self.rectangles).T
            corners = np.array([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]).transpose(2, 0, 1)
            boxes = moved(now.place, corners)
            if filled:
                low, size = boxes[:, 0], boxes[:, 2] - boxes[:, 0]
                for each in np.hstack([low, size]).tolist():
                    self.read.rectangles.append(Rectangle(each[0], each[1], each[2], each[3], now.fill))
            parts += list(boxes)
            closed = closed + [True] * len(boxes)
        if filled or stroked:
            larger = math.hypot(now.place[0], now.place[1])
            self.read.paths.append(
                Path(
                    *(parts, closed, now.fill if filled else None, now.stroke if stroked else None),
                    *(now.thick * larger, tuple(each * larger for each in now.dash), now.clip, now.within),
                )
            )
        if self.clipping:
            self.state = replace(now, **self.clipped(parts))
        self.parts, self.closed, self.rectangles, self.clipping = [], [], [], False

    def clipped(self, parts: list[NDArray[np.float64]]) -> dict[str, Any]:
        """What is drawn within from now on: one rectangle, or polygons."""
        if len(parts) != 1 or not self.rectangles:
            return {"within": tuple(parts)}
        (west, south), (east, north) = parts[0].min(axis=0).tolist(), parts[0].max(axis=0).tolist()
        if (now := self.state.clip) is not None:
            west, south = max(west, now[0]), max(south, now[1])
            east, north = min(east, now[2]), min(north, now[3])
        return {"clip": (west, south, east, north)}

    def write(self, name: bytes, operands: list[Any]) -> None:
        if name == b"Tm":
            a, b, c, d, e, f = operands
            self.text_place = (a, b, c, d, e, f)
        elif name == b"Tf":
            self.font, self.size = self.fonts[operands[0]], operands[1]
        elif name == b"Tj" and self.unsaid:
            pass
        elif name == b"Tj":
            assert self.font is not None
            codes = unescaped(operands[0])
            said = "".join(self.font.signs[code] for code in codes)
            self.run.append((said, sum(self.font.widths[code] for code in codes) * self.size))
        elif name == b"ET":
            if self.run:
                self.end_of_text()
        elif name == b"BDC":
            # The strokes of a text, thickened around it: the file itself says that they are no text.
            assert operands == [b"/Span", b"/ActualText", b"()"], operands
            self.unsaid = True
        elif name == b"EMC":
            self.unsaid = False
        else:
            assert name in {b"BT", b"TL"} or (name == b"Tr" and self.unsaid), name

    def end_of_text(self) -> None:
        assert self.font is not None
        said, wide = "".join(text for text, _ in self.run), sum(each for _, each in self.run)
        low, high = -DOWN * self.size, UP * self.size
        both = times(self.text_place, self.state.place)
        ring = moved(both, np.array([(0, low), (wide, low), (wide, high), (0, high)]))
        angle = math.degrees(math.atan2(both[1], both[0]))
        size = math.hypot(both[2], both[3]) * self.size
        self.read.texts.append(Text(said, shapely.polygons(ring), angle, size, self.font.bold, self.state.fill))
        self.run = []


def content_of(page: pikepdf.Page) -> bytes:
    """The operators of a page."""
    contents: Any = page.Contents
    streams = [contents] if isinstance(contents, pikepdf.Stream) else list(contents)
    return b"\n".join(each.read_bytes() for each in streams)


def see_page(pdf: pikepdf.Pdf, index: int) -> Page:
    """All that is on a page."""
    page = pdf.pages[index]
    return Reader(page).go(content_of(page))


def read_page(pdf: pikepdf.Pdf, index: int) -> tuple[list[Text], list[Rectangle]]:
    """The texts and filled rectangles of a page."""
    page = see_page(pdf, index)
    return page.texts, page.rectangles


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


def links(pdf: pikepdf.Pdf, index: int) -> list[tuple[tuple[float, ...], int]]:
    """Rectangles (mm) of the links of a page, and the index of the page that each leads to."""
    found = []
    numbers = {page.objgen: number for number, page in enumerate(pdf.pages)}
    names: Any = pdf.Root.get("/Dests")
    annotations: Any = pdf.pages[index].get("/Annots", pikepdf.Array())
    for each in annotations:
        target = each.get("/Dest")
        if isinstance(target, pikepdf.Name | pikepdf.String):
            target = names[str(target)]
        rectangle = tuple(float(side) * MM for side in each.Rect)
        found.append((rectangle, numbers[target[0].objgen]))
    return found


# How far texts may share ground before somebody would say that they overlap, mm².
HAIR = 0.02


def overlapping(texts: list[Text]) -> list[tuple[str, str]]:
    """Pairs of texts whose turned boxes overlap."""
    found = np.array([text.box for text in texts], dtype=object)
    one, two = shapely.STRtree(found).query(found, predicate="intersects")
    one, two = one[one < two], two[one < two]
    shared = shapely.area(shapely.intersection(found[one], found[two]))
    return [(texts[a].said, texts[b].said) for a, b in zip(one[shared > HAIR], two[shared > HAIR], strict=True)]
