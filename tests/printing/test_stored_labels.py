"""Labels that somebody placed, read from the paper: where they stand, and what the proof sheet says of them."""

from __future__ import annotations

import shapely

from gisland.database import run
from gisland.printing.labels import Stored
from gisland.printing.sheet import SheetOrder, print_sheet
from tests.printing.conftest import ADMIN, Land, Print
from tests.printing.pdf_text import Text, opened, overlapping, read_page

NEAR = 0.3
"""So far a label may stand from its place, mm on paper."""


def place(land: Land, parcel: int, east: float, north: float, angle: float | None) -> None:
    query = "UPDATE registry.parcel SET label_east = %s, label_north = %s, label_angle = %s WHERE id = %s"
    run(land.settings, lambda c: c.execute(query, [594000 + east, 2309000 + north, angle, parcel]))


def written(texts: list[Text], *said: str) -> list[Text]:
    return [next(text for text in texts if text.said == each and text.middle[0] < 330) for each in said]


def off(texts: list[Text], x: float, y: float) -> float:
    """How far the middle of what is written stands from a point of the page, mm."""
    middle = shapely.unary_union([text.box for text in texts]).minimum_rotated_rectangle.centroid
    return float(shapely.distance(middle, shapely.Point(x, y)))


def test_labels_stand_where_they_were_placed(draw: Print, land: Land) -> None:
    wide = land.add("POLYGON((0 0,60 0,60 40,0 40,0 0))", "101")
    place(land, wide, 48.0, 30.0, 40.0)
    strip = land.add("POLYGON((60 0,60.8 0,60.8 40,60 40,60 0))", "102")
    place(land, strip, 60.4, 9.0, 0.0)
    first = land.square(61, 0, 30, "103")
    second = land.square(62, 1, 30, "104")
    for parcel in (first, second):
        place(land, parcel, 76, 15, None)
    printed = draw(scale=500)
    page = printed.edition.layout.pages[0]
    pdf = opened(printed.content)
    texts = read_page(pdf, 1)[0]
    frame = printed.edition.paper.frame

    def on_paper(east: float, north: float) -> tuple[float, float]:
        return (
            frame.x + (594000 + east - page.place.west) * 1000 / 500,
            frame.y + (2309000 + north - page.place.south) * 1000 / 500,
        )

    fraction = written(texts, "ODT", "101", "2400,0")
    assert {round(text.angle, 1) for text in fraction} == {40.0}
    assert off(fraction, *on_paper(48.0, 30.0)) < NEAR
    (number,) = written(texts, "102")
    assert off([number], *on_paper(60.4, 9.0)) < NEAR
    labels = printed.labelled[1]
    assert [labels.stored_of(index) for index in range(4)] == [Stored.KEPT] * 3 + [Stored.MET]
    assert overlapping([text for text in texts if text.middle[0] < 330]) == []
    proof = " ".join(text.said for text in read_page(pdf, len(pdf.pages) - 1)[0])
    for said in ("nhãn đầy đủ; chỗ đã lưu", "chỉ số thửa; chỗ đã lưu", "không ở chỗ đã lưu: vướng nhãn khác"):
        assert said in proof
    # The sheet has it there, too.
    sheet = print_sheet(land.settings, ADMIN, SheetOrder("11311", "12", paper="auto"))
    (again,) = written(read_page(opened(sheet.content), 0)[0], "102")
    assert again.angle == 0
