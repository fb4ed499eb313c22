"""Single parcels: locking the version that was seen, adding, numbering, retiring.

What an act needs of a parcel is read under its lock, so that nothing changes between the check and the write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import shapely
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound
from gisland.kit.identifiers import map_number, mask_ids
from gisland.registry import fields
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.fields import Area
from gisland.registry.geometry import Shape
from gisland.registry.parcel_code import METHOD_VERSION, parcel_codes
from gisland.registry.refusals import refusal
from gisland.registry.schemas import LandUse
from gisland.registry.seen import Seen, check_seen

ON_SHEET = "parcel_number_on_sheet"
Number = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20),
    AfterValidator(lambda text: mask_ids(text, code=True)),
]


class DrawnParcel(BaseModel):
    """A parcel to be drawn. Coordinates are those of the sheet's CRS, in metres."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    geometry: fields.Shape = Field(description="GeoJSON, EPSG của tờ, mét · CRS of the sheet, metres")
    parcel_no: Number | None = Field(default=None, description="Mặc định: số lớn nhất + 1 · the largest + 1 by default")
    parcel_code: fields.ParcelCode | None = None
    legal_area_m2: Area | None = None
    address: fields.Text | None = None
    land_uses: tuple[LandUse, ...] | None = Field(
        default=None, description="Mặc định: như thửa gốc · as the old parcel by default"
    )


@dataclass(frozen=True)
class Parcel:
    """A parcel under lock."""

    id: int
    version: int
    ward_id: int
    map_sheet_id: int
    residential_group_id: int | None
    parcel_no: str
    srid: int
    wkb: bytes
    legal_area_m2: Decimal | None
    address: str
    retired: bool

    @property
    def shape(self) -> Shape:
        """The geometry, in the CRS of the sheet."""
        return shapely.from_wkb(self.wkb)


def lock_parcels(connection: Connection, seen: Sequence[Seen]) -> list[Parcel]:
    """Lock current parcels in the versions that were seen; the sheets first, for numbers are given on them.

    Returns:
        The parcels, in the order asked for.

    Raises:
        NotFound: there is no such parcel.
        PreconditionFailed: somebody changed one of them in the meantime.
        Conflict: one is retired or is named twice.
    """
    ids = [each.id for each in seen]
    if len(set(ids)) < len(ids):
        raise Conflict("một thửa được nêu hai lần · a parcel is named twice")
    connection.execute(SQL["lock_sheets"], {"ids": ids})
    found = {row[0]: Parcel(*row) for row in connection.execute(SQL["lock"], {"ids": ids})}
    for each in seen:
        parcel = found.get(each.id)
        if parcel is None:
            raise NotFound(f"không có thửa {each.id} · there is no parcel {each.id}").of("parcel", each.id)
        if parcel.retired:
            raise Conflict(f"thửa {each.id} đã hết hiệu lực · parcel {each.id} is retired", parcel=each.id)
        check_seen("parcel", each.id, each.version, parcel.version)
    return [found[each] for each in ids]


@dataclass(frozen=True)
class Place:
    """Where a new parcel is drawn."""

    ward_id: int
    map_sheet_id: int
    residential_group_id: int | None
    srid: int


def add_parcel(connection: Connection, change: int, place: Place, new: DrawnParcel, shape: Shape) -> int:
    """Draw a parcel.

    Without a number it gets the one after the largest that was ever given on the sheet; without a code the one of its
    pole of inaccessibility, once and for all.

    Raises:
        Conflict: the number is taken, or a code that was said.
    """
    number = map_number(new.parcel_no) if new.parcel_no else next_number(connection, place.map_sheet_id)
    values = {
        "ward": place.ward_id,
        "sheet": place.map_sheet_id,
        "group": place.residential_group_id,
        "parcel_no": number,
        "code": new.parcel_code or parcel_codes([shape], place.srid)[0],
        "method": None if new.parcel_code else METHOD_VERSION,
        "srid": place.srid,
        "wkb": shapely.to_wkb(shape),
        "legal_area": new.legal_area_m2,
        "address": new.address or "",
        "change": change,
    }
    try:
        row = connection.execute(SQL["add"], values).fetchone()
    except UniqueViolation as error:
        raise _taken(number) if error.diag.constraint_name == ON_SHEET else refusal(error) from None
    assert row is not None
    parcel = int(row[0])
    if new.land_uses:
        put_land_uses(connection, parcel, new.land_uses)
    return parcel


def put_land_uses(connection: Connection, parcel: int, uses: Sequence[LandUse]) -> None:
    """Write the land uses of a parcel that has none, in their order."""
    connection.execute(
        SQL["land_uses"], {"parcel": parcel, "uses": Jsonb([use.model_dump(mode="json") for use in uses])}
    )


def next_number(connection: Connection, sheet: int) -> str:
    """The number after the largest that was ever given on a sheet, whoever bears it now. The sheet is locked."""
    connection.execute("SELECT FROM registry.map_sheet WHERE id = %s FOR NO KEY UPDATE", [sheet])
    row = connection.execute(SQL["next_number"], {"sheet": sheet}).fetchone()
    assert row is not None
    return str(row[0])


def renumber_parcel(
    connection: Connection, seen: Seen, why: Why, *, by: str, parcel_no: str | None = None
) -> tuple[int, str]:
    """Give a parcel another number, by default the one after the largest of its sheet; the old one stays findable.

    Returns:
        The change and the new number.

    Raises:
        Conflict: the number is taken.
    """
    (parcel,) = lock_parcels(connection, [seen])
    number = map_number(parcel_no) if parcel_no else next_number(connection, parcel.map_sheet_id)
    detail = {"from": parcel.parcel_no, "to": number}
    change = begin(connection, ChangeKind.RENUMBER, why, by=by, ward_id=parcel.ward_id, detail=detail)
    connection.execute(SQL["remember_number"], {"series": "regular", "change": change, "ids": [parcel.id]})
    try:
        connection.execute(SQL["set_number"], {"id": parcel.id, "parcel_no": number})
    except UniqueViolation:
        raise _taken(number) from None
    return change, number


def retire_parcel(connection: Connection, seen: Seen, why: Why, *, by: str) -> int:
    """End a parcel (land that was taken back, a parcel entered twice) and the rights on it.

    Raises:
        Conflict: it bears a restriction, such as a mortgage.
    """
    (parcel,) = lock_parcels(connection, [seen])
    values: dict[str, Any] = {"ids": [parcel.id], "old": [parcel.id]}
    row = connection.execute(SQL["restrictions"], values).fetchone()
    if row is not None and row[0]:
        raise Conflict(
            "thửa còn hạn chế (thế chấp…) · the parcel bears a restriction",
            hint="xoá hạn chế trước · end the restriction first",
            parcel=parcel.id,
        )
    values["change"] = begin(connection, ChangeKind.RETIRE, why, by=by, ward_id=parcel.ward_id)
    for name in ("end_holdings", "end_restrictions", "retire"):
        connection.execute(SQL[name], values)
    return int(values["change"])


def _taken(number: str) -> Conflict:
    return Conflict(
        f"số thửa {number} đã có trên tờ · parcel number {number} is taken on the sheet",
        hint="bỏ trống để lấy số lớn nhất + 1 · leave it out for the largest + 1",
    )


SQL = statements("gisland.registry", "sql/parcels.sql")
