"""`POST /api/v1/search` and `gisland registry search`: who may, and what is noted of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import typer
from psycopg import Connection
from typer.testing import CliRunner

from gisland.app import create_app
from gisland.database import Role, connect, run
from gisland.registry import search_commands, search_routes
from gisland.security import permissions
from gisland.security.guards import Caller
from gisland.security.subject import Grant, operator
from gisland.settings import Settings
from tests.factories import SECRET, make_account, make_holder, make_parcel, make_sheet, make_ward, one
from tests.registry.conftest import Api

Ask = Callable[..., httpx.Response]
EVENTS = "SELECT subject, tag, ward_id, object, detail FROM audit.event WHERE tag = 'registry:searched'"


@pytest.fixture
def ward(settings: Settings) -> int:
    def fill(connection: Connection) -> int:
        ward = make_ward(connection)
        make_holder(connection, ward, "Nguyễn Văn Thử")
        make_parcel(connection, ward, make_sheet(connection, ward, "54"), "34")
        for role in (permissions.Role.OFFICER, permissions.Role.VIEWER):
            make_account(connection, role.value, Grant(role, ward))
        return ward

    return run(settings, fill)


@pytest.fixture
def ask(settings: Settings, ward: int) -> Ask:
    """Sends a body to a web worker."""
    app = create_app(settings)
    app.include_router(search_routes.router)

    async def answer(method: str, body: dict[str, Any], auth: tuple[str, str] | None) -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        ):
            return await client.request(method, "/api/v1/search", json=body, auth=auth)

    def ask(body: dict[str, Any], who: str | None = "officer", method: str = "POST") -> httpx.Response:
        return asyncio.run(answer(method, body, (who, SECRET) if who else None))

    return ask


def test_an_officer_searches_and_only_counts_are_noted(ask: Ask, settings: Settings, ward: int) -> None:
    answer = ask({"text": "nguyen van thu", "ward_id": ward})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    (hit,) = answer.json()["hits"]
    assert (hit["kind"], hit["match"], hit["label"], hit["ward_id"]) == ("holder", "accentless", "Nguyễn Văn Thử", ward)
    assert answer.json()["limited"] is False
    assert ask({"text": "54/34", "limit": 1}).json()["limited"] is True
    with connect(settings, Role.APP) as connection:
        assert connection.execute(EVENTS).fetchall() == [
            ("account:officer", "registry:searched", ward, "", {"found": {"holder": 1}}),
            # Nowhere in particular: whose data was found is noted all the same.
            ("account:officer", "registry:searched", ward, "", {"found": {"parcel": 1}}),
        ]


def test_who_may_not_search_is_refused(ask: Ask, ward: int) -> None:
    assert ask({"text": "nguyen van thu"}, "viewer").status_code == 403
    assert ask({"text": "nguyen van thu"}, None).status_code == 401


def test_what_was_typed_stands_in_no_address(ask: Ask) -> None:
    assert ask({"text": "x"}, method="GET").status_code == 405


@pytest.mark.parametrize(
    "body", [{}, {"text": " "}, {"text": "x" * 201}, {"text": "x", "limit": 101}, {"text": "a", "q": 1}]
)
def test_a_wrong_request_is_told_without_its_text(ask: Ask, body: dict[str, Any]) -> None:
    answer = ask(body)
    assert answer.status_code == 400
    assert "xxx" not in answer.text


def test_the_command_reads_standard_input(settings: Settings, ward: int) -> None:
    app = typer.Typer()
    app.add_typer(search_commands.app)
    app.callback()(lambda: None)
    answer = CliRunner().invoke(
        app, ["search", "-", "--ward", "11311"], obj=Caller(settings, operator()), input="nguyen van thu\n"
    )
    assert answer.exit_code == 0, answer.output
    assert "Nguyễn Văn Thử" in answer.output
    assert "hint: without accents" in answer.output
    with connect(settings, Role.APP) as connection:
        assert one(connection, EVENTS.replace("subject, tag, ward_id, object, detail", "detail")) == {
            "found": {"holder": 1}
        }


@pytest.mark.parametrize("text", ["a\x00b", "a\tb\x01", " ", "", "x" * 201])
def test_what_is_no_text_is_refused(api: Api, text: str) -> None:
    answer = api.client.post("search", json={"text": text})
    assert answer.status_code == 400, answer.text
