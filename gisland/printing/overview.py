"""How far the verification is: wards, groups or a drawn area, coloured by their progress, on paper from A3 to A0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from psycopg import Connection

from gisland.catalogue import Language, Text, load_palette
from gisland.errors import UsageError
from gisland.printing.extent import (
    Extent,
    PrintedSet,
    SetOrder,
    find_extent,
    on_plane,
    reached_wards,
    read_others,
    tells_persons,
)
from gisland.printing.finish import Viewport, finish
from gisland.printing.model import Geometries
from gisland.printing.overview_page import OverviewPaper, draw_overview, listed
from gisland.printing.paper import LARGE_SIZES
from gisland.printing.placement import Place
from gisland.printing.press import note_prints, reading, reason_of, signed
from gisland.printing.product import OverviewProduct, load_product
from gisland.printing.progress import Overview, OverviewEdition, Unit, read_units, set_name
from gisland.printing.read import read_version
from gisland.printing.wardlines import lines_of
from gisland.printing.words import note_of
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "overview"
AIR = 6.0
"""Around what is shown in its frame, mm on paper."""
MOST, MOST_SEEN = 400_000, 60_000
"""Parcels on one print; above the second number none is drawn by itself."""


@dataclass(frozen=True, kw_only=True)
class OverviewOrder(SetOrder):
    """What is asked for."""

    paper: str = "A3"
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PrintedOverview(PrintedSet):
    """… with what it shows."""

    overview: Overview


def overview_wards(connection: Connection, subject: Subject, order: SetOrder) -> frozenset[int]:
    """The wards that an overview shows; see `find_extent` for what is refused."""
    return reached_wards(connection, subject, order, MOST, middle=True)


def print_overview(settings: Settings, subject: Subject, order: OverviewOrder) -> PrintedOverview:
    """Print an overview. Who did it is in the audit log before anybody has the file.

    Raises:
        NotFound: a ward or group is not there or not within reach, or there is no parcel.
        UsageError: there is no such paper, the area is none, or it all fits on the paper at no scale of the product.
    """
    product = load_product(settings, PRODUCT, OverviewProduct)
    if order.paper.upper() not in LARGE_SIZES:
        raise UsageError(f"--paper {order.paper[:10]}", hint=", ".join(LARGE_SIZES), parameter="paper")
    reason = reason_of(order.reason, names=False)
    whole = load_palette(settings)
    with reading(settings, subject) as connection:
        extent = find_extent(connection, subject, order, MOST, middle=True)
        exact = tells_persons(subject, extent)
        palette, status_of = whole.told(exact=exact), partial(whole.class_of, exact=exact)
        units = read_units(connection, extent, status_of, keep=len(extent.found) <= MOST_SEEN)
        sheet, place = fitted(order.paper.upper(), _bounds(extent, units), product)
        near = place.scale <= product.parcels_to and len(extent.found) <= MOST_SEEN
        part = extent.area is not None or extent.chosen
        around = read_others(connection, extent, place)[0] if near or part else np.empty(0, dtype=object)
        land = np.array([unit.outline for unit in units] if extent.by_ward else [], dtype=object)
        borders = lines_of(connection, extent, place, land, np.array([ward.id for ward in extent.wards[: len(land)]]))
        version, at = read_version(connection)
    area = None if extent.area is None else extent.area.in_crs(extent.srid)
    overview = Overview(place, units, palette, extent.by_ward, near, borders, area, around)
    product = product.model_copy(update={"notes": (*product.notes, *_notes(extent))})
    name = set_name(extent, order.language)
    facts = (product.model_dump_json(), palette.model_dump_json(), *extent.facts, version, sheet.sign, order.language)
    edition = OverviewEdition(
        paper=sheet,
        product=product,
        ward_code=extent.home.code,
        ward_name=extent.home.name,
        province=extent.home.province,
        srid=extent.srid,
        version=version,
        at=at,
        subject=name,
        subject_id=extent.home.id,
        names=False,
        exact=exact,
        pages=1 + listed(sheet, overview),
        **signed(settings, subject, order.language, *facts, seen=[(unit.said, unit.counts) for unit in units]),
    )
    drawn = draw_overview(edition, product, overview)
    content = finish(drawn, at, order.language, [Viewport(0, sheet.frame, place, extent.srid)])
    note_prints(
        *(settings, subject, edition, content),
        product=PRODUCT,
        wards=[ward.id for ward in extent.wards],
        reason=reason,
        order=order,
        units=len(units),
        parcels=len(extent.found),
        scale=place.scale,
        area=extent.area is not None,
    )
    return PrintedOverview(content=content, edition=edition, overview=overview, extent=extent)


def _bounds(extent: Extent, units: Sequence[Unit]) -> list[float]:
    """What must be seen: all parcels, the area, and the borders of wards that are shown whole."""
    shapes: list[shapely.Geometry] = [unit.outline for unit in units]
    if extent.area is not None:
        shapes.append(extent.area.in_crs(extent.srid))
    elif extent.by_ward:
        shapes += [on_plane(ward.border, extent.srid) for ward in extent.wards if ward.border is not None]
    found: Geometries = np.array(shapes, dtype=object)
    bounds: list[float] = shapely.total_bounds(found).tolist()
    return bounds


def _notes(extent: Extent) -> list[Text]:
    """What is to be told of the choice."""
    return [*([] if extent.area is None else [note_of("o_of_area")]), *extent.notes()]


def fitted(name: str, bounds: list[float], product: OverviewProduct) -> tuple[OverviewPaper, Place]:
    """The paper the better way round, and the frame at the largest scale at which all fits."""
    west, south, east, north = bounds
    long, short = LARGE_SIZES[name]
    papers = [
        OverviewPaper(name, "landscape", long, short),
        OverviewPaper(name, "portrait", short, long),
    ]
    for scale in sorted(product.scales):
        for sheet in papers:
            wide, high = (each * scale / 1000 for each in (sheet.frame.width, sheet.frame.height))
            free = 2 * AIR * scale / 1000
            if east - west <= wide - free and north - south <= high - free:
                return sheet, Place((west + east - wide) / 2, (south + north - high) / 2, wide, high, scale)
    said = f"{(east - west) / 1000:.1f} × {(north - south) / 1000:.1f} km"
    raise UsageError(
        f"{said} không nằm vừa khổ {name} · {said} do not fit on {name}",
        hint="khổ lớn hơn, khu vực nhỏ hơn, hoặc thêm tỷ lệ · larger paper, a smaller area, or more `scales`",
        parameter="paper",
    )
