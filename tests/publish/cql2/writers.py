"""The tree → CQL2 Text and JSON, as a client would write it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import shapely

from gisland.publish.cql2 import nodes as n

_WORDS = {"isNull": "IS NULL", "like": "LIKE", "and": "AND", "or": "OR"}


def to_text(node: n.Node) -> str:
    """An expression as CQL2 Text."""
    match node:
        case n.Text(value):
            return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        case n.Number(value):
            return str(value)
        case n.Truth(value):
            return str(value).upper()
        case n.Instant(value):
            return f"{'DATE' if node.is_day else 'TIMESTAMP'}('{_instant(node)}')"
        case n.Interval(start, end):
            ends = [
                "'..'" if each is None else f"'{_instant(each)}'" if isinstance(each, n.Instant) else to_text(each)
                for each in (start, end)
            ]
            return f"INTERVAL({', '.join(ends)})"
        case n.Shape(geometry):
            return _wkt(geometry)
        case n.Box(sides):
            return f"BBOX({', '.join(map(repr, sides))})"
        case n.Property(name):
            return f'"{name}"'
        case n.Array(items):
            return f"({', '.join(map(to_text, items))})"
        case n.Function(name, args):
            return f"{name}({', '.join(map(to_text, args))})"
        case n.Operation(op, args):
            return _operation(op, args)
    raise AssertionError(node)


def _operation(op: str, args: tuple[n.Node, ...]) -> str:
    parts = list(map(to_text, args))
    if op in {"and", "or"}:
        return "(" + f" {op.upper()} ".join(parts) + ")"
    if op == "not":
        return f"(NOT {parts[0]})"
    if op == "isNull":
        return f"({parts[0]} IS NULL)"
    if op == "between":
        return f"({parts[0]} BETWEEN {parts[1]} AND {parts[2]})"
    if op in n.COMPARISONS | n.ARITHMETIC | {"like", "in"}:
        return f"({parts[0]} {op.upper()} {parts[1]})"
    return f"{op.upper()}({', '.join(parts)})"


def _wkt(shape: shapely.Geometry) -> str:
    return str(shapely.to_wkt(shape, rounding_precision=-1, trim=True))


def _instant(node: n.Instant) -> str:
    if isinstance(node.value, datetime):
        return node.value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return node.value.isoformat()


def to_json(node: n.Node) -> str:
    """An expression as CQL2 JSON."""
    return json.dumps(_json(node), default=_number)


def _number(value: object) -> Any:
    assert isinstance(value, Decimal)
    return int(value) if value == value.to_integral_value() else float(value)


def _json(node: n.Node) -> Any:
    match node:
        case n.Text(value) | n.Number(value) | n.Truth(value):
            return value
        case n.Instant():
            return {"date" if node.is_day else "timestamp": _instant(node)}
        case n.Interval(start, end):
            return {
                "interval": [
                    ".." if each is None else _instant(each) if isinstance(each, n.Instant) else _json(each)
                    for each in (start, end)
                ]
            }
        case n.Shape(geometry):
            return json.loads(shapely.to_geojson(geometry))
        case n.Box(sides):
            return {"bbox": list(sides)}
        case n.Property(name):
            return {"property": name}
        case n.Array(items):
            return list(map(_json, items))
        case n.Function(name, args) | n.Operation(name, args):
            return {"op": name, "args": list(map(_json, args))}
    raise AssertionError(node)
