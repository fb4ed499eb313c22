"""The corners of a parcel in the order in which extracts list them, and the sides between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisland.printing.model import Floats


@dataclass(frozen=True)
class Ring:
    """One ring: the numbers of its corners begin with `first`; corners in metres, x east and y north, not closed."""

    first: int
    corners: Floats
    inner: bool

    @property
    def numbers(self) -> list[int]:
        """The numbers of its corners."""
        return list(range(self.first, self.first + len(self.corners)))

    @property
    def ends(self) -> Floats:
        """The corner that each corner's side leads to."""
        ends: Floats = np.roll(self.corners, -1, axis=0)
        return ends

    @property
    def lengths(self) -> list[float]:
        """The length of the side from each corner to the next, metres."""
        lengths: list[float] = np.hypot(*(self.ends - self.corners).T).tolist()
        return lengths


def rings_of(shape: shapely.Geometry) -> list[Ring]:
    """The rings of a parcel: outer ones clockwise from their corner in the north-west, holes the other way round.

    Larger parts come first.
    """
    parts = sorted(shapely.get_parts(shape).tolist(), key=lambda part: (-part.area, part.bounds))
    rings: list[Ring] = []
    number = 1
    for part in parts:
        part = shapely.orient_polygons(part, exterior_cw=True)
        for index, ring in enumerate([part.exterior, *part.interiors]):
            corners = shapely.get_coordinates(ring)[:-1]
            start = int(np.argmax(corners[:, 1] - corners[:, 0]))
            rings.append(Ring(number, np.roll(corners, -start, axis=0), index > 0))
            number += len(corners)
    return rings
