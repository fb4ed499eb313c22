"""Texts in both languages, and `config/palette.yml`: the statuses, their order, colours and hatches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gisland.kit.colors import contrast, rgb
from gisland.kit.yaml_file import Entry

Part = Literal["public", "exact"]
"""A part of the palette."""

PARTS: tuple[Part, ...] = ("public", "exact")
NO_HATCH = "none"

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


class Text(Entry):
    """A text in both languages."""

    vi: Filled
    en: Filled

    def to(self, language: Language) -> str:
        """The text in one language."""
        return self.en if language == "en" else self.vi


class PublicClass(Entry):
    """A class of statuses that the public sees."""

    label: Text
    color: Color
    dark: Color | None = None
    """The colour on dark paper; default: the same."""
    hatch: Filled
    """Name of a hatch; `none` for none."""


class ExactStatus(PublicClass):
    """A verification status as staff see it, and the class it belongs to."""

    public: str


class Hatch(Entry):
    """How a surface is hatched; lengths in millimetres of paper. Without lines it is dotted, on a square grid."""

    lines: tuple[Literal[0, 45, 90, 135], ...] = ()
    """Directions of the lines: degrees counter-clockwise from east."""
    spacing: Annotated[float, Field(gt=0)]
    """From line to line, or from dot to dot."""
    width: Annotated[float, Field(gt=0)]
    """Of a line; diameter of a dot."""


class Ground(Entry):
    """What surfaces lie on: colours of boundaries, of text, and of the paper under it all."""

    stroke: Color
    ink: Color
    paper: Color


class Palette(Entry):
    """`config/palette.yml`: colours, hatches and labels; its order is the order of the statuses, the worst first."""

    public: dict[str, PublicClass]
    exact: dict[str, ExactStatus]
    stroke: Color
    ink: Color
    paper: Color
    dark: Ground
    tint: Annotated[float, Field(gt=0, le=1)]
    """The share of its colour that a surface has on paper, under its hatch."""
    hatches: dict[str, Hatch]

    @property
    def order(self) -> list[tuple[str, str]]:
        """(exact status, its public class), the worst first."""
        return [(name, status.public) for name, status in self.exact.items()]

    @property
    def light(self) -> Ground:
        """The ground of screens and of paper."""
        return Ground(stroke=self.stroke, ink=self.ink, paper=self.paper)

    def told(self, *, exact: bool) -> Palette:
        """The palette of a reader: all of it, or for those to whom nothing is told of persons the public classes only,
        which then stand in the place of the exact statuses."""
        if exact:
            return self
        classes = {name: ExactStatus(public=name, **dict(each)) for name, each in self.public.items()}
        return self.model_copy(update={"exact": classes})

    def class_of(self, status: str, *, exact: bool) -> str:
        """What a reader is told of an exact status: a key of `told(exact=exact).exact`."""
        return status if exact else self.exact[status].public

    def statuses(self, part: Part) -> dict[str, PublicClass]:
        """What a part of the palette holds, the worst first."""
        return self.public if part == "public" else {**self.exact}

    def hatch_of(self, status: PublicClass) -> Hatch | None:
        """How a status is hatched, or None."""
        return self.hatches.get(status.hatch)

    def tinted(self, color: str) -> str:
        """A colour as light as it is printed, so that the hatch over it and the numbers stay readable on a copy."""
        mixed = (
            self.tint * part + (1 - self.tint) * under for part, under in zip(rgb(color), rgb(self.paper), strict=True)
        )
        return "#" + bytes(round(part) for part in mixed).hex()

    def ink_on(self, color: str) -> str:
        """The colour of text on a surface: ink or paper, whichever can be read the better."""
        return max((self.ink, self.paper), key=lambda ink: contrast(ink, color))
