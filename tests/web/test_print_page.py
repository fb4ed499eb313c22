"""The page `/print` in Chromium: a group is chosen on the sketch, ordered, drawn by the worker, and fetched."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest
import shapely
from playwright.sync_api import Dialog, Page, expect
from psycopg import Connection

from gisland.database import run
from gisland.printing.choices import list_choices
from gisland.printing.group_papers import GroupOrder
from gisland.printing.overview import OverviewOrder, print_overview
from gisland.printing.receipts import print_receipts
from gisland.printing.sheet import SheetOrder, print_sheet
from gisland.security.permissions import Role
from gisland.security.subject import Grant, operator
from gisland.settings import Settings
from tests.browser import MapPage
from tests.conftest import clone_of
from tests.factories import change_data, leave_few, make_account, make_group, make_parcel, make_sheet, make_ward, one
from tests.live import LiveServer, start_server
from tests.security.test_account_pages import picture, sign_in, signed_in

Open = Callable[..., MapPage]


@pytest.fixture(scope="module")
def office(demo_ward: Settings) -> Iterator[LiveServer]:
    with clone_of(demo_ward) as settings, start_server(settings) as live:
        for group in ("01", "02"):
            run(settings, partial(leave_few, group=group))
        worker = subprocess.Popen([sys.executable, "-m", "gisland", "worker"], env=live.settings.as_environment())
        yield live
        worker.terminate()
        # One that is told so while it starts ends at once.
        assert worker.wait(60) in {0, -signal.SIGTERM}


def test_a_group_is_chosen_and_printed(office: LiveServer, open_tab: Open) -> None:
    tab = open_tab(office.url)
    page = tab.page
    page.goto(f"{office.url}/print")
    expect(page).to_have_url(f"{office.url}/account")
    sign_in(page, *office.admin)
    page.click("text=In bản đồ")
    expect(page.locator("h1")).to_have_text("In bản đồ")
    order = page.locator("#order form:not([hidden])")
    # A click on the sketch chooses in the list, and the other way round; so does the keyboard.
    second = page.locator("#sketch [data-choose]").nth(1)
    second.click()
    assert '"02"' in order.locator("[name=place]").input_value()
    expect(second).to_have_attribute("aria-pressed", "true")
    page.locator("#sketch [data-choose]").nth(0).focus()
    page.keyboard.press("Enter")
    assert '"01"' in order.locator("[name=place]").input_value()
    order.locator("[name=place]").select_option(index=1)
    expect(second).to_have_attribute("aria-pressed", "true")
    # The pages that would be printed lie over the map, and are told in words.
    plan = page.locator("#plan")
    expect(plan).to_contain_text("trang bản đồ 1:")
    wide = pages_shown(page)
    assert wide
    assert f"{wide} trang bản đồ" in plan.inner_text()
    picture(page, "print-pages")
    order.locator("[name=paper]").select_option("A4")
    order.locator("[name=scale]").fill("200")
    expect(plan).to_contain_text("1:200 trên A4")
    assert pages_shown(page) > wide
    order.locator("[name=scale]").fill("50")
    expect(plan).to_contain_text("1:50 ")
    order.locator("[name=scale]").fill("")
    order.locator("[name=paper]").select_option("A3")
    expect(plan).to_contain_text("tự chọn")
    page.click("#whole")
    assert float((page.locator("#sketch svg").get_attribute("viewBox") or "").split()[2]) > 1000
    page.click("#whole")
    page.select_option("#product", "overview")
    expect(plan).to_have_text("")
    assert pages_shown(page) == 0
    page.select_option("#product", "atlas")
    expect(plan).to_contain_text("trang bản đồ")
    # Names are printed: without a reason nothing is ordered.
    order.locator("button").click()
    expect(order.locator("[role=alert]")).to_contain_text("cần lý do")
    assert all("400" in each for each in tab.errors)
    tab.errors.clear()
    picture(page, "print")
    order.locator("[name=reason]").fill("đợt thu thập thử")
    order.locator("[name=paper]").select_option("A4")
    order.locator("button").click()
    row = page.locator("#prints tr[data-print]").first
    expect(row).to_contain_text("tổ 02")
    # What was chosen stays.
    assert order.locator("[name=paper]").input_value() == "A4"
    assert '"02"' in order.locator("[name=place]").input_value()
    # The register follows without being loaded anew.
    expect(row).to_have_attribute("data-state", "successful", timeout=120_000)
    expect(row).to_contain_text("có tên người")
    with page.expect_download() as download:
        row.locator("a[download]").click()
    assert download.value.suggested_filename == "atlas-11311-02.pdf"
    # One click, and the very same file is printed again.
    row.get_by_text("In lại").click()
    again = page.locator("#prints tr[data-print]").first
    expect(again).to_contain_text("in lại, giống hệt", timeout=120_000)
    picture(page, "print-done")
    with page.expect_popup() as shown:
        again.get_by_text("Xem").click()
    shown.value.wait_for_load_state()
    assert shown.value.evaluate("document.images[0].naturalWidth") > 500
    shown.value.close()
    # The data change: that is told, and asked for.
    run(office.settings, change_data)
    page.reload()
    row = page.locator("#prints tr[data-print]").first
    expect(row).to_contain_text("dữ liệu đã đổi, nay bản")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    row.get_by_text("In lại, dữ liệu mới").click()
    row = page.locator("#prints tr[data-print]").first
    expect(row).to_have_attribute("data-state", "successful", timeout=120_000)
    assert "sẽ khác bản đã in" in asked[0]
    expect(row).not_to_contain_text("dữ liệu đã đổi")
    expect(row).not_to_contain_text("giống hệt")
    row.get_by_text("Bỏ tệp").click()
    expect(page.locator("#prints tr[data-print]").first).to_have_attribute("data-state", "dismissed")
    page.goto(f"{office.url}/print?lang=en")
    text = tab.text("main")
    assert "Register of prints" in text
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    picture(page, "print-phone")


def pages_shown(page: Page) -> int:
    return page.locator("#sketch svg:not([hidden]) .frame").count()


def test_an_area_is_drawn_and_printed(office: LiveServer, open_tab: Open) -> None:
    tab = open_tab(office.url)
    page = tab.page
    page.goto(f"{office.url}/account")
    signed_in(page, *office.admin)
    page.goto(f"{office.url}/print")
    expect(page.locator("#drawing")).to_be_hidden()
    page.select_option("#product", "area")
    order = page.locator("#order form:not([hidden])")
    groups, area = order.locator("[name=groups]"), order.locator("[name=area]")
    # Clicks put groups on the list, and take them off it.
    for number, said in ((0, "11311/01"), (1, "11311/01, 11311/02"), (0, "11311/02"), (1, "")):
        group = page.locator("#sketch [data-choose]").nth(number)
        group.click()
        expect(groups).to_have_value(said)
        expect(group).to_have_attribute("aria-pressed", str(f"0{number + 1}" in said).lower())
    # A code that was typed is the same group; groups and an area exclude each other.
    groups.fill("1")
    groups.press("Tab")
    expect(page.locator("#sketch [data-choose]").first).to_have_attribute("aria-pressed", "true")
    # A drag draws a rectangle; it chooses no group.
    page.click("#draw")
    expect(page.locator("#how")).to_contain_text("Bấm từng góc")
    expect(page.locator("#draw-done")).to_be_disabled()
    page.mouse.move(*on_sketch(page, 0.3, 0.2))
    page.mouse.down()
    page.mouse.move(*on_sketch(page, 0.7, 0.6), steps=4)
    picture(page, "print-drawing")
    page.mouse.up()
    expect(page.locator("#draw")).to_have_attribute("aria-pressed", "false")
    drawn = shapely.from_geojson(area.input_value())
    assert len(drawn.exterior.coords) == 5
    assert drawn.exterior.is_ccw
    assert 106 < drawn.bounds[0] < drawn.bounds[2] < 107
    assert 20 < drawn.bounds[1] < drawn.bounds[3] < 21
    expect(groups).to_have_value("")
    # Corners, of which the last may be taken back; dropped, the area is the former one.
    for ended in ("Escape", "Enter"):
        page.click("#draw")
        for x, y in ((0.2, 0.2), (0.8, 0.3), (0.6, 0.8), (0.1, 0.9)):
            page.mouse.click(*on_sketch(page, x, y))
        page.keyboard.press("Backspace")
        page.keyboard.press(ended)
        now = shapely.from_geojson(area.input_value())
        assert now.equals(drawn) == (ended == "Escape")
    assert len(now.exterior.coords) == 4
    assert page.locator("#sketch .area path").count() == 1
    page.click("#no-area")
    expect(area).to_have_value("")
    assert page.locator("#sketch .area path").count() == 0
    # The first corner closes it, clicked twice, too, and so do a double click elsewhere and the button.
    twice = page.mouse.dblclick
    for close, at in ((page.mouse.click, (0.2, 0.2)), (twice, (0.2, 0.2)), (None, (0, 0)), (twice, (0.4, 0.9))):
        page.click("#draw")
        for x, y in ((0.2, 0.2), (0.8, 0.3), (0.6, 0.8)):
            page.mouse.click(*on_sketch(page, x, y))
        if close:
            close(*on_sketch(page, *at))
        else:
            page.click("#draw-done")
        expect(groups).to_have_value("")
        expect(page.locator("#draw")).to_have_attribute("aria-pressed", "false")
    picture(page, "print-area")
    assert len(shapely.from_geojson(area.input_value()).exterior.coords) == 5
    order.locator("[name=paper]").select_option("A2")
    order.locator("button[type=submit]").click()
    row = page.locator("#prints tr[data-print]").first
    expect(row).to_have_attribute("data-state", "successful", timeout=120_000)
    with page.expect_download() as download:
        row.locator("a[download]").click()
    assert download.value.suggested_filename == "area-11311.pdf"
    # What was ordered can be seen again, with its area.
    page.reload()
    row = page.locator("#prints tr[data-print]").first
    expect(row).to_contain_text("Bản đồ thửa đất theo khu vực")
    assert not tab.errors


def on_sketch(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the sketch that is shown, by parts of its width and height."""
    box = page.locator("#sketch svg:not([hidden])").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_a_head_is_offered_the_own_group(office: LiveServer, open_tab: Open) -> None:
    """On a phone, in English: two groups in the ward, one of them is theirs."""

    def hire(connection: Connection) -> tuple[str, str]:
        query = "SELECT id, ward_id FROM registry.residential_group WHERE code = '02'"
        group, ward = connection.execute(query).fetchone() or (0, 0)
        return make_account(connection, "head", Grant(Role.GROUP_HEAD, ward, group))

    name, secret = run(office.settings, hire)
    tab = open_tab(office.url, width=360, height=740)
    page = tab.page
    page.goto(f"{office.url}/account")
    signed_in(page, name, secret)
    page.goto(f"{office.url}/print?lang=en")
    offered = [each.get_attribute("value") for each in page.locator("#product option").all()]
    assert offered == ["atlas", "receipts", "forms"]
    assert page.locator("#sketch [data-choose]").count() == 1
    expect(page.locator("#plan")).to_contain_text("map page")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    picture(page, "print-head-phone")


AGAIN = """
    INSERT INTO printing.job
    SELECT (jsonb_populate_record(job, jsonb_build_object('id', gen_random_uuid()))).*
      FROM printing.job, generate_series(1, 54)
     WHERE product = 'receipts'
"""


def test_the_register_is_leafed_through_and_filtered(office: LiveServer, open_tab: Open) -> None:
    """What commands print is on it, too; an order that is given while it is filtered is seen."""
    settings = office.settings
    print_overview(settings, operator(), OverviewOrder(ward="11311"))
    for sheet in ("1", "2"):
        print_sheet(settings, operator(), SheetOrder("11311", sheet))
    print_receipts(settings, operator(), GroupOrder("11311", "02", reason="thử"))
    # As if they had been printed again and again: two pages of the register.
    run(settings, lambda connection: connection.execute(AGAIN))
    tab = open_tab(office.url)
    page = tab.page
    page.goto(f"{office.url}/account")
    signed_in(page, *office.admin)
    page.goto(f"{office.url}/print")
    rows = page.locator("#prints tr[data-print]")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("cli:")
    expect(rows.first).to_contain_text("bằng lệnh")
    page.click("text=Cũ hơn")
    expect(page.locator("#prints")).to_contain_text("tờ 2")
    page.click("text=Mới nhất")
    expect(rows).to_have_count(50)
    page.select_option(".sift [name=product]", "sheet")
    page.fill(".sift [name=person]", "CLI:")
    page.click(".sift button")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("tờ 2")
    page.locator("#register").scroll_into_view_if_needed()
    picture(page, "print-register")
    rows.first.get_by_text("Điền lại vào phiếu đặt").click()
    order = page.locator("#order form:not([hidden])")
    assert order.locator("[name=sheet]").input_value() == "2"
    page.select_option("#product", "overview")
    order.locator("button[type=submit]").click()
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("Bản đồ tiến độ")
    assert "product=" not in page.url
    expect(rows.first).to_have_attribute("data-state", "successful", timeout=120_000)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_it_runs_nothing_of_its_own(office: LiveServer) -> None:
    answer = httpx.get(f"{office.url}/print", auth=office.admin)
    assert answer.headers["cache-control"] == "private, no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)


def test_whose_wards_are_offered(office: LiveServer) -> None:
    ward = run(office.settings, lambda c: one(c, "SELECT id FROM registry.unit WHERE code = '11311'"))
    elsewhere = run(office.settings, lambda c: make_ward(c, "11399"))
    own = run(office.settings, lambda c: make_account(c, "own", Grant(Role.VIEWER, ward)))
    other = run(office.settings, lambda c: make_account(c, "other", Grant(Role.VIEWER, elsewhere)))
    police = run(office.settings, lambda c: make_account(c, "police", Grant(Role.POLICE, ward)))
    assert "data-choose" in httpx.get(f"{office.url}/print", auth=own).text
    assert "data-choose" not in httpx.get(f"{office.url}/print", auth=other).text
    assert httpx.get(f"{office.url}/print", auth=police).status_code == 403
    (found,) = run(office.settings, list_choices)
    assert [group.code for group in found.groups] == ["01", "02"]
    assert max(found.width, found.height) == 1000


def test_what_fits_on_no_page_is_told_before_and_after(office: LiveServer, open_tab: Open) -> None:
    """By who prints in this ward only: a parcel of nine kilometres beside a small one."""

    def draw(connection: Connection) -> tuple[str, str]:
        ward = make_ward(connection, "11398")
        sheet, group = make_sheet(connection, ward, "7"), make_group(connection, ward, "05")
        for number, size in (("1", 9_000.0), ("2", 20.0)):
            parcel = make_parcel(connection, ward, sheet, number, size=size)
            connection.execute("UPDATE registry.parcel SET residential_group_id = %s WHERE id = %s", [group, parcel])
        return make_account(connection, "wide", Grant(Role.VIEWER, ward))

    name, secret = run(office.settings, draw)
    tab = open_tab(office.url)
    page = tab.page
    page.goto(f"{office.url}/account")
    signed_in(page, name, secret)
    for language, planned, told in (
        ("vi", "Không nằm vừa trang nào, không có trên bản đồ: 7/1", "Lưu ý Thửa không nằm vừa trang nào"),
        ("en", "They fit on no page and are on no map: 7/1", "Note Parcels that fit on no page"),
    ):
        page.goto(f"{office.url}/print?lang={language}")
        expect(page.locator("#plan .alarm")).to_have_text(planned)
        if language == "vi":
            page.locator("#order form:not([hidden]) button[type=submit]").click()
        row = page.locator("#prints tr[data-print]").first
        expect(row).to_have_attribute("data-state", "successful", timeout=120_000)
        expect(row).to_contain_text(told)
        expect(row.locator(".told")).to_contain_text("7/1")
        picture(page, f"print-left-out-{language}")
    assert not tab.errors
