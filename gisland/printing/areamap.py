"""A map of parcels on one sheet, A4 to A0: of a drawn area over the borders of wards, or of several wards or groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from gisland.catalogue import Language, load_palette
from gisland.errors import UsageError
from gisland.kit.text import clean_text
from gisland.palette import Palette
from gisland.printing.areamap_page import AreaPaper, AreaScene, draw_area, papers, place_all, small_pages
from gisland.printing.extent import (
    Extent,
    PrintedSet,
    SetOrder,
    find_extent,
    parcel_of,
    reached_wards,
    read_others,
    read_parcels,
    tells_persons,
)
from gisland.printing.finish import Viewport, finish
from gisland.printing.labels import measure, place_labels
from gisland.printing.layout import Layout, MapPage
from gisland.printing.mapsheet import Labelled
from gisland.printing.model import Floats, Geometries, Group
from gisland.printing.placement import Place
from gisland.printing.press import note_prints, reading, reason_of, signed
from gisland.printing.product import AreaProduct, load_product
from gisland.printing.progress import set_name
from gisland.printing.read import read_version
from gisland.printing.scene import scene_of
from gisland.printing.spots import Spots
from gisland.printing.wardlines import lines_of
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "area"
MOST = 20_000
"""Parcels on one print."""


@dataclass(frozen=True, kw_only=True)
class AreaOrder(SetOrder):
    """What is asked for."""

    paper: str = "A3"
    orientation: str = "auto"
    scale: int | None = None
    """Denominator; None: the largest scale of the product at which it fits."""
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PrintedArea(PrintedSet):
    """… with what it shows."""

    edition: AreaScene
    labelled: Labelled


def area_wards(connection: Connection, subject: Subject, order: SetOrder) -> frozenset[int]:
    """The wards that a print shows; see `find_extent` for what is refused."""
    return reached_wards(connection, subject, order, MOST, middle=False)


def print_area(settings: Settings, subject: Subject, order: AreaOrder) -> PrintedArea:
    """Print the parcels that an area touches, or those of wards or groups. Who did it is in the audit log before.

    Raises:
        NotFound: a ward or group is not there or not within reach, or there is no parcel.
        UsageError: there is no such paper, the area is none, or it does not fit on the paper.
    """
    product = load_product(settings, PRODUCT, AreaProduct)
    sheets = papers(order.paper, order.orientation)
    reason = reason_of(order.reason, names=False)
    palette = load_palette(settings)
    with reading(settings, subject) as connection:
        extent = find_extent(connection, subject, order, MOST, middle=False)
        exact = tells_persons(subject, extent)
        group, of_ward = _read(connection, extent, palette, exact=exact)
        paper, place = _fitted(sheets, _bounds(extent, group.shapes), product, order.scale)
        shapes, numbers = read_others(connection, extent, place)
        lines = lines_of(connection, extent, place, group.shapes, of_ward)
    group = replace(group, neighbours=shapes, neighbour_numbers=tuple(numbers))
    scene = _scene(settings, subject, order, product, extent, group, paper, place, palette.told(exact=exact))
    scene.exact = exact
    scene.of_ward = tuple(of_ward.tolist())
    scene.lines, scene.area = lines, None if extent.area is None else extent.area.in_crs(extent.srid)
    scene.ward_names = {ward.id: ward.name for ward in extent.wards}
    labelled, names = place_all(scene)
    scene.pages = 1 + small_pages(scene, labelled)
    content = finish(
        draw_area(scene, labelled, names), group.at, order.language, [Viewport(0, paper.frame, place, group.srid)]
    )
    note_prints(
        *(settings, subject, scene, content),
        product=PRODUCT,
        wards=[ward.id for ward in extent.wards],
        reason=reason,
        order=order,
        parcels=len(group.parcels),
        scale=place.scale,
        area=extent.area is not None,
    )
    return PrintedArea(content=content, edition=scene, labelled=labelled, extent=extent)


def _read(connection: Connection, extent: Extent, palette: Palette, *, exact: bool) -> tuple[Group, Floats]:
    """The parcels as one group, and of each the id of its ward."""
    rows, shapes = read_parcels(connection, extent.ids, extent.srid, partial(palette.class_of, exact=exact))
    version, at = read_version(connection)
    names = {ward.id: ward.name for ward in extent.wards}
    several = len(names) > 1
    parcels = []
    for row in rows:
        sheet = clean_text(row.sheet_no)
        # Sheets of each ward are counted from 1.
        parcels.append(parcel_of(row, f"{sheet} {names[row.ward_id]}" if several else sheet, extent.srid))
    home = extent.home
    group = Group(
        ward_id=home.id,
        ward_code=home.code,
        ward_name=home.name,
        province=home.province,
        code=home.code,
        name="",
        srid=extent.srid,
        version=version,
        at=at,
        parcels=tuple(parcels),
        shapes=shapes,
        neighbours=np.empty(0, dtype=object),
        neighbour_numbers=(),
    )
    return group, np.array([row.ward_id for row in rows], dtype=int)


def _bounds(extent: Extent, shapes: Geometries) -> list[float]:
    """What must be seen: the area, whose parcels may go on beyond it, or else all parcels."""
    seen = shapes if extent.area is None else np.array([extent.area.in_crs(extent.srid)], dtype=object)
    bounds: list[float] = shapely.total_bounds(seen).tolist()
    return bounds


def _fitted(
    sheets: list[AreaPaper], bounds: list[float], product: AreaProduct, scale: int | None
) -> tuple[AreaPaper, Place]:
    """The paper the better way round, and the frame around the middle of what must be seen."""
    west, south, east, north = bounds
    for each in [scale] if scale is not None else sorted(product.scales):
        for sheet in sheets:
            wide, high = sheet.frame.width * each / 1000, sheet.frame.height * each / 1000
            free = 2 * product.inside * each / 1000
            if east - west <= wide - free and north - south <= high - free:
                return sheet, Place((west + east - wide) / 2, (south + north - high) / 2, wide, high, each)
    said = f"{east - west:.0f} × {north - south:.0f} m"
    raise UsageError(
        f"{said} không vừa khổ {sheets[0].name} · {said} do not fit on {sheets[0].name}",
        hint="khổ lớn hơn, khu vực hoặc tỷ lệ nhỏ hơn · larger paper, a smaller area or a smaller scale",
        parameter="paper" if scale is None else "scale",
    )


def _scene(
    settings: Settings,
    subject: Subject,
    order: AreaOrder,
    product: AreaProduct,
    extent: Extent,
    group: Group,
    paper: AreaPaper,
    place: Place,
    palette: Palette,
) -> AreaScene:
    """The labels of all parcels, and what is told of the choice."""
    everything = list(range(len(group.parcels)))
    measures = measure(group.parcels, product.label_height)
    labels = place_labels(Spots(group.shapes), measures, place.scale, product.label_smallest)
    page = MapPage(1, place, inset=False, home=everything, whole=everything)
    layout = Layout(paper, place.scale, [page], {place.scale: labels}, [0] * len(everything))
    product = product.model_copy(update={"notes": (*product.notes, *extent.notes())})
    facts: tuple[Any, ...] = (product.model_dump_json(), palette.model_dump_json(), *extent.facts, group.version)
    facts = (*facts, paper.sign, place.scale, order.language)
    scene = scene_of(
        AreaScene,
        group,
        layout,
        product=product,
        palette=palette,
        measures=measures,
        subject_id=extent.home.id,
        names=False,
        **signed(settings, subject, order.language, *facts, seen=group.parcels),
    )
    scene.subject = set_name(extent, order.language)
    return scene
