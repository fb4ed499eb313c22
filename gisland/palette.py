"""Texts in both languages, and `config/palette.yml`: the statuses, their order, colours and hatches."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gisland.kit.colors import contrast, rgb
from gisland.kit.yaml_file import Entry

Part = Literal["public", "exact", "progress"]
"""A part of the palette."""

PARTS: tuple[Part, ...] = ("public", "exact")
"""Those that a file gives colours to; those of the progress are made of them."""
NO_HATCH = "none"
DONE, NOTHING = "verified", "none"
"""The public classes of what is verified, and of what is not to be verified."""
PALEST, TURN, DARKEST = 0.16, 0.6, 0.5
"""Of the classes of the progress: how much of the green the first has, where they come to all of it, and how dark the
last is."""

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Bound = Annotated[float, Field(ge=0, lt=100)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


class Text(Entry):
    """A text in both languages."""

    vi: Filled = Field(description="Tiếng Việt · Vietnamese")
    en: Filled = Field(description="Tiếng Anh · English")

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
    progress: Annotated[tuple[Bound, ...], Field(min_length=2, max_length=8)] = (0, 20, 40, 60, 80, 95)
    """Where the classes of a share begin, per cent."""

    @model_validator(mode="after")
    def _classes_are_in_order(self) -> Self:
        if self.progress[0] != 0 or any(one >= other for one, other in pairwise(self.progress)):
            raise ValueError("progress: the classes begin with 0, each after the one before")
        return self

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
        return {**self.exact} if part == "exact" else self.public if part == "public" else self.progress_classes

    @cached_property
    def progress_classes(self) -> dict[str, PublicClass]:
        """How groups and wards look by their share of what is verified; that of what is not to be verified comes first.

        The green of what is verified, from pale to the green itself, and on to a dark one: on a grey copy each class is
        a clear step darker, too, so they need no hatch.
        """
        ends = [*self.progress[1:], 100]
        classes = {NOTHING: self.public[NOTHING]} if NOTHING in self.public else {}
        for step, (low, high) in enumerate(zip(self.progress, ends, strict=True)):
            said = f"{low:g}–{high:g} %"
            red, green, blue = self._green(step / (len(self.progress) - 1))
            color = "#" + bytes(round(each * 255) for each in (red, green, blue)).hex()
            classes[_class_name(low)] = PublicClass(label=Text(vi=said, en=said), color=color, hatch=NO_HATCH)
        return classes

    @property
    def progress_bounds(self) -> dict[str, float]:
        """Where each class begins, per cent."""
        return {_class_name(low): low for low in self.progress}

    def progress_of(self, percent: float | None) -> str:
        """The class of a share; None: nothing is to be verified."""
        return NOTHING if percent is None else _class_name(max(low for low in self.progress if low <= percent))

    def _green(self, part: float) -> tuple[float, float, float]:
        """The colour so far along the way from the first class to the last."""
        red, green, blue = (each / 255 for each in rgb(self.public[DONE].color))
        if part <= TURN:
            paleness = (1 - PALEST) * (1 - part / TURN)
            return red + paleness * (1 - red), green + paleness * (1 - green), blue + paleness * (1 - blue)
        dark = 1 - (1 - DARKEST) * (part - TURN) / (1 - TURN)
        return red * dark, green * dark, blue * dark

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


def _class_name(low: float) -> str:
    """The name of a class of the progress: a plain word, as it stands in addresses."""
    return f"from_{low:g}".replace(".", "_")
