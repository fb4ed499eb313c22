"""The fewest equal rectangles that hold boxes whole: an integer programme over the places that a rectangle can have.

A rectangle may be moved east and north until its west side meets the west side of a box that it holds, and its south
side the south side of one, and loses no box by that. So there are finitely many places, and of these only those count
whose boxes no other place holds, too: some hundred for a residential group. HiGHS then finds the best choice, and knows
that it is. It runs in one thread and is stopped by nodes, not by seconds: the same boxes give the same rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
from highspy._core import _Highs

from gisland.printing.model import Bools, Floats, Ints

ROUNDING = 1e-6
"""Metres: what lies on the side of a rectangle lies in it."""
OPTIONS = {"output_flag": False, "threads": 1, "mip_max_nodes": 20, "mip_abs_gap": 0.1, "mip_rel_gap": 0.0}
"""Of the solver. Nearly all groups need one node; the search ends when it can save no more than a tenth of a page."""
FEASIBLE = 2
"""The solver's word for a solution that keeps all conditions."""
OVER_COST = 10.0
"""What a page more than enough costs, in pages."""


@dataclass(frozen=True)
class Aside:
    """How boxes may be left to a page of another kind, which costs a page.

    Args:
        costs: of each box, in pages.
        forced: those that fit into no rectangle.
        most: how many of the others may be left.
        enough: so many pages are not too many.
    """

    costs: Floats
    forced: Bools
    most: int
    enough: int


def candidates(bounds: Floats, wide: float, high: float) -> tuple[Floats, Bools]:
    """The places that count: lower left corners, and for each (a row) which boxes it holds.

    Args:
        bounds: boxes, a row (west, south, east, north) each; none is larger than a rectangle.
        wide: of the rectangle.
        high: of the rectangle.
    """
    wests = _windows(bounds[:, 0], bounds[:, 2], wide)
    corners, rows = [np.empty((0, 2))], [np.zeros((0, len(bounds)), dtype=bool)]
    for west, following in zip(wests, [*wests[1:], np.inf], strict=True):
        within = np.flatnonzero((bounds[:, 0] >= west - ROUNDING) & (bounds[:, 2] <= west + wide + ROUNDING))
        boxes = bounds[within]
        souths = _windows(boxes[:, 1], boxes[:, 3], high)
        held = (boxes[:, 1] >= souths[:, None] - ROUNDING) & (boxes[:, 3] <= souths[:, None] + high + ROUNDING)
        # What does not reach so far west lies in the next place, too.
        own = (held & (boxes[:, 0] < following)).any(axis=1)
        row = np.zeros((int(own.sum()), len(bounds)), dtype=bool)
        row[:, within] = held[own]
        rows.append(row)
        corners.append(np.column_stack([np.full(len(row), west), souths[own]]))
    found, at = np.vstack(rows), np.vstack(corners)
    # A place comes after all that hold more, so after the one that holds all that it does.
    count = found.sum(axis=1)
    order = np.argsort(-count, kind="stable")
    sets = found[order].astype(np.float32)
    kept = np.sort(order[_first(sets @ sets.T >= count[order, None] - 0.5)])
    return at[kept], found[kept]


def _first(related: Bools) -> Bools:
    """Those that are related to none before them; each (a row) is to itself."""
    first: Bools = related.argmax(axis=1) == np.arange(len(related))
    return first


def _windows(lows: Floats, highs: Floats, size: float) -> Floats:
    """Where an interval begins that holds what no other one does; each begins where a box does."""
    starts = np.unique(lows)
    held = (lows >= starts[:, None] - ROUNDING) & (highs <= starts[:, None] + size + ROUNDING)
    last = np.where(held, highs, -np.inf).max(axis=1)
    kept = np.ones(len(starts), dtype=bool)
    kept[1:] = last[1:] > starts[:-1] + size + ROUNDING
    return starts[kept]


def cover(held: Bools, aside: Aside | None = None) -> Ints:
    """Which places are taken, by their index: the fewest.

    Where boxes may be left aside, first all are held, then places that are not worth a page are given up; only when
    that is not enough the best choice of what to leave is sought, which takes some times as long.

    Args:
        held: of each place (a row), the boxes that it holds; each box is held, or forced aside.
        aside: what may be left.
    """
    if aside is None:
        aside = Aside(np.zeros(held.shape[1]), np.zeros(held.shape[1], dtype=bool), 0, len(held))
    start = _solved(held, replace(aside, most=0), _greedy(held, ~aside.forced))
    start = _worth_a_page(held, aside, start)
    if aside.most == 0 or _pages(held, start) <= aside.enough:
        return start
    return _solved(held, aside, start)


def _left(held: Bools, chosen: Ints) -> Bools:
    left: Bools = np.logical_not(held[chosen].any(axis=0))
    return left


def _pages(held: Bools, chosen: Ints) -> int:
    return len(chosen) + int(_left(held, chosen).any())


def thinned(held: Bools, aside: Aside) -> Ints:
    """Of places that hold all boxes, those that are worth a page; no more than enough, if so many may be left aside."""
    return _worth_a_page(held, aside, np.arange(len(held)), over=OVER_COST)


def _worth_a_page(held: Bools, aside: Aside, chosen: Ints, over: float = 0) -> Ints:
    """The places without those whose own boxes cost less when they are left aside; one too many costs `over` more."""
    kept = chosen
    while len(kept) > 1:
        own = held[kept] & (held[kept].sum(axis=0) == 1)
        least = int(np.argmin(own @ aside.costs))
        fewer = np.delete(kept, least)
        left = _left(held, fewer)
        worth = 1 + (over if _pages(held, kept) > aside.enough else 0)
        if own[least] @ aside.costs >= worth or (left & ~aside.forced).sum() > aside.most:
            break
        kept = fewer
    cost = [_price(held, aside, each, over) for each in (kept, chosen)]
    return kept if cost[0] < cost[1] else chosen


def _solved(held: Bools, aside: Aside, start: Ints) -> Ints:
    """The best places that the solver finds, beginning with some."""
    fitting = ~aside.forced
    if aside.most == 0:
        # Where each place of one box holds another, the other is held whatever is chosen.
        fitting[np.flatnonzero(fitting)[_implied(held[:, fitting])]] = False
    # The page of what is left is there already, or will be: the programme need not decide that.
    spare = int(aside.forced.any() or aside.most > 0)
    found = _optimum(held[:, fitting], aside.costs[fitting], aside.most, aside.enough - spare, start)
    return min((start, found), key=lambda each: _price(held, aside, each))


def _implied(held: Bools) -> Bools:
    """The boxes that lie in all the places in which some other box lies."""
    # A box comes after all that lie in fewer places, so after those that imply it.
    count = held.sum(axis=0)
    order = np.argsort(count, kind="stable")
    sets = held.T[order].astype(np.float32)
    implied = np.empty(len(count), dtype=bool)
    implied[order] = ~_first(sets @ sets.T >= count[order] - 0.5)
    return implied


def _price(held: Bools, aside: Aside, chosen: Ints, over: float = OVER_COST) -> float:
    """In pages, with what pages too many cost."""
    count = _pages(held, chosen)
    return float(count + over * max(0, count - aside.enough) + aside.costs @ _left(held, chosen))


def _optimum(held: Bools, costs: Floats, most: int, enough: int, start: Ints) -> Ints:
    """Solve the programme; `start` where the solver found nothing."""
    lp = _programme(held, costs, most, enough)
    # The class above it prints a banner before it can be told not to.
    solver = _Highs()
    for option, value in OPTIONS.items():
        solver.setOptionValue(option, value)
    if most:
        # To make such a programme smaller first takes twice as long as to solve it, and finds next to nothing.
        solver.setOptionValue("presolve", "off")
    solver.passModel(lp)
    solver.run()
    values = np.array(solver.getSolution().col_value)
    usable = len(values) == lp.num_col_ and solver.getInfo().primal_solution_status == FEASIBLE
    chosen: Ints = np.flatnonzero(values[: len(held)] > 0.5) if usable else start
    return chosen


def _programme(held: Bools, costs: Floats, most: int, enough: int) -> highspy.HighsLp:
    """Unknowns: each place (taken or not), each box (left or not), and pages too many.

    Each box is held or left; pages are not more than enough and those too many; no more boxes are left than may be.
    """
    places, boxes = held.shape
    which, place = np.nonzero(held.T)
    box = np.arange(boxes)
    left, over = places + box, places + boxes
    rows = [which, box, np.full(places + 1, boxes), np.full(boxes, boxes + 1)]
    columns = [place, left, np.append(np.arange(places), over), left]
    factors = [np.ones(len(which) + boxes + places), np.array([-1.0]), np.ones(boxes)]
    row, column, factor = np.concatenate(rows), np.concatenate(columns), np.concatenate(factors)
    order = np.lexsort((column, row))
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = boxes + 2, over + 1
    lp.col_cost_ = np.concatenate([np.ones(places), costs, [OVER_COST]])
    lp.col_lower_ = np.zeros(over + 1)
    lp.col_upper_ = np.concatenate([np.ones(places), np.full(boxes, float(most > 0)), [len(held)]])
    lp.row_lower_ = np.concatenate([np.ones(boxes), [-np.inf, -np.inf]])
    lp.row_upper_ = np.concatenate([np.full(boxes, np.inf), [enough, most]])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(row[order], np.arange(boxes + 3))
    lp.a_matrix_.index_ = column[order]
    lp.a_matrix_.value_ = factor[order]
    lp.integrality_ = [highspy.HighsVarType.kInteger] * places + [highspy.HighsVarType.kContinuous] * (boxes + 1)
    return lp


def _greedy(held: Bools, wanted: Bools) -> Ints:
    """Some choice: again and again the place that holds most of what is not held yet."""
    left = wanted.copy()
    chosen: list[int] = []
    while left.any():
        best = int(np.argmax((held & left).sum(axis=1)))
        assert (held[best] & left).any(), "a box that fits into no rectangle"
        chosen.append(best)
        left &= ~held[best]
    return np.array(chosen, dtype=int)
