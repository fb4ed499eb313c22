"""Sheets of paper and what lies where on a map page, in millimetres from the lower left corner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from gisland.errors import UsageError

Orientation = Literal["landscape", "portrait"]
LARGE_SIZES = {"A3": (420.0, 297.0), "A2": (594.0, 420.0), "A1": (841.0, 594.0), "A0": (1189.0, 841.0)}
SIZES = {"A4": (297.0, 210.0), "A3": (420.0, 297.0)}
ORIENTATIONS: tuple[Orientation, ...] = ("landscape", "portrait")
MARGIN = 8.0
GUTTER = 1.5
BESIDE = 8.5
"""Around the map frame: values of the grid and references to the pages beside."""


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def inset(self, by: float) -> Box:
        """A rectangle within it."""
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


@dataclass(frozen=True)
class Paper:
    """A sheet and its parts."""

    name: str
    orientation: Orientation
    width: float
    height: float

    @property
    def page(self) -> Box:
        """What may be printed on."""
        return Box(0, 0, self.width, self.height).inset(MARGIN)

    @property
    def panel(self) -> Box:
        """What tells about the map: at the right of a wide sheet, below on a high one."""
        page = self.page
        if self.orientation == "landscape":
            wide = 68.0 if self.name == "A3" else 58.0
            return Box(page.right - wide, page.y, wide, page.height)
        return Box(page.x, page.y, page.width, 92.0 if self.name == "A3" else 84.0)

    @property
    def frame(self) -> Box:
        """The map frame."""
        page, panel = self.page, self.panel
        if self.orientation == "landscape":
            wide = panel.x - GUTTER - page.x - 2 * BESIDE
            return Box(page.x + BESIDE, page.y + BESIDE, wide, page.height - 2 * BESIDE)
        low = panel.top + GUTTER + BESIDE
        return Box(page.x + BESIDE, low, page.width - 2 * BESIDE, page.top - BESIDE - low)

    @property
    def sign(self) -> str:
        """Short name for codes: A3L, A4P."""
        return self.name + self.orientation[0].upper()


@dataclass(frozen=True)
class PanelPaper(Paper):
    """A sheet with a panel at the right, whichever way round it is."""

    LARGER: ClassVar[Mapping[str, float]]
    """How much larger panel and labels are, by size of sheet: large ones are read from further away."""
    PANEL: ClassVar[float]
    """How wide the panel is on A3, mm."""

    @property
    def larger(self) -> float:
        """See LARGER."""
        return self.LARGER[self.name]

    @property
    def panel(self) -> Box:
        """What tells about the map."""
        page, wide = self.page, self.PANEL * self.larger
        return Box(page.right - wide, page.y, wide, page.height)

    @property
    def frame(self) -> Box:
        """The map frame."""
        page = self.page
        wide = self.panel.x - GUTTER - page.x - 2 * BESIDE
        return Box(page.x + BESIDE, page.y + BESIDE, wide, page.height - 2 * BESIDE)


def paper(name: str, orientation: str) -> list[Paper]:
    """The sheets that may be taken: one, or both ways round when it is said to be chosen.

    Raises:
        UsageError: there is no such paper.
    """
    size = SIZES.get(name.upper())
    if size is None:
        raise UsageError(f"không có khổ giấy {name} · there is no paper {name}", hint=", ".join(SIZES))
    if orientation != "auto" and orientation not in ORIENTATIONS:
        raise UsageError(f"--orientation {orientation}", hint=f"auto, {', '.join(ORIENTATIONS)}")
    wide, narrow = size
    return [
        Paper(name.upper(), each, *((wide, narrow) if each == "landscape" else (narrow, wide)))
        for each in ORIENTATIONS
        if orientation in {"auto", each}
    ]
