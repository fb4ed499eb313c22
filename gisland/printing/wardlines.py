"""The borders of wards on a map, and where their names stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from psycopg import Connection

from gisland.printing.extent import Extent, read_borders
from gisland.printing.fonts import BOLD, CAP_HEIGHT, width
from gisland.printing.ink import WHITE, Color, Ink
from gisland.printing.labels import boxes
from gisland.printing.mapsheet import POLYGONS
from gisland.printing.model import Floats, Geometries, joined
from gisland.printing.paper import Box
from gisland.printing.placement import Place
from gisland.printing.scene import to_paper

WARD_BORDER: Color = (0.45, 0.1, 0.35)
WARD_DASH = (4.0, 1.4, 0.01, 1.4)
THICK = 0.6
AREA: Color = (0.75, 0.1, 0.1)
AREA_DASH = (2.4, 1.6)
FINEST = 0.04
"""Corners closer than so many millimetres on paper are left out of borders."""
LANE = 8.0
"""Where no border is known, parcels up to twice so many metres apart lie in one outline."""

Lines = dict[str, tuple[str, shapely.Geometry]]
"""Wards by code: name and border on the plane of the print."""


@dataclass(frozen=True)
class Name:
    """The name of a ward on a map: its middle, size and box; mm on paper."""

    said: str
    x: float
    y: float
    size: float
    box: shapely.Polygon


def lines_of(connection: Connection, extent: Extent, place: Place, shapes: Geometries, of_ward: Floats) -> Lines:
    """The borders in a frame; of a ward that is shown and whose border is not known, an outline of its parcels.

    Args:
        connection: the transaction that found the extent.
        extent: what is printed.
        place: the frame.
        shapes: of land of these wards, metres.
        of_ward: the id of the ward of each.
    """
    lines = read_borders(connection, place, extent.srid)
    for ward in extent.wards:
        if ward.border is None and len(extent.wards) > 1:
            land = joined(shapes[of_ward == ward.id])
            lines[ward.code] = (
                ward.name,
                shapely.buffer(shapely.buffer(land, LANE, join_style="mitre"), -LANE, join_style="mitre"),
            )
    return dict(sorted(lines.items()))


def outlines(shapes: list[shapely.Geometry], place: Place, frame: Box) -> Geometries:
    """Borders on paper, without corners that nobody could see."""
    found = np.array(shapes, dtype=object)
    return to_paper(shapely.simplify(found, FINEST * place.scale / 1000), place, frame)


def draw_lines(ink: Ink, lines: Lines, area: shapely.Geometry | None, place: Place, frame: Box, larger: float) -> None:
    """The borders of wards, and the area that was drawn."""
    drawn = [outlines([border], place, frame) for _, border in lines.values()]
    ink.draw_with(WHITE, 2.2 * THICK * larger)
    for each in drawn:
        ink.polygons(each, stroke=True)
    ink.draw_with(WARD_BORDER, THICK * larger, [each * larger for each in WARD_DASH])
    for each in drawn:
        ink.polygons(each, stroke=True)
    if area is not None:
        ink.draw_with(AREA, THICK * larger, [each * larger for each in AREA_DASH])
        ink.polygons(to_paper(np.array([area], dtype=object), place, frame), stroke=True)


def places_on(land: shapely.Geometry, steps: int) -> Floats:
    """Where a text may have its middle: that of the land, the place furthest from its sides, then a grid."""
    parts = [each for each in shapely.get_parts(land).tolist() if shapely.get_type_id(each) in POLYGONS]
    if not parts:
        return np.empty((0, 2))
    largest = max(parts, key=lambda each: float(each.area))
    pole = shapely.get_coordinates(shapely.maximum_inscribed_circle(largest, tolerance=0.3))[0]
    west, south, east, north = land.bounds
    x, y = np.meshgrid(np.linspace(west, east, steps)[1:-1], np.linspace(south, north, steps)[1:-1])
    grid = np.column_stack([x.ravel(), y.ravel()])
    middle = shapely.get_coordinates(land.centroid)[0]
    grid = grid[np.argsort(np.hypot(*(grid - middle).T), kind="stable")]
    places = np.vstack([middle, pole, grid])
    inside: Floats = places[shapely.contains_xy(land, places)]
    return inside


def place_names(
    names: list[tuple[str, shapely.Geometry]],
    place: Place,
    frame: Box,
    size: float,
    taken: list[shapely.Polygon],
    steps: int = 17,
) -> list[Name]:
    """The names of wards, each on its own land and on nothing that is taken (mm), as far up as there is room."""
    inner = shapely.box(frame.x + 1, frame.y + 1, frame.right - 1, frame.top - 1)
    found: list[Name] = []
    for said, border in names:
        land = shapely.intersection(outlines([border], place, frame)[0], inner)
        if shapely.is_empty(land):
            continue
        places = places_on(land, steps)
        places = places[np.argsort(-places[:, 1], kind="stable")]
        zeros = np.zeros(len(places))
        wide = zeros + width(said, size, BOLD) + 0.6 * size
        rooms = boxes(places[:, 0], places[:, 1], wide, zeros + 1.3 * size, zeros)
        free = shapely.contains(land, rooms)
        blocked = [*taken, *(name.box for name in found)]
        if blocked:
            free[np.unique(shapely.STRtree(blocked).query(rooms, predicate="intersects")[0])] = False
        if free.any():
            best = int(np.argmax(free))
            found.append(Name(said, float(places[best, 0]), float(places[best, 1]), size, rooms[best]))
    return found


def draw_names(ink: Ink, names: list[Name]) -> None:
    """The names, on white."""
    for name in names:
        ink.fill_with(WHITE)
        ink.polygons(np.array([name.box], dtype=object), fill=True)
        low = name.y - name.size * CAP_HEIGHT / 2
        ink.text(name.x, low, name.said, name.size, bold=True, align="middle", paint=WARD_BORDER)
