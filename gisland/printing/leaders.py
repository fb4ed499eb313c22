"""Numbers that found no room in their parcels: outside of them, with a line that leads in.

Only parcels that lie whole on a page get one there. A number must meet no label, no other number and no line; it stands
as near as it can, best where there is no parcel (on the street).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.labels import FORMS, Form, Labels, boxes
from gisland.printing.layout import MapPage
from gisland.printing.model import Floats, Group

DISTANCES = (4.0, 6.0, 8.5, 12.0, 16.0)
"""Tried one after the other, mm on paper from the middle of the parcel."""
DIRECTIONS = 16
AROUND = 0.4


@dataclass(frozen=True)
class Leader:
    """A number outside: whose, its middle, the point in the parcel, and where the line to it ends; metres."""

    parcel: int
    at: tuple[float, float]
    parcel_at: tuple[float, float]
    line_to: tuple[float, float]
    box: shapely.Polygon
    line: shapely.LineString


def place_leaders(group: Group, page: MapPage, labels: Labels, seen: Floats, digit: float) -> list[Leader]:
    """Leaders for the parcels at home on a page that have no label there.

    Args:
        group: the parcels.
        page: the page.
        labels: of the parcels that are seen on it.
        seen: which parcels those are.
        digit: height of the digits, mm on paper.
    """
    at_home = set(page.home)
    table = FORMS.index(Form.TABLE)
    without = [
        int(index) for index, form in zip(seen, labels.form, strict=True) if form == table and int(index) in at_home
    ]
    if not without:
        return []
    metres = page.place.scale / 1000
    taken = list(labels.boxes(labels.form != table))
    found = []
    inner = page.place.inset(1)
    parcels = shapely.STRtree(group.shapes)
    inside = shapely.point_on_surface(group.shapes[without])
    for parcel, point in zip(without, shapely.get_coordinates(inside), strict=True):
        wide = (width(group.parcels[parcel].number, digit / CAP_HEIGHT, BOLD) + 2 * AROUND) * metres
        leader = _best(
            point, wide, (digit + 2 * AROUND) * metres, metres, inner, np.array(taken, dtype=object), parcels
        )
        if leader is None:
            continue
        at, line, box = leader
        taken += [box, line]
        found.append(
            Leader(parcel, at, (float(point[0]), float(point[1])), shapely.get_coordinates(line)[1].tolist(), box, line)
        )
    return found


def _best(
    point: Floats,
    wide: float,
    high: float,
    metres: float,
    inner: shapely.Polygon,
    taken: Floats,
    parcels: shapely.STRtree,
) -> tuple[tuple[float, float], shapely.LineString, shapely.Polygon] | None:
    """The nearest free place: middle of the number, line, and box."""
    turn = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    steps = np.array(DISTANCES)[:, None, None] * metres * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    places = (point + steps).reshape(-1, 2)
    zeros = np.zeros(len(places))
    rooms = boxes(places[:, 0], places[:, 1], zeros + wide, zeros + high, zeros)
    starts = np.broadcast_to(point, places.shape)
    whole = shapely.linestrings(np.stack([starts, places], axis=1))
    lines = shapely.shortest_line(shapely.points(starts), rooms)
    free = shapely.contains(inner, rooms)
    tree = shapely.STRtree(taken)
    for drawn in (rooms, lines):
        free[np.unique(tree.query(drawn, predicate="intersects")[0])] = False
    # The own parcel is small; a number in it would seem to be its label.
    free &= shapely.length(lines) > 1.2 * metres
    if not free.any():
        return None
    on_parcels = np.zeros(len(places))
    np.add.at(on_parcels, parcels.query(rooms, predicate="intersects")[0], 1)
    cost = shapely.length(whole) / metres + np.minimum(on_parcels, 3) * 3
    best = int(np.argmin(np.where(free, cost, np.inf)))
    return (float(places[best, 0]), float(places[best, 1])), lines[best], rooms[best]
