"""Alerts through the doors: real acts of real people, seen by the real worker, told by mail and webhook."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from psycopg import Connection

from gisland.audit.alerts.watcher import watching
from gisland.database import Role as DatabaseRole
from gisland.database import connect, run
from gisland.security.permissions import Role
from gisland.security.subject import Grant
from gisland.settings import Settings
from tests import commands
from tests.audit.alerts.servers import Hook, Post, mail_server, web_server
from tests.browser import MapPage
from tests.commands import Said
from tests.conftest import clone_of
from tests.factories import make_account, make_ward, one
from tests.live import LiveServer, first_admin
from tests.publish.conftest import serving
from tests.security.client import in_process
from tests.security.test_account_pages import picture, sign_in

Open = Callable[..., MapPage]


@contextmanager
def worker(settings: Settings) -> Iterator[None]:
    """`gisland worker` beside the test."""
    process = subprocess.Popen([sys.executable, "-m", "gisland", "worker"], env=settings.as_environment())
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def office(server: Settings) -> Iterator[tuple[LiveServer, Post, Hook, Settings]]:
    """An application whose alerts go to a mail server and a web server, with an officer of one ward."""
    with mail_server() as post, web_server() as hook, clone_of(server) as settings:
        own = settings.model_copy(
            update={
                "alert_mail_to": "an@example.vn",
                "smtp_host": "127.0.0.1",
                "smtp_port": post.port,
                "smtp_security": "none",
                "alert_webhook_url": f"http://127.0.0.1:{hook.port}/hook",
                "alert_inner_hosts": "127.0.0.1",
                "audit_anchor_file": Path(settings.state_dir) / f"anchors-{settings.database_name}",
            }
        )

        def hire(connection: Connection) -> None:
            wards = make_ward(connection, "11311"), make_ward(connection, "11312")
            make_account(connection, "officer", Grant(Role.OFFICER, wards[0]))
            make_account(connection, "auditor", Grant(Role.AUDITOR))
            make_account(connection, "viewer", Grant(Role.VIEWER))

        with in_process(own) as live:
            run(own, hire)
            yield live, post, hook, own


AUDITOR, OFFICER, VIEWER = ((name, "invented secret") for name in ("auditor", "officer", "viewer"))


def ask(live: LiveServer, auth: tuple[str, str], path: str = "/alerts", **options: Any) -> httpx.Response:
    method = options.pop("method", "GET")
    return httpx.request(method, f"{live.url}/api/v1{path}", auth=auth, timeout=30, **options)


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def test_from_the_act_to_the_mail_and_back(office: tuple[LiveServer, Post, Hook, Settings]) -> None:
    """An officer asks for what is not theirs: refusals, another ward, wrong passwords. Everything by the real doors."""
    live, post, hook, settings = office
    with connect(settings, DatabaseRole.APP) as connection:
        other = one(connection, "SELECT id FROM registry.unit WHERE code = '11312'")
    assert ask(live, OFFICER, "/search", method="POST", json={"text": "thửa 1", "ward_id": other}).json()["hits"] == []
    for _ in range(20):
        assert ask(live, OFFICER, "/accounts").status_code == 403
    for _ in range(10):
        assert ask(live, ("viewer", "wrong"), "/me").status_code == 401
    with worker(settings):
        wanted = {
            ("refusals", "account:officer"),
            ("other-ward", "account:officer"),
            ("password-guessing", "viewer"),
        }
        until(lambda: wanted <= {(each["rule"], each["key"]) for each in ask(live, live.admin).json()})
        until(lambda: all(set(each["deliveries"].values()) == {"delivered"} for each in ask(live, AUDITOR).json()))
    text = "".join(message.get_content() for message in post.taken)
    assert all(title in text for title in ("Many requests refused", "another ward", "Many failed sign-ins"))
    bodies = b"".join(body for _, _, body in hook.taken)
    assert {each["rule"] for _, _, body in hook.taken for each in json.loads(body)["alerts"]} >= {
        "refusals",
        "other-ward",
    }
    for name in ("officer", "viewer"):
        assert name not in text
        assert name.encode() not in bodies, "of whom it is about is told after signing in only"
    for each in ask(live, AUDITOR).json():
        path = f"/alerts/{each['id']}/acknowledge"
        assert ask(live, OFFICER, path, method="POST", json={"note": "không sao"}).status_code == 403
        done = ask(live, AUDITOR, path, method="POST", json={"note": "đã gọi hỏi"})
        # Whoever is told no names is told none, also not their own.
        assert re.fullmatch(r"account:\d+", done.json()["acknowledged_by"])
        assert ask(live, AUDITOR, path, method="POST", json={"note": "nữa"}).status_code == 409
    assert ask(live, AUDITOR).json() == []
    assert len(ask(live, AUDITOR, params={"state": "all"}).json()) >= 3


@pytest.mark.parametrize("body", [{}, {"note": ""}, {"note": "  "}, {"note": "x" * 501}, {"note": "ok!", "by": "x"}])
def test_an_acknowledgement_says_what_was_done(
    office: tuple[LiveServer, Post, Hook, Settings], body: dict[str, str]
) -> None:
    answer = ask(office[0], AUDITOR, "/alerts/1/acknowledge", method="POST", json=body)
    assert answer.status_code == 400
    assert (
        ask(office[0], AUDITOR, "/alerts/999999/acknowledge", method="POST", json={"note": "đã xem"}).status_code == 404
    )


def test_who_may(office: tuple[LiveServer, Post, Hook, Settings]) -> None:
    live = office[0]
    for auth in (OFFICER, VIEWER):
        assert ask(live, auth).status_code == 403
        assert ask(live, auth, "/alerts/test", method="POST").status_code == 403
        assert httpx.get(f"{live.url}/admin/alerts", auth=auth).status_code == 403
    anonymous = httpx.get(f"{live.url}/admin/alerts")
    assert (anonymous.status_code, anonymous.headers["location"]) == (303, "/account")


def test_a_mail_server_that_is_away_is_tried_again(office: tuple[LiveServer, Post, Hook, Settings]) -> None:
    live, _, hook, settings = office
    hook.status = 500
    made = ask(live, AUDITOR, "/alerts/test", method="POST").json()["id"]
    with watching(settings):
        until(lambda: _delivery(settings, made)[0] == 1)
        _, delivered, error = _delivery(settings, made)
        assert (delivered, error) == (False, "HTTP 500")
        hook.status = 204
        with connect(settings, DatabaseRole.APP) as connection:
            connection.execute("UPDATE audit.delivery SET due_at = now() WHERE alert_id = %s", [made])
        until(lambda: _delivery(settings, made)[1])


def _delivery(settings: Settings, alert: int) -> tuple[int, bool, str]:
    query = """
        SELECT attempts, delivered_at IS NOT NULL, error FROM audit.delivery WHERE alert_id = %s AND way = 'webhook'
         ORDER BY id DESC
    """
    with connect(settings, DatabaseRole.APP) as connection:
        row = connection.execute(query, [alert]).fetchone()
    assert row is not None
    return row


def gisland(settings: Settings, *words: str) -> Said:
    return commands.gisland(settings, "audit", *words)


def test_commands(office: tuple[LiveServer, Post, Hook, Settings]) -> None:
    _, post, hook, settings = office
    before = len(post.taken), len(hook.taken)
    told = gisland(settings, "alert-test")
    assert told.returncode == 0, told.stderr
    assert "mail: đã gửi" in told.stdout
    assert "webhook: đã gửi" in told.stdout
    assert (len(post.taken), len(hook.taken)) == (before[0] + 1, before[1] + 1)
    listed = gisland(settings, "alerts")
    alert = json.loads(listed.stdout.splitlines()[0])
    assert alert["rule"] == "test"
    done = gisland(settings, "acknowledge", str(alert["id"]), "--note", "đã thấy")
    assert done.returncode == 0, done.stderr
    assert gisland(settings, "acknowledge", str(alert["id"]), "--note", "đã thấy").returncode == 6
    assert gisland(settings, "acknowledge", "1", "--note", "x").returncode == 2
    nowhere = gisland(settings.model_copy(update={"alert_mail_to": "", "alert_webhook_url": ""}), "alert-test")
    assert nowhere.returncode == 2
    assert "GISLAND_ALERT_MAIL_TO" in nowhere.stderr
    wrong = gisland(settings.model_copy(update={"smtp_port": 1, "alert_webhook_url": ""}), "alert-test")
    assert wrong.returncode == 1
    assert "mail: ConnectionRefusedError" in wrong.stderr


def test_the_page(office: tuple[LiveServer, Post, Hook, Settings], open_tab: Open) -> None:
    live, _, _, settings = office
    tab = open_tab(live.url)
    page = tab.page
    page.goto(f"{live.url}/admin/alerts")
    expect(page).to_have_url(f"{live.url}/account")
    sign_in(page, *live.admin)
    page.click("text=Cảnh báo")
    expect(page.locator("h1")).to_have_text("Cảnh báo")
    page.click("#test button")
    row = page.locator("#open tr[data-rule=test]").first
    expect(row).to_contain_text("Thử cảnh báo")
    expect(row).to_contain_text("account:admin")
    expect(row).to_contain_text("đang chờ")
    _more(settings)
    page.reload()
    picture(page, "alerts")
    number = row.get_attribute("data-alert")
    row.locator("[name=note]").fill("đã thấy <b>thư</b>")
    row.locator("button").click()
    done = page.locator(f"#acknowledged tr[data-alert='{number}']")
    expect(done).to_contain_text("đã thấy <b>thư</b>")
    expect(done).to_contain_text("account:admin")
    picture(page, "alerts-acknowledged")
    page.goto(f"{live.url}/admin/alerts?lang=en")
    text = tab.text("body").replace("Tiếng Việt", "")
    assert "To look at" in text
    told = re.sub(r"đã \w+( \w+)?( <b>thư</b>)?|không sao", "", text)
    assert not re.search("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", told)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    picture(page, "alerts-phone")
    answer = httpx.get(f"{live.url}/admin/alerts", auth=live.admin)
    assert answer.headers["cache-control"] == "private, no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)


def _more(settings: Settings) -> None:
    """Alerts of some sorts, to look at."""
    insert = """
        INSERT INTO audit.alert (rule, key, severity, first_at, last_at, amount, detail)
        VALUES ('bulk-persons', 'account:binh', 'high', now() - interval '1 hour', now(), 4200, '{"usual": 310}'),
               ('sign-ins-of-one-origin', '*', 'medium', now() - interval '20 minutes', now(), 64, '{}'),
               ('out-of-hours', 'account:chi', 'low', now() - interval '9 hours', now() - interval '8 hours', 31, '{}')
    """
    with connect(settings, DatabaseRole.APP) as connection:
        connection.execute(insert)


def test_nobody_is_told_and_the_page_says_so(settings: Settings) -> None:
    admin = first_admin(settings)
    with serving(settings) as client:
        answer = client.get("/admin/alerts", auth=admin)
        assert "không ai được báo tin" in answer.text
