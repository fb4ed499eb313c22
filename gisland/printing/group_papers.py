"""What the papers of a group have in common besides maps: who asks for what, and of which edition they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gisland.catalogue import Language
from gisland.kit.text import clean_text
from gisland.printing.edition import Edition
from gisland.printing.paper import Paper
from gisland.printing.product import Product
from gisland.printing.read import Row


@dataclass(frozen=True)
class GroupOrder:
    """What is asked for, of a group."""

    ward: str
    group: str
    parcel: str = ""
    """Sheet and number, where only one is wanted."""
    language: Language = "vi"
    reason: str = ""


def edition_of(
    place: Row,
    version: tuple[int, datetime],
    *,
    product: Product,
    paper: Paper,
    names: bool,
    **signed: Any,
) -> Edition:
    """The edition of papers of a group (`read.find_group`) as `press.signed`; their pages are not counted yet."""
    return Edition(
        paper=paper,
        product=product,
        ward_code=place.ward_code,
        ward_name=clean_text(place.ward_name),
        province=clean_text(place.province),
        srid=0,
        version=version[0],
        at=version[1],
        subject=clean_text(place.group_name) or place.group_code,
        subject_id=place.group_id,
        **signed,
        names=names,
    )
