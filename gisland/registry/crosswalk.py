"""What a code of a unit meant at a date, and what became of it: codes are reused, so a code alone names no unit.

11311 was Phường Minh Khai until 30/6/2025 and is Phường Hồng Bàng since. All successors are told, never one guessed.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.database.statements import statements
from gisland.errors import NotFound


class NamedUnit(BaseModel):
    """A unit with the days it was in force: from `valid_from`, until the day before `valid_to`."""

    id: int
    level: Literal["province", "district", "ward"]
    code: str
    name: str
    name_en: str
    province: str | None = Field(description="Mã tỉnh · Code of its province")
    valid_from: date
    valid_to: date | None


class LinkedUnit(NamedUnit):
    """A unit that another one went into, or came from."""

    part: Literal["full", "partial"] = Field(
        description="full: toàn bộ đơn vị cũ · all of the former unit went there; partial: một phần · a part of it"
    )


class UnitMeaning(NamedUnit):
    """A unit that a code meant, with all units it came of and all that it became, one step each."""

    predecessors: list[LinkedUnit] = Field(description="Các đơn vị trước · the units that it came of")
    successors: list[LinkedUnit] = Field(description="Các đơn vị sau · the units that it became")


def crosswalk(connection: Connection, code: str, on: date | None = None) -> list[UnitMeaning]:
    """The units that a code meant on a day: one, or one per level that uses the code.

    Args:
        connection: as `gisland_app`.
        code: 2 digits of a province, 5 of a ward, 3 of a former district.
        on: the day; today when None.

    Raises:
        NotFound: the code meant nothing then; the message says when it did.
    """
    day = on or date.today()  # noqa: DTZ011 - the day in the office
    found = _meanings(connection, code, day)
    if not found:
        other = [f"{each.valid_from} – {each.valid_to or '…'}" for each in _meanings(connection, code, None)]
        known = f"--on: {', '.join(other)}" if other else "gisland unit reform"
        raise NotFound(f"mã {code} không có vào ngày {day} · no unit bore the code {code} on {day}", hint=known)
    return found


def successors(connection: Connection, code: str, on: date | None = None) -> list[LinkedUnit]:
    """All units that the unit with this code on a day became, each with the part; none while it is in force.

    Raises:
        NotFound: the code meant nothing then.
    """
    return [each for meaning in crosswalk(connection, code, on) for each in meaning.successors]


def predecessors(connection: Connection, code: str, on: date | None = None) -> list[LinkedUnit]:
    """All units that the unit with this code on a day was made of, each with the part of it that came.

    Raises:
        NotFound: the code meant nothing then.
    """
    return [each for meaning in crosswalk(connection, code, on) for each in meaning.predecessors]


def former_codes(connection: Connection, unit_id: int) -> frozenset[str]:
    """Codes of the former wards that went into a unit, wholly or in part: papers of before name it by them."""
    return frozenset(code for (code,) in connection.execute(SQL["former_codes"], {"unit": unit_id}))


def _meanings(connection: Connection, code: str, on: date | None) -> list[UnitMeaning]:
    rows = connection.execute(SQL["meanings"], {"code": code, "on": on})
    return [UnitMeaning.model_validate(row) for (row,) in rows]


SQL = statements("gisland.registry", "sql/crosswalk.sql")
