"""`/api/v1`: acts on the registry, and what was: the timeline and lineage of a parcel; the code lists."""

# No `from __future__ import annotations`: the type of an act's body is known only where its route is made.

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from psycopg import Connection
from pydantic import TypeAdapter

from gisland.database import Scope, flush
from gisland.errors import NotFound
from gisland.registry.acts import ACTS, Act, Done, OfVersion
from gisland.registry.check import EXAMPLES, MOST, Finding, check, note_check
from gisland.registry.codes import CodeList, load_codes
from gisland.registry.kinds import KINDS
from gisland.registry.lineage import Relative, lineage
from gisland.registry.masking import held_in, masked_events
from gisland.registry.routes import ROOT, Id, IfMatch, Reader, Writer, check_once, problems, shown_to
from gisland.registry.timeline import Event, note_timeline, timeline
from gisland.registry.writing import act, version_seen
from gisland.security.crypto import load_vault
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

EVENTS, RELATIVES = TypeAdapter(list[Event]), TypeAdapter(list[Relative])
FINDINGS = TypeAdapter(list[Finding])

router = APIRouter(prefix=ROOT)
anybody = [Depends(Require(Permission.PUBLIC_READ))]


async def _do(
    request: Request, subject: Subject, each: Act, body: Any, record_id: int | None, if_match: str | None = None
) -> Response:
    def work(connection: Connection) -> tuple[Done, int | None]:
        said = body
        if isinstance(body, OfVersion) and record_id is not None:
            kind = next(kind for kind in KINDS.values() if kind.path == each.path.partition("/")[0])
            seen = version_seen(connection, kind, record_id, if_match, body.version, shown_to(kind, subject))
            said = body.model_copy(update={"version": seen})
        return each.do(connection, record_id, said, subject.name), flush(connection)

    done, version = await asyncio.to_thread(act, state_of(request).settings, work)
    return JSONResponse(done.model_dump(), headers=PRIVATE | {"Data-Version": str(version)})


def _add(name: str, each: Act) -> None:
    options = {
        "operation_id": f"act_{name.replace('-', '_')}",
        "summary": each.title,
        "description": each.body.__doc__,
        "tags": [each.path.partition("/")[0]],
        "response_model": Done,
        "responses": problems(404, 409, 412, 413, 422),
    }
    path = "/" + each.path.replace("{id}", "{record_id:int}")
    if issubclass(each.body, OfVersion):
        options["responses"] = problems(404, 409, 412, 413, 422, 428)

        @router.post(path, **options)  # type: ignore[arg-type]  # as FastAPI's own parameters
        async def on_version(
            request: Request,
            subject: Writer,
            record_id: Id,
            body: each.body,  # type: ignore[name-defined]  # of this act
            if_match: IfMatch = None,
        ) -> Response:
            return await _do(request, subject, each, body, record_id, if_match)

    elif each.on_record:

        @router.post(path, **options)  # type: ignore[arg-type]  # as FastAPI's own parameters
        async def on_record(request: Request, subject: Writer, record_id: Id, body: each.body) -> Response:  # type: ignore[name-defined]  # of this act
            return await _do(request, subject, each, body, record_id)

    else:

        @router.post(path, **options)  # type: ignore[arg-type]  # as FastAPI's own parameters
        async def on_several(request: Request, subject: Writer, body: each.body) -> Response:  # type: ignore[name-defined]  # of this act
            return await _do(request, subject, each, body, None)


@router.get(
    "/parcels/{record_id:int}/timeline",
    operation_id="get_parcel_timeline",
    summary="Lịch sử thửa đất · Timeline of a parcel",
    tags=["parcels"],
    response_model=list[Event],
    responses=problems(404),
)
async def parcel_timeline(request: Request, subject: Reader, record_id: Id) -> Response:
    """Ai đổi gì, vì sao, trước và sau · Who changed what, why, before and after; the oldest first."""

    def work(connection: Connection) -> list[Event]:
        events = timeline(connection, record_id)
        return masked_events(events, note_timeline(connection, subject.name, record_id), subject)

    events = await asyncio.to_thread(act, state_of(request).settings, work, reading=True)
    return Response(EVENTS.dump_json(events), headers=PRIVATE, media_type="application/json")


@router.get(
    "/parcels/{record_id:int}/lineage",
    operation_id="get_parcel_lineage",
    summary="Nguồn gốc thửa đất · Lineage of a parcel",
    tags=["parcels"],
    response_model=list[Relative],
    responses=problems(404),
)
async def parcel_lineage(request: Request, subject: Reader, record_id: Id) -> Response:  # noqa: ARG001 - signed in
    """Thửa gốc và thửa sinh ra, gần trước · Ancestors and descendants, the nearest first."""
    settings = state_of(request).settings
    found = await asyncio.to_thread(act, settings, lambda connection: lineage(connection, record_id), reading=True)
    return Response(RELATIVES.dump_json(found), headers=PRIVATE, media_type="application/json")


@router.get(
    "/findings",
    operation_id="list_findings",
    summary="Khám sổ đăng ký · What is wrong or odd in the registry",
    tags=["findings"],
    response_model=list[Finding],
    responses=problems(404),
)
async def findings(
    request: Request,
    subject: Reader,
    ward_id: Annotated[int, Query(ge=1, le=2**31 - 1, description="Phường · The ward")],
    examples: Annotated[int, Query(ge=1, le=MOST, description="Bản ghi nêu ra · Records named of each")] = EXAMPLES,
) -> Response:
    """Như `gisland registry check` của một phường · One finding a check, also of what is as it should be.

    Điều về người: chỉ ai được xem người · Checks that tell of persons are there for those who may see persons.
    """
    settings = state_of(request).settings
    held = held_in(subject, ward_id)

    def work(connection: Connection) -> list[Finding]:
        ward = connection.execute("SELECT FROM registry.unit WHERE id = %s AND level = 'ward'", [ward_id]).fetchone()
        if ward is None or not subject.scope(Permission.REGISTRY_READ).covers(Scope(wards=frozenset({ward_id}))):
            raise NotFound(
                f"không có phường {ward_id} · there is no ward {ward_id}", hint="GET /api/v1/units?level=ward"
            ).of("unit", ward_id)
        codes, vault = load_codes(settings), load_vault(settings)
        found = check(connection, codes, vault, ward_id=ward_id, examples=examples, held=held)
        note_check(connection, subject.name, found, ward_id)
        return found

    check_once(request)
    found = await asyncio.to_thread(act, settings, work, reading=True)
    return Response(FINDINGS.dump_json(found), headers=PRIVATE, media_type="application/json")


@router.get("/codes", dependencies=anybody, operation_id="list_codes", tags=["codes"], summary="Danh mục · Code lists")
async def codes(request: Request) -> dict[str, str]:
    """Tên các danh mục · Names of the lists, with their titles."""
    lists = load_codes(state_of(request).settings).lists
    return {name: f"{each.title.vi} · {each.title.en}" for name, each in lists.items()}


@router.get(
    "/codes/{name}",
    dependencies=anybody,
    operation_id="get_codes",
    summary="Một danh mục · One code list",
    tags=["codes"],
    response_model=CodeList,
    responses=problems(404),
)
async def codes_of(
    request: Request, name: Annotated[str, Path(description="Tên danh mục · name of the list", examples=["land_types"])]
) -> Response:
    """Mã hiện hành và mã cũ · Codes in force and those of earlier laws."""
    found = load_codes(state_of(request).settings).code_list(name)
    return Response(found.model_dump_json(exclude_defaults=True), media_type="application/json")


for _name, _act in ACTS.items():
    _add(_name, _act)
