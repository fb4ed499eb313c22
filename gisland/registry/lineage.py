"""What came of a parcel, and what it came of."""

from __future__ import annotations

from datetime import date
from typing import Literal

from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel, Field

from gisland.errors import NotFound

QUERY = """
    SELECT line.relation, line.step, p.id, sheet.sheet_no, p.parcel_no, p.area_m2, p.valid_from, p.valid_to,
           p.retired_by IS NULL AS current, p.created_by, p.retired_by
      FROM (SELECT 'ancestor' AS relation, ancestor_id AS id, step FROM registry.ancestors(%(parcel)s)
             UNION ALL
            SELECT 'descendant', descendant_id, step FROM registry.descendants(%(parcel)s)) line
      JOIN registry.parcel p USING (id) JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
     ORDER BY relation, step, p.id
"""


class Relative(BaseModel):
    """A parcel in the line of another one."""

    relation: Literal["ancestor", "descendant"] = Field(description="Thửa gốc hay thửa sinh ra · before or after")
    step: int = Field(description="Số lần biến động ở giữa · how many changes lie between, at least")
    id: int
    sheet_no: str
    parcel_no: str
    area_m2: float = Field(description="Diện tích, m² · planar area, m²")
    valid_from: date
    valid_to: date | None
    current: bool = Field(description="Còn hiệu lực · whether it is in force")
    created_by: int
    retired_by: int | None


def lineage(connection: Connection, parcel: int) -> list[Relative]:
    """The ancestors and descendants of a parcel, the nearest first.

    Raises:
        NotFound: there is no such parcel.
    """
    if connection.execute("SELECT FROM registry.parcel WHERE id = %s", [parcel]).fetchone() is None:
        raise NotFound(f"không có thửa {parcel} · there is no parcel {parcel}").of("parcel", parcel)
    with connection.cursor(row_factory=class_row(Relative)) as cursor:
        return cursor.execute(QUERY, {"parcel": parcel}).fetchall()
