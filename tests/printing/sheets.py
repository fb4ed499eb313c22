"""What is promised of a sheet of the cadastral map, from its PDF and a query of the registry; see `proofs`."""

from __future__ import annotations

import re

import numpy as np
import pikepdf
import shapely

from gisland.printing.frames import direction, named_rectangle
from tests.printing.pdf_text import MM, opened, overlapping, see_page
from tests.printing.proofs_map import check_bar_of
from tests.printing.seen import HERE, Map, lines_of, only, viewport
from tests.printing.truth import Ward

WIDE, HIGH = 16.0, 8.0
"""A cell of the joining box, mm."""
NEXT = 0.01
"""Parcels of two sheets that are not further apart lie side by side, metres."""
SIGNERS = ("Đơn vị đo vẽ", "Người kiểm tra", "Ủy ban nhân dân cấp xã", "Sở Nông nghiệp")


def seen_sheet(pdf: pikepdf.Pdf, srid: int) -> Map:
    """The map of a sheet."""
    page = see_page(pdf, 0)
    (scale,) = only(r"^TỶ LỆ 1:([\d\s]+)$", "\n".join(text.said for text in page.texts))
    frame, corners = viewport(pdf.pages[0], srid)
    west, south = corners[0].tolist()
    found = Map(0, 1, 1, int(re.sub(r"\s", "", scale)), frame, (west, south), page, [])
    right = np.array([(frame[0], frame[1]), (frame[0], frame[3]), (frame[2], frame[3]), (frame[2], frame[1])])
    assert np.abs(found.to_ground(right) - corners).max() < HERE
    return found


def check_sheet(content: bytes, ward: Ward, sheet: str) -> None:
    """Every parcel is drawn, and labelled in full or listed; what the frame cuts is told; no texts overlap."""
    pdf = opened(content)
    seen = seen_sheet(pdf, ward.srid)
    own = [index for index, parcel in enumerate(ward.parcels) if parcel.sheet == sheet]
    on_paper = seen.shapes(ward.shapes[own])
    drawn = seen.paints_of(on_paper, fill=False)
    assert not [ward.parcels[index] for index, paints in zip(own, drawn, strict=True) if not paints]
    pages = [seen.page, *(see_page(pdf, index) for index in range(1, len(pdf.pages)))]
    for index, page in enumerate(pages):
        _, _, wide, high = (float(each) * MM for each in pdf.pages[index].MediaBox)
        assert not [text.said for text in page.texts if not shapely.box(0, 0, wide, high).contains(text.box)]
        assert not overlapping(page.texts), (sheet, index, overlapping(page.texts)[:5])
    check_bar_of(seen.page, seen.scale)
    check_joining(seen, ward, sheet)
    check_signatures(seen)
    said = " ".join(text.said for text in seen.page.texts)
    assert f"Tổng số thửa trong tờ: {len(own)}." in said
    lines = [line for page in pages for line in lines_of(page.texts)]
    listed = {tuple(line[at : at + size]) for line in lines for size in (2, 3) for at in range(len(line))}
    for index, shape in zip(own, on_paper, strict=True):
        parcel = ward.parcels[index]
        within = {text.said for text in seen.on_map if shape.contains(text.box.centroid)}
        assert parcel.words <= within or parcel.line in within or parcel.cells[1:] in listed, parcel
        if not shapely.box(*seen.frame).buffer(0.01).contains(shape):
            assert "Thửa vẽ không hết" in said


def check_joining(seen: Map, ward: Ward, sheet: str) -> None:
    """The joining box has this sheet in its middle and each other one on its side; none that touches it is missing.

    A large parcel may reach through a whole sheet into the next but one, which is not beside it: names tell where.
    """
    (heading,) = [text for text in seen.page.texts if text.said == "Sơ đồ ghép tờ"]
    left, top = heading.box.bounds[0], heading.box.bounds[1]
    box = shapely.box(left - 0.5, top - 3 * HIGH - 3, left + 3 * WIDE + 0.5, top)
    cells = [text for text in seen.page.texts if text is not heading and box.contains(text.box)]
    (own,) = [text for text in cells if text.bold]
    assert own.said == sheet
    lands = {each: ward.shapes[[p.sheet == each for p in ward.parcels]] for each in {p.sheet for p in ward.parcels}}
    boxes = {each: shapely.box(*shapely.total_bounds(land)) for each, land in lands.items()}
    here, told = boxes[sheet].centroid, set()
    for text in cells:
        if text is not own:
            across = round((text.middle[0] - own.middle[0]) / WIDE), round((text.middle[1] - own.middle[1]) / HIGH)
            assert across != (0, 0), text.said
            for other in text.said.rstrip("…").split(", "):
                told.add(other)
                there = boxes[other].centroid
                # Not on the opposite side: at the border of a ward its land leaves most of a frame empty.
                east, north = (there.x - here.x) * across[0], (there.y - here.y) * across[1]
                assert east >= 0 or north >= 0, (sheet, other, across)
    near = ward.tree.query(lands[sheet], predicate="dwithin", distance=NEXT)[1].tolist()
    frames = {each: named_rectangle(ward.names[each], boxes[each].bounds) for each in boxes}

    def beside(other: str) -> bool:
        own, its = frames[sheet], frames[other]
        return own is None or its is None or max(map(abs, direction(own, its))) == 1

    touching = {other for other in {ward.parcels[index].sheet for index in near} - {sheet} if beside(other)}
    cut_off = any(text.said.endswith("…") for text in cells)
    assert cut_off or touching <= told, (sheet, touching - told)


def check_signatures(seen: Map) -> None:
    """Who signs stands beside each other below the map, in the order in which they sign."""
    found = [[text for text in seen.page.texts if text.said.startswith(each)] for each in SIGNERS]
    places = [each[0].middle for each in found]
    assert [len(each) for each in found] == [1] * len(SIGNERS)
    assert places == sorted(places)
    assert max(y for _, y in places) < seen.frame[1]
