"""The pages of the OGC API that show features: a map of them in the style of the layer, and words instead of codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import MapPage
from tests.live import LiveServer

COLLECTION = "/ogc/collections/parcels"


def colours_of(live: LiveServer, auth: tuple[str, str] | None = None) -> set[str]:
    palette = httpx.get(f"{live.url}/api/v1/palette", auth=auth).json()
    return {status["color"] for status in palette["statuses"]}


@pytest.fixture
def tab(open_tab: Callable[..., MapPage], live_server: LiveServer) -> MapPage:
    return open_tab(live_server.url)


def show(tab: MapPage, path: str) -> None:
    tab.page.goto(f"{tab.url}{path}?f=html")
    tab.page.wait_for_selector("#preview[data-state=drawn]")


@pytest.mark.parametrize("path", ["", "/items"])
def test_a_page_shows_its_features_in_the_style_of_the_layer(tab: MapPage, live_server: LiveServer, path: str) -> None:
    show(tab, COLLECTION + path)
    assert len(tab.colours("#preview canvas") & colours_of(live_server)) > 1


def test_a_feature_is_outlined_in_the_middle_and_told_in_words(tab: MapPage, live_server: LiveServer) -> None:
    (feature,) = httpx.get(f"{live_server.url}{COLLECTION}/items?limit=1").json()["features"]
    show(tab, f"{COLLECTION}/items/{feature['id']}")
    assert "#10171d" in tab.colours("#preview canvas")
    cells = dict(zip(tab.page.locator("th").all_inner_texts(), tab.page.locator("td").all_inner_texts(), strict=True))
    labels = {"verified": "Đã xác minh", "action_needed": "Cần bổ sung", "in_progress": "Đang xác minh"}
    status = feature["properties"]["verification_status"]
    assert cells["Tình trạng xác minh"] == labels.get(status, "Không thuộc diện xác minh")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", cells["Cập nhật lúc"])
    assert cells["Diện tích (m²)"] == str(feature["properties"]["area_m2"]).replace(".", ",")


def test_staff_see_their_layer_on_its_pages_and_nobody_else_does(tab: MapPage, live_server: LiveServer) -> None:
    staff = f"{COLLECTION}-staff"
    assert httpx.get(f"{live_server.url}{staff}?f=html").status_code == 401
    tab.open()
    tab.sign_in(*live_server.admin)
    expect(tab.page.locator("#map")).to_have_attribute("data-layer", "parcels-staff")
    show(tab, f"{staff}/items")
    assert len(tab.colours("#preview canvas") & colours_of(live_server, live_server.admin)) > 3


def test_a_page_says_all_without_a_script(live_server: LiveServer) -> None:
    page = httpx.get(f"{live_server.url}{COLLECTION}/items?f=html&limit=3")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.text.count("<tr>") == 4
    plain = httpx.get(f"{live_server.url}{COLLECTION}/queryables?f=html")
    assert "<script" not in plain.text
    assert plain.headers["content-security-policy"].startswith("default-src 'none';")
