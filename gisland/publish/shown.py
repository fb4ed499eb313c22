"""What is shown of a feature: the finished text of the layer, or what has to be made of it while it is read.

`t` is a row of the table beside the layer's (its parts were made when the feature was published, publish.json_of) or a
former state; `g` is the row of the layer itself, where it is needed.
"""

from __future__ import annotations

from typing import NamedTuple

from gisland.catalogue import Layer
from gisland.kit.crs import MERIDIANS
from gisland.publish.crs import WGS84, OfferedCrs


class Shown(NamedTuple):
    """What a reader wants to see of each feature."""

    crs: OfferedCrs = WGS84
    properties: tuple[str, ...] | None = None
    """Only these; None shows all that the reader may see."""
    geometry: bool = True


ALL = Shown()


def feature_text(layer: Layer, shown: Shown, *, past: bool) -> str:
    """SQL of a feature as GeoJSON."""
    geometry = geometry_text(layer, shown, past=past)
    properties = properties_text(layer, shown)
    head = """'{"type":"Feature","id":' || t.id || ',"geometry":'"""
    return f"""{head} || {geometry} || ',"properties":' || {properties} || '}}'"""


def needs_layer(shown: Shown) -> bool:
    """Whether the row of the layer itself is needed: the table beside it has the finished text only."""
    return shown.geometry and not shown.crs.as_stored


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
    """SQL of the geometry as GeoJSON."""
    if not shown.geometry:
        return "'null'"
    if shown.crs.as_stored:
        return "t._geometry"
    native, derived = _geometries(layer, shown.crs, past=past)
    made = f"ST_AsGeoJSON({derived}, {shown.crs.decimals}, 0)"
    if native is None:
        return made
    # 15 decimals say a float of 64 bits to the last bit. From zone to zone of VN-2000 the datum stays: by way of WGS 84
    # it would be 0.7 mm off.
    zones = ", ".join(map(str, MERIDIANS)) if shown.crs.srid in MERIDIANS else "NULL"
    between = f"ST_AsGeoJSON(ST_Transform({native}, {shown.crs.srid}), {shown.crs.decimals}, 0)"
    return f"""CASE WHEN ST_SRID(t._native) = {shown.crs.srid} THEN ST_AsGeoJSON({native}, 15, 0)
                     WHEN ST_SRID(t._native) IN ({zones}) THEN {between} ELSE {made} END"""


def _geometries(layer: Layer, crs: OfferedCrs, *, past: bool) -> tuple[str | None, str]:
    """SQL of the geometry as it was surveyed, where it may have been on this plane, and of the one that is derived."""
    in_degrees = "t.geom" if past else f"g.{layer.geometry}"
    derived = in_degrees if crs.srid == 4326 else f"publish.from_wgs84({in_degrees}, {crs.srid})"
    native = "t._native" if crs.plane and layer.native is not None else None
    if crs.flipped:
        return native and f"ST_FlipCoordinates({native})", f"ST_FlipCoordinates({derived})"
    return native, derived
