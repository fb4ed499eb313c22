"""Receipts and forms of a group: rows and fields say what the registry says, to those who may see it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shapely

from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.errors import NotFound, UsageError
from gisland.printing.edition import Printed
from gisland.printing.forms import print_forms
from gisland.printing.group_papers import GroupOrder
from gisland.printing.product import FormProduct, load_product
from gisland.printing.receipts import print_receipts
from gisland.security.permissions import Role
from gisland.security.subject import Grant, Subject
from gisland.settings import Settings
from tests.factories import make_certificate, make_holder, make_holding
from tests.printing.conftest import ADMIN, WHY, Land
from tests.printing.outside import check_file
from tests.printing.pdf_text import opened, read_page
from tests.printing.test_lists import holds, rows

ID = "999085000123"
NAMES = ("Trần Thị Bí Mật", "Lê Văn Kín")
PRINTS = {"receipts": print_receipts, "forms": print_forms}


def fill(land: Land) -> None:
    """A parcel of two holders with a certificate, one without, and a street."""
    first, second = land.square(0, 0, 20, "1"), land.square(20, 0, 20, "2")
    land.square(0, 20, 6, "3", land_type="DGT")

    def work(connection: object) -> None:
        for name in NAMES:
            make_holding(connection, land.ward, first, make_holder(connection, land.ward, name, ID))  # type: ignore[arg-type]
        user = make_holder(connection, land.ward, "Ngô Thị Mới")  # type: ignore[arg-type]
        make_holding(connection, land.ward, second, user, role="current_user")  # type: ignore[arg-type]
        make_certificate(connection, land.ward, "AB 123456", first)  # type: ignore[arg-type]

    run(land.settings, work)


def pages(printed: Printed) -> list[list[list[str]]]:
    """The lines of each page."""
    pdf = opened(printed.content)
    return [rows(read_page(pdf, index)[0]) for index in range(len(pdf.pages))]


def everything(printed: Printed) -> str:
    return "\n".join(" ".join(line) for page in pages(printed) for line in page)


def test_receipts(land: Land) -> None:
    fill(land)
    printed = print_receipts(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))
    notice, taken, returned = pages(printed)
    assert any(holds(line, ["THÔNG BÁO"]) for line in notice)
    assert not any(NAMES[0] in each for line in notice for each in line)
    for page in (taken, returned):
        said = [each for line in page for each in line]
        assert {*NAMES, "Ngô Thị Mới", "AB 123456"} <= set(said)
        assert any(holds(line, ["1", "12", "1"]) for line in page)
        assert not any(holds(line, ["3", "12", "3"]) for line in page)
    assert "999" not in everything(printed)


def test_forms(land: Land) -> None:
    fill(land)
    product = load_product(land.settings, "forms", FormProduct)
    # Each column of the form but those of the second and third land use, which stand beside the first.
    numbers = {field.number for section in product.sections for field in section.fields}
    assert numbers == set(range(1, 50)) - set(range(30, 40))
    printed = print_forms(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))
    first, second = pages(printed)
    for row in (
        ["2", "Số phát hành GCN", "AB 123456"],
        ["7", "Họ tên chủ / người đại diện", *NAMES],
        ["10", "Số ĐDCN/CCCD", "999*****0123", "999*****0123"],
        ["21", "Số tờ BĐĐC", "12"],
        ["22", "Số thửa BĐĐC", "1"],
        ["24", "Diện tích thửa (m²)", "400,0"],
        ["25", "Loại đất", "ODT"],
    ):
        assert any(holds(line, row[1:]) for line in first), row
    assert any(holds(line, ["Tên người sử dụng hiện tại", "Ngô Thị Mới"]) for line in second)
    assert ID not in everything(printed)
    street = print_forms(land.settings, ADMIN, GroupOrder("11311", "07", "12/3", reason=WHY))
    assert any("12/3" in each for line in pages(street)[0] for each in line)


@pytest.mark.parametrize("product", PRINTS)
def test_who_may_not_see_names_prints_none_and_who_may_says_why(land: Land, tmp_path: Path, product: str) -> None:
    fill(land)
    work, order = PRINTS[product], GroupOrder("11311", "07", reason=WHY)
    with pytest.raises(UsageError, match="needs a reason"):
        work(land.settings, ADMIN, GroupOrder("11311", "07"))
    with pytest.raises(NotFound):
        work(land.settings, ADMIN, GroupOrder("11311", "99", reason=WHY))
    viewer = Subject("account:viewer", (Grant(Role.VIEWER, land.ward),))
    shown = everything(work(land.settings, viewer, GroupOrder("11311", "07")))
    assert not re.search("|".join([*NAMES, "Ngô Thị Mới", "999"]), shown)
    assert "AB 123456" in shown
    printed = work(land.settings, ADMIN, order)
    assert printed.content == work(land.settings, ADMIN, order).content
    check_file(printed.content, tmp_path, "Trần Thị Bí Mật", "AB 123456")
    with connect(land.settings, DatabaseRole.APP) as connection:
        query = "SELECT detail FROM audit.event WHERE tag = 'map:printed' ORDER BY id DESC LIMIT 1"
        detail = (connection.execute(query).fetchone() or ({},))[0]
    assert (detail["product"], detail["names"], detail["sha256"]) == (product, True, printed.sha256)
    assert not any(name in str(detail) for name in NAMES)


def test_a_group_of_streets_has_no_forms(land: Land) -> None:
    land.square(0, 0, 20, "1", land_type="DGT")
    with pytest.raises(NotFound, match="no parcel for a form"):
        print_forms(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))
    with pytest.raises(UsageError, match="sheet and number"):
        print_forms(land.settings, ADMIN, GroupOrder("11311", "07", "12", reason=WHY))


def test_many_pages_stay_on_paper(demo: Settings) -> None:
    printed = print_receipts(demo, ADMIN, GroupOrder("11311", "02", reason=WHY, language="en"))
    pdf = opened(printed.content)
    assert len(pdf.pages) == printed.edition.pages > 3
    for index in (0, 1, len(pdf.pages) - 1):
        for text in read_page(pdf, index)[0]:
            assert shapely.box(0, 0, 297, 210).contains(text.box), text.said
