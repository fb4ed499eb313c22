"""GeoHash: known codes, and the scheme's own definition written the slow way."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.kit.geohash import ALPHABET, LONGEST, encode

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
lengths = st.integers(1, 12)


class Cell(NamedTuple):
    """What a code stands for, in degrees; a place on the western or southern edge is in it."""

    west: float
    south: float
    east: float
    north: float


def index(code: str) -> tuple[int, int]:
    """Column and row of a code in the grid of all codes of its length, from the south-west.

    Raises:
        ValueError: it is no GeoHash of 1 to 12 letters.
    """
    if not 1 <= len(code) <= LONGEST or not set(code) <= set(ALPHABET):
        raise ValueError(f"{code!r} is no GeoHash")
    bits = "".join(f"{ALPHABET.index(letter):05b}" for letter in code)
    return int(bits[0::2], 2), int(bits[1::2] or "0", 2)


def cell(code: str) -> Cell:
    """The cell of a code. Raises ValueError when it is no GeoHash."""
    column, row = index(code)
    bits = 5 * len(code)
    width, height = 360 / 2 ** ((bits + 1) // 2), 180 / 2 ** (bits // 2)
    west, south = column * width - 180, row * height - 90
    return Cell(west, south, west + width, south + height)


def by_halving(longitude: float, latitude: float, length: int) -> str:
    """Halve the cell again and again; middles of cells are exact in binary numbers."""
    ranges = [[-180.0, 180.0], [-90.0, 90.0]]
    bits = ""
    for bit in range(5 * length):
        limits, value = ranges[bit % 2], (longitude, latitude)[bit % 2]
        middle = (limits[0] + limits[1]) / 2
        bits += "1" if value >= middle else "0"
        limits[value < middle] = middle
    return "".join(ALPHABET[int(bits[start : start + 5], 2)] for start in range(0, len(bits), 5))


def test_known_codes() -> None:
    # The first is the scheme's usual example, the second a point in Hải Phòng.
    assert encode(10.40744, 57.64911, 11) == ["u4pruydqqvj"]
    assert encode([106.68], [20.865]) == ["w7eyew652jvm"]


@given(longitudes, latitudes, lengths)
def test_the_definition(longitude: float, latitude: float, length: int) -> None:
    assert encode(longitude, latitude, length) == [by_halving(longitude, latitude, length)]


@given(st.integers(0, 2**30 - 1), st.integers(0, 2**30 - 1), st.sampled_from([-1, 0, 1]))
def test_at_the_edges_of_cells(column: int, row: int, aside: int) -> None:
    west, south = column * (360 / 2**30) - 180, row * (180 / 2**30) - 90
    if aside:
        west = max(-180.0, math.nextafter(west, aside * math.inf))
        south = max(-90.0, math.nextafter(south, aside * math.inf))
    assert encode(west, south) == [by_halving(west, south, 12)]


@given(st.lists(st.tuples(longitudes, latitudes), max_size=20))
def test_many_at_once_are_as_one_by_one(places: list[tuple[float, float]]) -> None:
    together = encode([x for x, _ in places], [y for _, y in places])
    assert together == [encode(x, y)[0] for x, y in places]


@given(longitudes, latitudes, lengths)
def test_a_place_lies_in_the_cell_of_its_code(longitude: float, latitude: float, length: int) -> None:
    code = encode(longitude, latitude, length)[0]
    found = cell(code)
    assert found.west <= longitude <= found.east
    assert found.south <= latitude <= found.north
    assert encode((found.west + found.east) / 2, (found.south + found.north) / 2, length) == [code]


def test_size_of_a_cell() -> None:
    found = cell("w7eyew652jvm")
    assert (found.east - found.west, found.north - found.south) == (360 / 2**30, 180 / 2**30)


def test_the_corners_of_the_world() -> None:
    assert encode([-180, 180], [-90, 90]) == ["0" * 12, "z" * 12]
    assert index("0") == (0, 0)
    assert index("z" * 12) == (2**30 - 1, 2**30 - 1)


@pytest.mark.parametrize(("longitude", "latitude"), [(180.1, 0), (0, -90.1), (math.nan, 0), (0, math.inf)])
def test_places_outside_of_the_world(longitude: float, latitude: float) -> None:
    with pytest.raises(ValueError, match="not within"):
        encode([0, longitude], [0, latitude])


@pytest.mark.parametrize("length", [0, 13])
def test_impossible_lengths(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 12"):
        encode(0, 0, length)


@pytest.mark.parametrize("text", ["", "w7a", "W7", "w" * 13, "w7 "])
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(ValueError, match="no GeoHash"):
        cell(text)
