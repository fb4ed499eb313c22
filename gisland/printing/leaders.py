"""Numbers that found no room in their parcels: outside of them, with a line that leads in.

Only parcels that lie whole on a page get one there. A number must meet no label, no other number and no line; it stands
as near as it can, best where there is no parcel (on the street).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.crossing import boxes_meet, lines_meet, lines_meet_boxes
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.labels import FORMS, Form, Labels
from gisland.printing.layout import MapPage
from gisland.printing.model import Bools, Floats, Geometries, Group

DISTANCES = (4.0, 6.0, 8.5, 12.0, 16.0)
"""Tried one after the other, mm on paper from the middle of the parcel."""
DIRECTIONS = 16
MOST = 600
"""Where more parcels of a page have no label, lines would only hide it: all their numbers stand in the table."""
_TURN = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
STEPS = (np.array(DISTANCES)[:, None, None] * np.stack([np.cos(_TURN), np.sin(_TURN)], axis=-1)).reshape(-1, 2)
"""From the middle of the parcel to each place that is tried, the nearest first."""
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
    if not without or len(without) > MOST:
        return []
    metres = page.place.scale / 1000
    taken = _Taken(labels.boxes(labels.form != table), len(without))
    inner = page.place.inset(1).bounds
    parcels = shapely.STRtree(group.shapes)
    found = []
    inside = shapely.point_on_surface(group.shapes[without])
    for parcel, point in zip(without, shapely.get_coordinates(inside), strict=True):
        wide = (width(group.parcels[parcel].number, digit / CAP_HEIGHT, BOLD) + 2 * AROUND) * metres
        size = np.array([wide, (digit + 2 * AROUND) * metres])
        best = _best(point, size, metres, inner, taken, parcels)
        if best is None:
            continue
        at, line, box = best
        taken.take(line, box)
        ends = line.tolist()
        found.append(
            Leader(
                parcel,
                at,
                (ends[0], ends[1]),
                (ends[2], ends[3]),
                shapely.box(*box),
                shapely.LineString(line.reshape(2, 2)),
            )
        )
    return found


class _Taken:
    """What must not be met: the labels in parcels, and the numbers and lines that are placed already."""

    def __init__(self, labels: Geometries, most: int) -> None:
        self._labels = shapely.STRtree(labels)
        self._boxes, self._lines = np.empty((most, 4)), np.empty((most, 4))
        self._extents = np.empty((most, 4))
        self._count = 0

    def take(self, line: Floats, box: Floats) -> None:
        """Take a place."""
        self._boxes[self._count], self._lines[self._count] = box, line
        self._extents[self._count] = np.hstack([np.minimum(box[:2], line[:2]), np.maximum(box[2:], line[:2])])
        self._count += 1

    def free(self, rooms: Floats, lines: Floats) -> Bools:
        """Which of some rooms meet nothing, nor do the lines to them; rows as in `crossing`."""
        around = np.hstack(
            [np.minimum(rooms[:, :2], lines[:, :2]).min(axis=0), np.maximum(rooms[:, 2:], lines[:, :2]).max(axis=0)]
        )
        near = np.flatnonzero(boxes_meet(self._extents[: self._count], around[None])[:, 0])
        boxes, others = self._boxes[near], self._lines[near]
        free: Bools = np.logical_not(boxes_meet(rooms, boxes).any(axis=1))
        free[free] = ~lines_meet_boxes(others, rooms[free]).any(axis=0)
        free[free] = ~lines_meet(lines[free], others).any(axis=1)
        free[free] = ~lines_meet_boxes(lines[free], boxes).any(axis=1)
        left = np.flatnonzero(free)
        for drawn in (shapely.box(*rooms[left].T), shapely.linestrings(lines[left].reshape(-1, 2, 2))):
            free[left[self._labels.query(drawn, predicate="intersects")[0]]] = False
        return free


def _best(
    point: Floats,
    size: Floats,
    metres: float,
    inner: tuple[float, float, float, float],
    taken: _Taken,
    parcels: shapely.STRtree,
) -> tuple[tuple[float, float], Floats, Floats] | None:
    """The nearest free place: middle of the number, line, and box."""
    places = point + STEPS * metres
    rooms = np.hstack([places - size / 2, places + size / 2])
    # The line ends at the nearest point of the room.
    ends = np.clip(point, rooms[:, :2], rooms[:, 2:])
    lines = np.hstack([np.broadcast_to(point, ends.shape), ends])
    # The own parcel is small; a number in it would seem to be its label.
    usable = np.hypot(*(ends - point).T) > 1.2 * metres
    usable &= (rooms[:, :2] >= inner[:2]).all(axis=1) & (rooms[:, 2:] <= inner[2:]).all(axis=1)
    left = np.flatnonzero(usable)
    if not len(left):
        return None
    left = left[taken.free(rooms[left], lines[left])]
    if not len(left):
        return None
    under = np.bincount(parcels.query(shapely.box(*rooms[left].T), predicate="intersects")[0], minlength=len(left))
    cost = np.hypot(*STEPS[left].T) + np.minimum(under, 3) * 3
    best = left[int(np.argmin(cost))]
    return (float(places[best, 0]), float(places[best, 1])), lines[best], rooms[best]
