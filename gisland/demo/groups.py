"""Residential groups (tổ dân phố): connected neighbourhoods of about equal size, with their borders along streets."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.demo.exact import Floats, long_axis
from gisland.demo.mesh import Ints, connected
from gisland.demo.outline import Geometries

SIZE = 200
"""Parcels in a group, as in the ward of 14,000 parcels and 70 groups."""
REACH = 30.0
"""Blocks with no more than a street between them are neighbours: metres."""


def form_groups(polygons: Geometries, points: Floats, block: Ints, parcels: int) -> NDArray[np.str_]:
    """The group code of each parcel.

    Whole blocks are divided again and again across their longer side; a piece cut off from its group joins the one
    around it. Streets and water (``block`` -1) go with the nearest block.
    """
    count = max(2, round(parcels / SIZE))
    inside = block >= 0
    _, unit, weight = np.unique(block[inside], return_inverse=True, return_counts=True)
    middle = np.stack([np.bincount(unit, points[inside, axis]) / weight for axis in (0, 1)], axis=1)
    order = np.argsort(unit, kind="stable")
    shapes = shapely.convex_hull(shapely.multipolygons(polygons[inside][order], indices=unit[order]))
    group = _mend(_divide(middle, weight, count), weight, shapes)
    of_parcel = np.empty(len(block), dtype=np.int64)
    of_parcel[inside] = group[unit]
    of_parcel[~inside] = group[shapely.STRtree(shapes).nearest(shapely.points(points[~inside]))]
    # Counted from the north-west like the sheets.
    total = np.bincount(group, weight)
    centre = np.stack([np.bincount(group, middle[:, axis] * weight) / total for axis in (0, 1)], axis=1)
    rank = np.argsort(np.lexsort((centre[:, 0], -np.floor(centre[:, 1] / 600))), kind="stable")
    digits = max(2, len(str(count)))
    return np.array([f"{number + 1:0{digits}d}" for number in rank])[of_parcel]


def _divide(middle: Floats, weight: Ints, count: int) -> Ints:
    """Divide blocks, known by middle and number of parcels, into ``count`` groups of like weight."""
    group = np.zeros(len(weight), dtype=np.int64)
    pending = [(np.arange(len(weight)), count, 0)]
    while pending:
        units, parts, first = pending.pop()
        if parts == 1:
            group[units] = first
            continue
        share_of = weight[units] / weight[units].sum()
        x, y = (middle[units] - (middle[units] * share_of[:, None]).sum(axis=0)).T
        axis = long_axis(*((share_of * square).sum() for square in (x * x, y * y, x * y)))
        order = np.argsort(x * axis[0] + y * axis[1], kind="stable")
        share = parts // 2
        filled = np.cumsum(weight[units][order])
        cut = int(np.searchsorted(filled, filled[-1] * share / parts))
        cut = min(max(cut, share), len(units) - (parts - share))
        pending += [(units[order[:cut]], share, first), (units[order[cut:]], parts - share, first + share)]
    return group


def _mend(group: Ints, weight: Ints, shapes: Geometries) -> Ints:
    """Give what lies apart from the main part of its group to a neighbouring group."""
    one, two = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=REACH)
    for _ in range(20):
        same = group[one] == group[two]
        part = connected(one[same], two[same], len(group))
        size = np.bincount(part, weight, minlength=len(group))
        largest = np.zeros(group.max() + 1)
        np.maximum.at(largest, group, size[part])
        apart = size[part] < largest[group]
        move = apart[one] & ~apart[two] & ~same
        if not move.any():
            break
        group = group.copy()
        group[one[move]] = group[two[move]]
    return group
