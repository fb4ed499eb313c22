"""The extract of a parcel (trích lục thửa đất): from the registry to a finished file that can be verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import shapely
from psycopg import Connection
from psycopg.rows import namedtuple_row

from gisland.catalogue import Language
from gisland.errors import Forbidden, NotFound, UsageError
from gisland.kit.text import clean_text
from gisland.printing.code import load_print_key
from gisland.printing.edition import Edition, Printed
from gisland.printing.extract_page import A4, Extract, draw_pages, paper_of
from gisland.printing.facts import SQL, read_facts
from gisland.printing.finish import finish
from gisland.printing.paper import Box
from gisland.printing.placement import Place
from gisland.printing.press import note_print, reading, reason_of, sees, signed
from gisland.printing.product import ExtractProduct, load_product
from gisland.printing.read import Row, read_version, sheet_and_number
from gisland.printing.verify import Reader, shown_to, verify_code
from gisland.registry.codes import load_codes
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "extract"
For = Literal["owner", "third-party"]


@dataclass(frozen=True)
class ExtractOrder:
    """What is asked for."""

    ward: str
    parcel: str
    """Sheet and number: 5/12."""
    reader: For = "third-party"
    sheet_scale: int | None = None
    """Of the map sheet, where a ward has several of one number."""
    language: Language = "vi"
    reason: str = ""


@dataclass(frozen=True)
class PrintedExtract(Printed):
    """… with what it shows."""

    extract: Extract
    place: Place
    """Of the sketch."""


def print_extract(settings: Settings, subject: Subject, order: ExtractOrder) -> PrintedExtract:
    """Print the extract of a parcel. Who did it is in the audit log before anybody has the file.

    Raises:
        NotFound: there is no such ward or parcel within reach.
        UsageError: the parcel is not named by sheet and number, or by those of several; no reason is given for names.
        Forbidden: an extract for the owner is asked for by somebody who may not see owners.
    """
    product = load_product(settings, PRODUCT, ExtractProduct)
    key = load_print_key(settings)
    with reading(settings, subject) as connection:
        row = find_parcel(connection, order)
        reader = _reader(order, subject, row.ward_id)
        names = reader is not Reader.THIRD_PARTY
        reason = reason_of(order.reason, names=names)
        found = read_facts(connection, row.id)
        version = read_version(connection)
    assert found is not None
    facts, around = found
    shape = shapely.from_wkb(bytes.fromhex(facts["shape"]))
    code = verify_code(reader, row.id, facts, key)
    address = f"{settings.public_url.rstrip('/')}/verify/{code}" if settings.public_url else code
    facts_of_print = (product.model_dump_json(), code, version[0], address, order.language)
    edition = Edition(
        paper=A4,
        product=product,
        ward_code=facts["ward"],
        ward_name=clean_text(facts["ward_name"]),
        province=clean_text(facts["province"]),
        srid=facts["srid"],
        version=version[0],
        at=version[1],
        subject=f"{clean_text(facts['sheet'])}/{clean_text(facts['parcel'])}",
        subject_id=row.id,
        names=names,
        **signed(settings, subject, order.language, *facts_of_print),
    )
    extract = Extract(
        reader,
        shown_to(reader, facts),
        shape,
        around,
        code,
        address,
        load_codes(settings),
    )
    edition.paper = paper_of(edition, extract)
    place = sketch_place(shape, product, edition.paper.frame)
    drawn, viewports = draw_pages(edition, extract, place)
    content = finish(drawn, version[1], order.language, viewports)
    note_print(
        *(settings, subject, edition, content),
        product=PRODUCT,
        ward_id=row.ward_id,
        of=f"parcel:{row.id}",
        reason=reason,
        order=order,
        reader=reader.name.lower(),
    )
    return PrintedExtract(content, edition, extract, place)


def check_extract(connection: Connection, subject: Subject, order: ExtractOrder) -> None:
    """Refuse at once what could not be printed.

    Raises:
        NotFound, UsageError, Forbidden: as `print_extract`.
    """
    _reader(order, subject, find_parcel(connection, order).ward_id)


def find_parcel(connection: Connection, order: ExtractOrder) -> Row:
    """The parcel that is meant: its id, its ward, the scale of its sheet.

    Raises:
        UsageError: it is not named by sheet and number, or those are the numbers of several.
        NotFound: there is none within reach.
    """
    sheet, number = sheet_and_number(order.parcel)
    values = {"ward": order.ward, "sheet": sheet, "parcel": number, "scale": order.sheet_scale}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["find"], values).fetchall()
    if not rows:
        raise NotFound(
            f"phường {order.ward} không có thửa {number} tờ {sheet} · ward {order.ward} has no parcel {sheet}/{number}",
            hint="gisland registry search",
        )
    if len(rows) > 1:
        known = ", ".join(f"1:{row.scale} {row.old_ward_code}".strip() for row in rows)
        raise UsageError(
            f"có nhiều thửa {sheet}/{number}: {known} · there are several parcels {sheet}/{number}",
            hint="--sheet-scale 500",
            parameter="sheet_scale",
        )
    return rows[0]


def _reader(order: ExtractOrder, subject: Subject, ward_id: int) -> Reader:
    if order.reader == "third-party":
        return Reader.THIRD_PARTY
    if not sees(subject, Permission.PERSON_READ, ward_id):
        raise Forbidden(
            "bạn không được xem người sử dụng đất · you may not see holders",
            hint="bản cho bên thứ ba: --for third-party",
        )
    return Reader.OWNER_WITH_ID if sees(subject, Permission.IDENTITY_READ, ward_id) else Reader.OWNER


def sketch_place(shape: shapely.Geometry, product: ExtractProduct, frame: Box) -> Place:
    """Where the sketch of a parcel lies on the ground, at the largest scale at which it fits into its frame.

    Raises:
        UsageError: it fits at none.
    """
    west, south, east, north = shape.bounds
    for scale in sorted(product.scales):
        metres = scale / 1000
        wide, high = frame.width * metres, frame.height * metres
        free = 2 * product.around * metres
        if east - west <= wide - free and north - south <= high - free:
            return Place((west + east - wide) / 2, (south + north - high) / 2, wide, high, scale)
    size = f"{east - west:.0f} × {north - south:.0f} m"
    raise UsageError(
        f"một thửa rộng {size} không nằm vừa sơ đồ · a parcel of {size} fits into no sketch",
        hint="thêm tỷ lệ vào scales · a smaller scale in `scales` (config/print/extract/product.yml)",
    )
