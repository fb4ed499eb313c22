"""The page `/print`: a product is chosen, and where; what was ordered, how far it is, and what was printed before."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from psycopg import Connection
from starlette.requests import Request

from gisland.database import run
from gisland.printing.choices import list_choices
from gisland.printing.orders import Asked, list_prints, may_take
from gisland.printing.products import PRODUCTS, Product
from gisland.printing.read import read_version
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import state_of
from gisland.web.account_pages import Language, RequireOnPage, page

SHOWN = 50
# Asked for by the choice of the place.
PLACES = ("ward", "group")
# Of every product: they come last.
LAST = ("language", "reason")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Field:
    """An input of a product as a field of a form."""

    name: str
    label: str
    note: str
    options: tuple[str, ...]
    number: bool
    several: bool
    longest: int | None
    least: int | None
    most: int | None
    default: str
    required: bool


@router.get("/print", response_class=HTMLResponse)
async def print_page(
    request: Request,
    subject: Annotated[Subject, Depends(RequireOnPage(Permission.MAP_PRINT))],
    language: Language = "vi",
    part: Literal["all", "prints"] = "all",
    product: Annotated[str, Query(max_length=40)] = "",
    group: Annotated[str, Query(max_length=40)] = "",
    person: Annotated[str, Query(max_length=80)] = "",
    before: UUID | None = None,
) -> HTMLResponse:
    """What can be printed, and what was; or the register only, which the page looks at again and again.

    The register may be of one product, group or person; it is read page by page, from the newest on.
    """
    number = 1 if language == "en" else 0

    def work(connection: Connection) -> dict[str, Any]:
        choices = list_choices(connection) if part == "all" else []
        asked = Asked(
            products=(product,) if product in PRODUCTS else None,
            group=group.strip(),
            person=person.strip(),
            before=before,
            # One more tells whether there are older ones.
            limit=SHOWN + 1,
        )
        prints = list_prints(connection, asked)
        content = {"choices": choices, "prints": prints[:SHOWN], "data_version": read_version(connection)[0]}
        return content | {"older": prints[SHOWN - 1].id if len(prints) > SHOWN else None}

    content = await asyncio.to_thread(run, state_of(request).settings, work)
    reached = subject.scope(Permission.MAP_PRINT)
    whole = reached.everywhere or bool(reached.wards)
    content["products"] = [
        {
            "id": each.id,
            "title": each.title.to(language),
            "description": each.description.to(language),
            "groups": each.of_group,
            "preview": each.preview is not None,
            "fields": _fields(each, number, language),
        }
        for each in PRODUCTS.values()
        # Who prints in a group only is offered its papers.
        if each.of_group or whole
    ]
    content["offered"] = {each["id"] for each in content["products"]}
    content["titles"] = {each.id: each.title.to(language) for each in PRODUCTS.values()}
    content["asked"] = {"product": product, "group": group.strip(), "person": person.strip()}
    content["before"] = before
    content["takeable"] = {each.id for each in content["prints"] if may_take(subject, each)}
    return page("print", language, subject, content)


def _fields(product: Product, number: int, language: str) -> list[Field]:
    schema = product.inputs.model_json_schema()
    names = [name for name in schema["properties"] if name not in (*PLACES, *LAST)]
    needed = schema.get("required", ())
    return [
        _field(name, schema["properties"][name], number, language, required=name in needed) for name in (*names, *LAST)
    ]


def _field(name: str, schema: dict[str, Any], number: int, language: str, *, required: bool) -> Field:
    kinds = [schema, *schema.get("anyOf", ())]
    whole = next((each for each in kinds if each.get("type") == "integer"), None)
    options = next((each["enum"] for each in kinds if "enum" in each), ())
    default = language if name == "language" else schema.get("default")
    texts = schema.get("description", name).split(" · ")
    label, _, note = re.split("([,;:] )", texts[min(number, len(texts) - 1)] + ", ", maxsplit=1)[:3]
    return Field(
        name,
        label,
        note.removesuffix(", "),
        tuple(map(str, options)),
        whole is not None,
        any(each.get("type") == "array" for each in kinds),
        next((each["maxLength"] for each in kinds if "maxLength" in each), None),
        (whole or {}).get("minimum"),
        (whole or {}).get("maximum"),
        "" if default is None or isinstance(default, list) else str(default),
        required,
    )
