"""`/api/v1`: the same few routes for each kind of record, and the reveal of a national id."""

# No `from __future__ import annotations`: the types of a kind's bodies are known only where its routes are made.

import asyncio
import json
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from psycopg import Connection

from gisland.errors import NotAllowed, UsageError
from gisland.registry.identity import Revealed, RevealReason, reveal
from gisland.registry.kinds import KINDS, Kind, State
from gisland.registry.masking import check_asked, masked, masked_state
from gisland.registry.openapi import OPENAPI, PROBLEM, document, read_meanings
from gisland.registry.records import Json, as_of_version, etag, known_of, note_reading, read, read_page, read_states
from gisland.registry.writing import Clerk, Shown, act, create, patch
from gisland.security.crypto import load_vault
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings
from gisland.state import state_of

ROOT = "/api/v1"

Reader = Annotated[Subject, Depends(Require(Permission.REGISTRY_READ))]
Writer = Annotated[Subject, Depends(Require(Permission.REGISTRY_WRITE))]
Revealer = Annotated[Subject, Depends(Require(Permission.IDENTITY_REVEAL))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="Mã nội bộ · id of the record")]

# Made once per worker: it changes with the program and its migrations only.
_documents: dict[Settings, bytes] = {}

# Not required here: without it, a patch or an act that says no `version` is a 428.
IfMatch = Annotated[
    str | None,
    Header(description="ETag đã thấy; việc có thể ghi version thay · state seen; an act may say `version` instead"),
]
IfNoneMatch = Annotated[str | None, Header(description="ETag đã có · state had already: 304 if it is so still")]

router = APIRouter(prefix=ROOT)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers of an operation that are problem details, for its description."""
    texts = {
        304: "Chưa đổi · Not modified",
        400: "Yêu cầu sai · Bad request",
        401: "Chưa đăng nhập · Unauthorized",
        403: "Không có quyền · Forbidden",
        404: "Không có · Not found",
        405: "Không làm như vậy · Method not allowed",
        409: "Trùng với cái đã có · Conflict",
        412: "Người khác đã đổi · Precondition failed",
        413: "Quá lớn · Content too large",
        422: "Không thể như vậy · Unprocessable content",
        428: "Thiếu If-Match · Precondition required",
        429: "Quá nhiều yêu cầu · Too many requests",
        503: "CSDL không trả lời · Database unavailable",
    }
    return {
        status: {"description": texts[status]} | ({} if status == 304 else {"content": PROBLEM})
        for status in (*statuses, 400, 401, 403, 429, 503)
    }


def answer(record: Json, version: int | None, *, status: int = 200, location: str | None = None) -> Response:
    """A record with its entity tag and the data version that it was read at or written in."""
    headers = {"ETag": etag(record), "Data-Version": version, "Location": location}
    told = {name: str(value) for name, value in headers.items() if value is not None}
    return JSONResponse(record, status, PRIVATE | told)


def clerk_of(request: Request, subject: Subject) -> Clerk:
    """Who writes by this request."""
    return Clerk(subject.name, load_vault(state_of(request).settings))


def shown_to(kind: Kind, subject: Subject) -> Shown:
    """How records of a kind are shown to somebody: what their entity tags are of."""
    return partial(masked, kind, subject=subject)


def check_once(request: Request) -> None:
    """Refuse a parameter that is there twice: which of them would count?"""
    names = [name for name, _ in request.query_params.multi_items()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError("tham số có hai lần · the parameter is there twice", hint="give it once", parameter=twice[:50])


def fits(tag: str, if_none_match: str | None) -> bool:
    """Whether the client has this state already (RFC 9110 §13.1.2, weak comparison)."""
    given = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag in given or "*" in given


async def _read(
    request: Request, subject: Subject, kind: Kind, record_id: int, query: Any, if_none_match: str | None
) -> Response:
    asked = query.model_dump(exclude_none=True)

    def work(connection: Connection) -> tuple[Json, int | None]:
        version = as_of_version(connection, query.as_of)
        record = read(connection, kind, record_id, as_of=version, geometry=asked.get("geometry"))
        note_reading(connection, subject.name, kind, [record], asked)
        return masked(kind, record, subject), version

    check_once(request)
    record, version = await asyncio.to_thread(act, state_of(request).settings, work, reading=True)
    if fits(etag(record), if_none_match):
        return Response(status_code=304, headers=PRIVATE | {"ETag": etag(record)})
    return answer(record, version)


async def _read_page(request: Request, subject: Subject, kind: Kind, query: Any) -> Response:
    asked = query.model_dump(exclude_none=True, exclude_defaults=True, exclude={"cursor", "limit"})
    check_asked(kind, asked, subject)

    def work(connection: Connection) -> Json:
        version = as_of_version(connection, query.as_of)
        page = read_page(connection, kind, query, as_of=version)
        note_reading(connection, subject.name, kind, page.items, asked)
        links = []
        if page.next is not None:
            # A time becomes its version: all pages are of one state.
            given = dict(request.query_params) | {"cursor": page.next}
            given |= {} if version is None else {"as_of": str(version)}
            links = [{"rel": "next", "href": f"{request.url.path}?{urlencode(given)}"}]
        return {"items": [masked(kind, each, subject) for each in page.items], "links": links}

    check_once(request)
    return JSONResponse(await asyncio.to_thread(act, state_of(request).settings, work, reading=True), headers=PRIVATE)


def _add_reading(kind: Kind) -> None:
    """Routes that read records of a kind."""
    options: dict[str, Any] = {"tags": [kind.path]}

    @router.get(
        f"/{kind.path}",
        operation_id=f"list_{kind.path}",
        summary=f"Danh sách · List {kind.path}",
        response_model=kind.page,
        responses=problems(),
        **options,
    )
    async def find(request: Request, subject: Reader, query: Annotated[kind.page_query, Query()]) -> Response:  # type: ignore[name-defined]  # of this kind
        """Từng trang, theo mã nếu không có sort · Page by page, in the order of ids or `sort`; follow `next`."""
        return await _read_page(request, subject, kind, query)

    @router.get(
        f"/{kind.path}/{{record_id:int}}",
        operation_id=f"get_{kind.name}",
        summary=f"Một bản ghi · One {kind.name}",
        response_model=kind.record,
        responses=problems(304, 404),
        **options,
    )
    async def one(
        request: Request,
        subject: Reader,
        record_id: Id,
        query: Annotated[kind.one_query, Query()],  # type: ignore[name-defined]  # of this kind
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Với ETag để sửa sau này · With the ETag that a later change must name."""
        return await _read(request, subject, kind, record_id, query, if_none_match)


def _add_writing(kind: Kind) -> None:
    """Routes that make and change records of a kind."""
    options: dict[str, Any] = {"tags": [kind.path]}

    @router.post(
        f"/{kind.path}",
        operation_id=f"create_{kind.name}",
        summary=f"Thêm · Create a {kind.name}",
        status_code=201,
        response_model=kind.record,
        responses=problems(409, 413, 422),
        **options,
    )
    async def add(request: Request, subject: Writer, body: kind.new) -> Response:  # type: ignore[name-defined]  # of this kind
        """Một hành vi, một giao dịch, có lý do · One act, one transaction, with its reason."""
        clerk = clerk_of(request, subject)
        written = await asyncio.to_thread(
            act, state_of(request).settings, lambda connection: create(connection, kind, body, clerk)
        )
        location = f"{ROOT}/{kind.path}/{written.record['id']}"
        shown = masked(kind, written.record, subject)
        return answer(shown, written.version, status=201, location=location)

    @router.patch(
        f"/{kind.path}/{{record_id:int}}",
        operation_id=f"patch_{kind.name}",
        summary=f"Sửa · Correct a {kind.name}",
        response_model=kind.record,
        responses=problems(404, 409, 412, 413, 422, 428),
        **options,
    )
    async def change(
        request: Request,
        subject: Writer,
        record_id: Id,
        body: kind.patch,  # type: ignore[name-defined]  # of this kind
        if_match: IfMatch = None,
    ) -> Response:
        """JSON merge patch (RFC 7396); `If-Match` nói trạng thái đã thấy · says which state was seen."""
        clerk = clerk_of(request, subject)
        written = await asyncio.to_thread(
            act,
            state_of(request).settings,
            lambda connection: patch(
                connection, kind, record_id, body, clerk, if_match=if_match, shown=shown_to(kind, subject)
            ),
        )
        return answer(masked(kind, written.record, subject), written.version)


def _add_refusal(kind: Kind) -> None:
    """The route that says what there is instead of deleting."""
    methods = ["GET", "PATCH"] if kind.writable else ["GET"]

    @router.delete(
        f"/{kind.path}/{{record_id:int}}",
        operation_id=f"delete_{kind.name}",
        summary=f"Không xoá · A {kind.name} is never deleted",
        description=f"405. {kind.ends}",
        tags=[kind.path],
        status_code=405,
        responses=problems(405),
    )
    async def refuse(subject: Reader, record_id: Id) -> Response:  # noqa: ARG001 - signed in; whichever it is
        raise NotAllowed(
            f"không xoá {kind.name}: lịch sử phải còn · a {kind.name} is never deleted: history refers to it",
            hint=kind.ends,
            allowed=methods,
        )


def _add_history(kind: Kind) -> None:
    """The route that tells what records of a kind were."""

    @router.get(
        f"/{kind.path}/{{record_id:int}}/history",
        operation_id=f"get_{kind.name}_history",
        summary=f"Các trạng thái đã có · States of a {kind.name}",
        tags=[kind.path],
        response_model=list[State],
        responses=problems(404),
    )
    async def history(request: Request, subject: Reader, record_id: Id) -> Response:
        """Mới nhất trước, nhiều nhất 200 · Newest first, at most 200, each with the changes that made it."""

        def work(connection: Connection) -> list[Json]:
            states = read_states(connection, kind, record_id)
            note_reading(connection, subject.name, kind, known_of(states), {"history": True})
            return [masked_state(kind, each, subject) for each in states]

        states = await asyncio.to_thread(act, state_of(request).settings, work, reading=True)
        return JSONResponse(states, headers=PRIVATE)


@router.post(
    "/holders/{record_id:int}/reveal",
    operation_id="reveal_holder",
    summary="Xem số định danh · Reveal a national id",
    tags=["holders"],
    response_model=Revealed,
    responses=problems(404),
)
async def reveal_holder(request: Request, subject: Revealer, record_id: Id, body: RevealReason) -> Response:
    """Hành vi được ghi nhật ký trước khi trả lời · An audited act: it is in the log before the answer is given."""
    vault = load_vault(state_of(request).settings)
    shown = await asyncio.to_thread(
        act,
        state_of(request).settings,
        lambda connection: reveal(connection, record_id, body, by=subject.name, vault=vault),
    )
    return JSONResponse(shown.model_dump(), headers=PRIVATE)


@router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(Require(Permission.PUBLIC_READ))])
async def openapi(request: Request) -> Response:
    """This document: OpenAPI 3.1 of all routes below `/api/v1`, whichever room they are of."""
    settings = state_of(request).settings
    content = _documents.get(settings)
    if content is None:
        meanings = await asyncio.to_thread(act, settings, read_meanings, reading=True)
        content = json.dumps(document(request.app.routes, meanings, ROOT), ensure_ascii=False).encode()
        _documents[settings] = content
    return Response(content, headers={"Cache-Control": "public, max-age=300"}, media_type=OPENAPI)


for _kind in KINDS.values():
    _add_reading(_kind)
    _add_refusal(_kind)
    if _kind.writable:
        _add_writing(_kind)
        _add_history(_kind)
