"""What a visitor sees and does on the map page, against the real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect
from pyproj import Transformer

from gisland.database import Role, connect
from gisland.web.screenshot import take_screenshot, wait_until_drawn
from tests.browser import MapPage
from tests.live import LiveServer

NO_LABELS = 1.0  # metres per pixel: close enough for whole parcels, too far for labels
NUMBERS = 0.4
LABELS = 0.15


def api(live: LiveServer, path: str, auth: tuple[str, str] | None = None) -> Any:
    answer = httpx.get(live.url + path, auth=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_colours_of(tab: MapPage, palette: dict[str, Any]) -> None:
    """The largest parcel of each status has the palette's colour in its middle."""
    colours = {status["id"]: status["color"] for status in palette["statuses"]}
    seen: set[str] = set()
    for feature in tab.features():
        status = feature[palette["property"]]
        if status not in seen:
            seen.add(status)
            tab.look_at(feature["id"], resolution=NO_LABELS)
            assert tab.middle_colour() == colours[status], (status, feature["id"])
    assert seen == {status for status, count in tab.legend().items() if count}


def test_all_parcels_are_loaded_once(tab: MapPage, live_server: LiveServer) -> None:
    ids = [feature["id"] for feature in tab.features()]
    assert len(ids) == len(set(ids)) == api(live_server, "/api/v1/layers/parcels/counts")["total"]


def test_colours_are_those_of_the_palette(tab: MapPage, live_server: LiveServer) -> None:
    assert_colours_of(tab, api(live_server, "/api/v1/palette"))


def test_legend_shows_the_counts_of_the_api(tab: MapPage, live_server: LiveServer) -> None:
    counts = api(live_server, "/api/v1/layers/parcels/counts")
    labels = {each["id"]: each["label"]["vi"] for each in api(live_server, "/api/v1/palette")["statuses"]}
    legend = tab.legend()
    assert {status: count for status, count in legend.items() if count} == counts["by_status"]
    assert set(legend) == set(labels)
    for status, count in legend.items():
        entry = tab.page.locator(f"#legend-list [data-status={status}]")
        assert entry.locator(".name").inner_text() == labels[status]
        assert entry.locator(".share").inner_text() == f"{100 * count / counts['total']:.1f} %".replace(".", ",")


def test_a_legend_entry_hides_its_parcels(tab: MapPage) -> None:
    feature = tab.features()[0]
    status = feature["verification_status"]
    x, y = tab.look_at(feature["id"], resolution=NO_LABELS)
    shown = tab.middle_colour()
    tab.page.click(f"[data-status={status}]")
    tab.look_at(feature["id"], resolution=NO_LABELS)
    assert tab.middle_colour() == ""
    tab.page.mouse.click(x, y)
    expect(tab.page.locator("#panel")).to_be_hidden()
    tab.page.click(f"[data-status={status}]")
    tab.look_at(feature["id"], resolution=NO_LABELS)
    assert tab.middle_colour() == shown


def test_parcels_are_labelled_when_they_are_large_enough(tab: MapPage) -> None:
    feature = tab.features()[0]
    number, area = feature["parcel_no"], f"{float(feature['area_m2']):.1f}".replace(".", ",")
    assert tab.written(feature["id"], resolution=NO_LABELS) == set()
    assert f"{feature['sheet_no']}/{number}" in tab.written(feature["id"], resolution=NUMBERS)
    assert {feature["land_type"], number, area} <= tab.written(feature["id"], resolution=LABELS)


def test_a_click_shows_the_parcel(tab: MapPage) -> None:
    feature = tab.features()[5]
    tab.page.mouse.click(*tab.look_at(feature["id"], resolution=LABELS))
    expect(tab.page.locator("#panel-title")).to_have_text(f"Tờ {feature['sheet_no']} · Thửa {feature['parcel_no']}")
    area = f"{float(feature['area_m2']):.1f}".replace(".", ",")
    fields = tab.text("#panel-fields").replace("\xa0", " ")
    assert f"{area} m²" in re.sub(r"(?<=\d)\.(?=\d{3})", "", fields)
    assert feature["land_type"] in fields
    expect(tab.page.locator("#panel-people")).to_be_hidden()
    assert tab.page.url.endswith(f"/{feature['id']}")


def test_wide_views_are_drawn_from_tiles_with_the_same_colours(tab: MapPage, live_server: LiveServer) -> None:
    palette = api(live_server, "/api/v1/palette")
    colours = {status["id"]: status["color"] for status in palette["statuses"]}
    feature = tab.features()[0]
    asked = len(tab.requests)
    x, y = tab.look_at(feature["id"], resolution=4)
    assert tab.middle_colour() == colours[feature["verification_status"]]
    new = [urlsplit(request).path for request in tab.requests[asked:]]
    assert any(path.startswith("/ogc/collections/parcels/tiles/WebMercatorQuad/") for path in new)
    assert not any(path.endswith("/items") for path in new)
    tab.page.mouse.click(x, y)
    expect(tab.page.locator("#panel-title")).to_have_text(f"Tờ {feature['sheet_no']} · Thửa {feature['parcel_no']}")
    # A status that is switched off is seen in no view.
    tab.page.click(f"[data-status={feature['verification_status']}]")
    tab.look_at(feature["id"], resolution=4)
    assert tab.middle_colour() == ""


def test_from_far_the_map_shows_how_much_there_is_of_which_status(tab: MapPage, live_server: LiveServer) -> None:
    colours = {status["color"] for status in api(live_server, "/api/v1/palette")["statuses"]}
    x, y = tab.look_at(tab.features()[0]["id"], resolution=12)
    expect(tab.page.locator("#map")).to_have_attribute("data-state", "far")
    expect(tab.page.locator("#notice-text")).to_have_text("Hãy phóng to để xem từng thửa đất.")
    assert len(tab.colours() & colours) > 1
    tab.page.mouse.click(x, y)
    expect(tab.page.locator("#panel")).to_be_hidden()


def test_staff_see_exact_states_on_tiles_and_their_session_ends_there_as_anywhere(
    tab: MapPage, live_server: LiveServer
) -> None:
    tab.sign_in(*live_server.admin)
    expect(tab.page.locator("#map")).to_have_attribute("data-layer", "parcels-staff")
    wait_until_drawn(tab.page)
    palette = api(live_server, "/api/v1/palette", live_server.admin)
    colours = {status["id"]: status["color"] for status in palette["statuses"]}
    feature = tab.features()[0]
    tab.look_at(feature["id"], resolution=4)
    assert tab.middle_colour() == colours[feature["exact_status"]]


def test_a_permalink_leads_to_its_parcel(tab: MapPage, open_tab: Callable[..., MapPage]) -> None:
    feature = tab.features()[7]
    tab.page.mouse.click(*tab.look_at(feature["id"], resolution=LABELS))
    expect(tab.page).to_have_url(re.compile(rf"/{feature['id']}$"))
    other = open_tab(tab.url)
    other.open("#" + tab.page.url.split("#")[1])
    expect(other.page.locator("#panel-title")).to_have_text(tab.text("#panel-title"))
    distance = other.page.evaluate(
        "([x, y]) => { const c = gisland.map.getView().getCenter(); return Math.hypot(c[0] - x, c[1] - y) }",
        tab.page.evaluate("gisland.map.getView().getCenter()"),
    )
    assert distance < 1  # metres: the address holds six decimals of a degree


def test_the_keyboard_selects_the_parcel_in_the_middle(tab: MapPage) -> None:
    feature = tab.features()[3]
    tab.look_at(feature["id"], resolution=NO_LABELS)
    tab.page.focus("#map")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#panel")).to_be_focused()
    assert tab.page.url.endswith(f"/{feature['id']}")
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("#panel")).to_be_hidden()
    expect(tab.page.locator("#map")).to_be_focused()


def test_search_finds_a_parcel(tab: MapPage) -> None:
    """However it is written."""
    forms = ["{0}/{1}", "{0} {1}", "tờ {0} thửa {1}", "Tờ số {0}, thửa đất số {1}", "to {0} thua {1}"]
    for form, feature in zip(forms, tab.features()[11:], strict=False):
        tab.search(form.format(feature["sheet_no"], feature["parcel_no"]))
        title = f"Tờ {feature['sheet_no']} · Thửa {feature['parcel_no']}"
        expect(tab.page.locator("#panel-title")).to_have_text(title)
        expect(tab.page).to_have_url(re.compile(rf"#(1[7-9]|2\d)\.[\d/.]+/{feature['id']}$"))


def test_search_says_when_there_is_nothing(tab: MapPage) -> None:
    tab.search("1/99999")
    expect(tab.page.locator("#search-answer")).to_have_text("Không tìm thấy thửa 99999 trên tờ 1.")
    tab.search("Nguyễn")
    expect(tab.page.locator("#search-answer")).to_contain_text("12/34")


def test_signing_in_shows_exact_states_and_holders(tab: MapPage, live_server: LiveServer) -> None:
    tab.sign_in(*live_server.admin)
    expect(tab.page.locator("#legend-list button")).to_have_count(10)
    tab.page.wait_for_selector("#map[data-layer=parcels-staff][data-state=ready]")
    counts = api(live_server, "/api/v1/layers/parcels-staff/counts", live_server.admin)["by_status"]
    assert {status: count for status, count in tab.legend().items() if count} == counts
    assert_colours_of(tab, api(live_server, "/api/v1/palette", live_server.admin))

    feature = next(each for each in tab.features() if each["holder_names"])
    tab.page.mouse.click(*tab.look_at(feature["id"], resolution=LABELS))
    expect(tab.page.locator("#panel-people")).to_be_visible()
    assert re.fullmatch(r"#[\d.]+/-?[\d.]+/-?[\d.]+/\d+", tab.page.evaluate("location.hash"))

    tab.page.click("#session")
    expect(tab.page.locator("#legend-list button")).to_have_count(4)
    tab.page.wait_for_selector("#map[data-layer=parcels][data-state=ready]")
    assert all("holder_names" not in each for each in tab.features())
    expect(tab.page.locator("#panel-people")).to_be_hidden()


def test_the_password_is_stored_nowhere_and_no_script_reads_the_session(tab: MapPage, live_server: LiveServer) -> None:
    name, secret = live_server.admin
    tab.sign_in(name, secret)
    expect(tab.page.locator("#session-user")).to_have_text(name)
    kept = tab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    (cookie,) = tab.page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("gisland_session", True, "Lax")
    for hidden in (secret, cookie["value"]):
        assert hidden not in kept + tab.page.content()
    assert tab.page.input_value("#sign-in [name=secret]") == ""
    assert not [request for request in tab.requests if secret in request]


def test_a_session_outlives_the_page_until_one_signs_out(tab: MapPage, live_server: LiveServer) -> None:
    tab.sign_in(*live_server.admin)
    tab.page.wait_for_selector("#map[data-layer=parcels-staff][data-state=ready]")
    tab.page.reload()
    tab.page.wait_for_selector("#map[data-layer=parcels-staff][data-state=ready]")
    expect(tab.page.locator("#session-user")).to_have_attribute("href", "/account?lang=vi")
    tab.page.click("#session")
    tab.page.wait_for_selector("#map[data-layer=parcels][data-state=ready]")
    assert tab.page.context.cookies() == []
    tab.page.reload()
    expect(tab.page.locator("#session-text")).to_have_text("Đăng nhập")


def test_a_session_that_was_ended_elsewhere_leads_back_to_the_public_map(tab: MapPage, live_server: LiveServer) -> None:
    tab.sign_in(*live_server.admin)
    tab.page.wait_for_selector("#map[data-layer=parcels-staff][data-state=ready]")
    with connect(live_server.settings, Role.APP) as connection:
        connection.execute("DELETE FROM security.session")
    tab.page.wait_for_timeout(1300)
    feature = tab.features()[3]
    tab.page.evaluate(f"location.hash = location.hash.split('/').slice(0, 3).join('/') + '/{feature['id']}'")
    expect(tab.page.locator("#notice-text")).to_contain_text("Phiên làm việc đã hết hiệu lực")
    tab.page.wait_for_selector("#map[data-layer=parcels][data-state=ready]")
    expect(tab.page.locator("#session-text")).to_have_text("Đăng nhập")
    assert all("401" in error for error in tab.errors)
    tab.errors.clear()


def test_a_wrong_password_is_told(tab: MapPage, live_server: LiveServer) -> None:
    tab.sign_in(live_server.admin[0], "sai rồi")
    expect(tab.page.locator("#sign-in-error")).to_have_text("Tên đăng nhập hoặc mật khẩu không đúng.")
    expect(tab.page.locator("#sign-in")).to_be_visible()
    assert all("401" in error for error in tab.errors)  # the browser's own note of the refusal
    tab.errors.clear()


def test_coordinates_under_the_mouse_are_vn2000(tab: MapPage) -> None:
    box = tab.page.locator("#map").bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    vn2000, wgs84 = tab.page.locator("#coordinates span").all_inner_texts()
    lat, lon = (float(value) for value in re.findall(r"\d+\.\d+", wgs84))
    north, east = (float(value.replace(".", "").replace(",", ".")) for value in re.findall(r"[\d.]+,\d\d", vn2000))
    expected = Transformer.from_crs(4326, 9210, always_xy=True).transform(lon, lat)
    assert (east, north) == pytest.approx(expected, abs=0.1)  # six decimals of a degree are 0.1 m


def test_the_page_speaks_english_when_told(tab: MapPage, live_server: LiveServer) -> None:
    assert tab.page.title() == "gisland — bản đồ xác minh thửa đất"
    tab.page.click("#language")
    labels = [status["label"]["en"] for status in api(live_server, "/api/v1/palette")["statuses"]]
    assert sorted(tab.page.locator("#legend-list .name").all_inner_texts()) == sorted(labels)
    assert tab.page.title() == "gisland — parcel verification map"
    assert not re.search(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", tab.text("body"))
    tab.page.reload()
    expect(tab.page.locator("html")).to_have_attribute("lang", "en")


def test_the_map_is_taken_along_to_qgis(tab: MapPage) -> None:
    link = tab.page.locator("#qgis-project")
    expect(link).to_have_text("Mở trong QGIS (tải dự án .qgz)")
    with tab.page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename == "gisland.qgz"
    tab.page.click("#language")
    expect(link).to_have_attribute("href", "/api/v1/qgis/project?lang=en")


def test_a_phone_shows_the_map_first(open_tab: Callable[..., MapPage], live_server: LiveServer) -> None:
    tab = open_tab(live_server.url, width=360, height=740)
    tab.open()
    expect(tab.page.locator("#legend-body")).to_be_hidden()
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
    tab.page.click("#legend-toggle")
    expect(tab.page.locator("#legend-body")).to_be_visible()


def test_the_project_makes_its_own_picture(live_server: LiveServer, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    with ThreadPoolExecutor(1) as thread:  # Playwright runs once per thread, and the tests' own runs in this one
        thread.submit(take_screenshot, live_server.url, out, size=(800, 600)).result()
    with Image.open(out) as picture:
        assert picture.size == (800, 600)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(800 * 600) or []}
    palette = api(live_server, "/api/v1/palette")
    verified = next(status["color"] for status in palette["statuses"] if status["id"] == "verified")
    assert tuple(bytes.fromhex(verified[1:])) in colours
