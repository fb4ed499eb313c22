"""The extract of a parcel (trích lục thửa đất): from the registry to a finished file that can be verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import namedtuple_row

from gisland.catalogue import Language
from gisland.database.statements import statements
from gisland.errors import Forbidden, NotFound, UsageError
from gisland.kit.crs import to_wgs84
from gisland.kit.text import clean_text
from gisland.printing.code import load_print_key, print_id
from gisland.printing.edition import Edition
from gisland.printing.extract_page import A4, Extract, draw_pages
from gisland.printing.finish import finish
from gisland.printing.model import Geometries
from gisland.printing.placement import Place
from gisland.printing.press import name_of, note_print, reading, reason_of, sees
from gisland.printing.product import ExtractProduct, load_product
from gisland.printing.read import SQL as GROUPS
from gisland.printing.read import Row, in_plane
from gisland.printing.verify import Reader, shown_to, verify_code
from gisland.printing.words import Words
from gisland.registry.codes import load_codes
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

PRODUCT = "extract"
SQL = statements("gisland.printing", "extract.sql")
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
class PrintedExtract:
    """A finished file and what is told of it."""

    content: bytes
    edition: Edition
    extract: Extract

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.content).hexdigest()


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
        found = connection.execute(SQL["facts"], {"parcel": row.id}).fetchone()
        version = connection.execute(GROUPS["version"]).fetchone()
        assert found is not None
        assert version is not None
        facts = found[0]
        shape = shapely.from_wkb(bytes.fromhex(facts["shape"]))
        place = sketch_place(shape, product)
        around = _around(connection, row.id, place, facts["srid"])
    code = verify_code(reader, row.id, facts, key)
    address = f"{settings.public_url.rstrip('/')}/verify/{code}" if settings.public_url else code
    about = (product.model_dump_json(), code, version[0], address, order.language, subject.name)
    edition = Edition(
        paper=A4,
        product=product,
        words=Words(order.language),
        by=name_of(subject),
        print_id=print_id(*about),
        key=key,
        ward_code=facts["ward"],
        ward_name=clean_text(facts["ward_name"]),
        province=clean_text(facts["province"]),
        srid=facts["srid"],
        version=version[0],
        at=version[1],
        subject=f"{clean_text(facts['sheet'])}/{clean_text(facts['parcel'])}",
        subject_id=row.id,
        names=names,
    )
    extract = Extract(reader, shown_to(reader, facts), shape, place, *around, code, address, load_codes(settings))
    content = _draw(edition, extract, version[1], order.language)
    note_print(
        *(settings, subject, edition, content),
        product=PRODUCT,
        ward_id=row.ward_id,
        of=f"parcel:{row.id}",
        reason=reason,
        reader=reader.name.lower(),
    )
    return PrintedExtract(content, edition, extract)


def find_parcel(connection: Connection, order: ExtractOrder) -> Row:
    """The parcel that is meant: its id, its ward, the scale of its sheet.

    Raises:
        UsageError: it is not named by sheet and number, or those are the numbers of several.
        NotFound: there is none within reach.
    """
    sheet, slash, number = (part.strip() for part in order.parcel.partition("/"))
    if not (sheet and slash and number) or "/" in number:
        raise UsageError(
            "thửa đất: số tờ/số thửa · a parcel is named by sheet and number", hint="5/12", parameter="parcel"
        )
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


def sketch_place(shape: shapely.Geometry, product: ExtractProduct) -> Place:
    """Where the sketch of a parcel lies on the ground, at the largest scale at which it fits.

    Raises:
        UsageError: it fits at none.
    """
    frame = A4.frame
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


def _around(connection: Connection, parcel: int, place: Place, srid: int) -> tuple[Geometries, list[str]]:
    """The parcels that are seen in the sketch: their shapes, and `sheet/number` of each."""
    corners = shapely.get_coordinates(place.inset())
    east, north = to_wgs84(srid).transform(corners[:, 0], corners[:, 1])
    box = {"west": min(east), "east": max(east), "south": min(north), "north": max(north)}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Row] = cursor.execute(SQL["around"], box | {"parcel": parcel}).fetchall()
    shapes = in_plane([row.shape for row in rows], np.array([row.srid for row in rows], dtype=int), srid)
    near = shapely.intersects(place.inset(), shapes) if len(rows) else np.empty(0, dtype=bool)
    names = [f"{clean_text(row.sheet_no)}/{clean_text(row.parcel_no)}" for row in rows]
    return shapes[near], [name for name, kept in zip(names, near, strict=True) if kept]


def _draw(edition: Edition, extract: Extract, at: datetime, language: Language) -> bytes:
    drawn, viewports = draw_pages(edition, extract)
    return finish(drawn, at, language, viewports)
