"""CQL2 JSON → the tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.geometry import make_box, make_shape
from gisland.publish.cql2.literals import (
    MOST_DEPTH,
    check_size,
    day_of,
    interval_of,
    number_of,
    refuse,
    text_of,
    time_of,
    too_deep,
)

_SHAPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")


def parse_json(text: str) -> n.Node:
    """The tree of an expression as CQL2 JSON.

    Raises:
        UsageError: it is none; says where.
    """
    try:
        found = json.loads(text, parse_float=_decimal, parse_int=_decimal, parse_constant=_no_number)
    except RecursionError:
        raise too_deep() from None
    except ValueError as error:
        at = f"character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise refuse("không phải JSON", "it is no JSON", 'write {"op": "=", "args": […]}', at) from None
    return check_size(_node(found, "", 1))


def _decimal(text: str) -> Decimal:
    return number_of(text).value


def _no_number(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _node(found: Any, at: str, depth: int) -> n.Node:
    """The node of a JSON value; `at` is its JSON pointer."""
    if depth > MOST_DEPTH:
        raise too_deep()
    if isinstance(found, bool):
        return n.Truth(found)
    if isinstance(found, Decimal):
        return n.Number(found)
    if isinstance(found, str):
        return text_of(found, at)
    if isinstance(found, list):
        return n.Array(tuple(_node(each, f"{at}/{place}", depth + 1) for place, each in enumerate(found)))
    if isinstance(found, dict):
        for names, make in _OBJECTS:
            if names <= found.keys() <= names | {"bbox"}:
                return make(found, at, depth)
    mend = 'an object has "op" and "args", or "property", "date", "timestamp", "interval", "bbox", or is a geometry'
    raise refuse("không hiểu phần này", "this is no part of an expression", mend, at or "/")


def _operation(found: dict[str, Any], at: str, depth: int) -> n.Node:
    name, given = found["op"], found["args"]
    if not isinstance(name, str) or not isinstance(given, list):
        raise refuse("op hoặc args sai kiểu", '"op" is a text and "args" is an array', "mend it", at or "/")
    args = tuple(_node(each, f"{at}/args/{place}", depth + 1) for place, each in enumerate(given))
    if name in n.OPERATORS:
        return n.Operation(name, args, at or "/")
    return n.Function(text_of(name, at).value, args, at or "/")


def _property(found: dict[str, Any], at: str, _: int) -> n.Node:
    return n.Property(_string(found["property"], at), at or "/")


def _string(found: Any, at: str) -> str:
    if not isinstance(found, str):
        raise refuse("cần một chuỗi", "a text is expected", "write it in quotes", at or "/")
    return text_of(found, at).value


def _interval(found: dict[str, Any], at: str, depth: int) -> n.Node:
    ends = found["interval"]
    if not isinstance(ends, list) or len(ends) != 2:
        raise refuse("interval cần hai đầu mút", "an interval has two ends", '{"interval": ["2026-01-01", ".."]}', at)
    first, last = (_node(each, f"{at}/interval/{place}", depth + 1) for place, each in enumerate(ends))
    return interval_of(first, last, at)


def _box(found: dict[str, Any], at: str, _: int) -> n.Node:
    return make_box(_numbers(found["bbox"], at), at)


def _shape(found: dict[str, Any], at: str, _: int) -> n.Node:
    return make_shape(_kind(found, at), _numbers(found["coordinates"], at), at)


def _collection(found: dict[str, Any], at: str, depth: int) -> n.Node:
    kind, members = _kind(found, at), found["geometries"]
    if kind != "GeometryCollection" or not isinstance(members, list):
        raise refuse("hình học sai", "this is no geometry", "see RFC 7946", at)
    shapes = [_node(each, f"{at}/geometries/{place}", depth + 1) for place, each in enumerate(members)]
    return make_shape(kind, [each.geometry if isinstance(each, n.Shape) else None for each in shapes], at)


def _kind(found: dict[str, Any], at: str) -> str:
    kind = found["type"]
    if kind not in _SHAPES:
        raise refuse("không có loại hình học này", "there is no such geometry", f"one of: {', '.join(_SHAPES)}", at)
    return str(kind)


def _numbers(found: Any, at: str, depth: int = 1) -> Any:
    """Coordinates as floats; those of a MultiPolygon are nested four deep, and none are deeper."""
    if isinstance(found, list) and depth <= 4:
        return [_numbers(each, at, depth + 1) for each in found]
    if not isinstance(found, Decimal):
        raise refuse("toạ độ phải là số", "coordinates are numbers", "see RFC 7946", at)
    return float(found)


_Maker = Callable[[dict[str, Any], str, int], n.Node]
_OBJECTS: tuple[tuple[set[str], _Maker], ...] = (
    ({"op", "args"}, _operation),
    ({"property"}, _property),
    ({"date"}, lambda found, at, _: day_of(_string(found["date"], at), at)),
    ({"timestamp"}, lambda found, at, _: time_of(_string(found["timestamp"], at), at)),
    ({"interval"}, _interval),
    ({"bbox"}, _box),
    ({"type", "coordinates"}, _shape),
    ({"type", "geometries"}, _collection),
)
