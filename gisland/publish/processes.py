"""The words of OGC API – Processes, Part 1 (OGC 18-062r2): conformance, links, and its part of the OpenAPI document.

Which processes there are is said by the rooms that do the work: `gisland.printing.process_routes`.
"""

from __future__ import annotations

from typing import Any

from gisland.catalogue import Language, Text

Json = dict[str, Any]

_SPEC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
CONFORMANCE = [
    f"{_SPEC}/{each}" for each in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")
]
REL = "http://www.opengis.net/def/rel/ogc/1.0"
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
JOB_STATES = ("accepted", "running", "successful", "failed", "dismissed")
LIMIT, MOST = 100, 1000
PROCESSES = Text(vi="Các quy trình", en="Processes")
JOBS = Text(vi="Các việc đã đặt", en="Jobs")


def links_to_processes(root: str, language: Language, *, jobs: bool) -> list[Json]:
    """The links of the landing page; that to the jobs for those who may have some."""
    told = {"processes": (PROCESSES, "processes")} | ({"job-list": (JOBS, "jobs")} if jobs else {})
    return [
        {"rel": f"{REL}/{rel}", "type": "application/json", "title": title.to(language), "href": f"{root}/{path}"}
        for rel, (title, path) in told.items()
    ]


def processes_paths() -> dict[str, Json]:
    """The paths in the OpenAPI document."""
    process, job = _in_path("processID") | {"example": "atlas"}, _in_path("jobID", "uuid")
    link = {"type": "array", "items": {"type": "object"}}
    summary = _object(["id", "version"], id=_TEXT, version=_TEXT, title=_TEXT, description=_TEXT, links=link)
    status = _object(
        ["jobID", "status", "type"],
        jobID=_TEXT,
        processID=_TEXT,
        type={"type": "string", "enum": ["process"]},
        status={"type": "string", "enum": list(JOB_STATES)},
        progress={"type": "integer", "minimum": 0, "maximum": 100},
        message=_TEXT,
        **{name: {"type": "string", "format": "date-time"} for name in ("created", "started", "finished", "updated")},
        links=link,
    )
    inputs = {"ward": "11311", "group": "01", "reason": "đợt thu thập tháng 12 · round of December"}
    execute = _object(
        [],
        inputs={"type": "object", "example": inputs},
        outputs={"type": "object"},
        response={"type": "string", "enum": ["raw", "document"], "default": "raw"},
    )
    return {
        "/processes": {
            "get": _page(_operation("getProcesses", "Processes", _object(["processes", "links"]), [_limit()]))
        },
        "/processes/{processID}": {"get": _page(_operation("getProcessDescription", "A process", summary, [process]))},
        "/processes/{processID}/execution": {
            "post": _operation("execute", "Execute a process, by a job", status, [process], code="201")
            | {
                "security": _SIGNED_IN,
                "requestBody": {"required": True, "content": {"application/json": {"schema": execute}}},
            }
        },
        "/jobs": {
            "get": _page(_operation("getJobs", "Jobs", _object(["jobs", "links"]), _of_jobs()))
            | {"security": _SIGNED_IN}
        },
        "/jobs/{jobID}": {
            "get": _page(_operation("getStatus", "Status of a job", status, [job])) | {"security": _SIGNED_IN},
            "delete": _operation("dismiss", "Dismiss a job", status, [job]) | {"security": _SIGNED_IN},
        },
        "/jobs/{jobID}/results": {
            "get": _operation("getResult", "Results of a job", _BINARY, [job], media_type="application/pdf")
            | {"security": _SIGNED_IN}
        },
    }


_TEXT: Json = {"type": "string"}
_BINARY: Json = {"type": "string", "format": "binary"}
_SIGNED_IN: list[Json] = [{"basic": []}]


def _object(required: list[str], **properties: Json) -> Json:
    said = {"required": required, "properties": properties}
    return {"type": "object"} | {name: each for name, each in said.items() if each}


def _in_path(name: str, form: str | None = None) -> Json:
    schema = _TEXT | ({} if form is None else {"format": form})
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _limit() -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}
    return _in_query("limit", schema, "At most so many")


def _of_jobs() -> list[Json]:
    texts = {"type": "array", "items": _TEXT}
    number = {"type": "integer", "minimum": 0}
    return [
        _in_query("type", {"type": "array", "items": {"type": "string", "enum": ["process"]}}, "Kinds of jobs"),
        _in_query("processID", texts, "Jobs of these processes"),
        _in_query(
            "status", {"type": "array", "items": {"type": "string", "enum": list(JOB_STATES)}}, "In these states"
        ),
        _in_query("datetime", _TEXT, "When they were created: a time, or an interval with .. for an open end"),
        _in_query("minDuration", number, "Jobs that took so many seconds at least"),
        _in_query("maxDuration", number, "Jobs that took so many seconds at most"),
        _limit(),
    ]


def _in_query(name: str, schema: Json, told: str) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "style": "form",
        "explode": False,
        "description": told,
    }


def _operation(
    operation_id: str,
    summary: str,
    schema: Json,
    parameters: list[Json],
    *,
    media_type: str = "application/json",
    code: str = "200",
) -> Json:
    language = {"$ref": "#/components/parameters/lang"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["Processes"],
        "parameters": [*parameters, language],
        "responses": {
            code: {"description": summary, "content": {media_type: {"schema": schema}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _page(operation: Json) -> Json:
    """The operation of a document that there is as HTML, too."""
    operation["parameters"].append({"$ref": "#/components/parameters/f"})
    operation["responses"]["200"]["content"]["text/html"] = {"schema": _TEXT}
    return operation
