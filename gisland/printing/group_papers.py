"""What the papers of a group have in common besides maps: who asks for what, and of which edition they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from gisland.catalogue import Language
from gisland.kit.text import clean_text
from gisland.printing.code import load_print_key
from gisland.printing.edition import Edition
from gisland.printing.paper import Paper
from gisland.printing.press import name_of
from gisland.printing.product import Product
from gisland.printing.read import Row
from gisland.printing.words import Words
from gisland.security.subject import Subject
from gisland.settings import Settings


@dataclass(frozen=True)
class GroupOrder:
    """What is asked for, of a group."""

    ward: str
    group: str
    parcel: str = ""
    """Sheet and number, where only one is wanted."""
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True)
class PrintedPapers:
    """A finished file and what is told of it."""

    content: bytes
    edition: Edition

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.content).hexdigest()


def edition_of(
    place: Row,
    version: tuple[int, datetime],
    *,
    settings: Settings,
    subject: Subject,
    product: Product,
    paper: Paper,
    language: Language,
    print_id: str,
    names: bool,
) -> Edition:
    """The edition of papers of a group, see `read.find_group`; their pages are not counted yet."""
    return Edition(
        paper=paper,
        product=product,
        words=Words(language),
        by=name_of(subject),
        print_id=print_id,
        key=load_print_key(settings),
        ward_code=place.ward_code,
        ward_name=clean_text(place.ward_name),
        province=clean_text(place.province),
        srid=0,
        version=version[0],
        at=version[1],
        subject=clean_text(place.group_name) or place.group_code,
        subject_id=place.group_id,
        names=names,
    )
