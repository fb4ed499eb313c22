"""The pages of accounts in Chromium, from the first start to a token that QGIS uses and that is revoked."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from psycopg import Connection

from gisland.database import run
from gisland.security import labels
from gisland.security.accounts import create_first_admin
from gisland.security.permissions import Permission, Role
from gisland.settings import Settings
from tests.browser import MapPage
from tests.factories import make_parcel, make_sheet, make_ward
from tests.live import LiveServer
from tests.publish.conftest import serving
from tests.security.conftest import SOON, Person, me

Open = Callable[..., MapPage]
NEW, PERSONS = "mot cau moi rat dai", "con song chay ra bien"


@pytest.fixture
def fresh(settings: Settings) -> Iterator[tuple[LiveServer, str]]:
    """The application at its first start, with one parcel, and the secret that was shown."""

    def work(connection: Connection) -> None:
        ward = make_ward(connection)
        make_parcel(connection, ward, make_sheet(connection, ward))

    run(settings, work)
    secret = run(settings, create_first_admin)
    assert secret is not None
    with serving(settings) as client:
        yield LiveServer(str(client.base_url).rstrip("/"), ("admin", secret), settings), secret


def sign_in(page: Page, name: str, secret: str) -> None:
    page.fill("#sign-in [name=name]", name)
    page.fill("#sign-in [name=secret]", secret)
    page.click("#sign-in [type=submit]")


def signed_in(page: Page, name: str, secret: str) -> None:
    """Sign in, and wait until the page of the account is there."""
    sign_in(page, name, secret)
    expect(page.locator("#sign-out")).to_be_visible()


def set_password(page: Page, old: str, new: str) -> None:
    page.fill("#change-password [name=old]", old)
    page.fill("#change-password [name=new]", new)
    page.click("#change-password [type=submit]")


def shown_once(page: Page) -> str:
    """The secret in the dialog, which is closed then."""
    secret = page.locator("#once-secret")
    expect(secret).to_be_visible()
    value = secret.input_value()
    page.click("#once [type=submit]")
    expect(secret).to_be_hidden()
    return value


def picture(page: Page, name: str) -> None:
    """A picture of the page, for whoever wants to look at it: GISLAND_TEST_PICTURES names the folder."""
    if folder := os.environ.get("GISLAND_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_from_the_first_start_to_a_token_that_is_revoked(fresh: tuple[LiveServer, str], open_tab: Open) -> None:
    live, secret = fresh
    tab = open_tab(live.url)
    page = tab.page
    page.on("dialog", lambda dialog: dialog.accept())

    # The secret of the first start leads to a password of one's own, and nowhere else.
    page.goto(f"{live.url}/admin/accounts")
    expect(page).to_have_url(f"{live.url}/account")
    picture(page, "sign-in")
    sign_in(page, "admin", secret)
    expect(page.locator("h1")).to_have_text("Đặt mật khẩu của bạn")
    expect(page.locator("#tokens")).to_have_count(0)
    set_password(page, secret, "matkhau12345")
    expect(page.locator("#change-password [role=alert]")).to_contain_text("mật khẩu này quá phổ biến")
    assert all("422" in error for error in tab.errors)
    tab.errors.clear()
    set_password(page, secret, NEW)
    expect(page.locator("h1")).to_have_text("Tài khoản của tôi")

    # People and roles.
    page.click("text=Người dùng và vai trò")
    page.fill("#new-account [name=name]", "an")
    page.click("#new-account [type=submit]")
    once = shown_once(page)
    person = page.locator("[data-account=an]")
    expect(person).to_contain_text("chưa đặt mật khẩu")
    page.select_option("#new-grant [name=account_id]", label="an")
    page.select_option("#new-grant [name=role]", "officer")
    page.select_option("#new-grant [name=place]", label="cả phường 11311 Hồng Bàng")
    page.click("#new-grant [type=submit]")
    expect(person).to_contain_text("Cán bộ · Hồng Bàng (11311)")
    expect(page.locator("[data-account=admin] button", has_text="Ngừng")).to_have_count(0)
    picture(page, "accounts")
    page.click("#sign-out")
    expect(page).to_have_url(f"{live.url}/")

    # The person comes, and makes a token.
    page.goto(f"{live.url}/account")
    sign_in(page, "an", once)
    set_password(page, once, PERSONS)
    expect(page.locator("h1")).to_have_text("Tài khoản của tôi")
    expect(page.locator("text=Người dùng và vai trò")).to_have_count(0)
    page.fill("#new-token [name=name]", "QGIS")
    page.click("#new-token [type=submit]")
    token = shown_once(page)
    assert re.fullmatch(r"gisland_pat_[\w-]{43}", token)
    expect(page.locator("#tokens table")).to_contain_text("Xem lớp bản đồ dành cho cán bộ")
    assert token not in page.content()
    picture(page, "account")

    # GDAL and QGIS send it as the password.
    assert me(live.url, ("an", token)).json()["permissions"] == ["public:read", "staff_layer:read"]
    told = ogrinfo(live.url, f"an:{token}")
    assert "Feature Count: 1" in told.stdout, told.stderr
    page.click("#tokens button:has-text('Thu hồi')")
    expect(page.locator("#tokens table")).to_have_count(0)
    time.sleep(SOON)
    assert me(live.url, ("an", token)).status_code == 401
    assert "Feature Count: 1" not in ogrinfo(live.url, f"an:{token}").stdout


def ogrinfo(url: str, credentials: str) -> subprocess.CompletedProcess[str]:
    """What GDAL's OAPIF driver tells of the layer for staff."""
    command = ["ogrinfo", "-ro", "-so", f"OAPIF:{url}/ogc/collections/parcels-staff", "parcels-staff"]
    options = ["--config", "GDAL_HTTP_USERPWD", credentials, "--config", "GDAL_HTTP_AUTH", "BASIC"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_a_wrong_password_is_told(people: LiveServer, open_tab: Open) -> None:
    tab = open_tab(people.url)
    tab.page.goto(f"{people.url}/account?lang=en")
    sign_in(tab.page, "nobody.here", "wrong")
    expect(tab.page.locator("#sign-in [role=alert]")).to_have_text("The user name or the password is wrong.")
    assert all("401" in error for error in tab.errors)
    tab.errors.clear()


def test_a_form_is_not_sent_by_the_browser_before_the_script_is_there(people: LiveServer, open_tab: Open) -> None:
    tab = open_tab(people.url)
    held: list[Route] = []
    tab.page.route("**/account.js*", lambda route: held.append(route))
    tab.page.goto(f"{people.url}/account", wait_until="commit")
    tab.page.wait_for_timeout(1000)
    assert len(held) == 1
    assert tab.page.locator("#sign-in").count() == 0
    held[0].continue_()
    tab.page.unroute("**/account.js*")
    signed_in(tab.page, *people.admin)
    expect(tab.page.locator("h1")).to_have_text("Tài khoản của tôi")


def test_the_pages_speak_english_when_told(people: LiveServer, open_tab: Open) -> None:
    vietnamese = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
    tab = open_tab(people.url)
    tab.page.goto(f"{people.url}/account?lang=en")
    sign_in(tab.page, *people.admin)
    expect(tab.page.locator("h1")).to_have_text("My account")
    for page in ("account", "admin/accounts"):
        tab.page.goto(f"{people.url}/{page}?lang=en")
        text = tab.text("body").replace("Tiếng Việt", "").replace("Hồng Bàng", "").replace("Tổ 1", "")
        assert not vietnamese.search(text)
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_pages_fit_a_phone(people: LiveServer, open_tab: Open) -> None:
    tab = open_tab(people.url, width=360, height=740)
    tab.page.goto(f"{people.url}/account")
    sign_in(tab.page, *people.admin)
    expect(tab.page.locator("#tokens")).to_be_visible()
    for page in ("account", "admin/accounts"):
        tab.page.goto(f"{people.url}/{page}")
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        picture(tab.page, f"phone-{page.replace('/', '-')}")


def test_the_pages_run_no_inline_code_and_are_kept_nowhere(people: LiveServer) -> None:
    for page in ("account", "admin/accounts"):
        answer = httpx.get(f"{people.url}/{page}", auth=people.admin)
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "private, no-store"
        assert "Cookie" in answer.headers["vary"]
        assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
        # Should the script not come, no secret ends up in an address.
        assert all(
            'method="post"' in form or 'method="dialog"' in form for form in re.findall("<form[^>]*>", answer.text)
        )


def test_only_administrators_see_people(people: LiveServer, someone: Callable[..., Person]) -> None:
    assert httpx.get(f"{people.url}/admin/accounts", auth=someone()).status_code == 403
    anonymous = httpx.get(f"{people.url}/admin/accounts")
    assert (anonymous.status_code, anonymous.headers["location"]) == (303, "/account")


def test_every_role_and_permission_has_a_name() -> None:
    assert set(labels.ROLES) == set(Role)
    assert set(labels.PERMISSIONS) == set(Permission)
    assert all(len({*names}) == 2 for names in (*labels.ROLES.values(), *labels.PERMISSIONS.values()))
