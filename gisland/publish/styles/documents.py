"""The JSON documents about styles: lists, and the metadata of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import gisland
from gisland.catalogue import Language, Layer, Palette, Text
from gisland.publish.pygeoapi import JSON_TYPES
from gisland.publish.styles.formats import LEGENDS, STYLESHEETS
from gisland.publish.styles.model import Style, styles_of

Json = dict[str, Any]

REL = "http://www.opengis.net/def/rel/ogc/1.0/styles"
REL_LEGEND = "http://www.opengis.net/def/rel/ogc/1.0/legend"
TITLE = Text(vi="Các kiểu thể hiện", en="Styles")
SELF = Text(vi="Tài liệu này", en="This document")
OTHER = Text(vi="Tài liệu này ở định dạng khác", en="This document in another format")
METADATA = Text(vi="Mô tả kiểu thể hiện", en="Description of the style")
PURPOSE = Text(
    vi="Màu, nét và chữ theo bảng màu của gisland: mỗi tình trạng xác minh một màu",
    en="Colours, lines and labels by the palette of gisland: a colour for each verification status",
)


def link_to_styles(root: str, language: Language, layer: Layer | None = None) -> Json:
    """The link from the landing page, or from a collection, to its styles."""
    path = "styles" if layer is None else f"collections/{layer.id}/styles"
    return {"rel": REL, "type": "application/json", "title": TITLE.to(language), "href": f"{root}/{path}?f=json"}


def styles_document(layers: list[Layer], palette: Palette, root: str, language: Language) -> Json:
    """The styles of all these layers."""
    entries = [_entry(style, root, language) for layer in layers for style in styles_of(layer, palette)]
    default = {"default": entries[0]["id"]} if entries else {}
    return {"styles": entries, **default, "links": _self(f"{root}/styles", language)}


def collection_styles_document(layer: Layer, palette: Palette, root: str, language: Language) -> Json:
    """The styles of a layer; the light one is its default."""
    entries = [_entry(style, root, language) for style in styles_of(layer, palette)]
    path = f"{root}/collections/{layer.id}/styles"
    return {"styles": entries, "default": layer.id, "defaultStyle": layer.id, "links": _self(path, language)}


def metadata_document(style: Style, root: str, language: Language) -> Json:
    """What a style is for, its encodings, and the fields that it needs."""
    layer, path = style.layer, f"{root}/styles/{style.id}"
    used = {style.field, *(style.label.fields if style.label else [])}
    return {
        "id": style.id,
        "title": style.title.to(language),
        "description": PURPOSE.to(language),
        "keywords": [layer.id, style.theme],
        "pointOfContact": "gisland",
        "accessConstraints": "unclassified" if layer.public else "restricted",
        "scope": "style",
        "version": gisland.__version__,
        "stylesheets": [
            {
                "title": encoding.title.to(language),
                "version": gisland.__version__,
                "specification": encoding.specification,
                "native": name == "mapbox",
                "link": _stylesheet(style, name, root, language),
            }
            for name, encoding in STYLESHEETS.items()
        ],
        "layers": [
            {
                "id": layer.id,
                "title": layer.title.to(language),
                "propertiesSchema": {
                    "type": "object",
                    "properties": {
                        field.name: JSON_TYPES[field.type] | {"title": field.title.to(language)}
                        for field in layer.fields
                        if field.name in used
                    },
                },
                "sampleData": {
                    "rel": "data",
                    "type": "application/json",
                    "href": f"{root}/collections/{layer.id}?f=json",
                },
            }
        ],
        "links": [*_self(f"{path}/metadata", language), *_legends(style, root, language)],
    }


def _entry(style: Style, root: str, language: Language) -> Json:
    described = {
        "rel": "describedby",
        "type": "application/json",
        "title": METADATA.to(language),
        "href": f"{root}/styles/{style.id}/metadata?f=json",
    }
    sheets = [_stylesheet(style, name, root, language) for name in STYLESHEETS]
    links = [*sheets, described, *_legends(style, root, language)]
    return {"id": style.id, "title": style.title.to(language), "links": links}


def _stylesheet(style: Style, name: str, root: str, language: Language) -> Json:
    encoding = STYLESHEETS[name]
    href = f"{root}/styles/{style.id}?f={quote(name)}"
    return {"rel": "stylesheet", "type": encoding.media_type, "title": encoding.title.to(language), "href": href}


def _legends(style: Style, root: str, language: Language) -> list[Json]:
    path = f"{root}/styles/{style.id}/legend"
    found = [
        {"rel": REL_LEGEND, "type": each.media_type, "title": each.title.to(language), "href": f"{path}?f={name}"}
        for name, each in LEGENDS.items()
    ]
    return [{**found[0], "rel": "preview"}, *found]


def _self(path: str, language: Language) -> list[Json]:
    return [
        {"rel": "self", "type": "application/json", "title": SELF.to(language), "href": f"{path}?f=json"},
        {"rel": "alternate", "type": "text/html", "title": OTHER.to(language), "href": f"{path}?f=html"},
    ]
