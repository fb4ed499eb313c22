"""OGC API – Processes at `/ogc/processes` and `/ogc/jobs`: each product is a process, each print a job.

The same orders as at `/api/v1/prints`. Prints are drawn by the worker, so a process is executed as a job whatever the
client prefers. A result is the file itself, a link to it (204), or a document that refers to it, as the request asks.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

import gisland
from gisland.errors import Conflict, NotFound, UsageError
from gisland.printing import job_routes as rest
from gisland.printing import orders
from gisland.printing.orders import STATES, Asked, PrintJob
from gisland.printing.products import PRODUCTS, Product
from gisland.publish import answer as ogc
from gisland.publish.processes import EXCEPTIONS, JOBS, LIMIT, MOST, PROCESSES, REL
from gisland.publish.query import check_parameters
from gisland.security.headers import PRIVATE
from gisland.security.subject import Subject

Json = dict[str, Any]

JSON = "application/json"
OUTPUT = "file"
FILTERS = ("type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit")

router = APIRouter(prefix=ogc.ROOT, include_in_schema=False)


class Output(BaseModel):
    """How an output is wanted."""

    model_config = ConfigDict(extra="ignore")

    transmission: Literal["value", "reference"] = Field(default="value", alias="transmissionMode")


class Execute(BaseModel):
    """A request to execute a process; a subscriber is not called back."""

    model_config = ConfigDict(extra="ignore")

    inputs: Json = {}
    outputs: dict[str, Output] = {}
    response: Literal["raw", "document"] = "raw"


@router.get("/processes")
async def processes(asked: ogc.Anyone) -> Response:
    """The products that can be printed."""
    given = _only(asked, ("limit",))
    most = _number(given, "limit", LIMIT, 1, MOST)
    found = [_summary(asked, each) for each in list(PRODUCTS.values())[:most]]
    title = PROCESSES.to(asked.language)
    links = [_link("self", f"{asked.root}/processes", title), _page(asked, title)]
    return asked.answer({"processes": found, "links": links}, "processes")


@router.get("/processes/{process_id}")
async def process(asked: ogc.Anyone, process_id: str) -> Response:
    """What a product asks for, and what comes of it."""
    _only(asked, ())
    product = _product(process_id)
    schema = product.inputs.model_json_schema()
    needed = set(schema.get("required", ()))
    inputs = {
        name: {
            "title": each.pop("title", name),
            "description": each.pop("description", ""),
            "schema": each,
            "minOccurs": 1 if name in needed else 0,
            "maxOccurs": 1,
        }
        for name, each in schema["properties"].items()
    }
    of_file = {"type": "string", "contentEncoding": "binary", "contentMediaType": product.media_type}
    outputs = {OUTPUT: {"title": product.title.to(asked.language), "schema": of_file}}
    document = _summary(asked, product) | {"inputs": inputs, "outputs": outputs}
    return asked.answer(document, "process")


@router.post("/processes/{process_id}/execution")
async def execute(
    request: Request, process_id: str, body: Execute, subject: Annotated[Subject, Depends(rest.ORDER)]
) -> Response:
    """Order a print: 201 and where the job is."""
    asked = ogc.Asked.of(request, subject)
    product = _product(process_id)
    unknown = body.outputs.keys() - {OUTPUT}
    if unknown:
        raise UsageError(
            f"không có đầu ra này · there is no output {sorted(unknown)[0][:40]}", hint=OUTPUT, parameter="outputs"
        )
    wanted = body.outputs.get(OUTPUT, Output())
    answer = {"response": body.response, "transmission": wanted.transmission}
    made = await rest.place(request, subject, product.id, body.inputs, answer)
    headers = PRIVATE | {"Location": f"{asked.root}/jobs/{made.id}"}
    if "respond-async" in request.headers.get("prefer", ""):
        headers |= {"Preference-Applied": "respond-async"}
    return _json(status_of(asked, made), 201, headers)


@router.get("/jobs")
async def jobs(request: Request, subject: rest.Printer) -> Response:
    """The prints of one's wards, the newest first."""
    asked = ogc.Asked.of(request, subject)
    given = _only(asked, FILTERS)
    wanted = _filter(given)
    kinds = given.get("type", "process").split(",")
    listed = await rest.within(request, lambda c: orders.list_prints(c, wanted)) if "process" in kinds else []
    title = JOBS.to(asked.language)
    links = [_link("self", asked.here(), title), _page(asked, title)]
    return asked.answer({"jobs": [status_of(asked, each) for each in listed], "links": links}, "jobs", private=True)


@router.get("/jobs/{job_id}")
async def job(request: Request, subject: rest.Printer, job_id: str) -> Response:
    """How far a print is."""
    asked = ogc.Asked.of(request, subject)
    _only(asked, ())
    document = status_of(asked, await _job(request, job_id))
    document["links"].append(_page(asked, document["jobID"]))
    return asked.answer(document, "job", private=True)


@router.delete("/jobs/{job_id}")
async def dismiss(request: Request, subject: rest.Printer, job_id: str) -> Response:
    """Stop a print, or throw its file away."""
    asked = ogc.Asked.of(request, subject)
    found = await _job(request, job_id)

    def work(connection: Connection) -> PrintJob:
        return orders.dismiss(connection, asked.state.settings, subject, found.id)

    return _json(status_of(asked, await rest.within(request, work)))


@router.get("/jobs/{job_id}/results")
async def results(request: Request, subject: Annotated[Subject, Depends(rest.FETCH)], job_id: str) -> Response:
    """The file, a link to it, or a document that refers to it."""
    asked = ogc.Asked.of(request, subject)
    found = await _job(request, job_id)
    if found.state in {"accepted", "running"}:
        raise NotFound("bản in chưa xong · the job is not finished", type=f"{EXCEPTIONS}/result-not-ready").seen()
    if found.state == "failed":
        raise Conflict(f"bản in hỏng · the job failed: {found.message}", type=f"{EXCEPTIONS}/job-results-failed")
    wanted, href = found.answer, f"{asked.origin}{rest.ROOT}/{found.id}/result"
    if wanted.get("transmission") == "reference":
        link = {"href": href, "type": found.media_type}
        if wanted.get("response") == "document":
            return _json({OUTPUT: link})
        headers = PRIVATE | {"Link": f'<{href}>; rel="{OUTPUT}"; type="{found.media_type}"'}
        return Response(status_code=204, headers=headers)
    printed, content = await rest.within(request, lambda c: orders.fetch(c, subject, found.id))
    if wanted.get("response") == "document":
        value = base64.b64encode(content).decode()
        return _json({OUTPUT: {"value": value, "mediaType": printed.media_type, "encoding": "base64"}})
    return rest.answer_file(printed, content)


def status_of(asked: ogc.Asked, found: PrintJob) -> Json:
    """The statusInfo of a job."""
    href = f"{asked.root}/jobs/{found.id}"
    links = [_link("self", href, found.id.hex[:8]), _link("up", f"{asked.root}/jobs", JOBS.to(asked.language))]
    if found.state == "successful":
        links.append(_link(f"{REL}/results", f"{href}/results", found.file_name or "", found.media_type or JSON))
    times = {
        "created": found.created_at,
        "started": found.started_at,
        "finished": found.finished_at,
        "updated": found.updated_at,
    }
    return {
        "jobID": str(found.id),
        "processID": found.product,
        "type": "process",
        "status": found.state,
        "progress": round(found.progress * 100),
        "message": found.message,
        **{name: _time(each) for name, each in times.items() if each is not None},
        "links": links,
    }


def _summary(asked: ogc.Asked, product: Product) -> Json:
    href = f"{asked.root}/processes/{product.id}"
    return {
        "id": product.id,
        "title": product.title.to(asked.language),
        "description": product.description.to(asked.language),
        "version": gisland.__version__,
        "keywords": ["in", "print"],
        "jobControlOptions": ["async-execute", "dismiss"],
        "outputTransmission": ["value", "reference"],
        "links": [
            _link("self", href, product.title.to(asked.language)),
            _link("alternate", f"{href}?f=html", product.title.to(asked.language), "text/html"),
            _link(f"{REL}/execute", f"{href}/execution", product.title.to(asked.language)),
        ],
    }


def _product(name: str) -> Product:
    try:
        return orders.product_called(name)
    except NotFound as error:
        raise NotFound(error.detail, hint=error.hint, type=f"{EXCEPTIONS}/no-such-process") from None


async def _job(request: Request, text: str) -> PrintJob:
    missing = NotFound("không có việc này · there is no such job", type=f"{EXCEPTIONS}/no-such-job")
    try:
        number = UUID(text)
    except ValueError:
        raise missing from None
    try:
        return await rest.within(request, lambda connection: orders.look(connection, number))
    except NotFound:
        raise missing.of("print", number) from None


def _filter(given: dict[str, str]) -> Asked:
    states = None if "status" not in given else tuple(given["status"].split(","))
    if states is not None and not set(states) <= set(STATES):
        raise UsageError(
            "không có trạng thái này · there is no such status", hint=", ".join(STATES), parameter="status"
        )
    since, until = _interval(given["datetime"]) if "datetime" in given else (None, None)
    return Asked(
        states=states,
        ordered=True,
        products=None if "processID" not in given else tuple(given["processID"].split(",")),
        since=since,
        until=until,
        shortest=_number(given, "minDuration", 0, 0, 10**9) if "minDuration" in given else None,
        longest=_number(given, "maxDuration", 0, 0, 10**9) if "maxDuration" in given else None,
        limit=_number(given, "limit", LIMIT, 1, MOST),
    )


def _interval(text: str) -> tuple[datetime | None, datetime | None]:
    """Both ends of a time or an interval (RFC 3339), None for an open one."""
    begin, slash, end = text.partition("/")
    found = [_moment(each) for each in (begin, end if slash else begin)]
    if found == [None, None] and not slash:
        raise _wrong_time()
    return found[0], found[1]


def _moment(text: str) -> datetime | None:
    if text in {"", ".."}:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise _wrong_time() from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _wrong_time() -> UsageError:
    return UsageError(
        "không phải thời điểm hay khoảng thời gian · this is no time or interval",
        hint="2026-11-01T00:00:00Z/..",
        parameter="datetime",
    )


def _number(given: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) >= least):
        raise UsageError(
            "không phải số phù hợp · this is no number that fits", hint=f"{least} … {most}", parameter=name
        )
    # Too many are not refused: as many are given as there may be.
    return min(int(text), most)


def _only(asked: ogc.Asked, names: tuple[str, ...]) -> dict[str, str]:
    """The parameters, each of them once and known."""
    return check_parameters(asked.given, names)


def _link(rel: str, href: str, title: str, media_type: str = JSON) -> Json:
    return {"rel": rel, "href": href, "type": media_type, "title": title}


def _page(asked: ogc.Asked, title: str) -> Json:
    return _link("alternate", asked.here(f="html"), title, "text/html")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(content: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, status, PRIVATE if headers is None else headers, JSON)
