"""Where the pages of an atlas would lie, before it is ordered: placement only, nothing is drawn or noted.

Outlines and numbers of parcels are public; no names are read. What was placed once for a data version is remembered.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.kit.crs import to_wgs84
from gisland.printing.atlas import PRODUCT, Order
from gisland.printing.layout import Layout, lay_out_group
from gisland.printing.model import Geometries, Group
from gisland.printing.paper import paper
from gisland.printing.product import AtlasProduct, load_product
from gisland.printing.read import find_group, read_group, read_version
from gisland.settings import Settings

MOST = 64
"""Previews that a web worker remembers."""
COARSE = 0.3
"""How far an outline may be off, metres: a pixel or less on a screen."""
DIGITS = 7


class Preview(BaseModel):
    """Bản in sẽ ra sao · What a print would be."""

    paper: str = Field(description="Khổ giấy · Paper", examples=["A3"])
    orientation: str = Field(description="Chiều giấy · Way round", examples=["landscape"])
    scale: int = Field(description="Mẫu số tỷ lệ · Denominator of the scale", examples=[500])
    chosen: bool = Field(description="Tỷ lệ do hệ thống chọn · The scale was chosen by the labels that fit")
    map_pages: int = Field(description="Số trang bản đồ, ngoài bìa và danh sách · Map pages, beside cover and lists")
    insets: int = Field(description="Trong đó trang ở tỷ lệ nhỏ hơn · Of these, pages at a smaller scale")
    parcels: int = Field(description="Số thửa · Parcels")
    left_out: list[str] = Field(description="Thửa không nằm vừa trang nào · Parcels (sheet/number) that fit on no page")
    data_version: int = Field(description="Phiên bản dữ liệu · the data version")
    features: dict[str, Any] = Field(
        description="GeoJSON (EPSG:4326): `kind` page (number, scale, inset) và · and parcels"
    )


_known: OrderedDict[tuple[object, ...], Preview] = OrderedDict()
_lock = threading.Lock()


def preview_atlas(connection: Connection, settings: Settings, order: Order) -> Preview:
    """Place the pages of an atlas.

    Args:
        connection: a transaction that sees the rows in which the subject may print.
        settings: of the service.
        order: what is asked for; language and reason do not matter.

    Raises:
        NotFound: there is no such group, or no parcel in it.
        UsageError: paper or scale make no sense, or no parcel fits on a page.
    """
    product = load_product(settings, PRODUCT, AtlasProduct)
    papers = paper(order.paper, order.orientation)
    place = find_group(connection, order.ward, order.group)
    version, _ = read_version(connection)
    key = (
        *(settings.database_name, settings.database_url, place.group_id, version),
        *(order.paper, order.orientation, order.scale, product.model_dump_json()),
    )
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    group = read_group(connection, place, names=False)
    group, _, layout, left_out = lay_out_group(group, product, papers, order.scale)
    found = _preview(group, layout, version, [each.key for each in left_out], chosen=order.scale is None)
    with _lock:
        _known[key] = found
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found


def _preview(group: Group, layout: Layout, version: int, left_out: list[str], *, chosen: bool) -> Preview:
    frames = _in_degrees(layout.frames, group.srid)
    pages = [
        _feature(frame, kind="page", number=page.number, scale=page.place.scale, inset=page.inset)
        for page, frame in zip(layout.pages, frames, strict=True)
    ]
    outlines = shapely.simplify(group.shapes, COARSE)
    parts = shapely.get_parts(_in_degrees(outlines, group.srid))
    features = [*pages, _feature(shapely.MultiPolygon(list(parts)), kind="parcels")]
    return Preview(
        paper=layout.paper.name,
        orientation=layout.paper.orientation,
        scale=layout.scale,
        chosen=chosen,
        map_pages=len(layout.pages),
        insets=sum(page.inset for page in layout.pages),
        parcels=len(group.parcels),
        left_out=left_out,
        data_version=version,
        features={"type": "FeatureCollection", "features": features},
    )


def _in_degrees(shapes: Geometries, srid: int) -> Geometries:
    over = to_wgs84(srid)
    moved: Geometries = shapely.transform(
        shapes, lambda xy: np.round(np.column_stack(over.transform(xy[:, 0], xy[:, 1])), DIGITS)
    )
    return moved


def _feature(shape: shapely.Geometry, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": json.loads(shapely.to_geojson(shape)), "properties": properties}
