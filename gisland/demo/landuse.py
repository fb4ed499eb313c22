"""Land types and areas on paper."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.exact import Floats, stream
from gisland.demo.faces import Land
from gisland.demo.lots import Pieces
from gisland.demo.outline import Geometries
from gisland.demo.zones import FIELD, GARDEN, NEW, OLD, WORKS, ZONES

LOT_TYPES = {
    OLD.name: (("ODT", 0.955), ("TMD", 0.03), ("TSC", 0.002), ("TIN", 0.004), ("SKC", 0.009)),
    NEW.name: (("ODT", 0.95), ("TMD", 0.035), ("BCS", 0.015)),
    GARDEN.name: (("ODT", 0.62), ("ODT+CLN", 0.30), ("CLN", 0.05), ("MNC", 0.015), ("TMD", 0.01), ("TIN", 0.005)),
    FIELD.name: (("LUC", 0.62), ("HNK", 0.14), ("CLN", 0.10), ("NTS", 0.10), ("LUK", 0.04)),
    WORKS.name: (("SKC", 0.68), ("TMD", 0.24), ("DGT", 0.02), ("BCS", 0.06)),
}  # fmt: skip
"""Land types of lots by quarter (codes: TT 08/2024/TT-BTNMT) and their shares."""
ROAD_AND_WATER = ("DGT", "DTL", "SON", "MNC")


def land_types(land: Land, pieces: Pieces, seed: int) -> NDArray[np.str_]:
    """The land type (or types, joined by +) of each parcel."""
    rng = stream(seed, "landuse")
    types = np.array(pieces.use[land.piece], dtype="<U16")
    zone = pieces.zone[land.piece]
    empty = types == ""
    for name, choices in LOT_TYPES.items():
        here = np.flatnonzero(empty & (zone == [z.name for z in ZONES].index(name)))
        codes, shares = zip(*choices, strict=True)
        types[here] = rng.choice(np.array(codes), len(here), p=shares)
    large = (types == "ODT") & (zone == ZONES.index(GARDEN)) & (shapely.area(land.polygons) > 420)
    types[large] = "ODT+CLN"
    return types


def legal_areas(polygons: Geometries, types: NDArray[np.str_], seed: int) -> Floats:
    """The area on paper of each parcel in square metres, one decimal; NaN where no paper tells one.

    Mostly the planar map area within the accuracy of an older survey; one in eighty is notably off.
    """
    rng = stream(seed, "areas")
    area = shapely.area(polygons)
    drift = rng.normal(0, 0.05, len(area)) * np.sqrt(area) * (rng.random(len(area)) < 0.6)
    legal = area + np.clip(drift, -0.04 * area, 0.04 * area)
    off = rng.random(len(area)) < 0.0125
    legal[off] *= rng.choice([0.72, 0.85, 1.18, 1.4, 10.0], int(off.sum()), p=[0.2, 0.3, 0.3, 0.18, 0.02])
    blank = (rng.random(len(area)) < 0.03) | (np.isin(types, ROAD_AND_WATER) & (rng.random(len(area)) < 0.8))
    legal[blank] = np.nan
    return np.asarray(np.round(legal, 1))


def public_land(types: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Land that no certificate is issued for: roads, water, unused land, parks, cemeteries."""
    return np.isin(types, [*ROAD_AND_WATER, "BCS", "DKV", "NTD"])
