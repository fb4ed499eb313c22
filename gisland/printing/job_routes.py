"""`/api/v1/prints`: prints are ordered, watched, fetched and dismissed. OGC clients do the same by `/ogc/processes`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.database import run
from gisland.errors import Conflict, NotFound
from gisland.printing import orders
from gisland.printing.orders import LIMIT, MOST, Asked, NewPrint, PrintJob, Reprint, State
from gisland.printing.picture import LEAST_DPI, picture
from gisland.printing.preview import Preview
from gisland.printing.products import PRODUCTS
from gisland.printing.tasks import queue_print
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE
from gisland.security.limits import Work
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of

Result = TypeVar("Result")

ROOT = "/api/v1/prints"
PDF = "application/pdf"
SCREEN_DPI, SCREEN_PIXELS = 300, 36_000_000
"""A3 at 300 dpi, A0 at 150: a picture is held in the memory of a web worker, one at a time."""
PRINT = Require(Permission.MAP_PRINT)
ORDER = Require(Permission.MAP_PRINT, Work.JOBS)
FETCH = Require(Permission.MAP_PRINT, Work.EXPORTS)
Printer = Annotated[Subject, Depends(PRINT)]

router = APIRouter(prefix=ROOT, tags=["prints"])


PrintId = Annotated[UUID, Path(description="Mã việc in · id of the order")]


class ProductInfo(BaseModel):
    """Sản phẩm in · A product that can be printed."""

    id: str = Field(description="Mã sản phẩm · id of the product")
    title: str = Field(description="Tên, hai ngôn ngữ · Name, in both languages")
    description: str = Field(description="Để làm gì, hai ngôn ngữ · What it is for, in both languages")
    inputs: dict[str, Any] = Field(description="Thông số, JSON Schema · What it asks for, as JSON Schema")


@router.get("/products", operation_id="list_products", summary="Sản phẩm in · Products")
async def products(response: Response, _: Printer) -> list[ProductInfo]:
    """In được gì, và cần thông số nào · What can be printed, and what each asks for."""
    response.headers.update(PRIVATE)
    return [
        ProductInfo(
            id=each.id,
            title=f"{each.title.vi} · {each.title.en}",
            description=f"{each.description.vi} · {each.description.en}",
            inputs=each.inputs.model_json_schema(),
        )
        for each in PRODUCTS.values()
    ]


@router.get("", operation_id="list_prints", summary="Bản in đã đặt · Prints that were ordered")
async def prints(
    request: Request,
    response: Response,
    _: Printer,
    state: Annotated[list[State] | None, Query(description="Chỉ tình trạng này · Only in these states")] = None,
    ward_id: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Chỉ phường này · Only of this ward")] = None,
    product: Annotated[list[str] | None, Query(description="Chỉ sản phẩm này · Only these products")] = None,
    group: Annotated[
        str | None, Query(max_length=40, description="Chỉ tổ này, mã · Only of this group: its code")
    ] = None,
    person: Annotated[
        str | None, Query(max_length=80, description="Ai in, một phần tên · Part of who printed it")
    ] = None,
    before: Annotated[UUID | None, Query(description="Cũ hơn bản này · Older than this one: for the next page")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Số bản nhiều nhất · At most so many")] = LIMIT,
) -> list[PrintJob]:
    """Trong các phường của mình, mới nhất trước; cũng là sổ các bản đã in · Of one's wards, the newest first."""
    response.headers.update(PRIVATE)
    asked = Asked(
        states=None if state is None else tuple(state),
        products=None if product is None else tuple(product),
        ward=ward_id,
        group=group,
        person=person,
        before=before,
        limit=limit,
    )
    return await within(request, lambda connection: orders.list_prints(connection, asked))


@router.post("", operation_id="order_print", summary="Đặt in · Order a print", status_code=202)
async def order(
    request: Request, response: Response, subject: Annotated[Subject, Depends(ORDER)], body: NewPrint
) -> PrintJob:
    """Được xếp hàng, tiến trình nền vẽ · It is queued, and drawn by the worker: look at Location until it is done."""
    made = await place(request, subject, body.product, body.inputs)
    response.headers.update(PRIVATE | {"Location": f"{ROOT}/{made.id}"})
    return made


@router.post("/preview", operation_id="preview_print", summary="Xem trước các trang · Where the pages would lie")
async def preview(
    request: Request, response: Response, subject: Annotated[Subject, Depends(ORDER)], body: NewPrint
) -> Preview:
    """Chỉ xếp trang, không vẽ, không cần lý do · Placement only: nothing is drawn, and no reason is needed."""
    product = orders.product_called(body.product)
    inputs, settings = orders.read_inputs(product, body.inputs), state_of(request).settings
    response.headers.update(PRIVATE)
    return await within(request, lambda connection: orders.preview(connection, settings, subject, product, inputs))


@router.post(
    "/{print_id:uuid}/reprint", operation_id="reprint", summary="In lại · Order a print once more", status_code=202
)
async def reprint(
    request: Request, response: Response, subject: Annotated[Subject, Depends(ORDER)], print_id: PrintId, body: Reprint
) -> PrintJob:
    """Dữ liệu đã đổi thì 409, trừ khi `new_data` · 409 when the data have changed, but for `new_data`."""
    settings = state_of(request).settings
    made = await within(request, lambda connection: orders.reprint(connection, settings, subject, print_id, body))
    await asyncio.to_thread(queue_print, settings, made.id)
    response.headers.update(PRIVATE | {"Location": f"{ROOT}/{made.id}"})
    return made


@router.get("/{print_id:uuid}", operation_id="get_print", summary="Một bản in · A print")
async def one(request: Request, response: Response, _: Printer, print_id: PrintId) -> PrintJob:
    """Đến đâu rồi, kết quả ra sao · How far it is, and what came of it."""
    response.headers.update(PRIVATE)
    return await within(request, lambda connection: orders.look(connection, print_id))


@router.get(
    "/{print_id:uuid}/result",
    operation_id="get_print_result",
    summary="Tệp đã in · The finished file",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def result(request: Request, subject: Annotated[Subject, Depends(FETCH)], print_id: PrintId) -> Response:
    """Có tên người: chỉ người đặt lấy được, và được ghi lại · With names: for its requester only, and it is audited."""
    found, content = await within(request, lambda connection: orders.fetch(connection, subject, print_id))
    return answer_file(found, content)


@router.get(
    "/{print_id:uuid}/pages/{page:int}.png",
    operation_id="get_print_page",
    summary="Ảnh một trang · A page as a picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def page_picture(
    request: Request,
    subject: Annotated[Subject, Depends(FETCH)],
    print_id: PrintId,
    page: Annotated[int, Path(ge=1, le=100_000, description="Trang, từ 1 · The page, from 1")],
    dpi: Annotated[int, Query(ge=LEAST_DPI, le=SCREEN_DPI, description="Điểm ảnh mỗi inch · Dots per inch")] = 96,
) -> Response:
    """Quyền và ghi nhật ký như khi lấy tệp · For those, and audited, as the file is."""

    def work(connection: Connection) -> bytes:
        found = orders.look(connection, print_id)
        if found.media_type not in {None, PDF}:
            raise Conflict("bản in này là tệp nén, không có trang · this print is an archive: it has no pages")
        if found.pages is not None and page > found.pages:
            raise NotFound(f"không có trang {page} · there is no page {page}", hint=f"1…{found.pages}").seen()
        return orders.fetch(connection, subject, print_id, page=page, dpi=dpi)[1]

    content = await within(request, work)
    shown = await asyncio.to_thread(picture, content, page, dpi, SCREEN_PIXELS)
    return Response(shown, 200, PRIVATE, "image/png")


@router.delete("/{print_id:uuid}", operation_id="dismiss_print", summary="Huỷ bản in · Dismiss a print")
async def dismiss(request: Request, response: Response, subject: Printer, print_id: PrintId) -> PrintJob:
    """Đang vẽ thì dừng, đã xong thì bỏ tệp · What is drawn is stopped; a finished file is thrown away."""
    response.headers.update(PRIVATE)
    settings = state_of(request).settings
    return await within(request, lambda connection: orders.dismiss(connection, settings, subject, print_id))


async def place(
    request: Request, subject: Subject, product: str, inputs: dict[str, Any], answer: dict[str, Any] | None = None
) -> PrintJob:
    """Order a print and queue it; see `orders.order`."""
    settings = state_of(request).settings
    wanted = orders.product_called(product)
    read = orders.read_inputs(wanted, inputs)
    made = await within(request, lambda connection: orders.order(connection, settings, subject, wanted, read, answer))
    # After the commit: a worker that takes it at once must find it.
    await asyncio.to_thread(queue_print, settings, made.id)
    return made


async def within(request: Request, work: Callable[[Connection], Result]) -> Result:
    """Do it in one transaction, within the rows that the guard of the route lets the subject reach."""
    return await asyncio.to_thread(run, state_of(request).settings, work)


def answer_file(found: PrintJob, content: bytes) -> Response:
    """The file as a download."""
    headers = PRIVATE | {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return Response(content, 200, headers, found.media_type)
