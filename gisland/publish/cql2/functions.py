"""The functions that filters may call besides those of the standard: a closed list, told at `/ogc/functions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gisland.catalogue import Language, Text
from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import Function
from gisland.publish.cql2.temporal import day_in_utc
from gisland.publish.cql2.terms import Array, Kind, Term

# In the words of the standard's schema of functions; it has none for arrays.
_TYPES: dict[Kind, str] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "datetime",
    "timestamp": "datetime",
    "geometry": "geometry",
    "array": "string",
}

TITLE = Text(vi="Các hàm của bộ lọc", en="Functions of filters")


@dataclass(frozen=True)
class Known:
    """A function: what it takes (kinds, one or several per argument), gives, and is in SQL."""

    takes: tuple[tuple[Kind, ...], ...]
    gives: Kind
    sql: str
    meaning: Text


FUNCTIONS: dict[str, Known] = {
    "abs": Known((("number",),), "number", "abs({})", Text(vi="giá trị tuyệt đối", en="absolute value")),
    "round": Known(
        (("number",),), "number", "round({}::numeric)", Text(vi="làm tròn đến số nguyên", en="nearest whole number")
    ),
    "length": Known((("string",),), "number", "char_length({})", Text(vi="số ký tự", en="number of characters")),
    "split": Known(
        (("string",), ("string",)),
        "array",
        "cql2.split({}, {})",
        Text(
            vi="mảng các phần của chuỗi giữa các dấu phân cách",
            en="array of the parts of a text between separators: A_CONTAINS(split(land_type, '+'), ('ODT'))",
        ),
    ),
    "year": Known(
        (("date", "timestamp"),), "number", "extract(year FROM {})", Text(vi="năm (theo UTC)", en="year (in UTC)")
    ),
    "month": Known(
        (("date", "timestamp"),), "number", "extract(month FROM {})", Text(vi="tháng (theo UTC)", en="month (in UTC)")
    ),
    "area": Known(
        (("geometry",),),
        "number",
        "ST_Area({}::geography)::numeric",
        Text(vi="diện tích trên elipxôit WGS 84, m²", en="area on the ellipsoid WGS 84, m²"),
    ),
    "distance": Known(
        (("geometry",), ("geometry",)),
        "number",
        "ST_Distance({}::geography, {}::geography)::numeric",
        Text(vi="khoảng cách trên elipxôit WGS 84, m", en="distance on the ellipsoid WGS 84, m"),
    ),
    "buffer": Known(
        (("geometry",), ("number",)),
        "geometry",
        "cql2.buffer({}, {})",
        Text(
            vi="vùng trong phạm vi số mét đã cho quanh hình học (tối đa 100 km)",
            en="what lies within so many metres of a geometry (at most 100 km): S_INTERSECTS(geometry, "
            "buffer(POINT(106.68 20.86), 50))",
        ),
    ),
}


def call(node: Function, args: Sequence[Term]) -> Term:
    """A call of a function.

    Raises:
        UsageError: there is no such function, or it takes other arguments.
    """
    found = FUNCTIONS.get(node.name.lower())
    if found is None:
        mend = f"those of the standard, and: {', '.join(FUNCTIONS)}"
        raise refuse("không có hàm này", f"there is no function {node.name[:50]!r}", mend, node.at)
    fits = len(args) == len(found.takes) and all(
        each.kind in kinds for each, kinds in zip(args, found.takes, strict=True)
    )
    if not fits:
        wanted = ", ".join(" | ".join(kinds) for kinds in found.takes)
        raise refuse("sai đối số của hàm", "the function takes other arguments", f"{node.name}({wanted})", node.at)
    given = [day_in_utc(each).sql if each.kind in {"date", "timestamp"} else each.sql for each in args]
    sql = found.sql.format(*given)
    if found.gives == "array":
        # Without a separator that is known, SQL would split between all signs.
        texts = "" if args[1].unknown else f"string_to_array({', '.join(given)})"
        return Array(sql, "array", unknown=True, texts=texts)
    return Term(sql, found.gives, unknown=True)


def link_to_functions(root: str, language: Language) -> dict[str, str]:
    """The link from the landing page to the functions."""
    rel, title = "http://www.opengis.net/def/rel/ogc/1.0/functions", TITLE.to(language)
    return {"rel": rel, "type": "application/json", "title": title, "href": f"{root}/functions?f=json"}


def functions_document(language: Language) -> list[dict[str, Any]]:
    """The functions as the standard describes them (`/functions`)."""
    return [
        {
            "name": name,
            "description": each.meaning.to(language),
            "args": [{"type": sorted({_TYPES[kind] for kind in kinds})} for kinds in each.takes],
            "returns": [_TYPES[each.gives]],
        }
        for name, each in FUNCTIONS.items()
    ]
