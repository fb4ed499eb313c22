"""A style as QML, the file of styles of QGIS: colours, labels, names of fields and of their values."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gisland.catalogue import Language, LayerField, Palette
from gisland.publish.styles.model import Style
from gisland.publish.styles.qgis_labels import labeling
from gisland.publish.styles.qgis_symbols import outline, surface

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
# The oldest one that it was tried with.
VERSION = "3.22.0"
POLYGON = "2"


def qml(style: Style, language: Language) -> bytes:
    """The file."""
    root = Element("qgis", version=VERSION, styleCategories="Symbology|Labeling|Fields|Forms")
    root.set("labelsEnabled", "1" if style.label else "0")
    root.extend(vector_elements(style, language))
    SubElement(root, "layerGeometryType").text = POLYGON
    return written(root)


def written(root: Element) -> bytes:
    """An XML file of QGIS."""
    indent(root)
    return (DOCTYPE + tostring(root, encoding="unicode") + "\n").encode()


def vector_elements(style: Style, language: Language) -> list[Element]:
    """What tells QGIS how a vector layer looks and what its fields are called."""
    labels = labeling(style)
    found = [_renderer(style, language), *([labels] if labels is not None else [])]
    fields = Element("fieldConfiguration")
    aliases = Element("aliases")
    for number, field in enumerate(style.layer.fields):
        _add_widget(SubElement(fields, "field", name=field.name), field, style.palette, language)
        SubElement(aliases, "alias", index=str(number), field=field.name, name=field.title.to(language))
    return [*found, fields, aliases]


def _renderer(style: Style, language: Language) -> Element:
    if style.field is None:
        root = Element("renderer-v2", type="singleSymbol", forceraster="0", symbollevels="0")
        SubElement(root, "symbols").append(outline(style, "0"))
        return root
    root = Element("renderer-v2", type="categorizedSymbol", attr=style.field, forceraster="0", symbollevels="0")
    categories, symbols = SubElement(root, "categories"), SubElement(root, "symbols")
    for number, rule in enumerate(style.rules):
        label = rule.label.to(language)
        SubElement(
            categories, "category", value=rule.value, label=label, symbol=str(number), render="true", type="string"
        )
        symbols.append(surface(style, rule, str(number)))
    return root


def _add_widget(parent: Element, field: LayerField, palette: Palette, language: Language) -> None:
    """How a value is shown: those of a closed list by their names."""
    widget = SubElement(parent, "editWidget", type="ValueMap" if field.values else "TextEdit")
    config = SubElement(SubElement(widget, "config"), "Option", type="Map")
    if field.values is None:
        return
    values = SubElement(config, "Option", name="map", type="List")
    for name, status in palette.statuses(field.values).items():
        one = SubElement(values, "Option", type="Map")
        SubElement(one, "Option", name=status.label.to(language), type="QString", value=name)
