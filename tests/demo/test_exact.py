"""The arithmetic of the ward against that of the libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely import Polygon

from gisland.demo.exact import direction, distance, exponential, left, long_axis, sine, stream, turned
from gisland.demo.lots import clip
from gisland.demo.streets import slabs

COMB = Polygon(
    [(0, 0), (50, 0), (50, 30), (40, 30), (40, 10), (30, 10), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)]
)


def test_functions_are_near_those_of_the_library() -> None:
    turns = np.linspace(-30, 30, 100_001)
    assert np.abs(sine(turns) - np.sin(math.tau * turns)).max() < 1e-10
    assert np.abs(distance(direction(turns)) - 1).max() < 1e-10
    x = np.linspace(-1.2, 1.2, 101)
    assert np.allclose(exponential(x), np.exp(x), rtol=1e-3)


def test_the_long_axis_is_that_of_the_greatest_scatter() -> None:
    rng = np.random.default_rng(1)
    for turn in rng.random(50):
        xy = rng.normal(size=(400, 2)) * [5, 1] @ np.array([direction(turn), left(tuple(direction(turn)))])
        (xx, xy_), (_, yy) = np.cov(xy.T)
        values, axes = np.linalg.eigh([[xx, xy_], [xy_, yy]])
        assert abs(long_axis(xx, yy, xy_) @ axes[:, values.argmax()]) == pytest.approx(1, abs=1e-9)
    assert long_axis(*np.array([1.0, 2.0, 0.0])).tolist() == [0, 1]
    assert long_axis(*np.zeros(3)).tolist() == [1, 0]


def test_a_stream_scatters_as_it_says() -> None:
    rng = stream(1, "test")
    assert stream(1, "test", 3).random() != stream(1, "test", 4).random()
    numbers = rng.normal(3, 2, 50_000)
    assert (numbers.mean(), numbers.std()) == pytest.approx((3, 2), abs=0.05)
    assert rng.exponential(4, 50_000).mean() == pytest.approx(4, abs=0.1)
    low, high = np.array([1, 5]), np.array([2, 9])
    uniform = rng.uniform(low, high, (50_000, 2))
    assert uniform.mean(axis=0) == pytest.approx([1.5, 7], abs=0.05)
    assert isinstance(rng.normal(), float)


@pytest.mark.parametrize("slope", [-0.4, -0.05, 0, 0.01, 0.3, 4])
@pytest.mark.parametrize("base", [(1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("holed", [False, True])
def test_slabs_are_the_pieces_between_the_cuts(base: tuple[float, float], slope: float, holed: bool) -> None:
    """Also where the line leaves the polygon and enters it again, and where nothing is beyond it."""
    polygon = COMB.difference(shapely.box(2, 2, 5, 5)) if holed else COMB
    axis, cuts = turned(base, slope), [-90.0, 5.0, 20.0, 21.5, 33.0, 90.0]
    found = slabs(polygon, axis, cuts)
    assert len(found) == len(cuts) + 1
    normal = np.array(left(axis))
    for pieces, low, high in zip(found, [-500.0, *cuts], [*cuts, 500.0], strict=True):
        band = [
            at * np.array(axis) + side * normal for at, side in ((low, -500), (low, 500), (high, 500), (high, -500))
        ]
        wanted = polygon & Polygon(band)
        assert shapely.is_valid(pieces).all()
        assert shapely.union_all(pieces).symmetric_difference(wanted).area < 0.5 * 4
        parts = [part for part in shapely.get_parts(wanted) if part.area > 0.5]
        assert sorted(piece.area for piece in pieces) == pytest.approx(sorted(part.area for part in parts))


def test_walls_are_clipped_as_geos_clips_them() -> None:
    rng = np.random.default_rng(2)
    polygons = np.array([COMB, COMB.difference(shapely.box(2, 2, 5, 5)), shapely.box(-10, -10, 40, 40).buffer(3)])
    walls, owner = rng.uniform(-10, 60, (600, 2, 2)), rng.integers(0, 3, 600)
    found, piece = clip(walls, polygons, owner)
    wanted = shapely.get_parts(shapely.intersection(shapely.linestrings(walls), polygons[owner]))
    assert len(found) == (shapely.length(wanted) > 0.3).sum()
    assert len(found) > 400
    assert shapely.length(found).sum() == pytest.approx(shapely.length(wanted)[shapely.length(wanted) > 0.3].sum())
    assert shapely.covers(shapely.buffer(polygons[piece], 1e-6), found).all()
