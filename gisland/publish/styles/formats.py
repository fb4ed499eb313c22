"""The encodings of styles and legends: names for `f`, media types, and who writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from gisland.catalogue import Language, Text
from gisland.publish.styles.legend import as_png, legend_svg
from gisland.publish.styles.maplibre import maplibre_style
from gisland.publish.styles.model import Style
from gisland.publish.styles.qml import qml
from gisland.publish.styles.sld import sld

Write = Callable[[Style, str, Language], bytes]


@dataclass(frozen=True)
class Encoding:
    """A way to write a style."""

    media_type: str
    title: Text
    specification: str
    """Where it is described."""
    write: Write
    """Writes a style, with the URL of the landing page, in a language."""


def _maplibre(*, plain: bool) -> Write:
    def write(style: Style, root: str, language: Language) -> bytes:
        return json.dumps(maplibre_style(style, root, language, plain=plain), ensure_ascii=False).encode()

    return write


def _qml(style: Style, _: str, language: Language) -> bytes:
    return qml(style, language)


def _svg(style: Style, _: str, language: Language) -> bytes:
    return legend_svg(style, language).encode()


def _png(style: Style, _: str, language: Language) -> bytes:
    return as_png(legend_svg(style, language), 2)


MAPBOX = "application/vnd.mapbox.style+json"
MAPLIBRE_SPECIFICATION = "https://maplibre.org/maplibre-style-spec/"

# The first one is what those get who do not say what they want.
STYLESHEETS = {
    "mapbox": Encoding(MAPBOX, Text(vi="MapLibre", en="MapLibre"), MAPLIBRE_SPECIFICATION, _maplibre(plain=False)),
    "mapbox-plain": Encoding(
        MAPBOX,
        Text(vi="MapLibre đơn giản, cho lớp ô vectơ của QGIS", en="Plain MapLibre, for vector tile layers of QGIS"),
        MAPLIBRE_SPECIFICATION,
        _maplibre(plain=True),
    ),
    "sld11": Encoding(
        "application/vnd.ogc.sld+xml;version=1.1",
        Text(vi="SLD 1.1", en="SLD 1.1"),
        "https://www.ogc.org/standards/sld/",
        sld,
    ),
    "qml": Encoding(
        "application/vnd.qgis.qml", Text(vi="QML của QGIS", en="QML of QGIS"), "https://docs.qgis.org/latest/", _qml
    ),
}
LEGENDS = {
    "png": Encoding("image/png", Text(vi="Chú giải (PNG)", en="Legend (PNG)"), "", _png),
    "svg": Encoding("image/svg+xml", Text(vi="Chú giải (SVG)", en="Legend (SVG)"), "", _svg),
}

# The draft (20-009) is known by two numbers; what each class asks for is tested.
STYLES_CONFORMANCE = [
    f"http://www.opengis.net/spec/ogcapi-styles-1/{version}/conf/{each}"
    for version in ("1.0", "0.0")
    for each in ("core", "html", "mapbox-styles", "sld-11")
]
