"""Symbols as QGIS writes them: a surface with its colour, its hatch and its boundary."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from gisland.catalogue import Hatch
from gisland.kit.colors import rgb
from gisland.publish.styles.model import BOUNDARY_MM, Rule, Style


def color_of(color: str) -> str:
    """A colour in QGIS's writing."""
    return ",".join(map(str, rgb(color))) + ",255"


def options(parent: Element, values: Mapping[str, str]) -> Element:
    """A map of options, all of them texts."""
    found = SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        SubElement(found, "Option", name=name, type="QString", value=value)
    return found


def symbol(name: str, kind: str) -> Element:
    """A symbol without layers; kind is `fill`, `line` or `marker`."""
    return Element("symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")


def symbol_layer(parent: Element, kind: str, values: Mapping[str, str]) -> Element:
    """A layer of a symbol, above those before it."""
    layer = SubElement(parent, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    options(layer, values)
    return layer


def surface(style: Style, rule: Rule, name: str, *, boundary: bool = True) -> Element:
    """The fill symbol of a rule.

    Args:
        style: of the rule.
        rule: colour and hatch.
        name: of the symbol among others.
        boundary: whether its boundary is drawn.
    """
    found = symbol(name, "fill")
    fill = {"color": color_of(rule.color), "style": "solid", "outline_style": "no"}
    symbol_layer(found, "SimpleFill", fill)
    if rule.hatch is not None:
        _add_hatch(found, rule.hatch, style.ground.ink)
    if boundary:
        _add_boundary(found, style)
    return found


def outline(style: Style, name: str) -> Element:
    """The fill symbol of a surface without colour."""
    found = symbol(name, "fill")
    _add_boundary(found, style)
    return found


def line(style: Style, name: str) -> Element:
    """The line symbol of a boundary."""
    found = symbol(name, "line")
    symbol_layer(found, "SimpleLine", _pen(style.ground.stroke, BOUNDARY_MM))
    return found


def _add_boundary(parent: Element, style: Style) -> None:
    values = {
        "style": "no",
        "outline_color": color_of(style.ground.stroke),
        "outline_style": "solid",
        "outline_width": f"{BOUNDARY_MM:g}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    symbol_layer(parent, "SimpleFill", values)


def _pen(color: str, width: float) -> dict[str, str]:
    return {
        "line_color": color_of(color),
        "line_width": f"{width:g}",
        "line_width_unit": "MM",
        "line_style": "solid",
        "joinstyle": "round",
    }


def _add_hatch(parent: Element, hatch: Hatch, ink: str) -> None:
    spacing = f"{hatch.spacing:g}"
    for angle in hatch.lines:
        values = {"angle": str(angle), "distance": spacing, "distance_unit": "MM", "line_width": f"{hatch.width:g}"}
        layer = symbol_layer(parent, "LinePatternFill", values)
        pen = SubElement(layer, "symbol", name="@", type="line", alpha="1")
        symbol_layer(pen, "SimpleLine", _pen(ink, hatch.width))
    if not hatch.lines:
        values = {"distance_x": spacing, "distance_y": spacing, "distance_x_unit": "MM", "distance_y_unit": "MM"}
        layer = symbol_layer(parent, "PointPatternFill", values)
        dot = SubElement(layer, "symbol", name="@", type="marker", alpha="1")
        size = {"name": "circle", "size": f"{hatch.width:g}", "size_unit": "MM", "scale_method": "diameter"}
        symbol_layer(dot, "SimpleMarker", {**size, "color": color_of(ink), "outline_style": "no"})
