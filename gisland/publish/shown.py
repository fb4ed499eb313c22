"""What is shown of a feature: the finished text of the layer, or what has to be made of it while it is read.

`t` is a row of the table beside the layer's (its parts were made when the feature was published, publish.json_of) or a
former state; `g` is the row of the layer itself, where it is needed.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from gisland.catalogue import Layer
from gisland.kit.crs import MERIDIANS
from gisland.publish.crs import WGS84, OfferedCrs


class Shown(NamedTuple):
    """What a reader wants to see of each feature."""

    crs: OfferedCrs = WGS84
    properties: tuple[str, ...] | None = None
    """Only these; None shows all that the reader may see."""
    geometry: bool = True
    form: Literal["geojson", "table"] = "geojson"


ALL = Shown()


def feature_text(layer: Layer, shown: Shown, *, past: bool) -> str:
    """SQL of a feature: as GeoJSON, or as the row of a table (id, WKB in hexadecimal, properties)."""
    geometry = geometry_text(layer, shown, past=past)
    properties = properties_text(layer, shown)
    if shown.form == "table":
        return f"t.id || ' ' || {geometry} || {properties}"
    head = """'{"type":"Feature","id":' || t.id || ',"geometry":'"""
    return f"""{head} || {geometry} || ',"properties":' || {properties} || '}}'"""


def needs_layer(layer: Layer, shown: Shown) -> bool:
    """Whether the row of the layer itself is needed: the table beside it has the finished text only.

    On a plane most features are as they were surveyed, which lies beside it, too; of others the row is looked up.
    """
    return is_made(shown) and not (shown.crs.plane and layer.native is not None)


def is_made(shown: Shown) -> bool:
    """Whether the geometry is not shown as its finished text."""
    return shown.geometry and not (shown.crs.as_stored and shown.form == "geojson")


def properties_text(layer: Layer, shown: Shown) -> str:
    """SQL of the properties as JSON text."""
    if not layer.masked and shown.properties is None:
        return "t._properties"
    # The finished text says all. Of what it says those fields are taken that are shown.
    names = [field.name for field in layer.fields if shown.properties is None or field.name in shown.properties]
    wanted = ",".join(names)
    kept = f"SELECT json_object_agg(key, value) FROM json_each(t._properties::json) WHERE key = ANY ('{{{wanted}}}')"  # noqa: S608 - names that the catalogue checked
    return f"coalesce(({kept}), '{{}}')::text"


def geometry_text(layer: Layer, shown: Shown, *, past: bool) -> str:
    """SQL of the geometry as GeoJSON, or as WKB in hexadecimal."""
    if not shown.geometry:
        return "''" if shown.form == "table" else "'null'"
    if not is_made(shown):
        return "t._geometry"
    crs, native = shown.crs, "t._native"
    in_degrees = "t.geom" if past else f"g.{layer.geometry}"
    if not past and not needs_layer(layer, shown):
        in_degrees = f"(SELECT {in_degrees} FROM {layer.target_schema}.{layer.table} g WHERE g.id = t.id)"  # noqa: S608 - as above
    derived = in_degrees if crs.srid == 4326 else f"publish.from_wgs84({in_degrees}, {crs.srid})"
    made = _written(layer, shown, derived, crs.decimals)
    if not crs.plane or layer.native is None:
        return made
    # The text is finished for what there is now (publish.json_of). From zone to zone of VN-2000 the datum stays: by way
    # of WGS 84 it would be 0.7 mm off.
    finished = shown.form == "geojson" and not past and not crs.flipped
    surveyed = _written(layer, shown, native, 15)
    if finished:
        # There is none in a table that was made before there was.
        surveyed = f"coalesce(t._surveyed, {surveyed})"
    zones = ", ".join(map(str, MERIDIANS)) if crs.srid in MERIDIANS else "NULL"
    between = _written(layer, shown, f"ST_Transform({native}, {crs.srid})", crs.decimals)
    return f"""CASE WHEN ST_SRID({native}) = {crs.srid} THEN {surveyed}
                     WHEN ST_SRID({native}) IN ({zones}) THEN {between} ELSE {made} END"""


def _written(layer: Layer, shown: Shown, geometry: str, decimals: int) -> str:
    if shown.form == "table":
        # East before north in all files. A column of a file has one type of geometry.
        whole = geometry if layer.geometry_type is None else f"ST_Multi({geometry})"
        return f"encode(ST_AsBinary({whole}), 'hex')"
    return f"ST_AsGeoJSON({f'ST_FlipCoordinates({geometry})' if shown.crs.flipped else geometry}, {decimals}, 0)"
