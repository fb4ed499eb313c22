"""Map sheets: the rectangle of a name, the paper that is taken, and that figures and places on the sheet are right."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import shapely
from psycopg import Connection

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.demo.sheets import sheet_names
from gisland.errors import NotFound, UsageError
from gisland.printing.frames import direction, frame_of, named_rectangle, rectangle_of
from gisland.printing.model import decimal
from gisland.printing.scene import points_to_paper
from gisland.printing.sheet import PrintedSheet, SheetOrder, print_sheet
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_sheet, one
from tests.printing.conftest import ADMIN, Land
from tests.printing.outside import check_file, check_position
from tests.printing.pdf_text import opened, read_page
from tests.printing.sheets import check_sheet, seen_sheet
from tests.printing.truth import read_ward

VIEWER = Subject("account:viewer", (Grant(Role.VIEWER, 1),))


@pytest.fixture(scope="module")
def sheet(demo: Settings) -> PrintedSheet:
    """The fullest sheet of the demo ward."""
    query = "SELECT sheet_no FROM registry.map_sheet JOIN registry.parcel ON map_sheet_id = map_sheet.id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"  # noqa: E501
    with connect(demo, DatabaseRole.APP) as connection:
        number = str(one(connection, query))
    return print_sheet(demo, ADMIN, SheetOrder("11311", number))


def test_names_of_sheets() -> None:
    """The circular's own examples, and what the demo calls its sheets."""
    near = (500_000.0, 725_000.0)
    assert rectangle_of("10-728494", near) == (494_000, 722_000, 500_000, 728_000)
    assert rectangle_of("725497", near) == (497_000, 722_000, 500_000, 725_000)
    assert rectangle_of("725500-6", near) == (502_000, 723_000, 503_000, 724_000)
    assert rectangle_of("725500-6-d", near) == (502_500, 723_000, 503_000, 723_500)
    assert rectangle_of("725500-6-(11)", near) == (502_500, 723_250, 502_750, 723_500)
    assert rectangle_of("725500-6-25", near) == (502_400, 723_700, 502_500, 723_800)
    for wrong in ("", "Tờ 5", "725500-0", "725500-6-e", "725500-6-(17)", "725500-6-101", "725500-6-(0)"):
        assert rectangle_of(wrong, near) is None
    cells, sides = np.array([[1187, 4616], [2377, 9233]]), np.array([500.0, 250.0])
    for name, cell, side in zip(sheet_names(cells, sides).tolist(), cells, sides, strict=True):
        west, south = cell * side
        assert rectangle_of(name, (west + 1, south + 1)) == (west, south, west + side, south + side)


def test_frames_hold_the_parcels() -> None:
    named = frame_of("725500-6-d", 1000, (502_510, 723_010, 502_990, 723_490))
    assert (named.west, named.south, named.width, named.height) == (502_500, 723_000, 500, 500)
    # Wider by ten centimetres on paper where parcels lie further out.
    assert frame_of("725500-6-d", 1000, (502_510, 723_010, 503_020, 723_490)).width == 600
    free = frame_of("", 500, (1003, 2003, 1040, 2060))
    assert (free.west, free.south, free.width, free.height) == (1000, 2000, 50, 75)
    # A name of another place is wrong: neither the frame nor the joining diagram goes by it.
    elsewhere = (512_510, 723_010, 512_990, 723_490)
    assert named_rectangle("725500-6-d", elsewhere) is None
    assert frame_of("725500-6-d", 1000, elsewhere) == frame_of("", 1000, elsewhere)


def test_where_sheets_lie_to_each_other() -> None:
    own = (500.0, 500.0, 1000.0, 1000.0)
    # Those of a larger scale beside it: four touch a side, one a corner, one lies in it, one further on.
    for west, south, step in [
        (1000, 500, (1, 0)),
        (1000, 750, (1, 0)),
        (250, 750, (-1, 0)),
        (500, 1000, (0, 1)),
        (750, 250, (0, -1)),
        (1000, 1000, (1, 1)),
        (250, 250, (-1, -1)),
        (750, 750, (0, 0)),
        (1250, 500, (2, 0)),
        (500, 0, (0, -2)),
    ]:
        assert direction(own, (west, south, west + 250.0, south + 250.0)) == step


def test_the_frame_is_that_of_the_name(land: Land) -> None:
    name = "310593-2-(13)"
    query = "UPDATE registry.map_sheet SET name = %s WHERE id = %s"
    run(land.settings, lambda connection: connection.execute(query, [name, land.sheet]))
    land.square(20, 20, 40, "1")
    printed = print_sheet(land.settings, ADMIN, SheetOrder("11311", "12"))
    pdf = opened(printed.content)
    seen = seen_sheet(pdf, 9210)
    assert seen.ground.bounds == pytest.approx((594_000, 2_309_000, 594_250, 2_309_250), abs=0.01)
    said = [text.said for text in seen.page.texts]
    assert f"Phiên hiệu mảnh: {name}" in said
    # The kilometres of its corners: at both ends of each side.
    for corner in ("594 km", "594,25 km", "2309 km", "2309,25 km"):
        assert said.count(corner) == 2, corner
    check_sheet(printed.content, read_ward(land.settings), "12")


def test_each_sheet_of_a_demo_ward_keeps_what_is_promised(demo: Settings) -> None:
    """All 89 of the large one: `make proof`."""
    ward = read_ward(demo)
    for sheet in sorted({parcel.sheet for parcel in ward.parcels}):
        check_sheet(print_sheet(demo, ADMIN, SheetOrder("11311", sheet)).content, ward, sheet)


def test_a_street_that_reaches_far_is_cut_at_the_frame(land: Land) -> None:
    def rename(connection: Connection) -> None:
        for sheet, name in [(land.sheet, "(13)"), (near.sheet, "(14)"), (far.sheet, "(15)")]:
            query = "UPDATE registry.map_sheet SET name = %s WHERE id = %s"
            connection.execute(query, [f"310593-2-{name}", sheet])

    near, far = (replace(land, sheet=run(land.settings, partial(make_sheet, ward=land.ward, sheet_no=n))) for n in "89")
    run(land.settings, rename)
    land.square(2, 2, 40, "1")
    land.add("POLYGON((60 100, 1400 100, 1400 112, 60 112, 60 100))", "2", land_type="DGT")
    near.square(255, 2, 40, "3")
    far.square(505, 2, 40, "4")
    done = print_sheet(land.settings, ADMIN, SheetOrder("11311", "12"))
    place = done.edition.layout.pages[0].place
    # The frame of its name, and no more than 20 cm wider.
    assert (place.west, place.south, place.width, place.height) == (594_000, 2_309_000, 350, 250)
    assert [parcel.number for parcel in done.about.cut] == ["2"]
    assert done.about.beside == {(1, 0): ["8"]}
    assert done.labelled.form_of(1).complete
    first, frame = read_page(opened(done.content), 0)[0], done.edition.paper.frame
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    street = next(text for text in first if text.said == decimal(1340 * 12))
    assert inner.contains(street.box)
    assert "phần còn lại nằm ngoài khung tờ này: 2" in " ".join(text.said for text in first)
    # A parcel that is not on the sheet at all is no street: its place or its sheet is wrong.
    land.square(5000, 0, 20, "5")
    with pytest.raises(UsageError, match="does not fit"):
        print_sheet(land.settings, ADMIN, SheetOrder("11311", "12"))


def test_each_parcel_is_drawn_and_labelled_or_listed(sheet: PrintedSheet) -> None:
    scene = sheet.edition
    pdf = opened(sheet.content)
    texts = [text for index in range(len(pdf.pages)) for text in read_page(pdf, index)[0]]
    first, frame, place = read_page(pdf, 0)[0], scene.paper.frame, scene.layout.pages[0].place
    inner = shapely.box(frame.x, frame.y, frame.right, frame.top)
    on_map = [text for text in first if inner.contains(text.box.centroid)]
    assert all(place.inset().contains(shape.envelope) for shape in scene.group.shapes)
    listed = {parcel.id for parcel in sheet.about.small}
    for index, (parcel, shape) in enumerate(zip(scene.group.parcels, scene.group.shapes, strict=True)):
        drawn = shapely.transform(shape, lambda xy: points_to_paper(xy, place, frame))
        said = {text.said for text in on_map if drawn.contains(text.box.centroid)}
        if sheet.labelled.form_of(index).complete:
            assert {parcel.number, decimal(parcel.area)} <= said or any(decimal(parcel.area) in each for each in said)
        else:
            assert parcel.id in listed
    tree = shapely.STRtree([text.box for text in on_map])
    one_, two = tree.query([text.box for text in on_map], predicate="intersects")
    for a, b in zip(one_.tolist(), two.tolist(), strict=True):
        if a < b:
            assert on_map[a].box.intersection(on_map[b].box).area < 0.02, (on_map[a].said, on_map[b].said)
    everything = " ".join(text.said for text in texts)
    area = sum(parcel.area for parcel in scene.group.parcels)
    assert f"Tổng số thửa trong tờ: {len(scene.group.parcels)}" in everything
    assert f"{area:,.1f}".replace(",", " ").replace(".", ",") in everything
    assert f"TỜ BẢN ĐỒ SỐ {sheet.about.number}" in everything
    assert f"{place.west / 1000:.3f}".rstrip("0").rstrip(".").replace(".", ",") + " km" in everything
    assert not scene.names


def test_the_file_is_sound_and_the_same_each_time(sheet: PrintedSheet, demo: Settings, tmp_path: Path) -> None:
    path = check_file(sheet.content, tmp_path, f"Tổng số thửa trong tờ: {len(sheet.edition.group.parcels)}")
    check_position(path, sheet.edition.layout.pages[0].place.inset().bounds, sheet.edition.srid)
    assert print_sheet(demo, ADMIN, SheetOrder("11311", sheet.about.number)).content == sheet.content
    with connect(demo, DatabaseRole.APP) as connection:
        query = "SELECT detail ->> 'product' FROM audit.event WHERE object LIKE 'map_sheet:%%' LIMIT 1"
        assert one(connection, query) == "sheet"


def test_paper_and_what_cannot_be(land: Land) -> None:
    def printed(**more: object) -> PrintedSheet:
        return print_sheet(land.settings, ADMIN, SheetOrder("11311", "12", **more))  # type: ignore[arg-type]

    with pytest.raises(NotFound, match="no parcel on sheet"):
        printed()
    land.square(2, 2, 90, "1")
    assert printed().edition.paper.name == "A3"
    assert printed(paper="A1", language="en").edition.paper.name == "A1"
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    assert print_sheet(land.settings, viewer, SheetOrder("11311", "012")).content
    with pytest.raises(UsageError, match="--paper A5"):
        printed(paper="A5")
    land.square(200, 200, 20, "2")
    assert printed().edition.paper.name == "A1"
    with pytest.raises(UsageError, match="does not fit") as told:
        printed(paper="A3")
    assert "A1" in str(told.value)
    land.square(5000, 0, 20, "3")
    with pytest.raises(UsageError, match="does not fit"):
        printed()
    with pytest.raises(NotFound, match="no map sheet 99"):
        print_sheet(land.settings, ADMIN, SheetOrder("11311", "99"))
    run(land.settings, lambda connection: make_sheet(connection, land.ward, "12", scale=1000))
    with pytest.raises(UsageError, match="several"):
        printed()
