"""Map pages and lists of an atlas as they are found in its PDF: by viewport, text and lines, not by the layout."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pikepdf
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gisland.kit.crs import to_wgs84
from gisland.palette import Palette
from tests.printing.pdf_text import MM, Page, Path, Text, links, see_page
from tests.printing.truth import Parcel, Ward

Bounds = tuple[float, float, float, float]
NEAR, HERE = 0.02, 0.01
"""What is drawn at a place lies no further from it than this: on paper (mm), on the ground (m)."""
CHECKLIST, SMALL, PROOF = "Danh sách thửa đất – trang bản đồ", "Ghi chú các thửa đất nhỏ", "Bảng kiểm in"
CONTENTS = "Mục lục các trang bản đồ"


@dataclass(frozen=True)
class Map:
    """A map page."""

    index: int
    """Of the page in the file."""
    number: int
    total: int
    scale: int
    """As they are printed on it."""
    frame: Bounds
    """West, south, east and north of the viewport, mm."""
    corner: tuple[float, float]
    """The lower left corner of the frame on the ground, metres, by the degrees of the viewport."""
    page: Page
    links: list[tuple[tuple[float, ...], int]]

    @property
    def metres(self) -> float:
        """On the ground, of a millimetre."""
        return self.scale / 1000

    @property
    def ground(self) -> Polygon:
        """The frame on the ground."""
        west, south, east, north = self.frame
        x, y = self.corner
        return shapely.box(x, y, x + (east - west) * self.metres, y + (north - south) * self.metres)

    @property
    def inner(self) -> Polygon:
        """The frame on paper."""
        return shapely.box(*self.frame)

    @cached_property
    def on_map(self) -> list[Text]:
        """The texts in the frame, or over its edge."""
        within = shapely.intersects(self.inner, [text.box for text in self.page.texts])
        return [text for text, seen in zip(self.page.texts, within, strict=True) if seen]

    @cached_property
    def drawn(self) -> list[Path]:
        """What was painted within the frame."""
        return [each for each in self.page.paths if each.clip and np.allclose(each.clip, self.frame, atol=NEAR)]

    @cached_property
    def around(self) -> list[Path]:
        """What was painted without a clip: frame, panel, references."""
        return [path for path in self.page.paths if path.clip is None]

    def to_paper(self, ground: NDArray[Any]) -> NDArray[Any]:
        """Points on the ground, in mm on the page."""
        moved: NDArray[Any] = (ground - self.corner) / self.metres + self.frame[:2]
        return moved

    def to_ground(self, paper: NDArray[Any]) -> NDArray[Any]:
        """Points on the page, in metres on the ground."""
        moved: NDArray[Any] = (np.asarray(paper) - self.frame[:2]) * self.metres + self.corner
        return moved

    def shapes(self, ground: NDArray[Any]) -> NDArray[Any]:
        """Shapes on the ground, in mm on the page."""
        moved: NDArray[Any] = shapely.transform(ground, self.to_paper)
        return moved

    def paints_of(self, shapes: NDArray[Any], *, fill: bool) -> list[set[tuple[float, ...]]]:
        """Of each shape (mm) the paints in which all its rings are filled or drawn in the frame, as they stand."""
        rings: list[NDArray[Any]] = []
        paints: list[tuple[float, ...]] = []
        for path in self.drawn:
            paint = path.filled if fill else path.stroked
            if paint is not None and not path.dash:
                rings += path.rings
                paints += [paint] * len(path.rings)
        tree = by_corner(rings)
        found: list[set[tuple[float, ...]]] = []
        for shape in shapes:
            same = [{paints[at] for at in alike(ring, rings, tree)} for ring in shapely.get_rings(shape)]
            found.append(set.intersection(*same))
        return found


def by_corner(rings: list[NDArray[Any]]) -> shapely.STRtree:
    """The lower left corners of the boxes around rings, by which these are found."""
    return shapely.STRtree(shapely.points(np.array([ring.min(axis=0) for ring in rings]).reshape(-1, 2)))


def alike(ring: Any, rings: list[NDArray[Any]], tree: shapely.STRtree) -> list[int]:
    """Which of some rings (with their corners) are drawn just as another one."""
    west, south, _, _ = ring.bounds
    near: list[int] = tree.query(shapely.points(west, south), predicate="dwithin", distance=NEAR).tolist()
    return [at for at in near if shapely.hausdorff_distance(ring, shapely.linearrings(rings[at])) < NEAR]


def find_maps(pdf: pikepdf.Pdf, srid: int) -> list[Map]:
    """The map pages, in their order in the file."""
    return [_map(pdf, index, srid) for index in range(len(pdf.pages)) if "/VP" in pdf.pages[index]]


def _map(pdf: pikepdf.Pdf, index: int, srid: int) -> Map:
    page = see_page(pdf, index)
    said = "\n".join(text.said for text in page.texts)
    number, total = map(int, only(r"Trang bản đồ (\d+)/(\d+)", said))
    (scale,) = only(r"Tỷ lệ 1:([\d\s]+)$", said)
    frame, corners = viewport(pdf.pages[index], srid)
    west, south = corners[0].tolist()
    return Map(
        *(index, number, total, int(re.sub(r"\s", "", scale)), frame, (west, south), page, links(pdf, index)),
    )


def viewport(page: pikepdf.Page, srid: int) -> tuple[Bounds, NDArray[Any]]:
    """The frame of the one viewport of a page (mm), and its lower left and following corners on the ground, metres."""
    (view,) = list(page.VP)
    west, south, east, north = (float(each) * MM for each in view.BBox)
    measure = view.Measure
    unit = np.array([float(each) for each in measure.LPTS]).reshape(-1, 2)
    degrees = np.array([float(each) for each in measure.GPTS]).reshape(-1, 2)
    assert unit.tolist() == [[0, 0], [0, 1], [1, 1], [1, 0]]
    assert int(measure.GCS.EPSG) == 4326
    x, y = to_wgs84(srid).transform(degrees[:, 1], degrees[:, 0], direction="INVERSE")
    return (west, south, east, north), np.column_stack([x, y])


def only(pattern: str, said: str) -> tuple[str, ...]:
    """The parts of a pattern that is found, always with the same words."""
    found = {match.groups() for match in re.finditer(pattern, said, re.MULTILINE)}
    assert len(found) == 1, (pattern, found)
    return found.pop()


@dataclass
class List:
    """The pages of one list."""

    pages: list[int]
    """Their indices in the file."""
    lines: list[list[str]]
    """The texts of each line, from the left; tables beside each other stand in one line."""

    def windows(self, length: int) -> list[tuple[str, ...]]:
        """All runs of so many texts in a line."""
        return [tuple(line[start : start + length]) for line in self.lines for start in range(len(line) - length + 1)]


def find_lists(pdf: pikepdf.Pdf, pages: dict[int, Page]) -> dict[str, List]:
    """The lists by their title, without the count of its pages."""
    found: dict[str, List] = {}
    for index in range(len(pdf.pages)):
        if "/VP" in pdf.pages[index]:
            continue
        large = [text for text in pages[index].texts if text.size > 5 and text.bold]
        title = re.sub(r" \(\d+/\d+\)$", "", max(large, key=lambda text: text.middle[1]).said)
        each = found.setdefault(title, List([], []))
        each.pages.append(index)
        each.lines += lines_of(pages[index].texts)
    return found


def lines_of(texts: list[Text]) -> list[list[str]]:
    """The texts of a page line by line, from the left; what lies half a millimetre apart is of one line."""
    lines: list[list[Text]] = []
    for text in sorted(texts, key=lambda each: -each.box.bounds[1]):
        if not lines or lines[-1][0].box.bounds[1] - text.box.bounds[1] > 0.5:
            lines.append([])
        lines[-1].append(text)
    return [[each.said for each in sorted(line, key=lambda each: each.middle[0])] for line in lines]


@dataclass
class Seen:
    """An atlas as it is seen, beside what the registry says of its group."""

    content: bytes
    ward: Ward
    group: str
    palette: Palette

    @cached_property
    def pdf(self) -> pikepdf.Pdf:
        return pikepdf.open(io.BytesIO(self.content))

    @cached_property
    def maps(self) -> list[Map]:
        return find_maps(self.pdf, self.ward.srid)

    @cached_property
    def pages(self) -> dict[int, Page]:
        of_maps = {each.index: each.page for each in self.maps}
        others = set(range(len(self.pdf.pages))) - of_maps.keys()
        return of_maps | {index: see_page(self.pdf, index) for index in others}

    @cached_property
    def lists(self) -> dict[str, List]:
        return find_lists(self.pdf, self.pages)

    @cached_property
    def own(self) -> list[int]:
        return self.ward.of_group(self.group)

    @cached_property
    def parcels(self) -> list[Parcel]:
        return [self.ward.parcels[index] for index in self.own]

    @cached_property
    def shapes(self) -> NDArray[Any]:
        return self.ward.shapes[self.own]

    @cached_property
    def ground(self) -> shapely.Geometry:
        """The land that the group covers."""
        return shapely.union_all(self.shapes, grid_size=0.001)

    @cached_property
    def whole(self) -> dict[int, set[int]]:
        """Of each parcel of the group (by its id) the numbers of the map pages on which all of it is drawn."""
        found: dict[int, set[int]] = {parcel.id: set() for parcel in self.parcels}
        for each in self.maps:
            on_paper = each.shapes(self.shapes)
            # Its sides may lie on the frame.
            held = np.flatnonzero(shapely.contains(shapely.buffer(each.inner, 0.0001), on_paper))
            drawn = each.paints_of(on_paper[held], fill=False)
            for index, paints in zip(held.tolist(), drawn, strict=True):
                if paints:
                    found[self.parcels[index].id].add(each.number)
        return found


def paint_of(text: str) -> list[float]:
    """A colour #rrggbb."""
    return [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
