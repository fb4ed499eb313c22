"""GeoHash: WGS 84 places as short texts; each letter halves the cell five times, longitude first.

G. Niemeyer's public-domain scheme (2008). Edges of cells are multiples of 360° or 180° ÷ a power of two, which binary
numbers hold exactly, so no place falls into a neighbour's cell by rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
LONGEST = 12
_BITS = 5
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
# Each step moves half of the remaining bits apart: 0b1111 → 0b11_0000_0011 → 0b0101_0101.
_SPREAD = ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333))
_SPREAD_LAST = (1, 0x5555555555555555)


def encode(longitude: ArrayLike, latitude: ArrayLike, length: int = LONGEST) -> list[str]:
    """The codes of places in WGS 84 degrees, of 1 to 12 letters.

    Raises:
        ValueError: a place lies outside of ±180°, ±90°, or is no number.
    """
    if not 1 <= length <= LONGEST:
        raise ValueError(f"a GeoHash has 1 to {LONGEST} letters, not {length}")
    bits = _BITS * length
    columns = _step(np.asarray(longitude, dtype=np.float64).ravel(), 180, (bits + 1) // 2)
    rows = _step(np.asarray(latitude, dtype=np.float64).ravel(), 90, bits // 2)
    # The last bit belongs to the latitude when there is an even number of them.
    first, second = (columns, rows) if bits % 2 == 0 else (rows, columns)
    number = (_apart(first) << np.uint64(1)) | _apart(second)
    shifts = np.arange(bits - _BITS, -1, -_BITS, dtype=np.uint64)
    letters = _LETTERS[((number[:, None] >> shifts) & np.uint64(31)).astype(np.intp)]
    return [str(code) for code in np.ascontiguousarray(letters).view(f"S{length}").ravel().astype(f"U{length}")]


def _step(degrees: NDArray[np.float64], limit: int, bits: int) -> NDArray[np.uint64]:
    """In which of 2^bits steps from -limit to +limit each value lies; the last one has its end, too."""
    if not (np.abs(degrees) <= limit).all():
        raise ValueError("a place is not within ±180°, ±90°")
    size = 2 * limit / 2**bits
    step = np.floor((degrees + limit) / size)
    # The quotient is rounded, edges are not.
    step -= degrees < step * size - limit
    step += degrees >= (step + 1) * size - limit
    within: NDArray[np.uint64] = np.clip(step, 0, 2**bits - 1).astype(np.uint64)
    return within


def _apart(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers of 32 bits with a zero before each bit."""
    for shift, mask in (*_SPREAD, _SPREAD_LAST):
        number = (number | (number << np.uint64(shift))) & np.uint64(mask)
    return number
