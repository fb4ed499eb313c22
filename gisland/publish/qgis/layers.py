"""The layers of a project as QGIS writes them: features by OGC API, and vector tiles, each with its style."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement
from zlib import crc32

from pyproj import CRS

from gisland.catalogue import Language
from gisland.publish.styles.maplibre import LAST
from gisland.publish.styles.model import Rule, Style
from gisland.publish.styles.qgis_labels import OVER_POINT, label_settings
from gisland.publish.styles.qgis_symbols import outline, surface
from gisland.publish.styles.qml import vector_elements

# Whoever opens a project with staff layers gives this id to an authentication of their own: name and token. The
# project itself holds no secret.
AUTHENTICATION = "gisland"
PAGE = 1000
# Parcels, which tiles hold from zoom 14 on, are asked for from this scale (1:n) on; wider views are left to the tiles.
FEATURES_SCALE, FEATURES_NEAR = 5_000, 14
# So many zooms after the first one that holds each feature boundaries are drawn: before, they would hide the small
# parcels of a town (zoom 16, about 1:9,000).
BOUNDARY_ZOOMS = 2
CRS84, WEB_MERCATOR = "OGC:CRS84", "EPSG:3857"
POLYGON = "2"
POINT = "0"

Kind = Literal["features", "tiles"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_TITLES: dict[Kind, dict[Language, str]] = {
    "features": {"vi": "đối tượng", "en": "features"},
    "tiles": {"vi": "ô vectơ", "en": "vector tiles"},
}


@dataclass(frozen=True)
class MapLayer:
    """A layer of a project."""

    style: Style
    kind: Kind
    root: str
    """URL of the landing page of the OGC API."""
    ward: str | None
    """Code of the ward whose features are shown; None for all."""

    @property
    def id(self) -> str:
        """Its id within the project: the same in each download."""
        return f"{self.style.layer.table}_{self.kind}_{crc32(f'{self.root} {self.ward}'.encode()):08x}"

    @property
    def provider(self) -> str:
        """QGIS's name of what reads it."""
        return "OAPIF" if self.kind == "features" else "vectortile"

    @property
    def source(self) -> str:
        """Where its data are."""
        layer = self.style.layer
        if self.kind == "tiles":
            url = quote(f"{self.root}/collections/{layer.id}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}", safe=":/")
            authentication = "" if layer.public else f"authcfg={AUTHENTICATION}&"
            return f"{authentication}type=xyz&url={url}&zmax={LAST}&zmin=0"
        parts = {"url": self.root, "typename": layer.id, "pageSize": str(PAGE), "restrictToRequestBBOX": "1"}
        field = next((each.name for each in layer.fields if each.codes == "wards"), layer.extents_by)
        if self.ward is not None and field is not None:
            parts["filter"] = f"\"{field}\" = '{self.ward}'"
        written = " ".join(f"{name}='{_escaped(value)}'" for name, value in parts.items())
        return written if layer.public else f"{written} authcfg={AUTHENTICATION}"

    def title(self, language: Language) -> str:
        """What people read in the list of layers."""
        return f"{self.style.layer.title.to(language)} ({KIND_TITLES[self.kind][language]})"


def map_layer(layer: MapLayer, language: Language) -> Element:
    """The layer with its style."""
    if layer.kind == "tiles":
        found = Element("maplayer", type="vector-tile", styleCategories="AllStyleCategories")
    else:
        found = Element("maplayer", type="vector", geometry="Polygon", wkbType="MultiPolygon")
        found.set("labelsEnabled", "1" if layer.style.label else "0")
        found.set("hasScaleBasedVisibilityFlag", "1")
        found.set("minScale", str(FEATURES_SCALE << max(0, FEATURES_NEAR - layer.style.near)))
        found.set("maxScale", "0")
    SubElement(found, "id").text = layer.id
    SubElement(found, "datasource").text = layer.source
    SubElement(found, "layername").text = layer.title(language)
    found.append(reference("srs", WEB_MERCATOR if layer.kind == "tiles" else CRS84))
    SubElement(found, "provider", encoding="UTF-8").text = layer.provider
    _add_metadata(found, layer, language)
    if layer.kind == "tiles":
        found.extend(_tile_elements(layer, language))
    else:
        found.extend(vector_elements(layer.style, language))
        SubElement(found, "layerGeometryType").text = POLYGON
    return found


def reference(tag: str, crs: str) -> Element:
    """A CRS by its code, which QGIS knows; that of a project it reads only when its WKT is there, too."""
    found = Element(tag)
    described = SubElement(found, "spatialrefsys")
    SubElement(described, "wkt").text = CRS(crs).to_wkt()
    SubElement(described, "authid").text = crs
    return found


def _add_metadata(parent: Element, layer: MapLayer, language: Language) -> None:
    metadata = SubElement(parent, "resourceMetadata")
    SubElement(metadata, "title").text = layer.style.layer.title.to(language)
    SubElement(metadata, "abstract").text = layer.style.layer.description.to(language)


def _tile_elements(layer: MapLayer, language: Language) -> list[Element]:
    style = layer.style
    renderer = Element("renderer", type="basic")
    styles = SubElement(renderer, "styles")
    for rule in style.rules:
        near, plain, far = (surface(style, rule, "0", boundary=boundary) for boundary in (True, False, False))
        _add_tile_style(styles, style, rule, language, style.layer.id, near, style.near + BOUNDARY_ZOOMS, -1)
        last = style.near + BOUNDARY_ZOOMS - 1
        _add_tile_style(styles, style, rule, language, style.layer.id, plain, style.near, last)
        _add_tile_style(styles, style, rule, language, f"{style.layer.id}-status", far, -1, style.together_below - 1)
    if not style.rules:
        _add_tile_style(styles, style, None, language, style.layer.id, outline(style, "0"), -1, -1)
    found = [renderer]
    if style.label is not None:
        labeling = Element("labeling", type="basic")
        # The features bear the same labels: where they are drawn, too, each would be read twice.
        labelled = replace(layer, kind="features")
        given = {
            "name": "label",
            "enabled": "1",
            "expression": f"NOT coalesce({_is_drawn(labelled)}, false)",
            "geometry": POINT,
            "layer": f"{style.layer.id}-labels",
        }
        given |= {"min-zoom": str(style.label_zoom), "max-zoom": "-1"}
        one = SubElement(SubElement(labeling, "styles"), "style", given)
        # Clockwise here, counter-clockwise from east in the tiles.
        one.append(label_settings('"text"', style, angle='-coalesce("angle", 0)', placement=OVER_POINT))
        found.append(labeling)
    return found


def _add_tile_style(
    parent: Element,
    style: Style,
    rule: Rule | None,
    language: Language,
    tile_layer: str,
    drawn: Element,
    first: int,
    last: int,
) -> None:
    """How one layer of the tiles looks, from zoom to zoom; -1 is no limit."""
    given = {"enabled": "1", "layer": tile_layer, "geometry": POLYGON, "min-zoom": str(first), "max-zoom": str(last)}
    given["name"] = rule.label.to(language) if rule is not None else style.layer.title.to(language)
    given["expression"] = f"\"{style.field}\" = '{rule.value}'" if rule is not None else ""
    SubElement(SubElement(parent, "style", given), "symbols").append(drawn)


def _is_drawn(layer: MapLayer) -> str:
    """Expression of QGIS: whether the map shows this layer. By its source: added from a .qlr it gets another id."""
    source = "layer_property(@element, 'source')"
    parts = [f"{name}='{_escaped(value)}'" for name, value in (("url", layer.root), ("typename", layer.style.layer.id))]
    quoted = (part.replace("\\", "\\\\").replace("'", "''") for part in parts)
    found = " AND ".join(f"strpos({source}, '{each}') > 0" for each in quoted)
    return f"array_length(array_filter(@map_layer_ids, {found})) > 0"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
