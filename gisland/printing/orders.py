"""Prints that are ordered and drawn by the worker: order, list, look, fetch, dismiss. REST and OGC processes use these.

Whoever may print in a ward sees what was ordered there, and the head of a group what was ordered of that group. A file
with names of holders is for its requester only: whoever else needs one orders it, with a reason of their own. One with
exact statuses is for those who may be told of persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema

from gisland.audit import log
from gisland.database import Scope
from gisland.database.statements import statements
from gisland.errors import Conflict, Forbidden, NotFound, UsageError
from gisland.printing.press import reason_of, sees
from gisland.printing.preview import Preview
from gisland.printing.products import PRODUCTS, Inputs, Product
from gisland.printing.read import find_group, read_version
from gisland.security.delegated import rights_of
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.settings import Settings

State = Literal["accepted", "running", "successful", "failed", "dismissed"]
STATES: tuple[State, ...] = ("accepted", "running", "successful", "failed", "dismissed")
LIMIT, MOST = 50, 1000
DATA_CHANGED = "urn:gisland:data-changed"
"""The type of the problem that a print cannot be repeated as it was."""
SQL = statements("gisland.printing", "orders.sql")


class NewPrint(BaseModel):
    """Bản in cần đặt · A print to order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"product": "atlas", "inputs": {"ward": "11311", "group": "12"}}]},
    )

    product: Annotated[str, Field(max_length=40, description="Sản phẩm · The product: GET /api/v1/prints/products")]
    inputs: dict[str, Any] = Field(default={}, description="Thông số của sản phẩm · What the product asks for")


class Reprint(BaseModel):
    """In lại một bản đã in · A print to order once more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"new_data": False}]})

    new_data: bool = Field(
        default=False,
        description="In bằng dữ liệu nay, dù đã khác khi in · With the data of now, although they have changed since",
    )
    reason: Annotated[
        str, Field(max_length=log.LONGEST, description="Lý do; bỏ trống: như lần trước, nếu do mình đặt · The reason")
    ] = ""


class PrintJob(BaseModel):
    """Bản in · A print, ordered or made by a command (`requester` cli:…): how far it is, and what came of it."""

    id: UUID = Field(description="Mã việc in · id of the order")
    product: str = Field(description="Mã sản phẩm · id of the product")
    inputs: dict[str, Any] = Field(description="Thông số, không có lý do · The inputs without the reason")
    ward_id: int = Field(description="Mã nội bộ của phường · id of the ward")
    ward_code: str = Field(description="Mã phường/xã · code of the ward")
    residential_group_id: int | None = Field(description="Tổ dân phố, khi là giấy tờ của một tổ · Of which group")
    requester: str = Field(description="Ai đặt · Who ordered it")
    state: State = Field(description="Tình trạng · how far it is")
    progress: float = Field(ge=0, le=1, description="Phần đã xong, 0–1 · The part that is done")
    message: str = Field(
        description="Đang làm gì, vì sao hỏng, hoặc điều cần biết về bản đã in"
        " · What is being done, why it failed, or what is to be known of what was printed"
    )
    created_at: datetime = Field(description="Lúc đặt · when it was ordered")
    started_at: datetime | None = Field(description="Lúc bắt đầu in · when the work began")
    finished_at: datetime | None = Field(description="Lúc xong · when it ended")
    updated_at: datetime = Field(description="Lúc đổi gần nhất · when it last changed")
    expires_at: datetime | None = Field(description="Tệp được giữ đến · The file is kept until")
    file_name: str | None = Field(description="Tên tệp · name of the file")
    media_type: str | None = Field(description="Kiểu tệp (RFC 6838) · its media type")
    size_bytes: int | None = Field(description="Dung lượng, byte · its size, bytes")
    sha256: str | None = Field(description="Mã băm SHA-256 của tệp · its SHA-256, hexadecimal")
    print_id: str | None = Field(description="Mã in trên giấy · The id printed on paper")
    pages: int | None = Field(description="Số trang · its pages")
    data_version: int | None = Field(description="Phiên bản dữ liệu đã in · the data version that was printed")
    names: bool | None = Field(description="Có tên người: chỉ người đặt lấy được · With names: for the requester only")
    kept: bool = Field(description="Tệp còn hay không · Whether the file is still there")
    reprint_of: UUID | None = Field(description="In lại của bản này · The print that it repeats")
    exact: bool | None = Field(
        description="Có tình trạng xác minh chi tiết: chỉ ai được xem người sử dụng đất lấy được"
        " · With exact statuses: for those who may be told of persons"
    )
    account_id: SkipJsonSchema[int | None] = Field(exclude=True)
    wards: SkipJsonSchema[list[int]] = Field(exclude=True)
    answer: SkipJsonSchema[dict[str, Any]] = Field(exclude=True)
    same: SkipJsonSchema[bool | None] = Field(exclude=True)
    """Of what repeats another print: whether it came out byte for byte as that one."""


@dataclass(frozen=True)
class Asked:
    """Which prints are listed."""

    states: tuple[str, ...] | None = None
    products: tuple[str, ...] | None = None
    ward: int | None = None
    group: str | None = None
    """Code of a residential group."""
    person: str | None = None
    """A part of the name of who printed it."""
    ordered: bool = False
    """Only what was ordered, not what commands printed."""
    since: datetime | None = None
    until: datetime | None = None
    shortest: float | None = None
    longest: float | None = None
    """Seconds that it took."""
    before: UUID | None = None
    """Those that are older than this one."""
    limit: int = LIMIT


def product_called(name: str) -> Product:
    """A product.

    Raises:
        NotFound: there is none called so.
    """
    product = PRODUCTS.get(name)
    if product is None:
        raise NotFound(f"không có sản phẩm {name[:40]} · there is no such product", hint=", ".join(PRODUCTS))
    return product


def read_inputs(product: Product, given: dict[str, Any]) -> Inputs:
    """The inputs of a product, checked.

    Raises:
        UsageError: they do not fit; says which and how, never the value.
    """
    try:
        return product.inputs.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))[:60]}: {each['msg']}" for each in error.errors()[:5])
        known = ", ".join(product.inputs.model_fields)
        raise UsageError(f"thông số sai · the inputs do not fit: {wrong}", hint=f"{known}") from None


def order(
    connection: Connection,
    settings: Settings,
    subject: Subject,
    product: Product,
    inputs: Inputs,
    answer: dict[str, Any] | None = None,
    *,
    reprint_of: UUID | None = None,
) -> PrintJob:
    """Order a print. It is queued by `gisland.printing.tasks.queue_print` once this is committed.

    Args:
        connection: a transaction as `gisland_app`, in the scope of the subject's permission to print.
        settings: of the service.
        subject: who orders, by an account.
        product: what.
        inputs: of it.
        answer: how an OGC client wants to be given the result.
        reprint_of: the print that it repeats.

    Raises:
        NotFound: there is no such ward or group within reach.
        Forbidden: who may print in a group only orders what is of no group; or the product is not for them.
        UsageError: names would be printed and no reason is given.
        Conflict: too many prints of this account wait.
    """
    ward, group = find_place(connection, subject, product, inputs)
    given = inputs.model_dump(mode="json")
    names = product.names(inputs) and sees(subject, Permission.PERSON_READ, ward, group)
    given["reason"] = reason_of(inputs.reason, names=names)
    if product.check is not None:
        product.check(connection, subject, inputs)
    shown = frozenset[int]() if product.reach is None else product.reach(connection, subject, inputs)
    connection.execute(SQL["hold"], {"account": subject.account_id})
    waiting = connection.execute(SQL["waiting"], {"account": subject.account_id}).fetchone()
    if waiting is not None and waiting[0] >= settings.prints_waiting_max:
        raise Conflict(
            f"đã có {waiting[0]} bản in đang chờ · {waiting[0]} prints of yours are waiting",
            hint="chờ, hoặc huỷ bớt · wait, or dismiss some",
        )
    values: dict[str, Any] = {
        "product": product.id,
        "inputs": Jsonb(given),
        "ward": ward,
        "group": group,
        "wards": sorted(shown),
        "requester": subject.name,
        "account": subject.account_id,
        "rights": Jsonb(rights_of(subject)),
        "answer": Jsonb(answer or {}),
        "reprint_of": reprint_of,
    }
    made = connection.execute(SQL["add"], values).fetchone()
    assert made is not None
    return look(connection, made[0])


def find_place(connection: Connection, subject: Subject, product: Product, inputs: Inputs) -> tuple[int, int | None]:
    """The ward, and the group where the product is of one, in which somebody may print it.

    Raises:
        NotFound: there is no such ward or group within reach; what lies elsewhere looks as if it were not there.
        Forbidden: who may print in a group only asks for what is of no group.
    """
    reached = subject.scope(Permission.MAP_PRINT)
    row = connection.execute(SQL["ward"], {"ward": inputs.ward}).fetchone()
    ward: int = 0 if row is None else row[0]
    whole = reached.covers(_of(ward))
    values = {"ward": ward, "groups": sorted(reached.groups)}
    own: dict[int, str] = {} if whole else dict(connection.execute(SQL["own_groups"], values).fetchall())
    if row is None or not (whole or own):
        raise NotFound(f"không có phường {inputs.ward} · there is no ward {inputs.ward}").of("unit", ward)
    if not product.of_group:
        if not whole:
            raise Forbidden(
                "bạn chỉ in giấy tờ của tổ mình · you print the papers of your own group only",
                hint=", ".join(each.id for each in PRODUCTS.values() if each.of_group),
            )
        return ward, None
    wanted: str = inputs.model_dump()["group"]
    if whole:
        return ward, find_group(connection, inputs.ward, wanted).group_id
    found = [group for group, code in own.items() if code == wanted or code.lstrip("0") == wanted.lstrip("0")]
    if not found:
        raise NotFound(
            f"không có tổ {wanted} · there is no group {wanted}", hint=f"các tổ · the groups: {', '.join(own.values())}"
        )
    return ward, next((group for group in found if own[group] == wanted), found[0])


def list_prints(connection: Connection, asked: Asked) -> list[PrintJob]:
    """Prints within the rows of the transaction, the newest first."""
    return _select(connection, asked, None)


def look(connection: Connection, job: UUID) -> PrintJob:
    """One print.

    Raises:
        NotFound: there is none within reach.
    """
    found = _select(connection, Asked(), job)
    if not found:
        raise NotFound("không có bản in này · there is no such print", hint="GET /api/v1/prints").of("print", job)
    return found[0]


def preview(connection: Connection, settings: Settings, subject: Subject, product: Product, inputs: Inputs) -> Preview:
    """Where the pages of a print would lie, for those who may order it.

    Raises:
        NotFound, Forbidden: as for the order.
        UsageError: the product has nothing to choose, or its choices do not fit.
    """
    find_place(connection, subject, product, inputs)
    if product.preview is None:
        raise UsageError(
            f"{product.id}: không có bản xem trước · there is no preview",
            hint=", ".join(each.id for each in PRODUCTS.values() if each.preview),
            parameter="product",
        )
    return product.preview(connection, settings, inputs)


def reprint(connection: Connection, settings: Settings, subject: Subject, job: UUID, again: Reprint) -> PrintJob:
    """Order a print once more, with the same settings: of the same data it is the same file for its requester.

    Raises:
        NotFound: there is no such print within reach.
        Conflict: it never was printed; or the data have changed since, and it is not said to take the new ones.
        UsageError: it needs a reason: who did not order the first one gives their own.
    """
    found = look(connection, job)
    if found.print_id is None or found.product not in PRODUCTS:
        raise Conflict("bản này chưa từng được in · this was never printed", hint="POST /api/v1/prints")
    version, _ = read_version(connection)
    if version != found.data_version and not again.new_data:
        raise Conflict(
            f"dữ liệu đã đổi: bản in {found.data_version}, nay {version}"
            f" · the data have changed: printed {found.data_version}, now {version}",
            hint='"new_data": true',
            type=DATA_CHANGED,
        )
    row = connection.execute(SQL["inputs"], {"id": job}).fetchone()
    assert row is not None
    given: dict[str, Any] = row[0]
    own = found.account_id is not None and found.account_id == subject.account_id
    reason = again.reason.strip() or (given.get("reason", "") if own else "")
    product = PRODUCTS[found.product]
    inputs = read_inputs(product, given | {"reason": reason})
    return order(connection, settings, subject, product, inputs, reprint_of=found.id)


def fetch(connection: Connection, subject: Subject, job: UUID, **more: object) -> tuple[PrintJob, bytes]:
    """The finished file. Who takes one with names of holders is in the audit log before anybody has it.

    Args:
        connection: a transaction in the scope of the subject's permission to print.
        subject: who takes it.
        job: the print.
        more: what of it, for the audit log: a page.

    Raises:
        NotFound: there is no such print within reach, or no file (any more).
        Forbidden: it holds names, and is somebody else's; or it tells of persons, and they may not be told (any more).
        Conflict: it is not finished.
    """
    found = look(connection, job)
    if found.state in {"accepted", "running"}:
        raise Conflict("bản in chưa xong · the print is not finished", hint="xem state · look at its state")
    if found.state == "failed":
        raise Conflict(f"bản in hỏng · the print failed: {found.message}", hint="đặt lại · order it anew")
    _check_persons(subject, found)
    row = connection.execute(SQL["content"], {"id": job}).fetchone()
    if row is None:
        raise NotFound("tệp không còn · the file is no more", hint="đặt lại · order it anew").seen()
    if found.names:
        # Alerts count pages: of a picture of one page it is one.
        pages = 1 if "page" in more else found.pages or 0
        detail: dict[str, object] = {"print": found.print_id, "pages": pages, "sha256": found.sha256} | more
        log.record(
            connection,
            subject.name,
            log.Tag.PRINT_TAKEN,
            ward_id=found.ward_id,
            object_id=f"print:{job}",
            detail=detail,
        )
    return found, bytes(row[0])


def dismiss(connection: Connection, settings: Settings, subject: Subject, job: UUID) -> PrintJob:
    """Stop the drawing of a print, or throw its file away.

    Raises:
        NotFound: there is no such print within reach.
        Forbidden: somebody else ordered it.
    """
    found = look(connection, job)
    if found.account_id != subject.account_id and not subject.scope(Permission.ACCOUNT_MANAGE).everywhere:
        raise Forbidden("người khác đặt bản in này · somebody else ordered this print")
    connection.execute(SQL["dismiss"], {"id": job, "days": settings.prints_days})
    connection.execute(SQL["drop_result"], {"id": job})
    return look(connection, job)


def may_take(subject: Subject, found: PrintJob) -> bool:
    """Whether a subject who reaches a print may have its file."""
    try:
        _check_persons(subject, found)
    except Forbidden:
        return False
    return True


def _check_persons(subject: Subject, found: PrintJob) -> None:
    if found.names and found.account_id != subject.account_id:
        raise Forbidden(
            "bản in có tên người, chỉ người đặt lấy được · it holds names: its requester only may have it",
            hint="đặt bản của mình, có lý do · order one of your own, with a reason",
        )
    wards = found.wards or [found.ward_id]
    if (found.names or found.exact) and not all(
        sees(subject, Permission.PERSON_READ, ward, found.residential_group_id) for ward in wards
    ):
        raise Forbidden(
            "vai trò của bạn không xem được người sử dụng đất · your role does not allow to be told of persons",
            hint="đặt bản của mình · order one of your own",
        )


def _of(ward: int) -> Scope:
    return Scope(wards=frozenset({ward}))


def _select(connection: Connection, asked: Asked, job: UUID | None) -> list[PrintJob]:
    values: dict[str, Any] = {
        "id": job,
        "states": None if asked.states is None else list(asked.states),
        "products": None if asked.products is None else list(asked.products),
        "ward": asked.ward,
        "group": asked.group or None,
        "person": asked.person or None,
        "ordered": asked.ordered,
        "since": asked.since,
        "until": asked.until,
        "shortest": asked.shortest,
        "longest": asked.longest,
        "before": asked.before,
        "limit": asked.limit,
    }
    with connection.cursor(row_factory=class_row(PrintJob)) as cursor:
        return cursor.execute(SQL["list"], values).fetchall()
