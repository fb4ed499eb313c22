"""The pages `/account` (what is mine), `/admin/accounts` (people and roles) and `/admin/alerts` (what to look at).

The server makes them, in Vietnamese or English; their forms go to the REST API, which is the only door for changes.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta, timezone
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from psycopg import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gisland.audit.alerts.rules import Severity, load_rules
from gisland.audit.alerts.store import list_alerts
from gisland.audit.alerts.ways import ways_of
from gisland.audit.opaque import sees_people
from gisland.database import run
from gisland.errors import Unauthorized, UsageError
from gisland.security import labels
from gisland.security.accounts import list_accounts, note_listing
from gisland.security.crypto import load_vault
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import FOR_TOKENS, Permission, Role
from gisland.security.places import list_places
from gisland.security.sessions import list_sessions
from gisland.security.subject import Subject
from gisland.security.tokens import list_tokens
from gisland.state import state_of
from gisland.web.pages import HEADERS, STATIC_DIR, WEB_DIR, bundle_version

Language = Annotated[Literal["vi", "en"], Query(alias="lang")]
# Indochina time, all the year.
ZONE = timezone(timedelta(hours=7))
# Alerts that the page shows of each sort.
SHOWN = 100

router = APIRouter(include_in_schema=False)


class RequireOnPage(Require):
    """The same guard for a page: whoever is not signed in is led to where they can."""

    async def __call__(self, request: Request) -> Subject:
        """The subject of the request.

        Raises:
            HTTPException: nobody is signed in: to `/account`.
            Forbidden: the subject has not the permission.
        """
        try:
            return await super().__call__(request)
        except Unauthorized:
            raise HTTPException(303, headers={"Location": "/account"}) from None


@router.get("/account", response_class=HTMLResponse)
async def account_page(
    request: Request, subject: Annotated[Subject, Depends(Require(Permission.PUBLIC_READ))], language: Language = "vi"
) -> HTMLResponse:
    """Sign in; set a password; one's tokens and sessions."""
    settings = state_of(request).settings

    def work(connection: Connection) -> dict[str, Any]:
        account = subject.account_id
        if account is None or subject.must_change:
            return {}
        reached = {each.ward_id for each in subject.grants}
        wards = [each for each in list_places(connection) if None in reached or each.id in reached]
        return {
            "tokens": list_tokens(connection, account),
            "sessions": list_sessions(connection, account, subject.session_id, settings),
            "wards": wards,
            "permissions": sorted(subject.permissions & FOR_TOKENS),
        }

    return page("account", language, subject, await asyncio.to_thread(run, settings, work))


@router.get("/admin/accounts", response_class=HTMLResponse)
async def accounts_page(
    request: Request,
    subject: Annotated[Subject, Depends(RequireOnPage(Permission.ACCOUNT_MANAGE))],
    language: Language = "vi",
) -> HTMLResponse:
    """People, their roles, and where these hold."""
    settings = state_of(request).settings
    vault = load_vault(settings)

    def work(connection: Connection) -> dict[str, Any]:
        found = list_accounts(connection, vault)
        note_listing(connection, subject.name, "account", len(found))
        return {"accounts": found, "wards": list_places(connection), "roles": list(Role)}

    return page("accounts", language, subject, await asyncio.to_thread(run, settings, work))


@router.get("/admin/alerts", response_class=HTMLResponse)
async def alerts_page(
    request: Request,
    subject: Annotated[Subject, Depends(RequireOnPage(Permission.ALERT_READ))],
    language: Language = "vi",
) -> HTMLResponse:
    """What was seen in the audit log that somebody should look at, and who has."""
    settings, people = state_of(request).settings, sees_people(subject)

    def work(connection: Connection) -> dict[str, Any]:
        found = list_alerts(connection, people=people, state="open", limit=SHOWN)
        return {
            # The gravest first; of the same severity the newest.
            "open": sorted(found, key=lambda each: list(Severity).index(each.severity)),
            "acknowledged": list_alerts(connection, people=people, state="acknowledged", limit=SHOWN),
        }

    try:
        rules, wrong = load_rules(settings), ""
    except UsageError as error:
        rules, wrong = None, str(error)
    try:
        ways, no_way = [way.name for way in ways_of(settings)], ""
    except UsageError as error:
        ways, no_way = [], str(error)
    content = await asyncio.to_thread(run, settings, work)
    content |= {"ways": ways, "wrong": wrong, "no_way": no_way, "shown": SHOWN}
    content["rule_title"] = lambda name: rules.title(name, language) if rules is not None else name
    return page("alerts", language, subject, content)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(WEB_DIR / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def page(template: str, language: Literal["vi", "en"], subject: Subject, content: dict[str, Any]) -> HTMLResponse:
    """A page in a language, for somebody.

    Args:
        template: its name.
        language: of its texts.
        subject: who looks at it.
        content: what it shows.
    """
    number = 1 if language == "en" else 0
    wards = {each.id: each.label for each in content.get("wards", ())}
    # A token may be for something that there is no more.
    permissions = {each.value: names[number] for each, names in labels.PERMISSIONS.items()}
    text = (
        _templates()
        .get_template(f"{template}.html")
        .render(
            content,
            language=language,
            subject=subject,
            name=subject.name.removeprefix("account:"),
            version=bundle_version(STATIC_DIR / "dist"),
            zone=ZONE,
            t=lambda *texts: texts[number],
            role_label=lambda role: labels.ROLES[role][number],
            permission_label=lambda name: permissions.get(name, name),
            ward_label=lambda ward: wards.get(ward, str(ward)),
        )
    )
    return HTMLResponse(text, headers=HEADERS | PRIVATE)
