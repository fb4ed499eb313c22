"""SQL of near tiles: each feature with the fields of its zoom, and its label as a point of its own."""

from __future__ import annotations

import re

from gisland.catalogue import Layer, LayerField, TileLabel
from gisland.publish.tiles.grid import HALF, MARGIN, UNITS

EARTH = 6378137
"""Radius of the sphere of Web Mercator, metres."""


def near(layer: Layer, zoom: int, units: int = UNITS, *, whole: bool = False) -> str:
    """SQL that gives the tile and how many features it shows; `bounds` says which tile.

    Args:
        layer: whose features.
        zoom: of the tile.
        units: along a side of the tile: on a coarser grid outlines have fewer corners.
        whole: whether a feature of which the grid leaves nothing is shown as a square of about one unit.
    """
    columns = ["id", *(f"{_value(field)} AS {field.name}" for field in fields_at(layer, zoom))]
    margin = MARGIN * units // UNITS
    shape = f"ST_AsMVTGeom({{}}, (SELECT square FROM bounds), {units}, {margin}, true)"  # noqa: S608
    if whole:
        half = 0.75 * 2 * HALF / (1 << zoom) / units
        speck = shape.format(f"ST_Expand(ST_PointOnSurface(_mercator), {half!r})")
        shape = f"coalesce({shape}, CASE WHEN ST_Dimension(_mercator) > 0 THEN {speck} END)"
    shape = shape.format("_mercator") + " AS shape"
    found = f"{layer.target_schema}.{layer.table} WHERE {layer.geometry} && (SELECT around FROM bounds)"  # noqa: S608
    features = f"SELECT {', '.join([*columns, shape])} FROM {found}"  # noqa: S608 - names that the catalogue checked
    drawn = f"SELECT ST_AsMVT(f, '{layer.id}', {units}, 'shape', 'id'), count(f.shape) FROM ({features}) f"  # noqa: S608
    label, text = layer.tiles.label, text_at(layer.tiles.label, zoom)
    if label is None or text is None:
        return drawn
    angle = f", round({label.angle})::int AS angle" if label.angle else ""
    # A label is on the one tile that its point lies on: none is drawn beyond the sides.
    labels = f"""
        SELECT id, {_text(layer, text)} AS text{angle},
               ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(radians({label.x}) * {EARTH}, {northing(label.y)}), 3857),
                            (SELECT square FROM bounds), {UNITS}, 0, true) AS shape
          FROM {found}"""  # noqa: S608
    return f"""
        SELECT features.tile || (SELECT ST_AsMVT(l, '{layer.id}-labels', {UNITS}, 'shape', 'id') FROM ({labels}) l),
               number
          FROM ({drawn}) features(tile, number)"""  # noqa: S608


def fields_at(layer: Layer, zoom: int) -> list[LayerField]:
    """The fields that come along on near tiles of a zoom."""
    shown = [field for field in layer.fields if field.open]
    chosen = layer.tiles.fields
    if chosen is None:
        return shown
    names = {name for first, names in chosen.items() if first <= zoom for name in names}
    return [field for field in shown if field.name in names]


def text_at(label: TileLabel | None, zoom: int) -> str | None:
    """What is written at a zoom."""
    texts = [text for first, text in sorted(label.text.items()) if first <= zoom] if label else []
    return texts[-1] if texts else None


def northing(latitude: str) -> str:
    """SQL: metres north of the equator in Web Mercator."""
    return f"{EARTH} * ln(tan(radians(45 + {latitude} / 2)))"


def _value(field: LayerField) -> str:
    if field.type == "number":
        # A number with an exact fraction would become a text.
        return f"{field.name}::float8"
    if field.type == "date":
        return f"{field.name}::text"
    if field.type == "datetime":
        return f"""to_char({field.name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    return field.name


def _text(layer: Layer, template: str) -> str:
    """A text in which fields stand, as SQL; numbers have a decimal comma."""
    types = {field.name: field.type for field in layer.fields}
    parts = []
    for part in re.split(r"(\{\w+\})", template):
        name = part[1:-1]
        if part.startswith("{") and name in types:
            written = f"replace({name}::text, '.', ',')" if types[name] == "number" else f"{name}::text"
            parts.append(f"coalesce({written}, '')")
        elif part:
            quoted = part.replace("'", "''").replace("%", "%%")
            parts.append(f"'{quoted}'")
    return f"trim({' || '.join(parts)})"
