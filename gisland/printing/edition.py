"""What every printed paper has: which data it shows, of which ward, who printed it, and the codes that tell so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from gisland.catalogue import Text
from gisland.kit.crs import MERIDIANS
from gisland.printing.code import PageCode
from gisland.printing.marks import MARK
from gisland.printing.paper import MARGIN, Paper
from gisland.printing.placement import Place
from gisland.printing.product import Product
from gisland.printing.words import Words

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(kw_only=True)
class Edition:
    """A paper that is being drawn. The number of all its pages is known before the first is drawn."""

    paper: Paper
    product: Product
    words: Words
    by: str
    print_id: str
    key: bytes
    """Of the seals of its codes."""
    ward_code: str
    ward_name: str
    province: str
    srid: int
    version: int
    at: datetime
    """The data version, and its time."""
    subject: str
    """What it is of, as people call it: the group, the parcel."""
    subject_id: int
    names: bool
    """Whether names of holders are printed."""
    exact: bool = False
    """Whether exact statuses are, which say what is wrong with a person; else their public classes."""
    pages: int = 0
    """All pages of the file."""
    remarks: list[Text] = field(default_factory=list)
    """What whoever prints must know of it, once it is drawn; nothing of persons."""

    @property
    def confidential(self) -> bool:
        """Whether something is told of persons."""
        return self.names or self.exact

    @property
    def time(self) -> str:
        """The time of the data, of Vietnam."""
        return f"{self.at.astimezone(HERE):%d/%m/%Y %H:%M}"

    @property
    def place_name(self) -> str:
        """The ward."""
        return self.words.ward(self.ward_name)

    @property
    def meridian(self) -> str:
        """The central meridian of the plane: 105°45′; '' where it is none of the zones of VN-2000."""
        degrees = MERIDIANS.get(self.srid)
        return "" if degrees is None else f"{int(degrees)}°{round(degrees % 1 * 60):02d}′"

    @property
    def plane(self) -> str:
        """The plane of the coordinates in words."""
        name = "crs" if self.meridian else "crs_other"
        return self.words(name, meridian=self.meridian, srid=self.srid)

    def code(self, page: str, place: Place | None = None) -> PageCode:
        """The code of a page; of a map page with its place on the ground."""
        frame, scale = self.paper.frame, 0 if place is None else place.scale
        east = north = None
        if place is not None:
            mark = MARGIN + MARK / 2
            east = round(place.west - (frame.x - mark) * scale / 1000, 2)
            north = round(place.south - (frame.y - mark) * scale / 1000, 2)
        return PageCode(
            *(page, self.pages, self.print_id, self.ward_code, self.subject_id, self.version),
            *(self.paper.sign, scale, self.srid, east, north),
        )


@dataclass(frozen=True)
class Printed:
    """A finished file and what is told of it."""

    content: bytes
    edition: Edition

    @property
    def wards(self) -> tuple[int, ...]:
        """Of what may show several wards: their ids."""
        return ()

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.content).hexdigest()
