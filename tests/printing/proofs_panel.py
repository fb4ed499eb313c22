"""What is promised of all that stands beside the maps of an atlas: key map, legend, cover; see `proofs`."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tests.printing.pdf_text import Text
from tests.printing.seen import CHECKLIST, CONTENTS, Map, Seen, paint_of


def check_key_map(seen: Seen) -> None:
    """The key map has the outline of each page where it lies to the others, and the one of this page is lit."""
    grounds = np.array([each.ground.bounds for each in seen.maps])
    for each in seen.maps:
        outlines, stroked = _outlines(each, len(seen.maps))
        # One factor and one shift bring all from the ground onto the key map.
        size = (outlines[:, 2] - outlines[:, 0]) / (grounds[:, 2] - grounds[:, 0])
        assert np.ptp(size) < 0.01 * size[0]
        shift = outlines - grounds * size.mean()
        assert np.ptp(shift[:, 0::2]) < 0.1
        assert np.ptp(shift[:, 1::2]) < 0.1
        lit = [number for number, paint in enumerate(stroked, start=1) if max(paint) > 0.5]
        assert lit == [each.number]
        yellow = [path for path in each.around if path.filled and np.allclose(path.filled, (1, 0.86, 0.35), atol=0.01)]
        ground = shapely.intersection(seen.ground, each.ground).area
        tinted = sum(_area(path.rings) for path in yellow)
        assert abs(tinted / size.mean() ** 2 - ground) < 0.05 * ground + 2 / size.mean() ** 2
        (west, south, east, north), red = outlines[each.number - 1], stroked[each.number - 1]
        within = shapely.box(west, south, east, north)
        assert [text.said for text in each.page.texts if text.paint == red and within.contains(text.box.centroid)] == [
            str(each.number)
        ]


def _outlines(each: Map, count: int) -> tuple[NDArray[Any], list[tuple[float, ...]]]:
    """The rectangles of a key map, and the paint of their lines: rings like the frame, each drawn by itself."""
    west, south, east, north = each.frame
    wide = (east - west) / (north - south)
    found, paints = [], []
    for path in each.around:
        if path.stroked is None or path.filled is not None or len(path.rings) != 1 or len(path.rings[0]) != 4:
            continue
        ring = path.rings[0]
        (x, y), (u, v) = ring.min(axis=0), ring.max(axis=0)
        straight = np.minimum(np.abs(ring - (x, y)), np.abs(ring - (u, v))).max() < 1e-6
        outside = not each.inner.intersects(shapely.box(x, y, u, v))
        if straight and outside and abs((u - x) / (v - y) - wide) < 0.02 * wide:
            found.append((x, y, u, v))
            paints.append(path.stroked)
    assert len(found) == count, (each.number, len(found))
    return np.array(found), paints


def _area(rings: list[NDArray[Any]]) -> float:
    """Of rings whose holes run the other way."""
    doubled = 0.0
    for ring in rings:
        x, y = ring.T
        doubled += float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    return abs(doubled) / 2


def check_legend(seen: Seen) -> None:
    """The legend has the statuses that there are, and each beside its own colour."""
    there = {parcel.status for parcel in seen.parcels}
    for each in seen.maps:
        for name, look in seen.palette.exact.items():
            texts = [text for text in each.page.texts if text.said == look.label.vi]
            assert len(texts) == (name in there), (name, each.number)
            for text in texts:
                right = paint_of(seen.palette.tinted(look.color))
                paints = paints_beside(each, text, fill=True)
                assert any(np.allclose(paint, right, atol=0.002) for paint in paints), (name, each.number)


def paints_beside(each: Map, text: Text, *, fill: bool) -> set[tuple[float, ...]]:
    """In which paints the field at the left of a text of the legend is filled, or its outline drawn."""
    beside = (text.box.bounds[0] - 6, text.middle[1])
    found: set[tuple[float, ...]] = set()
    for path in each.around:
        paint = path.filled if fill else path.stroked
        if paint is not None and paint not in found and any(_lies_in(beside, ring) for ring in path.rings):
            found.add(paint)
    return found


def _lies_in(point: tuple[float, float], ring: NDArray[np.float64]) -> bool:
    # Most are far away, and a polygon takes longer to make than its box.
    near = (ring.min(axis=0) <= point).all() and (ring.max(axis=0) >= point).all()
    return bool(near) and shapely.Polygon(ring).contains(shapely.Point(point))


def check_cover(seen: Seen) -> None:
    """The counts on the cover are those of the registry, and its contents those of the pages."""
    (cover,) = [found for title, found in seen.lists.items() if found.pages == [0]]
    contents = seen.lists.get(CONTENTS, cover)
    rows = {3: set(cover.windows(3)), 4: set(contents.windows(4))}
    count = len(seen.parcels)
    for status, many in Counter(parcel.status for parcel in seen.parcels).items():
        share = f"{many / count * 100:.1f}".replace(".", ",")
        assert (seen.palette.exact[status].label.vi, str(many), share) in rows[3], status
    assert ("Cộng", str(count), "100,0") in rows[3]
    assert f"{count} thửa" in " ".join(said for line in cover.lines for said in line)
    total = 0
    for each in seen.maps:
        its = seen.lists.get(f"{CHECKLIST} {each.number}")
        pages = [index + 1 for index in its.pages] if its else []
        wanted = "–" if not pages else str(pages[0]) if len(pages) == 1 else f"{pages[0]}–{pages[-1]}"
        found = [row[1:] for row in rows[4] if row[0] == str(each.number) and row[1].startswith("1:")]
        if not found:
            # A scale that its cell has no room for is on two lines.
            begun = f"1:{each.scale:,} (".replace(",", " ")
            said = [cell for line in contents.lines for cell in line if cell.startswith(begun)]
            rest = {row for row in contents.windows(3) if (row[0], row[2]) == (str(each.number), wanted)}
            found = [(said[0], *row[1:]) for row in rest if said and row[1].isdigit()]
        assert len(found) == 1, (each.number, contents.lines)
        scale, parcels, listed = found[0]
        assert re.sub(r"\D", "", scale.partition(" (")[0].partition(":")[2]) == str(each.scale)
        total += int(parcels)
        assert listed == wanted
    assert total == count
