"""What is promised of every atlas, each a function over what is seen in its PDF and what the registry says.

None goes by the layout, the labels or the statements of the printing room: a fault of those must not prove itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import shapely

from tests.printing.pdf_text import MM, Text, overlapping
from tests.printing.proofs_codes import check_codes
from tests.printing.proofs_hatches import check_hatches
from tests.printing.proofs_map import check_bar, check_grid, check_labels, check_words_on_map, complete
from tests.printing.proofs_panel import check_cover, check_key_map, check_legend, paints_beside
from tests.printing.seen import CHECKLIST, HERE, PROOF, SMALL, Map, Seen, alike, by_corner, paint_of, viewport
from tests.printing.truth import Parcel

PROOF_CELLS = 40.0
"""So near to a parcel stand its pages on the proof sheet, mm."""
OVERLAP = "Phần in trùng trang khác"
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def check_pages(seen: Seen) -> None:
    """Map pages are counted from 1, and the same count stands on each."""
    count = len(seen.maps)
    assert count
    assert [(each.number, each.total) for each in seen.maps] == [(number + 1, count) for number in range(count)]


def check_order(seen: Seen) -> None:
    """The cover, the map pages in their order, their checklists in the same order, notes on small parcels, and at the
    end the proof sheet; a list that goes on does so on the next page."""
    first, last = seen.maps[0].index, seen.maps[-1].index
    assert [each.index for each in seen.maps] == list(range(first, last + 1))
    assert first > 0
    behind = sorted((each.pages, title) for title, each in seen.lists.items() if each.pages[0] > last)
    assert [page for pages, _ in behind for page in pages] == list(range(last + 1, len(seen.pdf.pages)))
    titles = [title for _, title in behind]
    checklists = [title for title in titles if title.startswith(CHECKLIST)]
    assert titles[: len(checklists)] == checklists
    numbers = [int(title.rpartition(" ")[2]) for title in checklists]
    assert numbers == sorted(numbers)
    assert titles[-1] == PROOF
    assert SMALL not in titles or titles[-2] == SMALL


def check_place(seen: Seen) -> None:
    """The frame is as large on the ground as its scale says, and lies straight: to a centimetre at each corner."""
    for each in seen.maps:
        west, south, east, north = each.frame
        _, corners = viewport(seen.pdf.pages[each.index], seen.ward.srid)
        paper = np.array([(west, south), (west, north), (east, north), (east, south)])
        assert np.abs(each.to_ground(paper) - corners).max() < HERE


def check_bound(seen: Seen) -> None:
    """Few pages: not more than 1.2 × (area of the group ÷ what a page shows) + 3."""
    scale = min(each.scale for each in seen.maps)
    page = next(each.ground.area for each in seen.maps if each.scale == scale)
    assert len(seen.maps) <= 1.2 * shapely.area(seen.shapes).sum() / page + 3, (seen.group, len(seen.maps))


def check_whole(seen: Seen) -> None:
    """Every parcel lies whole on a page."""
    assert not [parcel for parcel in seen.parcels if not seen.whole[parcel.id]]


def check_colours(seen: Seen) -> None:
    """Each parcel is filled with the colour of its status, wherever it is seen."""
    for each in seen.maps:
        touched = np.flatnonzero(shapely.area(shapely.intersection(seen.shapes, each.ground)) > each.metres**2)
        paints = each.paints_of(each.shapes(seen.shapes[touched]), fill=True)
        for index, found in zip(touched.tolist(), paints, strict=True):
            wanted = paint_of(seen.palette.tinted(seen.palette.exact[seen.parcels[index].status].color))
            assert any(np.allclose(paint, wanted, atol=0.002) for paint in found), seen.parcels[index]


def check_texts(seen: Seen) -> None:
    """No text leaves its page, none in the map lies over the frame, and no two overlap."""
    for index, page in seen.pages.items():
        _, _, wide, high = (float(each) * MM for each in seen.pdf.pages[index].MediaBox)
        sheet = shapely.box(0, 0, wide, high)
        assert not [text.said for text in page.texts if not shapely.contains(sheet, text.box)]
        assert not overlapping(page.texts), (seen.group, index)
    for each in seen.maps:
        assert not [text.said for text in each.on_map if not shapely.contains(each.inner, text.box)]


# Lists ---------------------------------------------------------------------------------------------------------------


def check_checklists(seen: Seen) -> None:
    """Each parcel has one row in all checklists, in that of a page on which it lies whole, with what the registry says;
    the map page leads to it and it leads back."""
    rows: Counter[int] = Counter()
    by_cells: dict[tuple[str, ...], Parcel] = {parcel.cells: parcel for parcel in seen.parcels}
    lengths = {len(cells) for cells in by_cells}
    for each in seen.maps:
        found = seen.lists.get(f"{CHECKLIST} {each.number}")
        if found is None:
            continue
        numbers = set()
        for length in lengths:
            for number, *cells in found.windows(length + 1):
                parcel = by_cells.get(tuple(cells))
                if parcel is not None and number.isdigit():
                    rows[parcel.id] += 1
                    numbers.add(int(number))
                    assert each.number in seen.whole[parcel.id], (parcel, each.number)
        assert numbers == set(range(1, len(numbers) + 1))
        assert found.pages[0] in {target for _, target in each.links}
    assert {parcel.id: rows[parcel.id] for parcel in seen.parcels} == dict.fromkeys(seen.whole, 1)


def check_small(seen: Seen) -> None:
    """The notes on small parcels say of each what the registry says, and a page on which it lies whole."""
    if SMALL not in seen.lists:
        return
    listed = seen.lists[SMALL]
    found = {length: set(listed.windows(length)) for length in (4, 5)}
    labelled = complete(seen)
    for parcel in seen.parcels:
        if parcel.id not in labelled:
            rows = {(*parcel.cells, str(number)) for number in seen.whole[parcel.id]}
            assert rows & found[len(parcel.cells) + 1], parcel


def check_proof(seen: Seen) -> None:
    """The proof sheet names for each parcel all the pages on which it lies whole."""
    told: dict[str, set[int]] = {}
    for index in seen.lists[PROOF].pages:
        texts = [text for text in seen.pages[index].texts if text.size < 3]
        keys = [text for text in texts if text.bold and "/" in text.said]
        # Many numbers go on in further lines, in the middle of whose height the parcel is named.
        for text in texts:
            if not text.bold and re.fullmatch(r"[\d ]+", text.said):
                before = [key for key in keys if 0 < text.middle[0] - key.middle[0] < PROOF_CELLS]
                key = min(before, key=lambda key: abs(key.middle[1] - text.middle[1]))
                told.setdefault(key.said, set()).update(map(int, text.said.split()))
    assert {f"{each.sheet}/{each.number}": seen.whole[each.id] for each in seen.parcels} == told


# Pages beside each other ---------------------------------------------------------------------------------------------


def check_references(seen: Seen) -> None:
    """Pages of one scale that share ground refer to each other, from opposite sides, each towards the other."""
    by_number = {each.number: each for each in seen.maps}
    sides = {each.number: _references(each) for each in seen.maps}
    index = {each.number: each.index for each in seen.maps}
    for each in seen.maps:
        for number, (side, text) in sides[each.number].items():
            other = by_number[number]
            assert each.number in sides[number], (each.number, number)
            assert sides[number][each.number][0] == OPPOSITE[side], (each.number, number)
            (x, y), (u, v) = each.ground.centroid.coords[0], other.ground.centroid.coords[0]
            ahead = {"north": v - y, "south": y - v, "east": u - x, "west": x - u}[side]
            assert ahead > 0, (each.number, number, side)
            leads = {target for box, target in each.links if shapely.box(*box).contains(text.box.centroid)}
            assert leads == {index[number]}
        for other in seen.maps:
            if other.number != each.number and other.scale == each.scale:
                shared = each.ground.intersection(other.ground).area > 0
                assert not shared or other.number in sides[each.number], (each.number, other.number)


def check_overlap(seen: Seen) -> None:
    """What another page of the same scale shows, too, is tinted and has a dashed line around it; nothing else."""
    for each in seen.maps:
        others = [other for other in seen.maps if other is not each and other.scale == each.scale]
        both = [each.ground.intersection(other.ground) for other in others]
        wanted = each.shapes(np.array([land for land in both if land.area > each.metres**2], dtype=object))
        (text,) = [text for text in each.page.texts if text.said == OVERLAP]
        (tint,), (line,) = paints_beside(each, text, fill=True), paints_beside(each, text, fill=False)
        tinted = [ring for path in each.drawn if path.filled == tint for ring in path.rings]
        dashed = [ring for path in each.drawn if path.dash and path.stroked == line for ring in path.rings]
        for rings in (tinted, dashed):
            tree = by_corner(rings)
            found = [alike(shapely.get_exterior_ring(shape), rings, tree) for shape in wanted]
            assert all(found), each.number
            assert len(rings) == len(wanted), (each.number, len(rings), len(wanted))


def _references(each: Map) -> dict[int, tuple[str, Text]]:
    """The numbers on the tabs around the frame, each with its side."""
    _, south, east, north = each.frame
    found = {}
    for text in each.page.texts:
        match = re.fullmatch(r"[↑↓←→] (\d+)", text.said)
        if match is None:
            continue
        x, y = text.middle
        side = "north" if y > north else "south" if y < south else "east" if x > east else "west"
        assert min(text.paint) == 1
        found[int(match[1])] = (side, text)
    return found


Check = Callable[[Seen], None]
CHECKS: list[Check] = [
    *(check_pages, check_order, check_place, check_bound, check_whole, check_colours, check_texts),
    *(check_grid, check_bar, check_labels, check_words_on_map),
    *(check_checklists, check_small, check_proof, check_references, check_overlap),
    *(check_key_map, check_legend, check_hatches, check_codes, check_cover),
]
"""All of them."""
