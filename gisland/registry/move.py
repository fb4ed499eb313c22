"""Sheets, or parts of them, that come to another ward, or get another number, after a reform of administrative units.

Numbers of sheets restart at 1 in each commune, so a ward made of several has duplicates: a moved sheet keeps the code
of its old ward, and its parcels stay findable by the numbers they had (resolution 1669/NQ-UBTVQH15 and its like).
Where a commune was divided, the new boundary runs through sheets: some parcels move, the others stay.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, Field

from gisland.database.statements import statements
from gisland.errors import Conflict, InputError, NotFound, UsageError
from gisland.kit.identifiers import map_number
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.fields import BigKey
from gisland.registry.parcels import Number, lock_parcels, next_number
from gisland.registry.seen import Seen, check_seen
from gisland.registry.units import find_unit

FOLLOW = ("assets", "certificates", "holders", "documents")


class Destination(BaseModel):
    """Where a sheet (tờ bản đồ), or some of its parcels, move."""

    model_config = ConfigDict(extra="forbid")

    ward_code: str = Field(description="Mã phường/xã mới · code of the unit it comes to")
    sheet_no: Number | None = Field(default=None, description="Số tờ mới, mặc định như cũ · its new number")
    parcels: tuple[Seen, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=5000,
        description="Chỉ các thửa này, mặc định cả tờ · only these parcels, by default the whole sheet",
    )
    to_sheet: BigKey | None = Field(
        default=None,
        description="Tờ đã có nhận các thửa, đánh số tiếp theo · sheet there that takes them, under its next numbers",
    )


class SheetMove(Destination, Seen):
    """A sheet that moves, as it was seen."""


@dataclass(frozen=True)
class Sheet:
    """A sheet under lock."""

    id: int
    ward_id: int
    number: str
    srid: int
    version: int


def move_sheet(connection: Connection, move: SheetMove, why: Why, *, by: str) -> tuple[int, int]:
    """Move a sheet with all its parcels, or some of them, and what belongs to them, to another ward or number.

    The old sheet stays, empty or with the others: history refers to it, and so do parcels that had ended before.

    Returns:
        The change and the sheet where the parcels are now.

    Raises:
        NotFound: there is no such sheet, parcel or ward.
        PreconditionFailed: the sheet or a parcel was changed in the meantime.
        Conflict: the ward has a sheet of this number, scale and old ward already; a parcel has ended or is of another
            sheet; the sheet there is of another ward or CRS.
        InputError: a sheet that is there is to get a number, or a whole sheet.
        UsageError: nothing would change.
    """
    sheet, there = _lock_sheets(connection, move)
    ward = find_unit(connection, move.ward_code)
    number = there.number if there else map_number(move.sheet_no) if move.sheet_no else sheet.number
    if there is None and (ward.id, number) == (sheet.ward_id, sheet.number):
        raise UsageError("tờ đã ở đó với số này · the sheet is there with this number already")
    if there is not None and (there.ward_id, there.srid) != (ward.id, sheet.srid):
        raise Conflict(
            "tờ nhận ở phường hoặc hệ toạ độ khác · the sheet that takes them is of another ward or CRS",
            hint="to_sheet: GET /api/v1/sheets?ward_id=…; không ghi: lập tờ mới · without it: a new sheet",
            sheet=there.id,
        )
    count = _lock_moving(connection, move)
    detail = {"sheet": sheet.id, "parcels": count, "from": sheet.number, "to": number, "whole": move.parcels is None}
    change = begin(connection, ChangeKind.REFORM, why, by=by, ward_id=ward.id, detail=detail)
    values: dict[str, object] = {"sheet": sheet.id, "ward": ward.id, "sheet_no": number, "change": change}
    values["parcels"] = None if move.parcels is None else [each.id for each in move.parcels]
    connection.execute(SQL["remember_numbers"], values)
    values["new_sheet"] = new_sheet = there.id if there else _new_sheet(connection, values)
    values["first_no"] = next_number(connection, there.id) if there else None
    connection.execute(SQL["new_groups"], values)
    connection.execute(SQL["move_parcels"], values)
    for name in FOLLOW:
        connection.execute(SQL[f"move_{name}"], values)
    return change, new_sheet


def _lock_sheets(connection: Connection, move: SheetMove) -> tuple[Sheet, Sheet | None]:
    """The sheet that moves, in the version that was seen, and the one that takes its parcels, if it is there."""
    if move.to_sheet is not None and (move.parcels is None or move.sheet_no is not None):
        raise InputError(
            "to_sheet chỉ đi với parcels, không với sheet_no · to_sheet goes with parcels, and not with sheet_no",
            field="to_sheet",
        )
    if move.to_sheet == move.id:
        raise UsageError("các thửa đã ở tờ này · the parcels are on this sheet already")
    ids = [move.id] if move.to_sheet is None else [move.id, move.to_sheet]
    found = {row[0]: Sheet(*row) for row in connection.execute(SQL["lock_sheets"], {"ids": ids})}
    for each in ids:
        if each not in found:
            raise NotFound(f"không có tờ bản đồ {each} · there is no map sheet {each}").of("sheet", each)
    check_seen("sheet", move.id, move.version, found[move.id].version)
    return found[move.id], None if move.to_sheet is None else found[move.to_sheet]


def _lock_moving(connection: Connection, move: SheetMove) -> int:
    """Lock the parcels that move; how many they are."""
    if move.parcels is None:
        row = connection.execute(SQL["lock_parcels"], {"sheet": move.id}).fetchone()
        assert row is not None
        return int(row[0])
    for parcel in lock_parcels(connection, move.parcels):
        if parcel.map_sheet_id != move.id:
            raise Conflict(
                f"thửa {parcel.id} không thuộc tờ này · parcel {parcel.id} is not of this sheet", parcel=parcel.id
            )
    return len(move.parcels)


def _new_sheet(connection: Connection, values: dict[str, object]) -> int:
    try:
        made = connection.execute(SQL["new_sheet"], values).fetchone()
    except UniqueViolation:
        raise Conflict(
            f"phường đã có tờ {values['sheet_no']} cùng tỷ lệ từ phường cũ này · the ward has this sheet already",
            hint="sheet_no: số khác · another number; to_sheet: nhận một phần tờ · it takes a part of a sheet",
        ) from None
    assert made is not None
    return int(made[0])


SQL = statements("gisland.registry", "sql/reform.sql")
