"""Making and changing records: one act, one transaction, one change; who changes a record says what they have seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, sql

from gisland.database import flush, run
from gisland.errors import InputError, NotFound, PreconditionFailed, PreconditionRequired
from gisland.registry import changes
from gisland.registry.changes import ChangeKind
from gisland.registry.geometry import read_shape
from gisland.registry.identity import sealed_columns
from gisland.registry.keys import KEYS
from gisland.registry.kinds import Body, Kind, PatchBody
from gisland.registry.parcel_code import METHOD_VERSION, parcel_codes
from gisland.registry.records import Json, etag, part_json, read
from gisland.registry.refusals import refusal
from gisland.registry.rights import check_certificate, check_parent, check_stays_ended, check_thing, is_over
from gisland.security.crypto import IdVault
from gisland.settings import Settings

Result = TypeVar("Result")
Columns = dict[str, Any]
Shown = Callable[[Json], Json]
"""What of a record is shown to whoever asks: an entity tag that they have seen is that of this."""

REFUSED = (psycopg.IntegrityError, psycopg.DataError, psycopg.InternalError, psycopg.errors.InsufficientPrivilege)
RIGHTS = ("holding", "restriction")
SHEET = "SELECT ward_id, srid FROM registry.map_sheet WHERE id = %s"


@dataclass(frozen=True)
class Clerk:
    """Who writes, and with which key national ids are sealed."""

    name: str
    vault: IdVault


@dataclass(frozen=True)
class Written:
    """What a write left behind, and the data version it got (None: nothing differed, so nothing was written)."""

    record: Json
    version: int | None


def act(settings: Settings, work: Callable[[Connection], Result], *, reading: bool = False) -> Result:
    """Do one act as one transaction (`gisland.database.run`); what the database refuses is said in words.

    Args:
        settings: where the database is.
        work: the act.
        reading: whether it only reads, and so must end within the statement timeout of the settings.

    Raises:
        Conflict, InputError: a constraint was violated; the message says which and how to mend it, and holds no value.
    """

    def limited(connection: Connection) -> Result:
        if reading:
            timeout = str(settings.statement_timeout_ms)
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [timeout])
        return work(connection)

    try:
        return run(settings, limited)
    except REFUSED as error:
        raise refusal(error) from None


def create(connection: Connection, kind: Kind, new: Body, clerk: Clerk) -> Written:
    """Make a record with its lists.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        kind: what it is.
        new: what was said, a `kind.new`.
        clerk: who says it.

    Raises:
        InputError: it cannot be.
        Conflict: a right or restriction in force is to be on what is retired.
        psycopg.Error: a constraint was violated, see `act`.
    """
    given = _given(new)
    columns = _derived(connection, kind, given, {}, clerk)
    if kind.name == "parcel" and new.change.valid_on is not None:
        columns["valid_from"] = new.change.valid_on
    ward = columns.get("ward_id", given.get("ward_id"))
    # What has ended already is part of the past from the beginning.
    past = kind.name in RIGHTS and is_over(connection, given["valid_to"])
    creates = ChangeKind.HISTORIC if past else kind.creates
    change = changes.begin(connection, creates, new.change, by=clerk.name, ward_id=ward)
    if "created_by" in kind.record.model_fields:
        columns["created_by"] = change
    assigned, values = _assignments(kind, given, columns)
    statement = sql.SQL("INSERT INTO registry.{} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(kind.table),
        sql.SQL(", ").join(map(sql.Identifier, assigned)),
        sql.SQL(", ").join(assigned.values()),
    )
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    record_id = int(row[0])
    for name in kind.parts:
        _replace(connection, kind, name, record_id, ward, given.get(name, []))
    return Written(read(connection, kind, record_id), flush(connection))


def patch(
    connection: Connection,
    kind: Kind,
    record_id: int,
    said: PatchBody,
    clerk: Clerk,
    *,
    if_match: str | None,
    shown: Shown = dict,
) -> Written:
    """Change a record by a JSON merge patch (RFC 7396). The same again changes nothing.

    Args:
        connection: the transaction of the act, as `gisland_app`.
        kind: what it is.
        record_id: its id.
        said: what was said, a `kind.patch`.
        clerk: who says it.
        if_match: entity tags (RFC 9110 §13.1.1) of the state that was seen.
        shown: what of it whoever says this may see.

    Raises:
        NotFound: there is no such record.
        PreconditionRequired: `if_match` names no state.
        PreconditionFailed: somebody else changed it in the meantime.
        InputError: it cannot be.
        psycopg.Error: a constraint was violated, see `act`.
    """
    current = locked(connection, kind, record_id, if_match, shown)
    named = {name: value for name, value in _given(said).items() if name in said.model_fields_set}
    given = {name: kind.default(name) if value is None else value for name, value in named.items()}
    given = {name: value for name, value in given.items() if name not in current or value != current[name]}
    columns = _renewed_key(connection, kind, named, current) | _derived(connection, kind, given, current, clerk)
    if not given and not columns:
        return Written(current, None)
    ward = current.get("ward_id")
    changes.begin(connection, ChangeKind.CORRECT, said.change, by=clerk.name, ward_id=ward)
    assigned, values = _assignments(kind, given, columns)
    # Also when only a list changes: the record is touched, so that its version goes up.
    assigned = assigned or {"version": sql.Identifier("version")}
    statement = sql.SQL("UPDATE registry.{} SET {} WHERE id = %(id)s").format(
        sql.Identifier(kind.table),
        sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), each) for name, each in assigned.items()),
    )
    connection.execute(statement, values | {"id": record_id})
    for name in kind.parts.keys() & given.keys():
        _replace(connection, kind, name, record_id, ward, given[name])
    return Written(read(connection, kind, record_id), flush(connection))


def locked(connection: Connection, kind: Kind, record_id: int, if_match: str | None, shown: Shown = dict) -> Json:
    """A record as it is, locked until the end of the transaction, when it is still what was seen.

    Raises:
        NotFound: there is no such record.
        PreconditionRequired: `if_match` names no state.
        PreconditionFailed: somebody else changed it in the meantime.
    """
    tags = _tags(if_match)
    lock = sql.SQL("SELECT FROM registry.{} WHERE id = %s FOR UPDATE").format(sql.Identifier(kind.table))
    if connection.execute(lock, [record_id]).fetchone() is None:
        what = f"không có {kind.name} {record_id} · there is no {kind.name} {record_id}"
        raise NotFound(what).of(kind.name, record_id)
    # A statement of its own: it sees what the one that was waited for has committed.
    current = read(connection, kind, record_id)
    _check_tags(tags, shown(current))
    return current


def version_seen(
    connection: Connection, kind: Kind, record_id: int, if_match: str | None, version: int | None, shown: Shown = dict
) -> int | None:
    """The version that the request of an act has seen: that of the record as it is, when its tag is among `if_match`.

    The record is locked by the act itself, in an order of its own; it refuses another version than this one then.

    Args:
        connection: the transaction of the act.
        kind: what the act is on.
        record_id: its id.
        if_match: entity tags (RFC 9110 §13.1.1); None: `version` says it.
        version: what the body says.
        shown: what of it whoever says this may see.

    Raises:
        NotFound: there is no such record.
        PreconditionRequired: `if_match` names no state.
        PreconditionFailed: it is in another state.
        InputError: both are said and differ.
    """
    if if_match is None:
        return version
    tags = _tags(if_match)
    current = read(connection, kind, record_id)
    _check_tags(tags, shown(current))
    if version not in (None, current["version"]):
        raise InputError("version khác If-Match · `version` is not that of If-Match", field="version", hint="say one")
    return int(current["version"])


def _tags(if_match: str | None) -> list[str]:
    """The entity tags of a header; PreconditionRequired when they name no state."""
    tags = [tag.strip() for tag in (if_match or "").split(",") if tag.strip()]
    if not tags or "*" in tags:
        raise PreconditionRequired(
            "cho biết bản ghi đã thấy ở trạng thái nào · say which state of the record you have seen",
            hint="If-Match: the ETag that came with the record",
        )
    return tags


def _check_tags(tags: list[str], current: Json) -> None:
    """PreconditionFailed when a record is in none of the states: `given` and `current` are the entity tags."""
    if etag(current) not in tags:
        given = ", ".join(tags)[:200]
        seen = given.strip('"').partition("-")[0]
        raise PreconditionFailed(
            "bản ghi đã bị người khác thay đổi · somebody else has changed the record in the meantime",
            hint="read it again and repeat the change on what you find",
            given=given,
            current=etag(current),
            given_version=int(seen) if seen.isascii() and seen.isdigit() else None,
            current_version=current["version"],
        )


def _given(body: Body) -> Json:
    """What was said, as JSON with all fields; a national id stays hidden."""
    given = body.model_dump(mode="json", exclude={"change"})
    return given | ({"national_id": getattr(body, "national_id")} if "national_id" in given else {})  # noqa: B009


def _assignments(kind: Kind, given: Json, columns: Columns) -> tuple[dict[str, sql.Composable], Columns]:
    """The columns to be set, each with its SQL, and the values of its parameters."""
    plain = {name: value for name, value in given.items() if name not in kind.parts and name != "geometry"} | columns
    assigned: dict[str, sql.Composable] = {name: sql.Placeholder(name) for name in plain}
    if "geometry" in given and kind.geometry is not None:
        shape = given["geometry"]
        assigned[kind.geometry.column] = sql.SQL(kind.geometry.write)
        plain["geometry"] = None if shape is None else json.dumps(shape)
    return assigned, plain


def _derived(connection: Connection, kind: Kind, given: Json, current: Json, clerk: Clerk) -> Columns:
    """Columns that follow from what was said. `national_id` leaves `given`: the number is nobody's to keep."""
    if kind.name in KEYS:
        key = KEYS[kind.name]
        columns: Columns = {key.column: key.rule(given[key.text])} if key.text in given else {}
        if "national_id" in given:
            columns |= sealed_columns(connection, given.pop("national_id"), given, current, clerk.vault)
        return columns
    if kind.name == "document" and given.get("content_hash") is not None:
        return {"content_hash": bytes.fromhex(given["content_hash"])}
    if kind.name in RIGHTS:
        _check_right(connection, kind, given, current)
    if kind.name == "asset" and given.get("parent_id") is not None and current.get("retired_by") is None:
        check_parent(connection, given["parent_id"])
    if kind.name == "unit" and given.get("level") == "ward" and given.get("srid") is None:
        raise InputError("phường/xã cần hệ toạ độ của tờ bản đồ · a ward needs the CRS of its sheets", field="srid")
    return _of_parcel(connection, given, current) if kind.name == "parcel" else {}


def _renewed_key(connection: Connection, kind: Kind, named: Json, current: Json) -> Columns:
    """The comparison key of a text that is said again, where it is not the text's (it was written by direct SQL)."""
    key = KEYS.get(kind.name)
    if key is None or key.text not in named:
        return {}
    query = sql.SQL("SELECT {} FROM registry.{} WHERE id = %s")
    there = connection.execute(
        query.format(sql.Identifier(key.column), sql.Identifier(kind.table)), [current["id"]]
    ).fetchone()
    right = key.rule(current[key.text])
    return {} if there == (right,) else {key.column: right}


def _of_parcel(connection: Connection, given: Json, current: Json) -> Columns:
    # A supplied code wins; it was made by no method of ours.
    columns: Columns = {"parcel_code_method": None} if "parcel_code" in given else {}
    if not current:
        sheet = connection.execute(SHEET, [given["map_sheet_id"]]).fetchone()
        if sheet is None:
            raise InputError("không có tờ bản đồ này · there is no such map sheet", field="map_sheet_id")
        columns |= dict(zip(("ward_id", "srid"), sheet, strict=True))
        if given["parcel_code"] is None:
            columns |= _first_code(connection, given["geometry"], sheet[1])
    return columns


def _check_right(connection: Connection, kind: Kind, given: Json, current: Json) -> None:
    if current.get("retired_by") is None:
        check_thing(connection, current | given)
        check_certificate(connection, given.get("certificate_id"))
    else:
        check_stays_ended(connection, kind.name, current, given)


def _first_code(connection: Connection, geometry: Json, srid: int) -> Columns:
    """The code of a new parcel, computed once; where another parcel has it, this one has none, which is a finding."""
    code = parcel_codes([read_shape(geometry, srid)], srid)[0]
    taken = connection.execute("SELECT FROM registry.taken_codes(ARRAY[%s::text])", [code]).fetchone()
    return {} if taken is not None else {"parcel_code": code, "parcel_code_method": METHOD_VERSION}


def _replace(
    connection: Connection, kind: Kind, name: str, record_id: int, ward: int | None, wanted: list[Json]
) -> None:
    """Make the rows of a list what is wanted; rows that are so already stay untouched."""
    part = kind.parts[name]
    extra: Json = {part.owner: record_id}
    if part.in_ward:
        extra["ward_id"] = ward
    rows = [row | ({part.order: place} if part.order != "id" else {}) for place, row in enumerate(wanted, start=1)]
    query = sql.SQL("SELECT id, {}, {} FROM registry.{} p WHERE {} = %s ORDER BY id").format(
        sql.Identifier(part.order), part_json(kind, name), sql.Identifier(part.table), sql.Identifier(part.owner)
    )
    gone = []
    for row_id, place, there in connection.execute(query, [record_id]).fetchall():
        row = there | ({part.order: place} if part.order != "id" else {})
        if row in rows:
            rows.remove(row)
        else:
            gone.append(row_id)
    table = sql.Identifier("registry", part.table)
    if gone:
        connection.execute(sql.SQL("DELETE FROM {} WHERE id = ANY (%s)").format(table), [gone])
    for row in rows:
        row |= extra
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(map(sql.Placeholder, row))
        connection.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, names, values), row)
