"""What may be chosen on the page of prints: the wards that one prints in, their groups, and where these lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely
from psycopg import Connection

from gisland.database.statements import statements

SQL = statements("gisland.printing", "choices.sql")
SIDE = 1000.0
"""Of the longer side of a sketch."""


@dataclass(frozen=True)
class GroupChoice:
    """A group with its outline in the sketch of its ward, as an SVG path, and the place of its number."""

    code: str
    name: str
    parcels: int
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class WardChoice:
    """A ward with the groups that have parcels; the sketch measures `width` by `height`."""

    code: str
    name: str
    groups: tuple[GroupChoice, ...]
    width: float
    height: float
    west: float
    north: float
    per_lon: float
    per_lat: float
    """Where the sketch begins (degrees), and how much of it a degree takes."""


def list_choices(connection: Connection) -> list[WardChoice]:
    """The wards whose parcels the transaction sees, by their codes."""
    wards: dict[tuple[str, str], list[tuple[str, str, int, shapely.Geometry]]] = {}
    for ward, ward_name, code, name, parcels, wkb in connection.execute(SQL["groups"]):
        wards.setdefault((ward, ward_name), []).append((code, name, parcels, shapely.from_wkb(wkb)))
    return [_ward(code, name, groups) for (code, name), groups in wards.items()]


def _ward(code: str, name: str, groups: list[tuple[str, str, int, shapely.Geometry]]) -> WardChoice:
    west, south, east, north = shapely.total_bounds([each[3] for each in groups])
    # Degrees of longitude are shorter than those of latitude.
    narrow = math.cos(math.radians((south + north) / 2))
    scale = SIDE / max((east - west) * narrow, north - south, 1e-9)

    def place(lon: float, lat: float) -> tuple[float, float]:
        return round((lon - west) * narrow * scale, 1), round((north - lat) * scale, 1)

    drawn = []
    for group, title, parcels, outline in groups:
        corners = [place(*each) for each in shapely.get_coordinates(outline)]
        x, y = place(*shapely.get_coordinates(shapely.point_on_surface(outline))[0])
        path = "M" + "L".join(f"{a:g} {b:g}" for a, b in corners) + "Z"
        drawn.append(GroupChoice(group, title, parcels, path, x, y))
    return WardChoice(
        *(code, name, tuple(drawn), round((east - west) * narrow * scale, 1), round((north - south) * scale, 1)),
        *(west, north, narrow * scale, scale),
    )
