"""The page `/print` in Chromium: a group is chosen on the sketch, ordered, drawn by the worker, and fetched."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import expect

from gisland.database import run
from gisland.printing.choices import list_choices
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests.browser import MapPage
from tests.conftest import clone_of
from tests.factories import make_account, make_ward, one
from tests.live import LiveServer, start_server
from tests.security.test_account_pages import picture, sign_in

Open = Callable[..., MapPage]


@pytest.fixture(scope="module")
def office(server: Settings) -> Iterator[LiveServer]:
    with clone_of(server) as settings, start_server(settings, demo_parcels=300) as live:
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
    second = page.locator("#sketch g").nth(1)
    second.click()
    assert '"02"' in order.locator("[name=place]").input_value()
    expect(second).to_have_attribute("aria-pressed", "true")
    page.locator("#sketch g").nth(0).focus()
    page.keyboard.press("Enter")
    assert '"01"' in order.locator("[name=place]").input_value()
    order.locator("[name=place]").select_option(index=1)
    expect(second).to_have_attribute("aria-pressed", "true")
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
    # The register follows without being loaded anew.
    expect(row).to_have_attribute("data-state", "successful", timeout=120_000)
    expect(row).to_contain_text("có tên người")
    with page.expect_download() as download:
        row.locator("a[download]").click()
    assert download.value.suggested_filename == "atlas-11311-02.pdf"
    picture(page, "print-done")
    page.on("dialog", lambda dialog: dialog.accept())
    row.locator("button").click()
    expect(page.locator("#prints tr[data-print]").first).to_have_attribute("data-state", "dismissed")
    page.goto(f"{office.url}/print?lang=en")
    text = tab.text("main")
    assert "Register of prints" in text
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    picture(page, "print-phone")


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
