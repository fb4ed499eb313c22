"""The pole of inaccessibility: nowhere higher, and the same however a boundary is written down."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gisland.demo.generate import draw_land
from gisland.registry.pole import poles

ORIGIN = np.array([596576.5, 2308288.25])
# Coordinates in 1/64 m are exact in binary numbers, also at the false easting, and so are middles of segments.
steps = st.integers(-2000, 2000).map(lambda step: step / 64)


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """Polygons that see their vertices from the origin, most of them far from convex."""
    count = draw(st.integers(3, 14))
    angles = sorted(draw(st.lists(st.floats(0, 2 * math.pi), min_size=count, max_size=count)))
    radii = draw(st.lists(st.floats(2, 30), min_size=count, max_size=count))
    ring = [
        (round(r * math.cos(a) * 64) / 64, round(r * math.sin(a) * 64) / 64) for a, r in zip(angles, radii, strict=True)
    ]
    return shapely.Polygon(ring)


@st.composite
def blocks(draw: st.DrawFn) -> shapely.Geometry:
    """Unions of rectangles: right angles, ties, holes, several parts; at times turned."""
    sides = st.integers(1, 12)
    corners = draw(st.lists(st.tuples(sides, sides, sides, sides), min_size=1, max_size=6))
    shape = shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in corners])
    if draw(st.booleans()):
        angle = draw(st.floats(0, math.pi))
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        shape = shapely.transform(shape, lambda c: np.round(c @ turn * 64) / 64)
    return shape


@st.composite
def shapes(draw: st.DrawFn) -> shapely.Geometry:
    shape = shapely.transform(draw(st.one_of(stars(), blocks())), lambda c: c + ORIGIN)
    assume(shape.is_valid and shape.area > 1 and shape.length**2 < 1000 * shape.area)
    return shape


def pole(shape: shapely.Geometry) -> NDArray[np.float64]:
    found: NDArray[np.float64] = poles(np.array([shape]))[0]
    return found


def height(shape: shapely.Geometry, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rule of METHOD_VERSION 1, by GEOS: clearance less what is lost far from the centroid, east and north."""
    centroid = shapely.get_coordinates(shape.centroid)[0]
    radius = np.linalg.norm(shapely.get_coordinates(shape) - centroid, axis=1).max()
    scale = min(1, shape.area / shape.length / 0.002) / radius
    away = places - centroid
    loss = 0.99e-3 * np.linalg.norm(away, axis=1) + 1e-6 * away[:, 0] + 1e-7 * away[:, 1]
    clearance = shapely.distance(shapely.points(places), shape.boundary)
    inside = shapely.contains_xy(shape, places[:, 0], places[:, 1])
    found: NDArray[np.float64] = np.where(inside, clearance, -clearance) - loss * scale
    return found


def highest(shape: shapely.Geometry) -> float:
    """The greatest height by trying: a grid, then finer ones around the best places."""
    west, south, east, north = shape.bounds
    size = max(east - west, north - south) / 40
    grid = np.stack(np.meshgrid(np.arange(west, east, size), np.arange(south, north, size)), axis=-1).reshape(-1, 2)
    star = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 7)), axis=-1).reshape(-1, 2)
    best = -math.inf
    for _ in range(14):
        found = height(shape, grid)
        best = max(best, float(found.max()))
        grid = (grid[np.argsort(-found)[:25], None] + star * size).reshape(-1, 2)
        size /= 2.5
    return best


def nowhere_is_higher(shape: shapely.Geometry) -> None:
    found = pole(shape)
    assert shape.contains(shapely.Point(found))
    # What GEOS and we round differently.
    assert height(shape, found[None])[0] >= highest(shape) - 2e-9


@st.composite
def rewritten(draw: st.DrawFn, shape: shapely.Geometry, *, halved: bool) -> shapely.Geometry:
    """The same boundary: other starts and directions, vertices twice, parts and holes in another order, as a multi."""

    def ring(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        ring = np.roll(coordinates[:-1], draw(st.integers(0, len(coordinates))), axis=0)
        if draw(st.booleans()):
            ring = ring[::-1]
        if halved:
            middles = (ring + np.roll(ring, -1, axis=0)) / 2
            ring = np.stack([ring, middles], axis=1).reshape(-1, 2)
        ring = np.repeat(ring, draw(st.integers(1, 3)), axis=0)
        return np.concatenate([ring, ring[:1]])

    parts = []
    for part in draw(st.permutations(list(shapely.get_parts(shape)))):
        holes = draw(st.permutations([shapely.get_coordinates(hole) for hole in part.interiors]))
        parts.append(shapely.Polygon(ring(shapely.get_coordinates(part.exterior)), [ring(hole) for hole in holes]))
    if len(parts) == 1 and draw(st.booleans()):
        return parts[0]
    return shapely.MultiPolygon(parts)


def how_it_is_written_does_not_matter(data: st.DataObject, shape: shapely.Geometry, halved: bool) -> None:
    other = data.draw(rewritten(shape, halved=halved))
    assert np.array_equal(pole(other), pole(shape))


def what_else_is_searched_does_not_matter(several: list[shapely.Geometry]) -> None:
    alone = np.array([pole(shape) for shape in several])
    assert np.array_equal(poles(np.array(several)), alone)


def vertices_on_a_line_but_for_rounding(shape: shapely.Geometry, every: float) -> None:
    """Vertices put on a slanting segment are rounded off it by less than a nanometre: the pole stays where it was."""
    assert pole(shapely.segmentize(shape, every)) == pytest.approx(pole(shape), abs=1e-4)


# What holds for any shape, and what it is told of.
LAWS: dict[Callable[..., None], tuple[st.SearchStrategy[Any], ...]] = {
    nowhere_is_higher: (shapes(),),
    how_it_is_written_does_not_matter: (st.data(), shapes(), st.booleans()),
    what_else_is_searched_does_not_matter: (st.lists(shapes(), min_size=1, max_size=8),),
    vertices_on_a_line_but_for_rounding: (shapes(), st.floats(0.3, 3)),
}


@pytest.mark.parametrize("examples", [20, pytest.param(500, marks=pytest.mark.proof)])
@pytest.mark.parametrize("law", LAWS)
def test_any_shape(law: Callable[..., None], examples: int) -> None:
    suppressed = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    settings(deadline=None, max_examples=examples, suppress_health_check=suppressed)(given(*LAWS[law])(law))()


def test_rectangles_have_the_pole_in_the_middle() -> None:
    """A row of equal places: rounding must not choose among them."""
    random = np.random.default_rng(3)
    for _ in range(200):
        width, depth, angle = random.uniform(2, 8), random.uniform(8, 40), random.uniform(0, math.pi)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        corners = np.array([(0, 0), (width, 0), (width, depth), (0, depth)]) @ turn + ORIGIN
        assert pole(shapely.Polygon(corners)) == pytest.approx(corners.mean(axis=0), abs=1e-8)


def star(points: int) -> shapely.Polygon:
    angles = np.pi * np.arange(2 * points) / points
    radii = np.where(np.arange(2 * points) % 2, 10, 5)
    return shapely.Polygon(np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1))


def round_plot(vertices: int, radius: float) -> shapely.Polygon:
    angles = 2 * np.pi * np.arange(vertices) / vertices
    return shapely.Polygon(np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1))


@pytest.mark.parametrize("number", [300, pytest.param(5000, marks=pytest.mark.proof)])
def test_places_in_line_with_an_edge_outside(number: int) -> None:
    """Right angles put centres of cells on the lines of edges: which side that is must not be left to rounding."""
    random = np.random.default_rng(11)
    for angle in (0.0, 0.3, math.pi / 4):
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        corners = random.integers(1, 13, (number, 4, 4))
        corners[::2, :, 2:] = random.integers(1, 3, (number // 2, 4, 2))
        west, south, width, depth = np.moveaxis(corners, -1, 0)
        land = shapely.union_all(shapely.box(west, south, west + width, south + depth), axis=1)
        land = shapely.transform(land, lambda c, turn=turn: c @ turn + ORIGIN)
        land = land[shapely.is_valid(land)]
        found = poles(land)
        assert shapely.contains_xy(land, found[:, 0], found[:, 1]).all()
        parts, owner = shapely.get_parts(land, return_index=True)
        greatest = np.zeros(len(land))
        np.maximum.at(greatest, owner, shapely.length(shapely.maximum_inscribed_circle(parts, 1e-3)))
        assert (shapely.distance(shapely.points(found), shapely.boundary(land)) > greatest - 0.001).all()


HARD: dict[str, shapely.Geometry] = {
    "ring of 1000 sides": round_plot(1000, 10).difference(round_plot(1000, 5)),
    "round plot of 2000 sides": round_plot(2000, 10),
    "star of 50 rays": star(50),
    "curved road": round_plot(800, 106).difference(round_plot(800, 100)).difference(shapely.box(0, 0, 200, 200)),
    "comb": shapely.union_all([shapely.box(0, 0, 100, 3), *(shapely.box(5 * i, 0, 5 * i + 3, 40) for i in range(20))]),
    "a hundred pillars": shapely.box(0, 0, 100, 100).difference(
        shapely.union_all([shapely.Point(10 * i + 5, 10 * j + 5).buffer(3) for i in range(10) for j in range(10)])
    ),
    "many pinholes": shapely.box(0, 0, 20, 20).difference(
        shapely.union_all(
            [shapely.Polygon([(i, j), (i + 0.01, j), (i, j + 0.01)]) for i in range(20) for j in range(20)]
        )
    ),
    "half a millimetre wide, bent": shapely.union_all([shapely.box(0, 0, 30, 5e-4), shapely.box(30 - 5e-4, 0, 30, 30)]),
    "needle": shapely.Polygon([(0, 0), (100, 0), (100, 0.001)]),
    "hole that touches": shapely.box(0, 0, 10, 10).difference(shapely.Polygon([(0, 5), (3, 3), (3, 7)])),
    "parts in line": shapely.MultiPolygon([shapely.box(11, 7, 13, 11), shapely.box(4, 4, 5, 15)]),
    "parts that touch": shapely.union_all([shapely.box(0, 0, 5, 5), shapely.box(5, 5, 11, 9)]),
    "district": shapely.Polygon([(0, 0), (1e4, 0), (1e4, 4e3), (4e3, 4e3), (4e3, 1.2e4), (0, 1.2e4)]),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_cases(name: str) -> None:
    shape = shapely.transform(HARD[name], lambda c: c + ORIGIN)
    found = pole(shape)
    assert shape.contains(shapely.Point(found))
    assert height(shape, found[None])[0] >= highest(shape) - 1e-7


def test_demo_ward() -> None:
    """Real shapes of parcels: nowhere less than 1 mm below the greatest circle that GEOS finds, and all inside."""
    land: NDArray[Any] = draw_land(200, 7, lambda _step: None)[0].polygons
    found = poles(land)
    assert shapely.contains_xy(land, found[:, 0], found[:, 1]).all()
    clearance = shapely.distance(shapely.points(found), shapely.boundary(land))
    greatest = shapely.length(shapely.maximum_inscribed_circle(land, 1e-3))
    assert (clearance > greatest - 0.001).all()
