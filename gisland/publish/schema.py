"""What a schema document says of a property besides its type (OGC API – Features, Part 5): values, unit, geometry."""

from __future__ import annotations

from typing import Any

from gisland.catalogue import Language, Layer, LayerField, Palette

GEOMETRY_FORMATS = {
    "point": "geometry-point-or-multipoint",
    "line": "geometry-linestring-or-multilinestring",
    "polygon": "geometry-polygon-or-multipolygon",
    None: "geometry-any",
}


def describe_geometry(document: dict[str, Any], layer: Layer) -> None:
    """Say of which kind the geometries are."""
    geometry = document["properties"].get("geometry")
    if geometry is not None:
        geometry.pop("$ref", None)
        geometry |= {"x-ogc-role": "primary-geometry", "format": GEOMETRY_FORMATS[layer.geometry_type]}


def describe_times(document: dict[str, Any], layer: Layer) -> None:
    """Say which dates begin and end what a feature was: pygeoapi knows features of an instant only."""
    if layer.ends is not None:
        for name, role in ((layer.datetime, "start"), (layer.ends, "end")):
            if name in document["properties"]:
                document["properties"][name]["x-ogc-role"] = f"primary-interval-{role}"


def describe_values(found: dict[str, Any], field: LayerField, palette: Palette, language: Language) -> None:
    """Say unit and closed list of values, with their labels."""
    if field.unit is not None:
        found |= {"x-ogc-unit": field.unit, "x-ogc-unitLang": "UCUM"}
    if field.values is not None:
        statuses = palette.statuses(field.values)
        found["enum"] = list(statuses)
        # The same values once more: what they are called.
        found["oneOf"] = [{"const": name, "title": each.label.to(language)} for name, each in statuses.items()]
