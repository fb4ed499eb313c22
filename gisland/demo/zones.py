"""What kind of quarter each cell becomes: old town, new town, garden houses, fields, works."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.exact import Floats, distance, stream
from gisland.demo.outline import AREA_PER_PARCEL, Geometries


@dataclass(frozen=True)
class Zone:
    """How the land of one kind of quarter is cut up; lengths in metres."""

    name: str
    depth: float
    """Usual depth of a lot."""
    width: float
    """Usual width of a lot."""
    spread: float
    """Spread of the lot widths (sigma of their logarithm)."""
    block: float
    """Greatest length of a block before a street cuts it."""
    streets: tuple[float, ...]
    """Widths of streets and alleys, level by level."""
    slant: float
    """How far a cut may turn from the block's axis, radians."""
    special: float
    """Share of blocks that become one large plot."""
    uses: tuple[tuple[str, float], ...]
    """Land uses of these large plots and their weights."""
    rough: float
    """0 planned … 1 grown."""
    density: float
    """Parcels to expect per hectare of cell."""


PUBLIC = (
    ("DGD", 5.0), ("DKV", 3.0), ("TSC", 2.0), ("TMD", 3.0), ("DCH", 1.2), ("DYT", 1.0),
    ("TON", 1.5), ("DVH", 1.2), ("TIN", 1.0),
)  # fmt: skip
OLD = Zone(
    "old", 15.5, 4.4, 0.24, 88, (5.5, 3.6, 2.6, 2.2), 0.10, 0.035, (*PUBLIC, ("MNC", 1.5), ("SKC", 1.0)), 1.0, 88
)
NEW = Zone(
    "new",
    18.0,
    5.0,
    0.10,
    118,
    (11.0, 9.0, 8.0, 7.0),
    0.0,
    0.10,
    (*PUBLIC, ("DKV", 4.0), ("ODT", 3.0), ("BCS", 1.5)),
    0.0,
    55,
)
GARDEN = Zone(
    "garden",
    24.0,
    9.5,
    0.34,
    95,
    (5.0, 3.5, 3.0, 2.5),
    0.14,
    0.06,
    (*PUBLIC, ("MNC", 7.0), ("NTD", 1.0), ("CLN", 2.0)),
    0.9,
    28,
)
FIELD = Zone(
    "field", 62.0, 25.0, 0.30, 260, (4.0, 3.0, 2.0, 1.6), 0.07, 0.12,
    (("NTS", 6.0), ("MNC", 2.0), ("NTD", 1.5), ("HNK", 2.0), ("SKC", 1.0)), 0.6, 4.6,
)  # fmt: skip
WORKS = Zone(
    "works",
    95.0,
    60.0,
    0.40,
    260,
    (14.0, 9.0, 8.0, 7.0),
    0.02,
    0.25,
    (("SKC", 6.0), ("TMD", 2.0), ("DNL", 0.6), ("BCS", 1.0)),
    0.1,
    1.3,
)
PARK = Zone("park", 0.0, 0.0, 0.0, 0.0, (), 0.0, 0.0, (), 0.7, 0.0)
ZONES = (OLD, NEW, GARDEN, FIELD, WORKS, PARK)


def assign_zones(cells: Geometries, water: shapely.Geometry, parcels: int, seed: int) -> NDArray[np.int64]:
    """The zone (index into ``ZONES``) of each cell.

    The nearer to a town centre, the denser; works lie along the river and at the border. How much land the dense zones
    take follows from the number of parcels wanted.
    """
    rng = stream(seed, "zones")
    area = shapely.area(cells)
    middle = shapely.get_coordinates(shapely.centroid(cells))
    centres = _centres(middle, parcels, rng)
    reach = np.sqrt(AREA_PER_PARCEL * min(parcels, 14_000)) / 2
    away = np.min(distance((middle[:, None] - centres) * [1, 1.15]), axis=1) / reach
    score = away + rng.normal(0, 0.09, len(cells))
    shapely.prepare(water)
    riverside = shapely.dwithin(water, cells, 60)
    works = (riverside & (rng.random(len(cells)) < np.where(away < 0.45, 0.15, 0.85))) | (
        (away > 0.7) & (rng.random(len(cells)) < 0.28)
    )
    zones = np.full(len(cells), ZONES.index(FIELD))
    zones[works] = ZONES.index(WORKS)
    town = np.flatnonzero(~works)
    town = town[np.argsort(score[town], kind="stable")]
    share = _shares(area[town].sum() / 1e4, 0.965 * parcels - area[works].sum() / 1e4 * WORKS.density)
    place = (np.cumsum(area[town]) - area[town] / 2) / area[town].sum()
    zones[town] = np.searchsorted(np.cumsum(share)[:-1], place)
    for centre in centres if parcels >= 3000 else ():  # a park with a lake at the edge of the old town
        near = np.argsort(distance(middle[town] - centre), kind="stable")
        zones[town[near[min(5, len(near) - 1)]]] = ZONES.index(PARK)
    # A new quarter is built where the town grows, also far out: two in ten garden cells change places with new ones.
    new, garden = (np.flatnonzero(zones == ZONES.index(z)) for z in (NEW, GARDEN))
    swaps = min(len(new), len(garden)) // 5
    pick_new, pick_garden = rng.permutation(new)[:swaps], rng.permutation(garden)[:swaps]
    zones[pick_new], zones[pick_garden] = ZONES.index(GARDEN), ZONES.index(NEW)
    return zones


def _centres(middle: Floats, parcels: int, rng: np.random.Generator) -> Floats:
    """One town centre per 14,000 parcels, well apart from each other."""
    low, high = middle.min(axis=0), middle.max(axis=0)
    centres = [low + (high - low) * np.array([0.52, 0.62])]
    for _ in range(round(parcels / 14_000) - 1):
        tries = low + (high - low) * rng.random((24, 2))
        gap = np.min(distance(tries[:, None] - np.array(centres)), axis=1)
        centres.append(tries[np.argmax(gap)])
    return np.array(centres)


def _shares(hectares: float, parcels: float) -> Floats:
    """Shares of old, new, garden and field land that give the number of parcels: fields shrink as more are wanted."""
    mix = np.array([0.13, 0.23, 0.34])
    density = np.array([z.density for z in (OLD, NEW, GARDEN)])
    more = (parcels / hectares - FIELD.density) / (mix * (density - FIELD.density)).sum()
    town = mix * np.clip(more, 0.1, 1 / mix.sum())
    return np.append(town, 1 - town.sum())
