"""Labels as QGIS writes them: land type left of parcel number over area, within the parcel and along it.

QGIS 3.22 has no fractions, so the label is three lines of a font whose letters are all of one width, the middle one
with the bar. Where that is too large for its parcel, the number alone is written.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement
from zlib import crc32

from gisland.catalogue import Layer, LayerLabel
from gisland.publish.styles.model import Style
from gisland.publish.styles.qgis_symbols import color_of

FONTS = ("DejaVu Sans Mono", "Consolas", "Menlo", "Courier New", "Liberation Mono")
SIZE_POINTS = 7
# Of the font, in millimetres at this size: the width of a letter, and three lines as close as they are written.
LETTER_MM, LINE_SHARE = 1.49, 0.72
HEIGHT_MM = 3 * 2.9 * LINE_SHARE
# How much larger than its label a parcel must be for it to have room, whatever its shape.
ROOM = 1.8
FREE, OVER_POINT = "5", "1"


def labeling(style: Style) -> Element | None:
    """The labelling of the features of a style, or None."""
    if style.label is None:
        return None
    found = Element("labeling", type="rule-based")
    rules = SubElement(found, "rules", key=_key(style, "rules"))
    if style.label.text is not None:
        _rule(rules, style, "text", _quoted(style.label.text), "")
        return found
    _rule(rules, style, "fraction", fraction(style.layer, style.label), _has_room(style.layer, style.label))
    _rule(rules, style, "number", _text(style.layer, style.label.above), "ELSE")
    return found


def _rule(rules: Element, style: Style, name: str, expression: str, where: str) -> None:
    assert style.label is not None
    given = {"key": _key(style, name), "description": name, "scalemaxdenom": str(style.label.scale)}
    rule = SubElement(rules, "rule", given | ({"filter": where} if where else {}))
    rule.append(label_settings(expression, style, ink=_ink(style)))


def label_settings(
    expression: str, style: Style, *, ink: str | None = None, angle: str | None = None, placement: str = FREE
) -> Element:
    """How one label is written and placed.

    Args:
        expression: what is written.
        style: whose ink and paper are used.
        ink: expression of the colour; default: the ink of the style.
        angle: expression of the clockwise angle in degrees, for points.
        placement: QGIS's number of it.
    """
    settings = Element("settings", calloutType="simple")
    text = SubElement(
        settings,
        "text-style",
        fieldName=expression,
        isExpression="1",
        fontFamily=FONTS[0],
        fontSize=str(SIZE_POINTS),
        fontSizeUnit="Point",
        multilineHeight=str(LINE_SHARE),
        textColor=color_of(style.ground.ink),
        textOpacity="1",
        namedStyle="",
    )
    families = SubElement(text, "families")
    for each in FONTS:
        SubElement(families, "family", name=each)
    # Over a hatch, and over what tiles do not tell the colour of, letters shine.
    drawn = "1" if style.theme == "print" or ink is None else "0"
    paper = color_of(style.ground.paper)
    SubElement(
        text,
        "text-buffer",
        bufferDraw=drawn,
        bufferSize="0.5",
        bufferSizeUnits="MM",
        bufferColor=paper,
        bufferOpacity="1",
    )
    SubElement(settings, "text-format", multilineAlign="1", wrapChar="")
    SubElement(
        settings,
        "placement",
        placement=placement,
        fitInPolygonOnly="1" if placement == FREE else "0",
        centroidInside="1",
        centroidWhole="1",
        quadOffset="4",
        priority="5",
    )
    SubElement(settings, "rendering", drawLabels="1", obstacle="0", scaleVisibility="0", upsidedownLabels="0")
    given = {name: value for name, value in {"Color": ink, "LabelRotation": angle}.items() if value is not None}
    _add_defined(settings, given)
    return settings


def _add_defined(settings: Element, expressions: dict[str, str]) -> None:
    whole = SubElement(SubElement(settings, "dd_properties"), "Option", type="Map")
    SubElement(whole, "Option", name="name", type="QString", value="")
    properties = SubElement(whole, "Option", name="properties", type="Map")
    for name, expression in expressions.items():
        one = SubElement(properties, "Option", name=name, type="Map")
        SubElement(one, "Option", name="active", type="bool", value="true")
        SubElement(one, "Option", name="expression", type="QString", value=expression)
        SubElement(one, "Option", name="type", type="int", value="3")
    SubElement(whole, "Option", name="type", type="QString", value="collection")


def fraction(layer: Layer, label: LayerLabel) -> str:
    """The expression of the three lines, which are of one length."""
    left, above, below = (_text(layer, each) for each in (label.left, label.above, label.below))
    blanks = "lpad('', {0}, char(160))"
    middle = (
        f"{blanks.format('floor((@w - length({0})) / 2)')} || {{0}} || {blanks.format('ceil((@w - length({0})) / 2)')}"
    )
    indent = f"if(@l = '', '', {blanks.format('length(@l) + 1')})"
    lines = [
        f"{indent} || {middle.format('@a')}",
        "if(@l = '', '', @l || char(160)) || lpad('', @w, '─')",
        f"{indent} || {middle.format('@b')}",
    ]
    expression = " || '\\n' || ".join(lines)
    for name, value in (("w", "max(length(@a), length(@b))"), ("b", below), ("a", above), ("l", left)):
        expression = f"with_variable('{name}', {value}, {expression})"
    return expression


def _has_room(layer: Layer, label: LayerLabel) -> str:
    """Whether the parcel, as large as it is drawn, has room for the fraction."""
    left, above, below = (_text(layer, each) for each in (label.left, label.above, label.below))
    letters = f"length({left}) + 1 + max(length({above}), length({below}))"
    square_metres = "area(transform($geometry, @layer_crs, 'EPSG:6933'))"
    millimetres = f"{square_metres} * 1000000 / (@map_scale * @map_scale)"
    return f"{millimetres} > {ROOM * LETTER_MM * HEIGHT_MM:.2f} * ({letters})"


def _text(layer: Layer, name: str | None) -> str:
    """The expression of a field as it is written on maps: numbers with one decimal and a comma."""
    assert name is not None
    field = next(each for each in layer.fields if each.name == name)
    if field.type == "number":
        plain = f"replace(format_number({_quoted(name)}, 1, 'en'), ',', '')"
        return f"coalesce(replace({plain}, '.', ','), '')"
    return f"coalesce(to_string({_quoted(name)}), '')"


def _ink(style: Style) -> str | None:
    if style.field is None or style.theme == "print":
        return None
    cases = " ".join(
        f"WHEN {_quoted(style.field)} = '{rule.value}' THEN '{color_of(rule.ink)}'" for rule in style.rules
    )
    return f"CASE {cases} ELSE '{color_of(style.ground.ink)}' END"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _key(style: Style, name: str) -> str:
    """A key of a rule: the same for the same rule, so that two downloads are equal."""
    number = crc32(f"{style.id} {name}".encode())
    return f"{{{number:08x}-0000-4000-8000-{number:012x}}}"
