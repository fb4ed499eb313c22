"""`gisland registry`: the records of the registry, by the same functions as `/api/v1`."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from psycopg import Connection
from pydantic import BaseModel, ValidationError

from gisland.errors import InputError, UsageError
from gisland.registry.identity import RevealReason, reveal
from gisland.registry.kinds import KINDS, PAGE_DEFAULT, Kind, kind_of
from gisland.registry.records import Json, as_of_version, etag, known_of, note_reading, read, read_page, read_states
from gisland.registry.writing import Clerk, Written, act, create, patch
from gisland.security.crypto import load_vault
from gisland.security.guards import caller, requires
from gisland.security.permissions import Permission

app = typer.Typer(no_args_is_help=True, help="Bản ghi của sổ đăng ký. · Records of the registry.")
Model = TypeVar("Model", bound=BaseModel)

KindName = Annotated[str, typer.Argument(metavar="KIND", help=f"Loại · Kind: {', '.join(KINDS)}")]
Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="Mã nội bộ · Id of the record")]
AsOf = Annotated[str | None, typer.Option(help="Phiên bản dữ liệu hoặc thời điểm · Data version or RFC 3339 time")]
Geometry = Annotated[str | None, typer.Option(help="Kèm hình thể: sheet | wgs84 · With geometry")]
File = Annotated[str, typer.Argument(metavar="FILE", help="Tệp JSON, - là stdin · JSON file, - is standard input")]


@app.command("show")
@requires(Permission.REGISTRY_READ)
def show(
    ctx: typer.Context, kind_name: KindName, record_id: Id, *, as_of: AsOf = None, geometry: Geometry = None
) -> None:
    """Một bản ghi, kèm ETag để sửa · One record, with the ETag that a change must name (on standard error)."""
    kind, who = kind_of(kind_name), caller(ctx)
    query = checked(kind.one_query, {"as_of": as_of, "geometry": geometry}, options=True)

    def work(connection: Connection) -> Json:
        version = as_of_version(connection, as_of)
        record = read(connection, kind, record_id, as_of=version, geometry=geometry)
        note_reading(connection, who.subject.name, kind, [record], query.model_dump(exclude_none=True))
        return record

    record = act(who.settings, work)
    typer.echo(f"ETag: {etag(record)}", err=True)
    print_json(record)


@app.command("list")
@requires(Permission.REGISTRY_READ)
def find(
    ctx: typer.Context,
    kind_name: KindName,
    *,
    where: Annotated[
        list[str] | None, typer.Option(help="bộ lọc=giá trị, nhiều lần · filter=value, repeatable")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Thứ tự: name, number… · Order, such as name, number")] = None,
    limit: Annotated[int, typer.Option(help="Số bản ghi · Records")] = PAGE_DEFAULT,
    cursor: Annotated[str | None, typer.Option(help="Trang sau · Where the page begins")] = None,
    as_of: AsOf = None,
    geometry: Geometry = None,
) -> None:
    """Mỗi dòng một bản ghi JSON · One JSON record a line; the cursor of the next page on standard error."""
    kind, who = kind_of(kind_name), caller(ctx)
    given: Json = dict(_pair(each) for each in where or [])
    given |= {"sort": sort, "limit": limit, "cursor": cursor, "as_of": as_of, "geometry": geometry}
    query = checked(kind.page_query, given, options=True)

    def work(connection: Connection) -> tuple[list[Json], str | None]:
        page = read_page(connection, kind, query, as_of=as_of_version(connection, as_of))
        asked = query.model_dump(exclude_defaults=True, exclude={"cursor", "limit"})
        note_reading(connection, who.subject.name, kind, page.items, asked)
        return page.items, page.next

    items, following = act(who.settings, work)
    for record in items:
        typer.echo(json.dumps(record, ensure_ascii=False))
    if following is not None:
        typer.echo(f"--cursor {following}", err=True)


@app.command("history")
@requires(Permission.REGISTRY_READ)
def history(ctx: typer.Context, kind_name: KindName, record_id: Id) -> None:
    """Các trạng thái đã có, mới nhất trước · The states it has had, newest first, with the changes that made them."""
    kind, who = kind_of(kind_name), caller(ctx)
    if not kind.writable:
        raise UsageError(f"{kind.name} không bao giờ đổi · a {kind.name} is never altered", hint="show")

    def work(connection: Connection) -> list[Json]:
        states = read_states(connection, kind, record_id)
        note_reading(connection, who.subject.name, kind, known_of(states), {"history": True})
        return states

    print_json(act(who.settings, work))


@app.command("create")
@requires(Permission.REGISTRY_WRITE)
def make(
    ctx: typer.Context,
    kind_name: KindName,
    file: File,
    *,
    content: Annotated[
        Path | None,
        typer.Option("--file", help="Bản quét của document: lấy SHA-256, kích thước, tên · Its scan: hash, size, name"),
    ] = None,
) -> None:
    """Thêm một bản ghi từ JSON có change.reason · Make a record from JSON, whose `change` says the reason."""
    kind, who = _writable(kind_name), caller(ctx)
    said = load_json(file)
    if content is not None and isinstance(said, dict):
        said = _known_of_file(kind, content) | said
    new = checked(kind.new, said)
    clerk = Clerk(who.subject.name, load_vault(who.settings))
    _tell(act(who.settings, lambda connection: create(connection, kind, new, clerk)))


@app.command("patch")
@requires(Permission.REGISTRY_WRITE)
def change(
    ctx: typer.Context,
    kind_name: KindName,
    record_id: Id,
    file: File,
    *,
    if_match: Annotated[str, typer.Option(help="ETag đã thấy (lệnh show) · ETag that was seen, see `show`")],
) -> None:
    """Sửa một bản ghi bằng JSON merge patch · Change a record by a JSON merge patch (RFC 7396)."""
    kind, who = _writable(kind_name), caller(ctx)
    said = checked(kind.patch, load_json(file))
    clerk = Clerk(who.subject.name, load_vault(who.settings))
    _tell(act(who.settings, lambda connection: patch(connection, kind, record_id, said, clerk, if_match=if_match)))


@app.command("reveal")
@requires(Permission.IDENTITY_REVEAL)
def show_id(
    ctx: typer.Context,
    holder_id: Annotated[int, typer.Argument(metavar="HOLDER", min=1, help="Mã nội bộ · Id of the holder")],
    *,
    reason: Annotated[str, typer.Option(help="Lý do, được ghi nhật ký · The reason; it is audited")],
) -> None:
    """Xem số định danh; được ghi nhật ký · Show a national id; an audited act."""
    who = caller(ctx)
    why, vault = checked(RevealReason, {"reason": reason}), load_vault(who.settings)
    shown = act(who.settings, lambda connection: reveal(connection, holder_id, why, by=who.subject.name, vault=vault))
    typer.echo(shown.national_id)


def _writable(name: str) -> Kind:
    kind = kind_of(name)
    if not kind.writable:
        raise UsageError(f"{kind.name}: chỉ đọc · is read only")
    return kind


def _known_of_file(kind: Kind, file: Path) -> Json:
    """What a document says of its file; the content itself stays where it is."""
    if kind.name != "document":
        raise UsageError("--file: chỉ dùng cho document · is for documents only")
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        return {"content_hash": digest, "size_bytes": content.tell(), "file_name": file.name}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--where {name[:40]!r}", hint="--where ward_id=1")
    return name, value


def load_json(file: str) -> Any:
    """The JSON of a file or of standard input."""
    name = "-" if file == "-" else Path(file).name
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except ValueError:
        raise InputError("không phải JSON (UTF-8) · this is no JSON (UTF-8)", file=name) from None


def checked(model: type[Model], values: Any, *, options: bool = False) -> Model:
    """Values as the API takes them; what is wrong is said by field, never with the value.

    Args:
        model: what they must be.
        values: as they were said.
        options: whether they are options of a command, of which those that were not given are None.

    Raises:
        InputError: they do not fit.
    """
    try:
        given = {name: value for name, value in values.items() if value is not None} if options else values
        return model.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InputError(wrong) from None


def _tell(written: Written) -> None:
    typer.echo(f"ETag: {etag(written.record)}", err=True)
    state = (
        "không đổi · unchanged" if written.version is None else f"phiên bản dữ liệu · data version {written.version}"
    )
    typer.echo(state, err=True)
    print_json(written.record)


def print_json(content: object) -> None:
    """Print a record or a list of them."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))
