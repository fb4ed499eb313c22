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
from gisland.security.crypto import load_vault
from gisland.security.guards import Caller
from gisland.security.subject import Grant, operator
from gisland.settings import Settings
from tests.factories import SECRET, make_account, make_holder, make_parcel, make_sheet, make_ward, one
from tests.registry.conftest import Api

NAME, NUMBER, MASKED = "Nguyễn Văn Thử", "999070000034", "999*****0034"
Ask = Callable[..., httpx.Response]
EVENTS = "SELECT subject, tag, ward_id, object, detail FROM audit.event WHERE tag = 'registry:searched'"


@pytest.fixture
def ward(settings: Settings) -> int:
    def fill(connection: Connection) -> int:
        ward = make_ward(connection)
        make_holder(connection, ward, NAME, NUMBER, vault=load_vault(settings))
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

    async def answer(method: str, path: str, body: dict[str, Any], auth: tuple[str, str] | None) -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        ):
            return await client.request(method, f"/api/v1/{path}", json=body, auth=auth)

    def ask(
        body: dict[str, Any],
        who: str | None = "officer",
        method: str = "POST",
        path: str = "search",
        secret: str = SECRET,
    ) -> httpx.Response:
        return asyncio.run(answer(method, path, body, (who, secret) if who else None))

    return ask


def test_an_officer_searches_and_only_counts_are_noted(ask: Ask, settings: Settings, ward: int) -> None:
    answer = ask({"text": "nguyen van thu", "ward_id": ward})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    (hit,) = answer.json()["hits"]
    told = hit["kind"], hit["match"], hit["label"], hit["ward_id"]
    assert told == ("holder", "accentless", f"{NAME} · {MASKED}", ward)
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


@pytest.mark.parametrize(
    ("more", "by_name", "by_id"),
    [
        # What is not shown cannot be sought, else one question after the other would find it out.
        ([], [], []),
        (["identity:read"], [], []),
        (["person:read"], [NAME], []),
        (["person:read", "identity:read"], [f"{NAME} · {MASKED}"], [f"{NAME} · {MASKED}"]),
    ],
)
def test_a_token_finds_what_it_may_see(
    ask: Ask, ward: int, more: list[str], by_name: list[str], by_id: list[str]
) -> None:
    wanted = {"name": "thử", "permissions": ["registry:search", *more]}
    token = ask(wanted, path="tokens").json()["token"]

    def labels(text: str, **where: object) -> list[str]:
        answer = ask({"text": text} | where, secret=token)
        assert answer.status_code == 200, answer.text
        return [hit["label"] for hit in answer.json()["hits"]]

    for where in ({}, {"ward_id": ward}):
        assert labels("tờ 54 thửa 34", **where) == ["Tờ 54, thửa 34"]
        assert labels(NAME, **where) == by_name
        assert labels(NUMBER, **where) == by_id
    # Who asks for holders only hears that it is not theirs, whatever the text.
    only = ask({"text": NAME, "kinds": ["holder"]}, secret=token)
    assert only.status_code == (200 if "person:read" in more else 403)


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
