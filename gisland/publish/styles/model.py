"""A style before it is written in any format: made of a layer and the palette, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log2
from typing import Literal, get_args

from gisland.catalogue import Ground, Hatch, Layer, LayerLabel, Palette, Text
from gisland.errors import NotFound

Theme = Literal["light", "dark", "print"]
THEMES: tuple[Theme, ...] = get_args(Theme)
THEME_TITLES: dict[Theme, Text] = {
    "light": Text(vi="nền sáng", en="light"),
    "dark": Text(vi="nền tối", en="dark"),
    "print": Text(vi="để in, rõ cả khi sao đen trắng", en="for print, readable on black-and-white copies"),
}

# A zoom of tiles and its scale (1:n) in Vietnam, and the width of a boundary in millimetres.
LABEL_ZOOM, LABEL_SCALE = 17, 2_000
BOUNDARY_MM = 0.18
# An OGC pixel, in millimetres: what screens are taken for (OGC 05-077r4).
PIXEL_MM = 0.28


@dataclass(frozen=True)
class Rule:
    """How features with one value look."""

    value: str
    label: Text
    color: str
    ink: str
    """The colour of text on it."""
    hatch: Hatch | None
    hatch_name: str


@dataclass(frozen=True)
class Style:
    """How a layer looks in one theme. Without rules its features are outlines and points, all in one colour."""

    layer: Layer
    theme: Theme
    field: str | None
    """The field that the rules go by."""
    rules: tuple[Rule, ...]
    ground: Ground
    label: LayerLabel | None
    palette: Palette

    @property
    def id(self) -> str:
        """The light one bears the name of its layer; no layer has a dot in its name."""
        return self.layer.id if self.theme == "light" else f"{self.layer.id}.{self.theme}"

    @property
    def near(self) -> int:
        """The zoom from which on tiles hold each feature."""
        return self.layer.tiles.drawn_from

    @property
    def together_below(self) -> int:
        """The zoom below which tiles may hold features put together."""
        return self.layer.tiles.together_below

    @property
    def label_zoom(self) -> int:
        """The zoom of tiles from which on features are labelled."""
        scale = LABEL_SCALE if self.label is None else self.label.scale
        return max(0, LABEL_ZOOM - floor(log2(scale / LABEL_SCALE)))

    @property
    def title(self) -> Text:
        """What people call it."""
        layer, theme = self.layer.title, THEME_TITLES[self.theme]
        return Text(vi=f"{layer.vi}: {theme.vi}", en=f"{layer.en}: {theme.en}")

    @property
    def legend_title(self) -> Text:
        """What its colours tell."""
        field = next((each for each in self.layer.fields if each.name == self.field), None)
        return field.title if field is not None else self.layer.title


def layer_of(style_id: str) -> tuple[str, Theme]:
    """The layer and the theme that the id of a style names.

    Raises:
        NotFound: there is no such theme.
    """
    layer_id, dot, theme = style_id.partition(".")
    for each in THEMES:
        if dot + theme == ("" if each == "light" else f".{each}"):
            return layer_id, each
    raise NotFound("không có kiểu vẽ này · there is no such style", hint="see /ogc/styles")


def style_of(layer: Layer, palette: Palette, theme: Theme = "light") -> Style:
    """The style of a layer, as far as its fields are shown: a field that is masked is no part of it."""
    field = layer.status
    rules: list[Rule] = []
    if field is not None and field.values is not None:
        for name, status in palette.statuses(field.values).items():
            color = status.color
            if theme == "dark":
                color = status.dark or color
            if theme == "print" and field.values != "progress":
                color = palette.tinted(color)
            hatch = palette.hatch_of(status) if theme == "print" else None
            rules.append(Rule(name, status.label, color, palette.ink_on(color), hatch, status.hatch))
    shown = {each.name for each in layer.fields}
    label = layer.label if layer.label is not None and shown.issuperset(layer.label.fields) else None
    ground = palette.dark if theme == "dark" else palette.light
    return Style(layer, theme, field.name if field else None, tuple(rules), ground, label, palette)


def styles_of(layer: Layer, palette: Palette) -> list[Style]:
    """All styles of a layer."""
    return [style_of(layer, palette, theme) for theme in THEMES]
