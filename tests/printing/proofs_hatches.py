"""What is promised of the hatches: those of the palette, the same in the legend as on the map; see `proofs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisland.palette import Palette
from tests.printing.pdf_text import Page, Path, Rings, Text
from tests.printing.seen import NEAR, Seen, alike, by_corner, paint_of

Marks = tuple[float, ...]
"""Lines of one direction, or dots: degrees counter-clockwise from east (-1: dots), distance and width (mm), paint."""
DOTS = -1.0
SMALLEST = 2.0
"""Square millimetres of a parcel in which something of its hatch is seen."""
LIGHTEST = 0.46
"""Lines are no lighter: the grey of the lightest; 1 is white."""


def check_hatches(seen: Seen) -> None:
    """Each parcel bears the hatch of its status and nothing else bears one; the samples of the legend have the same."""
    for each in seen.maps:
        drawn = hatched(path for path in each.page.paths if path.clip is not None)
        rings = [ring for clip, _ in drawn for ring in clip]
        marks = [found for clip, paths in drawn for found in [_marks(clip, paths)] * len(clip)]
        tree, right = by_corner(rings), np.zeros(len(rings), dtype=bool)
        for index in np.flatnonzero(shapely.intersects(seen.shapes, each.ground)).tolist():
            hatch = wanted(seen.palette, seen.parcels[index].status)
            for ring in shapely.get_rings(*each.shapes(seen.shapes[[index]])):
                # Two parcels may lie in one place. Where the frame cuts off nearly all of one, no line may be left.
                same = [at for at in alike(ring, rings, tree) if _equal(marks[at], hatch)]
                left = shapely.area(shapely.intersection(shapely.polygons(ring), each.inner))
                assert same or not hatch or left < SMALLEST, seen.parcels[index]
                right[same] = True
        assert right.all(), (each.number, [marks[at] for at in np.flatnonzero(~right)])
        check_samples(each.page, seen.palette, {parcel.status for parcel in seen.parcels})


def check_samples(page: Page, palette: Palette, statuses: Iterable[str], larger: float = 1.0) -> None:
    """In the sample of each status in the legend of a page is its hatch, as it is on the map.

    Args:
        page: with a legend.
        palette: of its reader.
        statuses: of the parcels on the map.
        larger: how many times larger than usual the legend is drawn.
    """
    drawn = hatched(path for path in page.paths if path.clip is None)
    for status in statuses:
        label = palette.exact[status].label
        # The name of a status may be a heading, too.
        beside = [_beside(text, larger) for text in page.texts if text.said in {label.vi, label.en}]
        assert beside, status
        found = [
            _marks(rings, paths) for rings, paths in drawn if shapely.contains(shapely.Polygon(rings[0]), beside).any()
        ]
        right = wanted(palette, status)
        assert len(found) == bool(right), (status, found)
        assert not np.isnan([marks for each in found for marks in each]).any(), status
        assert all(_equal(marks, right) for marks in found), (status, found, right)


def check_same(page: Page, palette: Palette, statuses: Iterable[str], larger: float = 1.0) -> None:
    """What is hatched on the map of a page is as in its legend; see `check_samples`."""
    statuses = list(statuses)
    check_samples(page, palette, statuses, larger)
    right = [wanted(palette, status) for status in statuses]
    for rings, paths in hatched(path for path in page.paths if path.clip is not None):
        assert any(_equal(_marks(rings, paths), each) for each in right)


def _beside(text: Text, larger: float) -> shapely.Point:
    """A point in the sample at the left of a text."""
    return shapely.Point(text.box.bounds[0] - 6 * larger, text.middle[1])


def wanted(palette: Palette, status: str) -> list[Marks]:
    """The hatch of a status, as the palette has it; white lines are as those of outlines."""
    look = palette.exact[status]
    hatch = palette.hatch_of(look)
    if hatch is None:
        return []
    paint = np.array(paint_of(palette.stroke if look.color == palette.paper else look.color))
    paint = paint * min(1.0, LIGHTEST / float(paint @ (0.299, 0.587, 0.114)))
    return [(float(angle), hatch.spacing, hatch.width, *paint) for angle in sorted(hatch.lines or (DOTS,))]


def hatched(paths: Iterable[Path]) -> list[tuple[Rings, list[Path]]]:
    """The polygons that are hatched, all of one hatch together, and what is drawn within them."""
    clips: dict[int, tuple[Rings, list[Path]]] = {}
    for path in paths:
        if path.within is not None and path.stroked is not None:
            clips.setdefault(id(path.within), (path.within, []))[1].append(path)
    return list(clips.values())


def _marks(rings: Rings, paths: list[Path]) -> list[Marks]:
    """The patterns within polygons. Of what is drawn in one direction the first is the pattern; more are single marks
    in parcels that would show none of it."""
    found: dict[float, Marks] = {}
    for path in paths:
        lines = np.array(path.lines)
        angle = DOTS if path.dash else _angle(lines)
        if angle is None or angle in found:
            continue
        found[angle] = (angle, _distance(lines, path, angle, rings), path.thick, *(path.stroked or ()))
    return [found[angle] for angle in sorted(found)]


def _angle(lines: NDArray[Any]) -> float | None:
    """The direction of lines, degrees; None: points, or not all run the same way."""
    (x, y) = (lines[:, 1] - lines[:, 0]).T
    if not (np.hypot(x, y) > 0.01).all():
        return None
    angles = np.degrees(np.arctan2(y, x)) % 180
    angles = np.where(angles > 179.9, angles - 180, angles)
    return round(float(angles.mean())) if np.ptp(angles) < 0.1 else None


def _distance(lines: NDArray[Any], path: Path, angle: float, rings: Rings) -> float:
    """Of lines, mm; they are as far apart everywhere, and leave no side of the polygons out. Of one line: not known."""
    turn = np.radians(max(angle, 0.0))
    across = np.array([-np.sin(turn), np.cos(turn)])
    at = np.sort(lines[:, 0] @ across)
    apart = path.dash[1] if path.dash else float(np.diff(at).mean()) if len(at) > 1 else np.nan
    assert np.allclose(np.diff(at), apart, atol=NEAR)
    over = np.concatenate(rings) @ across
    if path.clip is None:
        assert at[0] - over.min() < apart + NEAR
        assert over.max() - at[-1] < apart + NEAR
    return apart


def _equal(found: list[Marks], right: list[Marks]) -> bool:
    """Whether marks are those; of a single line, where it is all that a page shows of a hatch, nobody knows how far the
    next one would be."""
    if np.shape(found) != np.shape(right):
        return False
    return np.allclose(np.where(np.isnan(found), right, found), right, atol=NEAR)
