"""Nothing that is known is lost on paper: long texts, many holders, uses and assets; what is cut or unknown is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import run
from gisland.printing import orders
from gisland.printing.atlas import Order, print_atlas
from gisland.printing.commands import told
from gisland.printing.edition import Printed
from gisland.printing.forms import print_forms
from gisland.printing.group_papers import GroupOrder
from gisland.printing.ink import Ink
from gisland.printing.lists import Table, draw_table
from gisland.printing.orders import Asked, PrintJob
from gisland.printing.products import PRODUCTS
from gisland.printing.receipts import print_receipts
from gisland.printing.tables import Column, rows_needed
from gisland.printing.telling import quiet
from gisland.printing.work import draw_print
from gisland.security.permissions import Role
from gisland.settings import Settings
from tests.factories import make_change, make_holder, make_holding, one
from tests.printing.conftest import ADMIN, EACH_SHEET, WHY, Land, Print
from tests.printing.pdf_text import Text, opened, read_page
from tests.printing.test_jobs import look, person, within

BOARD = "Ban quản lý dự án đầu tư xây dựng các công trình giao thông và nông nghiệp thành phố Hải Phòng"
FOUR = ("Trần Thị Một", "Trần Văn Hai", "Trần Thị Ba", "Trần Văn Bốn")
UNKNOWN = "Lý 李 Minh"


def texts(printed: Printed) -> list[list[Text]]:
    """The texts of each page."""
    pdf = opened(printed.content)
    return [read_page(pdf, index)[0] for index in range(len(pdf.pages))]


def words(printed: Printed) -> str:
    """All that is said, column by column: lines that stand below each other are one text."""
    found = []
    for page in texts(printed):
        for text in sorted(page, key=lambda each: (round(each.box.bounds[0]), -each.box.bounds[1])):
            found.append(text.said)
    return " ".join(found)


def cut(printed: Printed) -> list[str]:
    """What ends in three dots; dots to write on are more."""
    return [t.said for page in texts(printed) for t in page if t.said.endswith("…") and not t.said.endswith("……")]


def work(land: Land, act: Callable[[Connection], Any]) -> Any:
    return run(land.settings, act)


@pytest.fixture
def four(land: Land) -> Land:
    """A parcel of four holders, with four land uses and three assets."""
    parcel = land.square(0, 0, 20, "1", land_type="")

    def fill(connection: Connection) -> None:
        for name in FOUR:
            make_holding(connection, land.ward, parcel, make_holder(connection, land.ward, name))
        change = make_change(connection, land.ward)
        for index, kind in enumerate(("ODT", "CLN", "BHK", "NTS"), start=1):
            query = "INSERT INTO registry.land_use (parcel_id, seq, land_type) VALUES (%s, %s, %s)"
            connection.execute(query, [parcel, index, kind])
        for name in ("Nhà A", "Nhà B", "Nhà C"):
            query = (
                "INSERT INTO registry.asset (ward_id, kind, name, created_by) VALUES (%s, 'house', %s, %s) RETURNING id"
            )
            asset = one(connection, query, land.ward, name, change)
            connection.execute(
                "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)", [asset, parcel]
            )

    work(land, fill)
    return land


def test_all_holders_stand_in_checklist_and_receipts(four: Land, draw: Print) -> None:
    for printed in (draw(), print_receipts(four.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))):
        said = [text.said for page in texts(printed) for text in page]
        assert set(FOUR) <= set(said)
        assert not printed.edition.remarks


def test_a_form_goes_on_where_it_has_too_few_columns(four: Land) -> None:
    four.square(20, 0, 20, "2", holder="Ngô Thị Mới")
    printed = print_forms(four.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))
    first, second, other = ([text.said for text in page] for page in texts(printed))
    assert printed.edition.pages == 3
    assert {*FOUR[:2], "ODT", "CLN", "BHK", "Nhà A", "Nhà B"} <= set(first)
    assert {*FOUR[2:], "NTS", "Nhà C"} <= set(second)
    assert not {*FOUR[:2], "ODT", "Nhà A"} & set(second)
    assert any("và 2 nữa, ở trang sau" in each for each in first)
    assert any(each.endswith("12/1 (2/2)") for each in second)
    assert any(each.endswith("12/2") for each in other)
    assert "Trang 3/3" in other


def test_a_tower_of_holders_keeps_on_paper(land: Land, draw: Print) -> None:
    parcel = land.square(0, 0, 20, "1")
    names = [f"Người Thử {index}" for index in range(1, 121)]

    def fill(connection: Connection) -> None:
        for name in names:
            make_holding(connection, land.ward, parcel, make_holder(connection, land.ward, name))

    work(land, fill)
    for printed in (
        draw(paper="A4"),
        print_receipts(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY)),
        print_forms(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY)),
    ):
        said = {text.said for page in texts(printed) for text in page}
        assert set(names) <= said
        for page in texts(printed):
            assert min(text.box.bounds[1] for text in page) > 4


@pytest.mark.parametrize("paper", ["A3", "A4"])
def test_long_names_go_on_in_a_further_line(land: Land, draw: Print, paper: str) -> None:
    land.square(0, 0, 20, "1", holder=BOARD)
    for printed in (draw(paper=paper), print_receipts(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))):
        assert BOARD in words(printed)
        assert not cut(printed)
    form = print_forms(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY))
    assert BOARD in words(form)
    assert not cut(form)


@EACH_SHEET
def test_no_text_of_the_demo_ward_is_cut_off(demo: Settings, paper: str, orientation: str) -> None:
    printed = print_atlas(demo, ADMIN, Order("11311", "01", paper, orientation, reason=WHY))
    assert cut(printed) == []
    assert printed.edition.remarks == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_text_of_the_papers_of_a_group_is_cut_off(demo: Settings, language: Any) -> None:
    for print_ in (print_receipts, print_forms):
        printed = print_(demo, ADMIN, GroupOrder("11311", "01", language=language, reason=WHY))
        assert cut(printed) == []
        assert printed.edition.remarks == []


def test_what_is_cut_all_the_same_is_told_on_the_proof_sheet_and_by_the_command(land: Land, draw: Print) -> None:
    land.square(0, 0, 20, "1")
    long = "Tổ dân phố " + "rất dài " * 40
    query = "UPDATE registry.residential_group SET name = %s WHERE id = %s"
    work(land, lambda connection: connection.execute(query, [long, land.group]))
    printed = draw()
    assert cut(printed)
    *pages, proof = texts(printed)
    on = [number for number, page in enumerate(pages, start=1) if any(t.said.endswith("dài…") for t in page)]
    assert on
    (remark,) = printed.edition.remarks
    for number in on:
        assert str(number) in remark.vi
    assert "bị cắt" in " ".join(text.said for text in proof)
    assert remark.vi in told(printed.edition)


@pytest.mark.parametrize("product", ["receipts", "forms"])
def test_unknown_characters_are_told_with_their_page(land: Land, product: str) -> None:
    land.square(0, 0, 20, "1")
    land.square(20, 0, 20, "2", holder=UNKNOWN)
    asked = PRODUCTS[product].inputs(ward="11311", group="07", reason=WHY)  # type: ignore[call-arg]
    file = PRODUCTS[product].draw(land.settings, ADMIN, asked, quiet)
    pages = {"receipts": "2, 3", "forms": "1"}[product]
    assert f"U+674E ({pages})" in file.message
    assert file.message.count(" · ") == 1
    assert UNKNOWN not in file.message


def test_what_is_to_be_known_stands_with_the_finished_print(land: Land) -> None:
    land.square(0, 0, 20, "1", holder=UNKNOWN)
    officer = person(land.settings, "an", Role.OFFICER, land.ward)
    product = orders.product_called("receipts")
    asked = orders.read_inputs(product, {"ward": "11311", "group": "07", "reason": WHY})
    job = within(land.settings, officer, lambda c: orders.order(c, land.settings, officer, product, asked))
    assert isinstance(job, PrintJob)
    draw_print(land.settings, job.id, threading.Event())
    done = look(land.settings, job.id)
    assert (done.state, "U+674E (2, 3)" in done.message) == ("successful", True), done.message
    # What a command prints stands in the register, too.
    printed = print_receipts(land.settings, ADMIN, GroupOrder("11311", "07", reason=WHY, language="en"))
    listed = within(land.settings, officer, lambda c: orders.list_prints(c, Asked()))
    assert isinstance(listed, list)
    messages = {each.print_id: each.message for each in listed}
    assert "U+674E (2, 3)" in messages[printed.edition.print_id]


def test_a_table_of_high_and_low_rows(demo: Settings) -> None:
    """Rows keep their order, none is cut by the end of a page, and no table is higher than its page."""
    edition = print_receipts(demo, ADMIN, GroupOrder("11311", "01", reason=WHY)).edition
    columns = [Column("a", 10), Column("b", 30)]
    rows: list[list[Any]] = [[str(index), tuple(f"dòng {line}" for line in range(index % 7))] for index in range(150)]
    table = Table("t", "t", columns, rows, 7.0, "L", 2)
    assert [row for part in table.parts(edition) for row in part] == rows
    for page in table.spread(edition):
        assert len(page) <= 2
        for each in page:
            assert sum(tall for _, tall in each) <= table.high(edition)
    assert rows_needed(columns, rows[6], table.wide(edition), 7.0, 2.6) == 2
    ink = Ink("", "", "")
    edition.pages = table.pages(edition)
    draw_table(ink, edition, table, 1)
    assert ink.pages == table.pages(edition)
    assert not ink.cut


def test_a_label_that_has_no_room_because_parcels_overlap_says_so(land: Land, draw: Print) -> None:
    land.square(0, 0, 30, "5")
    land.square(1, 1, 30, "6")
    land.square(40, 0, 2, "7")
    printed = draw(scale=500)
    said = words(printed)
    # On the proof sheet, and among the small parcels.
    assert said.count("chồng lên thửa 12/5: xem bảng") == 2
    assert "chồng lên thửa 12/6" not in said
