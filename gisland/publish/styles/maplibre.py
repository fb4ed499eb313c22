"""A style as MapLibre style (version 8), in two forms.

The rich one has one layer for all statuses. The plain one has a layer per status with literal colours and the filters
of old, which is what QGIS understands. The tiles hold the layers `<id>`, from a zoom on (z 14 of parcels),
`<id>-status`, dissolved by status, below it, and `<id>-labels`, points with the fields `text` and `angle`.
"""

from __future__ import annotations

from typing import Any

from gisland.catalogue import Language
from gisland.publish.styles.model import Style

Json = dict[str, Any]

# Up to this zoom tiles are drawn, above it that one is enlarged.
LAST = 20
FONT = ["Noto Sans Regular"]
# Of boundaries: from the zoom on that has each feature, and four zooms later.
BOUNDARY_PIXELS, BOUNDARY_ZOOMS = (0.3, 1.2), 4


def maplibre_style(style: Style, root: str, language: Language, *, plain: bool = False) -> Json:
    """The document.

    Args:
        style: what to write.
        root: URL of the landing page.
        language: of the titles.
        plain: the plain form.
    """
    layer = style.layer.id
    tiles = f"{root}/collections/{layer}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    layers = _plain_layers(style) if plain else _rich_layers(style, language)
    document: Json = {
        "version": 8,
        "name": style.title.to(language),
        "metadata": {"gisland:layer": layer, "gisland:theme": style.theme},
        "sources": {layer: {"type": "vector", "tiles": [tiles], "minzoom": 0, "maxzoom": LAST}},
        "layers": [{"id": "paper", "type": "background", "paint": {"background-color": style.ground.paper}}, *layers],
    }
    if not plain and _hatched(style):
        document["sprite"] = f"{root}/styles/{style.id}/sprite"
    return document


def _rich_layers(style: Style, language: Language) -> list[Json]:
    layers: list[Json] = []
    if style.field is not None:
        cases = [part for rule in style.rules for part in (rule.value, rule.color)]
        # What the palette does not know looks like paper: it is seen, and it claims nothing.
        color = ["match", ["get", style.field], *cases, style.ground.paper]
        legend = {"gisland:legend": {rule.value: rule.label.to(language) for rule in style.rules}}
        for far in (True, False):
            name, zooms = _surface(style, far=far)
            layers.append(_fill(style, name, zooms, color) | {"metadata": legend})
            layers += [
                _fill(style, f"{name}-{rule.value}", zooms, None, ["==", ["get", style.field], rule.value])
                | {"source-layer": name, "paint": {"fill-pattern": rule.hatch_name}}
                for rule in style.rules
                if rule.hatch is not None
            ]
    width = ["interpolate", ["linear"], ["zoom"], *(part for each in _widths(style) for part in each)]
    return [*layers, *_outlines(style, width, ["==", ["geometry-type"], "Point"]), *_labels(style, rich=True)]


def _plain_layers(style: Style) -> list[Json]:
    layers: list[Json] = []
    if style.field is not None:
        for far in (True, False):
            name, zooms = _surface(style, far=far)
            layers += [
                _fill(style, f"{name}-{rule.value}", zooms, rule.color, ["==", style.field, rule.value])
                | {"source-layer": name}
                for rule in style.rules
            ]
    width = {"base": 1, "stops": [list(each) for each in _widths(style)]}
    return [*layers, *_outlines(style, width, ["==", "$type", "Point"]), *_labels(style, rich=False)]


def _widths(style: Style) -> list[tuple[int, float]]:
    return list(zip((style.near, style.near + BOUNDARY_ZOOMS), BOUNDARY_PIXELS, strict=True))


def _surface(style: Style, *, far: bool) -> tuple[str, Json]:
    if far:
        return f"{style.layer.id}-status", {"maxzoom": style.together_below}
    return style.layer.id, {"minzoom": style.near}


def _fill(style: Style, name: str, zooms: Json, color: Any, where: list[Any] | None = None) -> Json:
    layer: Json = {"id": name, "type": "fill", "source": style.layer.id, "source-layer": name, **zooms}
    if where is not None:
        layer["filter"] = where
    # Neighbours of one colour must not show a seam.
    paint = {"fill-color": color, "fill-antialias": "minzoom" in zooms}
    return layer | {"paint": paint}


def _outlines(style: Style, width: Any, is_point: list[Any]) -> list[Json]:
    """Boundaries; and points, which only layers without statuses have."""
    name, stroke = style.layer.id, style.ground.stroke if style.rules else style.ground.ink
    common: Json = {"source": name, "source-layer": name}
    zooms: Json = {"minzoom": style.near} if style.rules else {}
    lines = {"id": f"{name}-boundary", "type": "line", **common, **zooms}
    lines["paint"] = {"line-color": stroke, "line-width": width}
    if style.rules:
        return [lines]
    paint = {"circle-radius": 4, "circle-color": stroke, "circle-stroke-color": style.ground.paper}
    return [lines, {"id": f"{name}-point", "type": "circle", **common, "filter": is_point, "paint": paint}]


def _labels(style: Style, *, rich: bool) -> list[Json]:
    if style.label is None:
        return []
    layout: Json = {
        "text-field": ["get", "text"] if rich else "{text}",
        "text-font": FONT,
        "text-size": 11,
        "text-rotation-alignment": "map",
    }
    if rich:
        # Clockwise here, counter-clockwise from east in the tiles.
        layout["text-rotate"] = ["-", 0, ["coalesce", ["get", "angle"], 0]]
    name = style.layer.id
    return [
        {
            "id": f"{name}-label",
            "type": "symbol",
            "source": name,
            "source-layer": f"{name}-labels",
            "minzoom": style.label_zoom,
            "layout": layout,
            # The paper shines around letters: they can be read on every colour.
            "paint": {"text-color": style.ground.ink, "text-halo-color": style.ground.paper, "text-halo-width": 1},
        }
    ]


def _hatched(style: Style) -> bool:
    return any(rule.hatch is not None for rule in style.rules)
