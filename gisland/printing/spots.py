"""Where a label may stand in a parcel, at any scale: in its middle, or furthest from its sides; upright or along it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import shapely

from gisland.printing.model import Bools, Floats, Geometries

POLE_TOLERANCE = 0.5
"""Metres within which the place furthest from the sides of a parcel is sought."""


class Spots:
    """Parcels, and such places of theirs; what takes long is found when it is first asked for, and once.

    Places are rows (x, y) in metres on the ground, angles degrees counter-clockwise from east.
    """

    def __init__(self, shapes: Geometries) -> None:
        """Of these parcels; multi-parts and holes are welcome."""
        shapely.prepare(shapes)
        self.shapes = shapes
        self._poles = np.full((len(shapes), 2), np.nan)

    @cached_property
    def centre(self) -> Floats:
        """The centroids."""
        found: Floats = shapely.get_coordinates(shapely.centroid(self.shapes))
        return found

    @cached_property
    def along(self) -> Floats:
        """The direction of the longer side of the smallest rectangle around each parcel, within (-90, 90]."""
        return long_side(self.shapes)

    def poles(self, which: Bools) -> Floats:
        """The place furthest from the sides of each of some parcels, of its largest part."""
        sought = which & np.isnan(self._poles[:, 0])
        if sought.any():
            lines = shapely.maximum_inscribed_circle(self.shapes[sought], tolerance=POLE_TOLERANCE)
            self._poles[sought] = shapely.get_coordinates(shapely.get_point(lines, 0))
        return self._poles[which]


def long_side(shapes: Geometries) -> Floats:
    """The direction of the longer side of the smallest rectangle around each shape, in degrees within (-90, 90]."""
    rings = shapely.get_exterior_ring(shapely.oriented_envelope(shapes))
    corners = np.full((len(shapes), 3, 2), np.nan)
    for index in range(3):
        corners[:, index] = shapely.get_coordinates(shapely.get_point(rings, index))
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    longer = np.where((np.hypot(*one.T) >= np.hypot(*two.T))[:, None], one, two)
    angle = np.degrees(np.arctan2(longer[:, 1], longer[:, 0])) % 180
    turned: Floats = np.where(angle > 90, angle - 180, angle)
    return np.round(turned, 2)
