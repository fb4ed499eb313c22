"""What is in a PDF, read from its own operators: texts with their turned boxes, filled rectangles, links."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pikepdf
from numpy.typing import NDArray
from shapely import Polygon

MM = 25.4 / 72
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    """A run of text: what it says, its box (mm, from the lower left corner of the page), angle and size in mm."""

    said: str
    box: Polygon
    angle: float
    size: float
    bold: bool

    @property
    def middle(self) -> tuple[float, float]:
        return self.box.centroid.x, self.box.centroid.y


@dataclass(frozen=True)
class Rectangle:
    """A filled rectangle, mm."""

    x: float
    y: float
    width: float
    height: float
    paint: tuple[float, ...]


def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:
    return np.array([[a, b, 0], [c, d, 0], [e, f, 1]], dtype=float)


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


class Reader:
    """Goes through the operators of a page."""

    def __init__(self, page: pikepdf.Page) -> None:
        self.fonts = {str(name): Font(font) for name, font in page.Resources.Font.items()}
        self.texts: list[Text] = []
        self.rectangles: list[Rectangle] = []
        millimetres = np.diag([MM, MM, 1.0])
        self.stack: list[tuple[Matrix, tuple[float, ...]]] = [(millimetres, (0.0, 0.0, 0.0))]
        self.place, self.size = np.eye(3), 0.0
        self.font: Font | None = None
        self.path: list[tuple[float, ...]] = []
        self.run: list[tuple[str, float]] = []

    def take(self, name: str, operands: Any) -> None:
        current, paint = self.stack[-1]
        if name == "q":
            self.stack.append(self.stack[-1])
        elif name == "Q":
            self.stack.pop()
        elif name == "cm":
            self.stack[-1] = (matrix(*map(float, operands)) @ current, paint)
        elif name == "rg":
            self.stack[-1] = (current, tuple(map(float, operands)))
        elif name == "re":
            self.path.append(tuple(map(float, operands)))
        elif name in {"f", "B", "S", "n", "f*", "B*"}:
            self.paint(name)
        else:
            self.text(name, operands)

    def paint(self, name: str) -> None:
        current, paint = self.stack[-1]
        for x, y, wide, high in self.path if name in {"f", "B"} else ():
            x0, y0, _ = np.array([x, y, 1]) @ current
            x1, y1, _ = np.array([x + wide, y + high, 1]) @ current
            self.rectangles.append(Rectangle(x0, y0, x1 - x0, y1 - y0, paint))
        self.path = []

    def text(self, name: str, operands: Any) -> None:
        if name == "Tm":
            self.place = matrix(*map(float, operands))
        elif name == "Tf":
            self.font, self.size = self.fonts[str(operands[0])], float(operands[1])
        elif name == "Tj":
            assert self.font is not None
            codes = bytes(operands[0])
            said = "".join(self.font.signs[code] for code in codes)
            self.run.append((said, sum(self.font.widths[code] for code in codes) * self.size))
        elif name == "ET" and self.run:
            self.end_of_text()

    def end_of_text(self) -> None:
        assert self.font is not None
        said, wide = "".join(text for text, _ in self.run), sum(each for _, each in self.run)
        low, high = -DOWN * self.size, UP * self.size
        both = self.place @ self.stack[-1][0]
        ring = [tuple((np.array([x, y, 1]) @ both)[:2]) for x, y in ((0, low), (wide, low), (wide, high), (0, high))]
        (ax, ay), (bx, by) = ring[0], ring[1]
        angle = float(np.degrees(np.arctan2(by - ay, bx - ax)))
        size = float(np.hypot(both[1, 0], both[1, 1])) * self.size
        self.texts.append(Text(said, Polygon(ring), angle, size, self.font.bold))
        self.run = []


def read_page(pdf: pikepdf.Pdf, index: int) -> tuple[list[Text], list[Rectangle]]:
    """The texts and filled rectangles of a page."""
    reader = Reader(pdf.pages[index])
    for each in pikepdf.parse_content_stream(pdf.pages[index]):
        assert isinstance(each, pikepdf.ContentStreamInstruction)
        reader.take(str(each.operator), each.operands)
    return reader.texts, reader.rectangles


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
