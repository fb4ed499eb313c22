"""The map of parcels of an area on one sheet, over the border of two wards."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import shapely

from gisland.errors import GislandError, NotFound, UsageError
from gisland.printing.areamap import AreaOrder, PrintedArea, print_area
from gisland.printing.areamap_page import AreaPaper
from gisland.printing.finish import check
from gisland.printing.labels import FORMS, Form
from gisland.printing.products import PRODUCTS, AreaInputs
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.printing.conftest import ADMIN
from tests.printing.outside import check_file, check_position
from tests.printing.pdf_text import Text, opened, read_page, see_page
from tests.printing.proofs_hatches import check_same
from tests.printing.proofs_map import check_bar_of
from tests.printing.test_lists import rows
from tests.printing.test_sets import SOUTH, WEST, District, area


@pytest.fixture(scope="module")
def dense(demo: Settings) -> PrintedArea:
    """What lies in the middle of the demo ward."""
    return print_area(demo, ADMIN, AreaOrder(ward="11311", groups="01", paper="A2"))


def texts(printed: PrintedArea, page: int = 0) -> list[Text]:
    return [text for text in read_page(opened(printed.content), page)[0] if text.said.strip()]


def check_sound(printed: PrintedArea) -> None:
    """PDF/A; no text leaves the page or lies on another one."""
    assert check(printed.content) == []
    paper = printed.edition.paper
    page = shapely.box(0, 0, paper.width, paper.height)
    found = texts(printed)
    assert all(page.contains(text.box) for text in found)
    tree = shapely.STRtree([text.box for text in found])
    for one, other in tree.query([text.box for text in found], predicate="intersects").T.tolist():
        if one < other:
            both = shapely.area(shapely.intersection(found[one].box, found[other].box))
            assert both < 0.05, (found[one].said, found[other].said)


def check_row(printed: PrintedArea, *cells: object) -> None:
    lines = [[cell.replace("\u00a0", " ") for cell in line] for line in rows(texts(printed))]
    wanted = [str(each) for each in cells]
    assert any(line[at : at + len(wanted)] == wanted for line in lines for at in range(len(line))), wanted


def test_an_area_over_the_border(district: District, tmp_path: Path) -> None:
    settings = district[0].settings
    wanted = AreaOrder(ward="11311", area=area(65, 5, 135, 35), area_crs=9210, scale=500)
    printed = print_area(settings, ADMIN, wanted)
    # All that the area touches: the columns from x = 60 to 140.
    assert len(printed.edition.group.parcels) == 8
    assert set(printed.wards) == {land.ward for land in district}
    check_row(printed, "Hồng Bàng", 4, "1 600,0")
    check_row(printed, "Thượng Lý", 4, "1 600,0")
    check_row(printed, "Cộng", 8, "3 200,0")
    said = [text.said for text in texts(printed)]
    assert {"PHƯỜNG HỒNG BÀNG", "PHƯỜNG THƯỢNG LÝ"} <= set(said)
    assert all(printed.labelled.form_of(index) is Form.FRACTION for index in range(8))
    # What lies around is drawn with its numbers.
    assert len(printed.edition.group.neighbours) > 0
    check_sound(printed)
    assert print_area(settings, ADMIN, wanted).content == printed.content
    path = check_file(printed.content, tmp_path, "Hồng Bàng", "Thượng Lý")
    check_position(path, printed.edition.place.inset().bounds, printed.edition.srid)
    assert printed.edition.place.inset().contains(shapely.box(WEST + 65, SOUTH + 5, WEST + 135, SOUTH + 35))


@pytest.mark.parametrize("paper", ["A4", "A3", "A1", "A0"])
def test_each_paper_either_way_round(district: District, paper: str) -> None:
    scales = {}
    for way in ("landscape", "portrait"):
        order = AreaOrder(ward="11311", wards="11312", paper=paper, orientation=way, language="en")
        printed = print_area(district[0].settings, ADMIN, order)
        assert len(printed.edition.group.parcels) == 21
        assert (printed.edition.paper.name, printed.edition.paper.orientation) == (paper, way)
        check_sound(printed)
        scales[way] = printed.edition.place.scale
        seen, larger = see_page(opened(printed.content), 0), AreaPaper.LARGER[paper]
        check_bar_of(seen, scales[way], larger)
        check_same(seen, printed.edition.palette, printed.edition.counts, larger)
    auto = print_area(district[0].settings, ADMIN, AreaOrder(ward="11311", wards="11312", paper=paper))
    assert auto.edition.place.scale == min(scales.values())


def test_labels_where_parcels_are_small(dense: PrintedArea) -> None:
    """Each parcel is labelled in full, or stands in the list that follows; no label lies on another one."""
    labelled, count = dense.labelled, len(dense.edition.group.parcels)
    assert count > 100
    check_sound(dense)
    forms = [labelled.form_of(index) for index in range(count)]
    small = [dense.edition.group.parcels[index] for index, form in enumerate(forms) if not form.complete]
    assert small
    listed = [line for page in range(1, dense.edition.pages) for line in rows(texts(dense, page))]
    for parcel in small:
        wanted = [parcel.sheet, parcel.number]
        assert any(line[at : at + 2] == wanted for line in listed for at in range(len(line))), parcel.key
    drawn = labelled.labels.boxes(labelled.labels.form != FORMS.index(Form.TABLE))
    marks = [mark.box for mark in labelled.sheets]
    boxes = [*drawn, *marks, *(leader.box for leader in labelled.leaders)]
    for one, other in itertools.combinations(range(len(boxes)), 2):
        assert shapely.area(shapely.intersection(boxes[one], boxes[other])) < 1e-6


def test_what_may_be_seen(district: District) -> None:
    land = district[0]
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    order = AreaOrder(ward="11311", area=area(65, 5, 135, 35), area_crs=9210)
    printed = print_area(land.settings, viewer, order)
    assert (len(printed.edition.group.parcels), printed.wards) == (4, (land.ward,))
    # Outlines of the next ward are public: they lie around.
    assert any(shapely.bounds(shape)[0] > WEST + 99 for shape in printed.edition.group.neighbours)
    told = set()
    for code in ("11312", "11399"):
        with pytest.raises(NotFound) as refused:
            print_area(land.settings, viewer, AreaOrder(ward="11311", wards=code))
        told.add(str(refused.value).replace(code, "…"))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("more", "kind", "says"),
    [
        ({"paper": "A5"}, UsageError, "--paper A5"),
        ({"orientation": "diagonal"}, UsageError, "--orientation"),
        ({"scale": 50}, UsageError, "do not fit on A3"),
        ({"area": "106,20,106.1,20.1"}, NotFound, "no parcel within reach"),
    ],
)
def test_what_cannot_be(district: District, more: dict[str, object], kind: type[GislandError], says: str) -> None:
    with pytest.raises(kind, match=says):
        print_area(district[0].settings, ADMIN, AreaOrder(ward="11311", **more))  # type: ignore[arg-type]


def test_the_order_is_the_model(demo: Settings) -> None:
    assert AreaInputs.model_fields.keys() == AreaOrder.__dataclass_fields__.keys()
    asked = AreaInputs(ward="11311", groups="02")
    file = PRODUCTS["area"].draw(demo, ADMIN, asked, lambda part, said: None)
    assert (file.name, file.names, file.content[:4]) == ("area-11311.pdf", False, b"%PDF")
