"""Sheets that come to another ward, or get another number, after a reform of the administrative units.

Numbers of sheets restart at 1 in each commune, so a ward made of several has duplicates: a moved sheet keeps the code
of its old ward, and its parcels stay findable by the numbers they had (resolution 1669/NQ-UBTVQH15 and its like).
"""

from __future__ import annotations

from psycopg import Connection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, Field

from gisland.database.statements import statements
from gisland.errors import Conflict, NotFound, UsageError
from gisland.kit.identifiers import map_number
from gisland.registry.changes import ChangeKind, Why, begin
from gisland.registry.fields import BigKey, Key
from gisland.registry.seen import check_seen
from gisland.registry.units import find_unit

FOLLOW = ("assets", "certificates", "holders", "documents")


class SheetMove(BaseModel):
    """A sheet (tờ bản đồ) that moves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: BigKey
    version: Key
    ward_code: str = Field(description="Mã phường/xã mới · Code of the unit it comes to")
    sheet_no: str | None = Field(default=None, description="Số tờ mới, mặc định như cũ · Its new number")


def move_sheet(connection: Connection, move: SheetMove, why: Why, *, by: str) -> tuple[int, int]:
    """Move a sheet with all its parcels, and what belongs to them, to another ward or number.

    The old sheet stays, empty: history refers to it.

    Returns:
        The change and the new sheet.

    Raises:
        NotFound: there is no such sheet or ward.
        PreconditionFailed: the sheet was changed in the meantime.
        Conflict: the ward has a sheet of this number, scale and old ward already.
        UsageError: nothing would change.
    """
    row = connection.execute(SQL["lock_sheet"], {"id": move.id}).fetchone()
    if row is None:
        raise NotFound(f"không có tờ bản đồ {move.id} · there is no map sheet {move.id}").of("sheet", move.id)
    _, old_ward, _, old_number, _, _, _, version = row
    check_seen("sheet", move.id, move.version, version)
    ward = find_unit(connection, move.ward_code)
    number = map_number(move.sheet_no) if move.sheet_no else old_number
    if (ward.id, number) == (old_ward, old_number):
        raise UsageError("tờ đã ở đó với số này · the sheet is there with this number already")
    moved = connection.execute(SQL["lock_parcels"], {"sheet": move.id}).fetchone()
    detail = {"sheet": move.id, "parcels": moved[0] if moved else 0, "from": old_number, "to": number}
    change = begin(connection, ChangeKind.REFORM, why, by=by, ward_id=ward.id, detail=detail)
    values: dict[str, object] = {"sheet": move.id, "ward": ward.id, "sheet_no": number, "change": change}
    connection.execute(SQL["remember_numbers"], values)
    try:
        made = connection.execute(SQL["new_sheet"], values).fetchone()
    except UniqueViolation:
        raise Conflict(
            f"phường đã có tờ {number} cùng tỷ lệ từ phường cũ này · the ward has this sheet already",
            hint="sheet_no: số khác · another number",
        ) from None
    assert made is not None
    values["new_sheet"] = made[0]
    connection.execute(SQL["new_groups"], values)
    connection.execute(SQL["move_parcels"], values)
    for name in FOLLOW:
        connection.execute(SQL[f"move_{name}"], values)
    return change, int(made[0])


SQL = statements("gisland.registry", "sql/reform.sql")
