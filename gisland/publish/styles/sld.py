"""A style as SLD 1.1 with Symbology Encoding 1.1 (OGC 05-078r4, 05-077r4)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from gisland.catalogue import Hatch, Language
from gisland.publish.styles.hatching import tile_side
from gisland.publish.styles.model import BOUNDARY_MM, PIXEL_MM, Rule, Style

SLD, SE, OGC = "http://www.opengis.net/sld", "http://www.opengis.net/se", "http://www.opengis.net/ogc"
XLINK = "http://www.w3.org/1999/xlink"
for prefix, uri in (("sld", SLD), ("se", SE), ("ogc", OGC), ("xlink", XLINK)):
    register_namespace(prefix, uri)
FONT_PIXELS = 10


def sld(style: Style, root: str, language: Language) -> bytes:
    """The file.

    Args:
        style: what to write.
        root: URL of the landing page, below which the pictures of hatches are.
        language: of the titles.
    """
    document = Element(f"{{{SLD}}}StyledLayerDescriptor", version="1.1.0")
    layer = SubElement(document, f"{{{SLD}}}NamedLayer")
    _text(layer, f"{{{SE}}}Name", style.layer.id)
    user = SubElement(layer, f"{{{SLD}}}UserStyle")
    _text(user, f"{{{SE}}}Name", style.id)
    _describe(user, style.title.to(language))
    rules = SubElement(user, f"{{{SE}}}FeatureTypeStyle")
    for rule in style.rules:
        _add_rule(rules, style, rule, root, language)
    if not style.rules:
        one = SubElement(rules, f"{{{SE}}}Rule")
        _add_boundary(SubElement(one, f"{{{SE}}}PolygonSymbolizer"), style)
    if style.label is not None:
        _add_labels(rules, style)
    indent(document)
    return ("<?xml version='1.0' encoding='UTF-8'?>\n" + tostring(document, encoding="unicode") + "\n").encode()


def _add_rule(parent: Element, style: Style, rule: Rule, root: str, language: Language) -> None:
    found = SubElement(parent, f"{{{SE}}}Rule")
    _text(found, f"{{{SE}}}Name", rule.value)
    _describe(found, rule.label.to(language))
    where = SubElement(SubElement(found, f"{{{OGC}}}Filter"), f"{{{OGC}}}PropertyIsEqualTo")
    assert style.field is not None
    _text(where, f"{{{OGC}}}PropertyName", style.field)
    _text(where, f"{{{OGC}}}Literal", rule.value)
    surface = SubElement(found, f"{{{SE}}}PolygonSymbolizer")
    _parameter(SubElement(surface, f"{{{SE}}}Fill"), "fill", rule.color)
    if rule.hatch is None:
        _add_boundary(surface, style)
        return
    hatched = SubElement(found, f"{{{SE}}}PolygonSymbolizer")
    _add_hatch(hatched, rule.hatch, f"{root}/styles/{style.id}/{rule.hatch_name}.svg")
    _add_boundary(SubElement(found, f"{{{SE}}}PolygonSymbolizer"), style)


def _add_hatch(parent: Element, hatch: Hatch, picture: str) -> None:
    """A hatch as picture that repeats: programs do not agree on the names and directions of lines."""
    graphic = SubElement(SubElement(SubElement(parent, f"{{{SE}}}Fill"), f"{{{SE}}}GraphicFill"), f"{{{SE}}}Graphic")
    external = SubElement(graphic, f"{{{SE}}}ExternalGraphic")
    SubElement(external, f"{{{SE}}}OnlineResource", {f"{{{XLINK}}}type": "simple", f"{{{XLINK}}}href": picture})
    _text(external, f"{{{SE}}}Format", "image/svg+xml")
    _text(graphic, f"{{{SE}}}Size", _pixels(tile_side(hatch)))


def _add_boundary(parent: Element, style: Style) -> None:
    stroke = SubElement(parent, f"{{{SE}}}Stroke")
    _parameter(stroke, "stroke", style.ground.stroke)
    _parameter(stroke, "stroke-width", _pixels(BOUNDARY_MM))


def _add_labels(parent: Element, style: Style) -> None:
    """Labels of one field, the parcel number: Symbology Encoding has no fractions, and QGIS reads one field only."""
    assert style.label is not None
    rule = SubElement(parent, f"{{{SE}}}Rule")
    _text(rule, f"{{{SE}}}Name", "label")
    _text(rule, f"{{{SE}}}MaxScaleDenominator", str(style.label.scale))
    text = SubElement(rule, f"{{{SE}}}TextSymbolizer")
    _text(SubElement(text, f"{{{SE}}}Label"), f"{{{OGC}}}PropertyName", style.label.text or style.label.above or "")
    font = SubElement(text, f"{{{SE}}}Font")
    _parameter(font, "font-family", "Noto Sans")
    _parameter(font, "font-size", str(FONT_PIXELS))
    halo = SubElement(text, f"{{{SE}}}Halo")
    _text(halo, f"{{{SE}}}Radius", "1")
    _parameter(SubElement(halo, f"{{{SE}}}Fill"), "fill", style.ground.paper)
    _parameter(SubElement(text, f"{{{SE}}}Fill"), "fill", style.ground.ink)


def _describe(parent: Element, title: str) -> None:
    _text(SubElement(parent, f"{{{SE}}}Description"), f"{{{SE}}}Title", title)


def _parameter(parent: Element, name: str, value: str) -> None:
    SubElement(parent, f"{{{SE}}}SvgParameter", name=name).text = value


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text


def _pixels(millimetres: float) -> str:
    return f"{millimetres / PIXEL_MM:.2f}"
