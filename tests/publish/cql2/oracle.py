"""What a filter says of a feature, in plain Python and shapely: what the database says must be the same."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import shapely

from gisland.kit.text import without_accents
from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.geometry import Frame, place

Row = Mapping[str, Any]
LARGE = Decimal("1e60")
EVER = {"date": (date.min, date.max), "time": (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))}


class Unsure(Exception):
    """The number has more digits than PostgreSQL promises to keep."""


def truth(node: n.Node, row: Row) -> bool | None:
    """TRUE, FALSE or NULL (None)."""
    found = value_of(node, row)
    assert found is None or isinstance(found, bool)
    return found


def value_of(node: n.Node, row: Row) -> Any:
    """The value of a part of an expression; None for NULL. Sets are frozen sets, intervals pairs."""
    match node:
        case n.Text(value) | n.Number(value) | n.Truth(value) | n.Instant(value):
            return value
        case n.Shape() | n.Box():
            return place(node, Frame())
        case n.Property(name):
            return row[name]
        case n.Array(items):
            return _set([value_of(each, row) for each in items])
        case n.Interval(start, end):
            ends = [_open if each is None else value_of(each, row) for each in (start, end)]
            return None if None in ends else tuple(ends)
        case n.Function(name, args):
            return _function(name, [value_of(each, row) for each in args])
        case n.Operation(op, args):
            return _operation(op, args, row)
    raise AssertionError(node)


_open = object()


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _operation(op: str, args: tuple[n.Node, ...], row: Row) -> Any:
    if op in {"and", "or"}:
        return _logical(op, [value_of(each, row) for each in args])
    if op == "in":
        assert isinstance(args[1], n.Array)
        equal = [_operation("=", (args[0], each), row) for each in args[1].items]
        return _logical("or", equal)
    values = [value_of(each, row) for each in args]
    if op == "isNull":
        return values[0] is None
    if None in [each if not isinstance(each, shapely.Geometry) else 0 for each in values]:
        return None
    if op in n.COMPARISONS or op == "between":
        return _compare(op, *_alike(values))
    if op in n.ARITHMETIC:
        return _arithmetic(op, *values)
    if op in n.TEMPORAL:
        return _times(op, *values)
    if op in n.ARRAYS:
        return _sets(op, *values)
    if op in n.SPATIAL:
        return _shapes(op, *values)
    if op == "like":
        return _like(*values)
    if op == "not":
        return not values[0]
    return values[0].casefold() if op == "casei" else without_accents(values[0])


def _logical(op: str, values: list[bool | None]) -> bool | None:
    decisive = op == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _alike(values: list[Any]) -> list[Any]:
    """Text where a time is expected is one; where a day meets a time, both are days."""
    kinds = {type(each) for each in values}
    if str in kinds and kinds & {date, datetime}:
        values = [_read(each) if isinstance(each, str) else each for each in values]
        kinds = {type(each) for each in values}
    if kinds >= {date, datetime}:
        return [_day(each) for each in values]
    return values


def _read(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _day(value: date | datetime) -> date:
    return value.astimezone(UTC).date() if isinstance(value, datetime) else value


def _compare(op: str, left: Any, *right: Any) -> bool:
    if op == "between":
        return bool(right[0] <= left <= right[1])
    (other,) = right
    return bool(_COMPARISONS[op](left, other))


def _arithmetic(op: str, a: Decimal, b: Decimal) -> Decimal | None:
    with localcontext() as context:
        context.prec = 300
        a, b = Decimal(a), Decimal(b)
        if abs(a) >= LARGE or abs(b) >= (LARGE if op != "^" else 10**6):
            return None
        if op == "^":
            return _power(a, b)
        if op in {"/", "%", "div"}:
            return _divided(op, a, b) if b else None
        if op == "*":
            return (a * b).quantize(Decimal("1e-60"), ROUND_HALF_UP)
        return a + b if op == "+" else a - b


def _divided(op: str, a: Decimal, b: Decimal) -> Decimal:
    if op == "%":
        return a % b
    if op == "div":
        return a // b
    return _exact(a / b)


def _exact(found: Decimal) -> Decimal:
    if len(found.normalize().as_tuple().digits) > 14:
        raise Unsure
    return found


def _power(a: Decimal, b: Decimal) -> Decimal | None:
    if a == 0:
        return None if b < 0 else Decimal(int(b == 0))
    if a < 0 and b != b.to_integral_value():
        return None
    size = abs(float(b)) * abs(float(abs(a).ln()))
    if abs(a) < Decimal("1e-60") or size > 139:
        return None
    if size > 137 or b != b.to_integral_value():
        raise Unsure
    return _exact(a**b)


def _like(value: str, pattern: str) -> bool:
    parts = []
    for found in re.finditer(r"\\(.)|(.)", pattern, re.DOTALL):
        escaped, plain = found.groups()
        if escaped is not None:
            parts.append(re.escape(escaped))
        else:
            parts.append({"%": ".*", "_": "."}.get(plain, re.escape(plain)))
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _span(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value, value]


def _times(op: str, first: Any, second: Any) -> bool:
    ends = [_read(each) if isinstance(each, str) else each for each in (*_span(first), *_span(second))]
    days = any(type(each) is date for each in ends)
    earliest, latest = EVER["date" if days else "time"]
    closed = [
        ((earliest, latest)[place % 2] if each is _open else _day(each) if days else each)
        for place, each in enumerate(ends)
    ]
    a, z, b, y = closed
    return bool(
        {
            "t_after": a > y,
            "t_before": z < b,
            "t_disjoint": a > y or z < b,
            "t_intersects": not (a > y or z < b),
            "t_equals": a == b and z == y,
            "t_contains": a < b and z > y,
            "t_during": b < a and y > z,
            "t_finishes": z == y and a > b,
            "t_finishedBy": z == y and a < b,
            "t_starts": a == b and z < y,
            "t_startedBy": a == b and z > y,
            "t_meets": z == b,
            "t_metBy": a == y,
            "t_overlaps": a < b < z < y,
            "t_overlappedBy": b < a < y < z,
        }[op]
    )


def _set(items: list[Any]) -> frozenset[Any] | None:
    if any(each is None for each in items):
        return None
    return frozenset(map(_element, items))


def _element(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return ("geometry", shapely.to_wkb(shapely.normalize(value)))
    if isinstance(value, tuple):
        return (
            "interval",
            *(".." if each is _open else _element(_read(each) if isinstance(each, str) else each) for each in value),
        )
    return (type(value).__name__, value)


def _sets(op: str, first: frozenset[Any], second: frozenset[Any]) -> bool:
    return {
        "a_equals": first == second,
        "a_contains": first >= second,
        "a_containedBy": first <= second,
        "a_overlaps": bool(first & second),
    }[op]


def _shapes(op: str, first: shapely.Geometry, second: shapely.Geometry) -> bool:
    if op == "s_equals" and "GeometryCollection" in {first.geom_type, second.geom_type}:
        return False
    return bool(getattr(shapely, op.removeprefix("s_"))(first, second))


def _function(name: str, args: list[Any]) -> Any:
    if None in args:
        return None
    match name:
        case "abs":
            return abs(args[0])
        case "round":
            return Decimal(args[0].to_integral_value(ROUND_HALF_UP))
        case "length":
            return Decimal(len(args[0]))
        case "split":
            text, separator = args
            parts = [] if not text else text.split(separator) if separator else [text]
            return frozenset(_element(each) for each in parts)
        case "year" | "month":
            return Decimal(getattr(_day(args[0]), name))
    raise AssertionError(name)


def nfc(text: str) -> str:
    """Text as columns hold it."""
    return unicodedata.normalize("NFC", text)
