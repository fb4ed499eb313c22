"""Parcels far from each other, two with the same number; and a server that goes away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect
from psycopg import Connection

from gisland.database import run
from gisland.settings import Settings
from tests.browser import MapPage
from tests.factories import EAST, make_parcel, make_sheet, make_ward
from tests.live import LiveServer, start_server

SPREAD = 300_000.0  # metres between the two parcels "7/1"


@pytest.fixture
def stop() -> Iterator[ExitStack]:
    """Holds the server; closing it stops the server."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def two_sheets(settings: Settings, stop: ExitStack) -> LiveServer:
    """A server with parcel 1 on two sheets "7" (1:500 and 1:1000), and a row of parcels 700 m apart."""

    def fill(connection: Connection) -> None:
        ward = make_ward(connection)
        small, large = make_sheet(connection, ward, "7", 500), make_sheet(connection, ward, "7", 1000)
        make_parcel(connection, ward, small, "1", east=EAST)
        make_parcel(connection, ward, large, "1", east=EAST + SPREAD)
        for number in range(2, 14):
            make_parcel(connection, ward, small, str(number), east=EAST + 700 * number)

    run(settings, fill)
    return stop.enter_context(start_server(settings))


def test_a_reader_is_told_what_is_not_shown(
    two_sheets: LiveServer, open_tab: Callable[..., MapPage], stop: ExitStack
) -> None:
    tab = open_tab(two_sheets.url)
    tab.page.goto(two_sheets.url)
    page, notice = tab.page, tab.page.locator("#notice-text")

    # Two parcels 300 km apart: the view of both is too wide for single parcels.
    expect(page.locator("#map")).to_have_attribute("data-state", "far")
    expect(notice).to_have_text("Hãy phóng to để xem từng thửa đất.")
    assert tab.features() == []

    # Both have the number 7/1: the reader chooses.
    tab.search("7/1")
    choices = page.locator("#search-answer button")
    expect(choices).to_have_count(2)
    choices.nth(1).click()
    expect(page.locator("#panel-title")).to_have_text("Tờ 7 · Thửa 1")
    expect(page.locator("#map")).to_have_attribute("data-state", "ready")
    expect(notice).to_be_hidden()
    assert [feature["parcel_no"] for feature in tab.features()] == ["1"]

    # More parcels in view than may be shown at once: those near the middle, and a word about it.
    page.click("#panel-close")
    page.evaluate("gisland.loader.most = 2")
    page.evaluate("gisland.map.getView().setZoom(18)")
    expect(page).to_have_url(re.compile(r"#18\.00/"))
    tab.search("7/8")
    expect(page).to_have_url(re.compile(r"#20\.00/"))
    page.evaluate("gisland.map.getView().setZoom(15.6)")
    expect(page.locator("#map")).to_have_attribute("data-state", "capped")
    expect(notice).to_contain_text("quá nhiều thửa")
    page.evaluate("gisland.loader.most = 20000")
    page.click("#zoom-in")
    expect(page.locator("#map")).to_have_attribute("data-state", "ready")

    # The server goes away.
    stop.close()
    tab.search("7/2")
    expect(page.locator("#search-answer")).to_contain_text("Không kết nối được máy chủ")
    assert all("ERR_CONNECTION_REFUSED" in error for error in tab.errors)
    tab.errors.clear()
