"""The pictures of printed pages that the README shows: of the demo ward, whose people are invented."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from gisland.demo.load import WARD
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.extract import ExtractOrder, print_extract
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.picture import picture
from gisland.printing.press import reading
from gisland.printing.read import find_group
from gisland.security.subject import Subject
from gisland.settings import Settings

DPI = 72
COLORS = 256
REASON = "ảnh cho README · pictures of the README"
GROUP = "12"
# A house of the group that has something to measure: which one, depends on the ward that was drawn.
PARCEL = """
    SELECT sheet_no || '/' || parcel_no
      FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id
     WHERE residential_group_id = %(group)s AND parcel.retired_by IS NULL
       AND EXISTS (SELECT FROM registry.land_use WHERE parcel_id = parcel.id AND land_type = 'ODT')
     ORDER BY ST_NPoints(geom) DESC, parcel.id LIMIT 1
"""


def take_pictures(settings: Settings, subject: Subject, folder: Path) -> list[Path]:
    """Print a map page of an atlas, the overview of the ward and an extract, each into a PNG file of the folder.

    Raises:
        NotFound: the demo ward is not loaded.
        Forbidden: the subject may not print there.
    """
    with reading(settings, subject) as connection:
        found = connection.execute(PARCEL, {"group": find_group(connection, WARD, GROUP).group_id}).fetchone()
    parcel = found[0] if found else ""
    pages = {
        # After the cover.
        "print-atlas": (print_atlas(settings, subject, Order(WARD, GROUP, reason=REASON)).content, 2),
        "print-overview": (print_overview(settings, subject, OverviewOrder(ward=WARD, reason=REASON)).content, 1),
        "print-extract": (print_extract(settings, subject, ExtractOrder(WARD, parcel, reason=REASON)).content, 1),
    }
    files = []
    for name, (content, page) in pages.items():
        files.append(folder / f"{name}.png")
        small(picture(content, page, DPI)).save(files[-1], optimize=True)
    return files


def small(page: bytes) -> Image.Image:
    """A picture with a palette: a third as large, and no pixel becomes another colour, however few."""
    return Image.open(io.BytesIO(page)).convert("RGB").quantize(COLORS, Image.Quantize.MAXCOVERAGE)
