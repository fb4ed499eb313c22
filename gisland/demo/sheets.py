"""Map sheets and parcel numbers by the rules of the cadastral map (TT 25/2014/TT-BTNMT)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gisland.demo.exact import Floats
from gisland.demo.mesh import Ints

DENSE = 25.0
"""Parcels per hectare from which an urban square is drawn at 1:500 instead of 1:1000 (TT 25/2014)."""
SIDE = {1000: 500.0, 500: 250.0}
"""Side of a sheet on the ground in metres, by scale."""


@dataclass(frozen=True)
class Sheets:
    """Sheet and number of each parcel."""

    sheet: Ints
    """Ordinal of the sheet in the ward (số tờ), from 1."""
    scale: Ints
    number: Ints
    """Number of the parcel in its sheet (số thửa), from 1."""
    name: NDArray[np.str_]
    """Name of the sheet (phiên hiệu mảnh), e.g. ``310593-6-d``."""


def lay_sheets(points: Floats) -> Sheets:
    """Give each parcel, known by a point in it (EPSG:9210), its sheet, scale, number and the name of the sheet.

    A square of 500 m is one sheet at 1:1000, or four at 1:500 where parcels lie close. Sheets are counted from left to
    right, top to bottom, smaller scales first.
    """
    big = np.floor(points / SIDE[1000]).astype(np.int64)
    _, square, count = np.unique(_key(big), return_inverse=True, return_counts=True)
    dense = count[square] >= DENSE * SIDE[1000] ** 2 / 1e4
    scale = np.where(dense, 500, 1000)
    side = np.where(dense, SIDE[500], SIDE[1000])
    cell = np.floor(points / side[:, None]).astype(np.int64)
    # One number that grows in the order of the sheets: 1:1000 before 1:500, north before south, west before east.
    rank = dense * (1 << 44) + ((1 << 22) - cell[:, 1]) * (1 << 22) + cell[:, 0]
    _, first, ordinal = np.unique(rank, return_index=True, return_inverse=True)
    names = sheet_names(cell[first], side[first])
    return Sheets(ordinal + 1, scale, zigzag(points, cell, side, ordinal), names[ordinal])


def zigzag(points: Floats, cell: Ints, side: Floats, sheet: Ints) -> Ints:
    """Numbers within each sheet: in bands from the north, the first from west to east, the next back, and so on."""
    count = np.bincount(sheet)[sheet]
    bands = np.clip(np.round(np.sqrt(count / 2)), 1, 12)
    within = points / side[:, None] - cell
    band = np.minimum(np.floor((1 - within[:, 1]) * bands), bands - 1)
    along = np.where(band % 2 == 0, within[:, 0], -within[:, 0])
    order = np.lexsort((within[:, 1], along, band, sheet))
    starts = np.concatenate([[0], np.cumsum(np.bincount(sheet))[:-1]])
    number = np.empty(len(points), dtype=np.int64)
    number[order] = np.arange(len(points)) - starts[sheet[order]] + 1
    return number


def sheet_names(cell: Ints, side: Floats) -> NDArray[np.str_]:
    """Names of sheets: ``XXXYYY`` of the 3 km square's north-west corner, 1–9 for the km, then a–d or (1)–(16)."""
    west, south = cell[:, 0] * side, cell[:, 1] * side
    north = south + side
    top = np.ceil(north / 3000) * 3000
    left = 500_000 + np.floor((west - 500_000) / 3000) * 3000
    row, col = np.floor((top - north) / 1000), np.floor((west - left) / 1000)
    part_row = np.floor((top - row * 1000 - north) / side)
    part_col = np.floor((west - left - col * 1000) / side)
    ninth = (3 * row + col + 1).astype(int)
    part = (part_row * (1000 / side) + part_col).astype(int)
    names = [
        f"{int(t / 1000) % 1000:03d}{int(w / 1000) % 1000:03d}-{n}-" + ("abcd"[p] if s == SIDE[1000] else f"({p + 1})")
        for t, w, n, p, s in zip(top, left, ninth, part, side, strict=True)
    ]
    return np.array(names)


def _key(cell: Ints) -> Ints:
    """One number for a square."""
    return np.asarray(cell[:, 0] * (1 << 24) + cell[:, 1])
