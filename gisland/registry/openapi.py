"""The OpenAPI 3.1 document of `/api/v1`: FastAPI's, with the meanings of the database, examples, and how errors look.

What a field means is said once, in the comment of its column (`sql/comments.sql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from psycopg import Connection
from starlette.routing import BaseRoute

import gisland
from gisland.registry.acts import ACTS
from gisland.registry.kinds import KINDS, Kind
from gisland.registry.masking import needs
from gisland.security.guards import Require
from gisland.security.permissions import Permission

Json = dict[str, Any]
Meanings = dict[tuple[str, str], str]

OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
WHY = {"reason": "Theo biên bản đo đạc 12/2026"}
ABOUT = (
    "Đăng ký đất đai: đọc, sửa có lý do, có khoá lạc quan, có lịch sử · The land registry: records are read as they are"
    " or as of a data version, and changed with a reason, under the ETag that was seen, with their whole history."
)
SIGN_IN: dict[str, Json] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Mật khẩu hoặc mã truy cập cá nhân · A password or a personal access token",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "Mã truy cập cá nhân · A personal access token"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "gisland_session",
        "description": "Phiên của trình duyệt; ghi cần X-Gisland-Page · A browser's session; to write: X-Gisland-Page",
    },
}
# What is said of records by acts, and in answers that are no record: schema → the table whose columns it names.
OF_RECORDS = {
    "DrawnParcel": "parcel",
    "HistoricRight": "holding",
    "IssuedCertificate": "certificate",
    "NewRight": "holding",
    "Held": "holding",
    "Redrawn": "parcel",
    "LinkedUnit": "unit",
    "Relative": "parcel",
    "Revealed": "holder",
    "UnitMeaning": "unit",
    "gisland__registry__timeline__Event": "change",
}
QUERY = """
    SELECT relname, coalesce(attname, ''), coalesce(col_description(c.oid, attnum), obj_description(c.oid), '')
      FROM pg_class c
      LEFT JOIN LATERAL (SELECT attname, attnum FROM pg_attribute
                          WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                          UNION ALL SELECT NULL, 0) a ON true
     WHERE relnamespace = 'registry'::regnamespace AND relkind = 'r'
"""


def read_meanings(connection: Connection) -> Meanings:
    """What the tables and columns of the registry mean: (table, column or '') → text."""
    return {(table, column): meaning for table, column, meaning in connection.execute(QUERY)}


def document(routes: Sequence[BaseRoute], meanings: Meanings, root: str) -> Json:
    """The document of the routes below `root`.

    Args:
        routes: all routes of the application.
        meanings: what `read_meanings` found.
        root: path under which they lie.
    """
    ours = [context for context in iter_route_contexts(routes) if (context.path or "").startswith(f"{root}/")]
    made = get_openapi(
        title="gisland",
        version=gisland.__version__,
        description=ABOUT,
        routes=ours,
        separate_input_output_schemas=False,
    )
    schemas: dict[str, Json] = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _problem()
    _describe(schemas, meanings)
    for context in ours:
        for method in context.methods or ():
            operation = made["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                _complete(operation, context, meanings)
    made["servers"] = [{"url": "/"}]
    made["components"]["securitySchemes"] = SIGN_IN
    made["tags"] = [{"name": kind.path, "description": meanings.get((kind.table, ""), "")} for kind in KINDS.values()]
    return dict(made)


def _complete(operation: Json, context: RouteContext, meanings: Meanings) -> None:
    """Say who may, what else may be answered, and what the parameters mean."""
    permissions = _permissions(context)
    ways: list[Json] = [{name: []} for name in SIGN_IN]
    operation["security"] = ways if permissions - {Permission.PUBLIC_READ} else [{}, *ways]
    operation["x-permissions"] = sorted(permissions)
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):  # a body or parameter that does not fit is a 400 here
        del responses["422"]
    for status, text in (("400", "Yêu cầu sai · Bad request"), ("default", "Lỗi · Error")):
        responses.setdefault(status, {"description": text, "content": PROBLEM})
    kind = next((kind for kind in KINDS.values() if operation.get("tags") == [kind.path]), None)
    for parameter in operation.get("parameters", ()):
        if kind is not None and "description" not in parameter:
            parameter["description"] = _meaning(meanings, kind.table, parameter["name"])
        if parameter["name"].lower() == "if-match":
            # A patch says the state that was seen by this header only, an act by its body as well.
            required = operation["operationId"].startswith("patch_")
            parameter |= {"name": "If-Match", "required": required, "schema": {"type": "string"}}
    for each in responses.values():
        if "application/json" in each.get("content", {}):
            each["headers"] = _headers(operation["operationId"])
            if not each["headers"]:
                del each["headers"]
    if operation["operationId"].startswith("patch_"):
        content = operation["requestBody"]["content"]
        content["application/merge-patch+json"] = content["application/json"]


def _headers(operation_id: str) -> Json:
    verb = operation_id.partition("_")[0]
    texts = {
        "ETag": ("Trạng thái của bản ghi · state of the record", "string", verb in {"get", "create", "patch"}),
        "Data-Version": ("Phiên bản dữ liệu · data version", "integer", verb in {"get", "create", "patch"}),
        "Location": ("Bản ghi mới · the new record", "string", verb == "create"),
    }
    if operation_id.endswith("_history"):
        return {}
    return {
        name: {"description": text, "schema": {"type": kind}} for name, (text, kind, there) in texts.items() if there
    }


def _permissions(context: RouteContext) -> set[Permission]:
    def needed(dependant: Dependant) -> Iterator[Permission]:
        if isinstance(dependant.call, Require):
            yield dependant.call.permission
        for each in dependant.dependencies:
            yield from needed(each)

    route = context.original_route
    return set(needed(route.dependant)) if isinstance(route, APIRoute) else set()


def _describe(schemas: dict[str, Json], meanings: Meanings) -> None:
    """Descriptions from the database, and an example of each body."""
    for kind in KINDS.values():
        name = kind.record.__name__
        for each in (name, f"New{name}", f"{name}Patch"):
            if each in schemas:
                _describe_fields(schemas[each], kind.table, meanings)
        for field, permission in needs(kind).items():
            properties = schemas[name]["properties"]
            properties[field] = _masked(properties[field], permission)
        for field, part in kind.parts.items():
            _describe_fields(schemas[part.__name__], part.table, meanings)
            for each in (name, f"New{name}", f"{name}Patch"):
                schemas[each]["properties"][field].setdefault("description", meanings.get((part.table, ""), ""))
        if kind.writable:
            schemas[f"New{name}"]["examples"] = [{"change": WHY} | kind.example]
            schemas[f"{name}Patch"]["examples"] = [{"change": WHY} | patch_example(kind)]
    for name, table in OF_RECORDS.items():
        _describe_fields(schemas[name], table, meanings | {(table, ""): schemas[name]["description"]})
    for act in ACTS.values():
        schemas[act.body.__name__]["examples"] = [{"change": WHY} | act.body.example]


def _masked(field: Json, permission: Permission) -> Json:
    """A field that is null for those who have not the permission."""
    about = f"{field.pop('description', '')} (null: thiếu quyền · without the permission {permission})"
    nullable = {"type": "null"} in field.get("anyOf", [])
    return (field if nullable else {"anyOf": [field, {"type": "null"}]}) | {"description": about.strip()}


def patch_example(kind: Kind) -> Json:
    """A change of one field of the example of a kind."""
    name = next(each for each in kind.patch.model_fields if each in kind.example)
    return {name: kind.example[name]}


def _describe_fields(schema: Json, table: str, meanings: Meanings) -> None:
    schema["description"] = meanings.get((table, ""), schema.get("description", ""))
    for name, field in schema["properties"].items():
        if text := _meaning(meanings, table, name):
            # Beside a reference, too: JSON Schema 2020-12 reads both.
            field.setdefault("description", text)


def _meaning(meanings: Meanings, table: str, name: str) -> str:
    """The meaning of a field of a record, or of what other tables call by this name."""
    for column in {"geometry": ("geom", "geom_4326")}.get(name, (name,)):
        if found := meanings.get((table, column)):
            return found
    return next((text for (_, column), text in sorted(meanings.items()) if column == name), "")


def _problem() -> Json:
    """Problem details (RFC 9457), with what gisland adds."""
    texts: dict[str, tuple[str | list[str], str]] = {
        "type": ("string", "Loại lỗi · always about:blank"),
        "title": ("string", "Tên lỗi · what kind of error"),
        "detail": ("string", "Điều gì sai · what is wrong; no personal data"),
        "hint": ("string", "Cách sửa · how to mend it"),
        "field": ("string", "Ở trường nào · in which field"),
        "constraint": ("string", "Ràng buộc của CSDL · constraint of the database"),
        # Acts such as a split name the versions of all they touch; a patch has one entity tag.
        "given": (["string", "integer"], "ETag hoặc phiên bản đã gửi · entity tag or version that was sent (412)"),
        "current": (["string", "integer"], "ETag hoặc phiên bản hiện nay · entity tag or version there is (412)"),
        "status": ("integer", "Mã HTTP · HTTP status"),
        "given_version": ("integer", "Phiên bản đã thấy · version that was seen (412)"),
        "current_version": ("integer", "Phiên bản hiện nay · version there is (412)"),
    }
    return {
        "type": "object",
        "description": "Lỗi (RFC 9457) · What is wrong, where, and how to mend it (problem details)",
        "required": ["type", "title", "status"],
        "properties": {name: {"type": kind, "description": text} for name, (kind, text) in texts.items()},
        "examples": [{"type": "about:blank", "title": "Not found", "status": 404, "detail": "there is none"}],
    }
