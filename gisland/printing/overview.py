"""The overview of a ward: its groups coloured by how far the verification is, on paper from A3 to A0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from psycopg import Connection

from gisland.catalogue import Language, load_catalogue
from gisland.errors import NotFound, UsageError
from gisland.printing.edition import Edition, Printed
from gisland.printing.finish import Viewport, finish
from gisland.printing.model import Group
from gisland.printing.overview_page import Overview, OverviewPaper, Share, draw_overview
from gisland.printing.paper import LARGE_SIZES
from gisland.printing.placement import Place
from gisland.printing.press import note_print, reading, reason_of, signed
from gisland.printing.product import OverviewProduct, load_product
from gisland.printing.read import SQL, find_group, read_group
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "overview"
AIR = 6.0
"""Around the ward in its frame, mm on paper."""


@dataclass(frozen=True)
class OverviewOrder:
    """What is asked for."""

    ward: str
    paper: str = "A3"
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True)
class PrintedOverview(Printed):
    """… with what it shows."""

    overview: Overview


def print_overview(settings: Settings, subject: Subject, order: OverviewOrder) -> PrintedOverview:
    """Print the overview of a ward. Who did it is in the audit log before anybody has the file.

    Raises:
        NotFound: there is no such ward within reach, or no group of it has a parcel.
        UsageError: there is no such paper, or the ward fits on it at no scale of the product.
    """
    product = load_product(settings, PRODUCT, OverviewProduct)
    if order.paper.upper() not in LARGE_SIZES:
        raise UsageError(f"--paper {order.paper[:10]}", hint=", ".join(LARGE_SIZES), parameter="paper")
    reason = reason_of(order.reason, names=False)
    with reading(settings, subject) as connection:
        groups = _groups(connection, order.ward)
    first = groups[0]
    shares = [Share.of(group) for group in groups]
    bounds = shapely.total_bounds(np.concatenate([share.outline for share in shares]))
    sheet, place = _fitted(order.paper.upper(), bounds.tolist(), product)
    facts = (product.model_dump_json(), order.ward, first.version, sheet.sign, order.language)
    edition = Edition(
        paper=sheet,
        product=product,
        ward_code=first.ward_code,
        ward_name=first.ward_name,
        province=first.province,
        srid=first.srid,
        version=first.version,
        at=first.at,
        subject=first.ward_name,
        subject_id=first.ward_id,
        names=False,
        pages=1,
        **signed(settings, subject, order.language, *facts),
    )
    overview = Overview(place, shares, groups, load_catalogue(settings).palette)
    drawn = draw_overview(edition, product, overview)
    content = finish(drawn, first.at, order.language, [Viewport(0, sheet.frame, place, first.srid)])
    note_print(
        *(settings, subject, edition, content),
        product=PRODUCT,
        ward_id=first.ward_id,
        of=f"unit:{first.ward_id}",
        reason=reason,
        groups=len(groups),
        scale=place.scale,
    )
    return PrintedOverview(content, edition, overview)


def _groups(connection: Connection, ward: str) -> list[Group]:
    """The groups of a ward that have parcels, without names."""
    found = []
    for (code,) in connection.execute(SQL["groups"], {"ward": ward}).fetchall():
        try:
            found.append(read_group(connection, find_group(connection, ward, code), names=False))
        except NotFound:
            continue
    if not found:
        raise NotFound(
            f"phường {ward} không có thửa nào trong tổ dân phố · no group of ward {ward} has a parcel",
            hint="gisland unit list",
        )
    plane = found[0].srid
    return [group for group in found if group.srid == plane]


def _fitted(name: str, bounds: list[float], product: OverviewProduct) -> tuple[OverviewPaper, Place]:
    """The paper the better way round, and the frame at the largest scale at which the ward fits."""
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
    raise UsageError(
        f"phường không nằm vừa khổ {name} · the ward does not fit on {name}",
        hint="khổ lớn hơn, hoặc thêm tỷ lệ vào scales · larger paper, or a smaller scale in `scales`",
        parameter="paper",
    )
