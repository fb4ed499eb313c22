"""What a page costs that ten times as many parcels lie on: the middle of a demo ward on one A3 page, complete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from gisland.bench.table import at_most, grid
from gisland.printing.model import Floats, Ints
from gisland.printing.placement import Place

FEW, MANY, LIMIT = 500, 5000, 12
SCALES = range(250, 20_001, 250)


@dataclass(frozen=True)
class Growth:
    """Seconds of the processor for a page of few parcels and for one of many, one of each round; and their scales."""

    few: Sequence[float]
    many: Sequence[float]
    scales: tuple[int, int]


def nearest(bounds: Floats, count: int, frame: tuple[float, float], inside: float) -> tuple[Ints, int]:
    """The parcels in the middle of a ward that fill one page, and the largest scale (denominator) at which they do.

    Args:
        bounds: of the parcels, metres.
        count: how many.
        frame: width and height of the map frame, mm.
        inside: how far from it a parcel must stay, mm.
    """
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    middle = np.median(middles, axis=0)
    for scale in SCALES:
        wide, high = (side * scale / 1000 for side in frame)
        place = Place(float(middle[0]) - wide / 2, float(middle[1]) - high / 2, wide, high, scale)
        held = np.flatnonzero(place.holds(bounds, inside * scale / 1000))
        if len(held) >= count:
            break
    far = np.hypot(*(middles[held] - middle).T)
    return np.sort(held[np.argsort(far, kind="stable")[:count]]), scale


def run(draw: Callable[[int, str], float], rounds: int) -> tuple[list[float], list[float]]:
    """Draw both pages again and again, in turn; the first round does not count.

    Args:
        draw: draws a page of so many parcels with a print id, and returns the seconds.
        rounds: how often.
    """
    found = [(draw(FEW, f"AAAAAB{index:02d}"), draw(MANY, f"AAAAAC{index:02d}")) for index in range(rounds + 1)]
    return [few for few, _ in found[1:]], [many for _, many in found[1:]]


def markdown(growth: Growth) -> str:
    """The table."""
    few, many = median(growth.few), median(growth.many)
    rows = [
        [f"{FEW:,} parcels, 1:{growth.scales[0]:,}", f"{few * 1000:.0f}", "1"],
        [f"{MANY:,} parcels, 1:{growth.scales[1]:,}", f"{many * 1000:.0f}", at_most(many / few, LIMIT)],
    ]
    return grid(("one A3 page, complete", "CPU ms", "÷ few (target)"), rows)
