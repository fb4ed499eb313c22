"""Land to change: two parcels beside one another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import shapely
from psycopg import Connection

from gisland.database import Role, Scope, connect, current_scope, run
from gisland.registry import reshape
from gisland.registry.changes import Why
from gisland.registry.fields import Shape
from gisland.registry.parcels import DrawnParcel
from gisland.registry.seen import Seen
from gisland.settings import Settings
from tests.factories import EAST, NORTH, make_holder, make_holding, make_parcel, make_sheet, make_ward

WHY = Why(reason="test")
BY = "test"


def box(west: float, south: float, east: float, north: float) -> Shape:
    """A rectangle, in metres from the corner of the invented land."""
    shape = shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)
    return Shape.model_validate(shapely.geometry.mapping(shape))


@dataclass
class Land:
    """Two parcels of 10 × 10 m beside one another, numbers 1 and 2, held by one person."""

    settings: Settings
    ward: int
    sheet: int
    west: int
    east: int
    holder: int
    opened: ExitStack = field(default_factory=ExitStack)
    sessions: dict[tuple[Role, Scope], Connection] = field(default_factory=dict)

    def reading(self, role: Role) -> Connection:
        """A session of the scope of now that only reads, and stays: a new one plans each statement and view anew."""
        key = (role, current_scope())
        if key not in self.sessions:
            connection = self.opened.enter_context(connect(self.settings, role))
            connection.autocommit = True
            self.sessions[key] = connection
        return self.sessions[key]

    def do(self, act: Callable[[Connection], Any]) -> Any:
        return run(self.settings, act)

    def rows(self, query: str, *values: object, role: Role = Role.APP) -> list[tuple[Any, ...]]:
        return self.reading(role).execute(query.encode(), values).fetchall()

    def seen(self, parcel: int) -> Seen:
        return Seen(id=parcel, version=self.rows("SELECT version FROM registry.parcel WHERE id = %s", parcel)[0][0])

    def split(self, *pieces: Shape, **more: Any) -> reshape.Reshaped:
        new = [DrawnParcel(geometry=piece, **more) for piece in pieces]
        return self.do(lambda c: reshape.split(c, self.seen(self.west), new, WHY, by=BY))  # type: ignore[no-any-return]


def make_land(settings: Settings) -> Land:
    """Land in an empty registry."""

    def work(connection: Connection) -> Land:
        ward = make_ward(connection)
        sheet = make_sheet(connection, ward)
        west = make_parcel(connection, ward, sheet, "1", east=EAST)
        east = make_parcel(connection, ward, sheet, "2", east=EAST + 10)
        holder = make_holder(connection, ward, national_id="999190000001")
        for parcel in (west, east):
            make_holding(connection, ward, parcel, holder)
        query = "INSERT INTO registry.land_use (parcel_id, seq, land_type, area_m2) VALUES (%s, 1, 'ODT', 100)"
        for parcel in (west, east):
            connection.execute(query, [parcel])
        return Land(settings, ward, sheet, west, east, holder)

    return run(settings, work)


HALVES = box(0, 0, 4, 10), box(4, 0, 10, 10)


def right_on(land: Land, parcel: int) -> Seen:
    row = land.rows("SELECT id, version FROM registry.holding WHERE parcel_id = %s AND retired_by IS NULL", parcel)[0]
    return Seen(id=row[0], version=row[1])
