"""What the registry says of the parcels of a ward, by a query of the tests' own: not by that of the printing room."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.database import Role, connect
from gisland.settings import Settings

# The area is measured anew, and the status is what officers see on the map.
QUERY = """
    SELECT p.id, coalesce(of_group.code, ''), sheet.sheet_no, p.parcel_no,
           replace(round(ST_Area(p.geom)::numeric, 1)::text, '.', ','),
           coalesce((SELECT string_agg(use.land_type, '+' ORDER BY use.seq)
                       FROM registry.land_use use WHERE use.parcel_id = p.id), ''),
           shown.exact_status, p.srid, ST_AsBinary(p.geom)
      FROM registry.parcel p
      JOIN registry.map_sheet sheet ON sheet.id = p.map_sheet_id
      JOIN published_staff.parcels_staff shown ON shown.id = p.id
      LEFT JOIN registry.residential_group of_group ON of_group.id = p.residential_group_id
     WHERE p.retired_by IS NULL
     ORDER BY p.id
"""


@dataclass(frozen=True)
class Parcel:
    """A parcel as paper must tell of it."""

    id: int
    group: str
    sheet: str
    number: str
    area: str
    """m², one decimal, with a comma."""
    land_type: str
    status: str

    @property
    def cells(self) -> tuple[str, ...]:
        """As lists have it; of what is not known there is no text."""
        return tuple(filter(None, (self.sheet, self.number, self.area, self.land_type)))

    @property
    def line(self) -> str:
        """The label in one line."""
        return f"{self.land_type} {self.number}/{self.area}".strip()

    @property
    def words(self) -> set[str]:
        """The texts of the full label."""
        return {self.number, self.area, self.land_type} - {""}


@dataclass(frozen=True)
class Ward:
    """All parcels of a ward; shapes in the order of the parcels, metres."""

    parcels: list[Parcel]
    shapes: NDArray[Any]
    srid: int
    names: dict[str, str]
    """Of the map sheets, by their number; '' where one has none."""

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    @property
    def groups(self) -> list[str]:
        return sorted({parcel.group for parcel in self.parcels} - {""})

    def of_group(self, group: str) -> list[int]:
        """The places of the parcels of a group in the list."""
        return [index for index, parcel in enumerate(self.parcels) if parcel.group == group]


def read_ward(settings: Settings) -> Ward:
    """The ward of a database that has one, on one plane."""
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        rows = connection.execute(QUERY).fetchall()
        names = dict(connection.execute("SELECT sheet_no, coalesce(name, '') FROM registry.map_sheet").fetchall())
    (srid,) = {row[7] for row in rows}
    shapes = shapely.from_wkb(np.array([bytes(row[8]) for row in rows], dtype=object))
    return Ward([Parcel(*row[:7]) for row in rows], shapes, srid, names)
