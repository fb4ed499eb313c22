"""All that the pages of one atlas are drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from gisland.catalogue import Palette
from gisland.kit.crs import MERIDIANS
from gisland.printing.code import PageCode
from gisland.printing.labels import Measures
from gisland.printing.layout import Layout, MapPage
from gisland.printing.marks import MARK
from gisland.printing.model import Floats, Geometries, Group, joined
from gisland.printing.paper import MARGIN, Box, Paper
from gisland.printing.placement import Place
from gisland.printing.product import Product
from gisland.printing.words import Words

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass
class Scene:
    """An atlas that is being drawn.

    The number of all pages is known before the first is drawn: `lists` says which checklist pages there are.
    """

    group: Group
    layout: Layout
    product: Product
    palette: Palette
    measures: Measures
    words: Words
    by: str
    print_id: str
    group_id: int
    key: bytes
    names: bool
    """Whether names of holders are printed."""
    pages: int = 0
    """All pages of the file."""
    first_list: dict[int, int] = field(default_factory=dict)
    """Map page → number of the first page of its checklist."""

    @property
    def paper(self) -> Paper:
        """The sheet."""
        return self.layout.paper

    @cached_property
    def outline(self) -> Geometries:
        """The border of the group, as an array of one (multi)polygon."""
        return np.array([joined(self.group.shapes)], dtype=object)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Parcels by status, in the order of the palette."""
        found = Counter(parcel.status for parcel in self.group.parcels)
        return {status: found[status] for status in self.palette.exact if found[status]}

    @property
    def time(self) -> str:
        """The time of the data, of Vietnam."""
        return f"{self.group.at.astimezone(HERE):%d/%m/%Y %H:%M}"

    @property
    def place_name(self) -> str:
        """The ward."""
        return f"{self.words('ward')} {self.group.ward_name}"

    @property
    def group_name(self) -> str:
        """The group as people call it."""
        return self.group.name or self.group.code

    @property
    def meridian(self) -> str:
        """The central meridian of the plane: 105°45′; '' where it is none of the zones of VN-2000."""
        degrees = MERIDIANS.get(self.group.srid)
        return "" if degrees is None else f"{int(degrees)}°{round(degrees % 1 * 60):02d}′"

    def code(self, page: str, place: Place | None = None) -> PageCode:
        """The code of a page; of a map page with its place on the ground."""
        frame, scale = self.paper.frame, self.layout.scale if place is None else place.scale
        east = north = None
        if place is not None:
            mark = MARGIN + MARK / 2
            east = round(place.west - (frame.x - mark) * scale / 1000, 2)
            north = round(place.south - (frame.y - mark) * scale / 1000, 2)
        return PageCode(
            *(page, self.pages, self.print_id, self.group.ward_code, self.group_id, self.group.version),
            *(self.paper.sign, scale if place is not None else 0, self.group.srid, east, north),
        )


def to_paper(shapes: Geometries, place: Place, frame: Box) -> Geometries:
    """Shapes on the ground as they lie on a map page, mm."""
    moved: Geometries = shapely.transform(shapes, lambda xy: points_to_paper(xy, place, frame))
    return moved


def points_to_paper(points: Floats | Sequence[Sequence[float]], place: Place, frame: Box) -> Floats:
    """Points on the ground, a row (x, y) each, as they lie on a map page, mm."""
    found = np.asarray(points, dtype=float).reshape(-1, 2)
    return (found - (place.west, place.south)) * (1000 / place.scale) + (frame.x, frame.y)


def map_name(page: MapPage) -> str:
    """Where links to a map page lead."""
    return f"map{page.number}"


def list_name(page: MapPage) -> str:
    """Where links to the checklist of a map page lead."""
    return f"list{page.number}"
