"""Signing in by HTTP Basic, and what is noted of refusals."""

from __future__ import annotations

import re

import httpx
import pytest

from gisland.database import Role, connect, run
from gisland.security.accounts import create_first_admin
from gisland.security.passwords import fits
from gisland.server import announce
from gisland.settings import Settings
from tests.factories import one
from tests.live import LiveServer


def test_anonymous_is_told_to_sign_in(live_server: LiveServer) -> None:
    answer = httpx.get(f"{live_server.url}/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.headers["content-type"] == "application/problem+json"


def test_admin_signs_in(live_server: LiveServer) -> None:
    answer = httpx.get(f"{live_server.url}/api/v1/me", auth=live_server.admin)
    assert answer.json()["name"] == "admin"
    assert answer.json()["grants"] == [{"role": "admin", "ward_id": None, "residential_group_id": None}]


@pytest.mark.parametrize("name", ["admin", "nobody"])
def test_wrong_name_and_wrong_secret_look_alike(live_server: LiveServer, name: str) -> None:
    answer = httpx.get(f"{live_server.url}/api/v1/me", auth=(name, "wrong"))
    assert answer.status_code == 401
    assert answer.json()["detail"] == "sai tên hoặc mật khẩu · name or secret is wrong"


@pytest.mark.parametrize("header", ["Basic !!!", "Basic YWRtaW4=", "Basic", ""])
def test_header_that_is_no_basic_is_refused(live_server: LiveServer, header: str) -> None:
    assert httpx.get(f"{live_server.url}/health/live", headers={"authorization": header}).status_code == 401


def test_wrong_credentials_are_refused_even_where_anybody_may_read(live_server: LiveServer) -> None:
    assert httpx.get(f"{live_server.url}/ogc/collections", auth=("admin", "wrong")).status_code == 401


def test_refusal_is_noted(live_server: LiveServer) -> None:
    query = "SELECT count(*) FROM audit.event WHERE tag = 'request:refused'"
    with connect(live_server.settings, Role.APP) as connection:
        before = one(connection, query)
    httpx.get(f"{live_server.url}/ogc/collections/parcels-staff/items")
    with connect(live_server.settings, Role.APP) as connection:
        assert one(connection, query) == before + 1


def test_first_admin_is_made_once(settings: Settings) -> None:
    secret = run(settings, create_first_admin)
    assert secret is not None
    assert len(secret) >= 20
    assert run(settings, create_first_admin) is None
    with connect(settings, Role.APP) as connection:
        stored = one(connection, "SELECT secret_hash FROM security.account")
    assert stored.startswith("$argon2id$")
    assert fits(stored, secret)


def test_its_secret_is_told_at_the_first_start_only(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    announce(settings)
    told = re.search(r"admin  (\S{20,})", capsys.readouterr().out)
    assert told is not None
    with connect(settings, Role.APP) as connection:
        assert fits(one(connection, "SELECT secret_hash FROM security.account"), told[1])
    announce(settings)
    again = capsys.readouterr().out
    assert told[1] not in again
    assert "http" in again
