"""What is promised of the map of each page of an atlas: grid, scale bar, and what is written on it; see `proofs`."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tests.printing.pdf_text import Page, Text
from tests.printing.seen import HERE, SMALL, Map, Seen


def check_grid(seen: Seen) -> None:
    """The values around the frame equal the coordinates of their ticks; each line has its value on both sides, and
    where two lines meet in the frame there is a cross.
    """
    for each in seen.maps:
        step = each.scale / 10
        west, south, east, north = each.ground.bounds
        wanted = {
            "east": _multiples(west, east, step),
            "north": _multiples(south, north, step),
        }
        for axis, side in (("east", 0), ("east", 1), ("north", 0), ("north", 1)):
            told = sorted(_told(each, axis, side))
            assert told == wanted[axis], (each.number, axis, told)
        at = each.to_paper(np.array([(x, y) for x in wanted["east"] for y in wanted["north"]]).reshape(-1, 2))
        for horizontal in (True, False):
            arms = _arms(each, horizontal=horizontal)
            near = shapely.STRtree(shapely.points(arms)).query(shapely.points(at), predicate="dwithin", distance=0.01)[
                0
            ]
            assert set(near.tolist()) == set(range(len(at))), (each.number, horizontal)


def _multiples(low: float, high: float, step: float) -> list[int]:
    return [round(step * number) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _arms(each: Map, *, horizontal: bool) -> NDArray[Any]:
    """The middles of the lines of four millimetres in the frame that run east, or north."""
    lines = [line for path in each.drawn if path.stroked is not None for line in path.lines if len(line) == 2]
    ends = np.array(lines).reshape(-1, 2, 2)
    size = np.abs(ends[:, 1] - ends[:, 0])
    along, across = size.T if horizontal else size.T[::-1]
    arms: NDArray[Any] = ends[(np.abs(along - 4) < 0.01) & (across < 0.01)].mean(axis=1)
    return arms


def _told(each: Map, axis: str, side: int) -> list[int]:
    """The values that stand on a side of the frame, each beside the tick that it is of."""
    along, across = (0, 1) if axis == "east" else (1, 0)
    edge = each.frame[across + 2 * side]
    low, high = each.frame[along], each.frame[along + 2]
    ticks = _ticks(each, along, across, edge)
    found = []
    for text in each.page.texts:
        off = text.middle[across] - edge
        beside = 0.5 < (off if side else -off) < 5 and low - 1 < text.middle[along] < high + 1
        turned = abs(text.angle - (0 if axis == "east" else 90)) < 1
        if not (beside and turned and re.fullmatch(r"\d{1,3}(\s\d{3})+", text.said)):
            continue
        value = int(re.sub(r"\D", "", text.said))
        ground = each.to_ground(np.array([(tick, tick) for tick in ticks]))[:, along]
        nearest = int(np.argmin(np.abs(ground - value)))
        # The file has three decimals of a millimetre.
        assert abs(ground[nearest] - value) < HERE + 0.002 * each.metres, (value, ground)
        # It stands at its tick; near a corner it gives way, until its end is that of the frame.
        begin, end = (text.box.bounds[along + 2 * part] for part in (0, 1))
        at_corner = abs(begin - low) < 0.3 or abs(end - high) < 0.3
        assert abs(text.middle[along] - ticks[nearest]) < 0.3 or (
            at_corner and begin - 0.3 < ticks[nearest] < end + 0.3
        )
        found.append(value)
    return found


def _ticks(each: Map, along: int, across: int, edge: float) -> list[float]:
    """Where short lines lead outwards from a side of the frame."""
    found = set()
    for path in each.around:
        for line in path.lines if path.stroked is not None else ():
            size = np.abs(line[1] - line[0])
            outwards = size[along] < 0.01 and abs(size[across] - 1) < 0.01
            if outwards and np.abs(line[:, across] - edge).min() < 0.01:
                found.add(round(float(line[0, along]), 3))
    return sorted(found)


def check_bar(seen: Seen) -> None:
    """The scale bar of each map page is right."""
    for each in seen.maps:
        check_bar_of(each.page, each.scale)


def check_bar_of(page: Page, scale: int, larger: float = 1.0) -> None:
    """The scale bar is as long as it says, within 0.2 mm, and its middle is in its middle.

    Args:
        page: with one bar.
        scale: of its map.
        larger: how many times larger than usual the bar is drawn.
    """
    parts = [
        (float(ring[:, 0].min()), float(ring[:, 0].max()), path.filled, round(float(ring[:, 1].min()), 1))
        for path in page.paths
        for ring in path.rings
        if path.clip is None and abs(np.ptp(ring[:, 1]) - 1.3 * larger) < 0.01 and np.ptp(ring[:, 0]) > 3
    ]
    # A page on the key map may be as high; it is not beside the black parts.
    (bottom,) = {bottom for _, _, filled, bottom in parts if filled == (0, 0, 0)}
    bar = sorted({(begin, end, filled is not None) for begin, end, filled, low in parts if low == bottom})
    assert [filled for _, _, filled in bar] == [True, False, True, False]
    assert np.allclose([end for _, end, _ in bar[:-1]], [begin for begin, _, _ in bar[1:]], atol=0.01)
    begin, middle, end = bar[0][0], bar[1][1], bar[-1][1]
    beneath = shapely.box(begin - 4 * larger, bottom - 4 * larger, end + 8 * larger, bottom)
    said = {text.said: text.middle[0] for text in page.texts if beneath.contains(text.box)}
    (last,) = [each for each in said if re.fullmatch(r"[\d,]+ m", each)]
    metres = float(last.removesuffix(" m").replace(",", "."))
    assert abs(end - begin - metres / scale * 1000) < 0.2
    assert abs(said["0"] - begin) < 0.2
    assert abs(said[f"{metres / 2:g}".replace(".", ",")] - middle) < 0.2
    # Its number stands under the end, the unit after it.
    assert said[last] - 3 * larger < end < said[last]


# Labels --------------------------------------------------------------------------------------------------------------


def complete(seen: Seen) -> set[int]:
    """The ids of the parcels in which number, area and land type stand on some page."""
    found = set()
    for each in seen.maps:
        for parcel, said in zip(seen.parcels, _said_in(seen, each), strict=True):
            if parcel.line in said or parcel.words <= said:
                found.add(parcel.id)
    return found


def _said_in(seen: Seen, each: Map) -> list[set[str]]:
    """The black texts whose middle lies in each parcel."""
    texts = [text for text in each.on_map if not any(text.paint)]
    said: list[set[str]] = [set() for _ in seen.parcels]
    points = shapely.points([text.middle for text in texts])
    for parcel, text in shapely.STRtree(points).query(each.shapes(seen.shapes), predicate="contains").T.tolist():
        said[parcel].add(texts[text].said)
    return said


def check_labels(seen: Seen) -> None:
    """Each parcel is labelled in full on the map, or stands in the notes on small parcels."""
    listed = set(seen.lists[SMALL].windows(2)) if SMALL in seen.lists else set()
    labelled = complete(seen)
    assert not [each for each in seen.parcels if (each.id in labelled) == ((each.sheet, each.number) in listed)]


def check_words_on_map(seen: Seen) -> None:
    """Whatever is written in a frame is what the registry says of the ground under it, or is led there by a line."""
    for each in seen.maps:
        texts = each.on_map
        under: list[list[int]] = [[] for _ in texts]
        points = shapely.points(each.to_ground(np.array([text.middle for text in texts]).reshape(-1, 2)))
        for text, index in seen.ward.tree.query(points, predicate="within").T.tolist():
            under[text].append(index)
        for text, indexes in zip(texts, under, strict=True):
            assert _is_true(seen, each, text, indexes), (each.number, text.said, text.middle)


def _is_true(seen: Seen, each: Map, text: Text, under: list[int]) -> bool:
    parcels = [seen.ward.parcels[index] for index in under]
    if not any(text.paint):
        own = [parcel for parcel in parcels if parcel.group == seen.group]
        inside = any(text.said in parcel.words | {parcel.line} for parcel in own)
        return inside or (text.bold and text.said in {seen.parcels[at].number for at in _led(seen, each, text)})
    if match := re.fullmatch(r"Tờ (\S+)", text.said):
        # It may stand beside its sheet, on a street.
        near = seen.ward.tree.query(
            shapely.points(*each.to_ground(np.array(text.middle))), predicate="dwithin", distance=15 * each.metres
        )
        return match[1] in {seen.ward.parcels[index].sheet for index in near}
    # Grey: what is not of the group.
    return text.said in {parcel.number for parcel in parcels if parcel.group != seen.group}


def _led(seen: Seen, each: Map, text: Text) -> list[int]:
    """The parcels of the group from which a thin line leads to a text."""
    ends = [
        line
        for path in each.drawn
        if path.stroked is not None and abs(path.thick - 0.12) < 0.01
        for line in path.lines
        if len(line) == 2 and shapely.distance(text.box, shapely.points(line[1])) < 1.0
    ]
    if not ends:
        return []
    starts = shapely.points(each.to_ground(np.array([line[0] for line in ends])))
    places = shapely.STRtree(starts).query(seen.shapes, predicate="intersects")[0]
    return sorted(set(places.tolist()))
