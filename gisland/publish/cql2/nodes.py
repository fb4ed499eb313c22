"""The tree of a CQL2 expression; equal for the same expression as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import shapely

# Names of operators as JSON writes them.
LOGICAL = frozenset({"and", "or", "not"})
COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "div", "^"})
CHARACTER = frozenset({"casei", "accenti"})
SPATIAL = frozenset(
    f"s_{each}" for each in ("contains", "crosses", "disjoint", "equals", "intersects", "overlaps", "touches", "within")
)
INSTANTS = frozenset({"t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"})
TEMPORAL = INSTANTS | {
    *("t_contains", "t_during", "t_finishedBy", "t_finishes", "t_meets"),
    *("t_metBy", "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts"),
}
ARRAYS = frozenset({"a_containedBy", "a_contains", "a_equals", "a_overlaps"})
OPERATORS = (
    LOGICAL | COMPARISONS | ARITHMETIC | CHARACTER | SPATIAL | TEMPORAL | ARRAYS | {"like", "between", "in", "isNull"}
)


@dataclass(frozen=True)
class Text:
    """A string, in NFC."""

    value: str


@dataclass(frozen=True)
class Number:
    """A number, exact."""

    value: Decimal


@dataclass(frozen=True)
class Truth:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True)
class Instant:
    """A day, or a time (always with its zone)."""

    value: date | datetime

    @property
    def is_day(self) -> bool:
        """Whether it is a day."""
        return not isinstance(self.value, datetime)


@dataclass(frozen=True)
class Interval:
    """From a start to an end, both included; None is an open end."""

    start: End
    end: End


@dataclass(frozen=True)
class Shape:
    """A geometry as it was written, in the CRS of the filter."""

    geometry: shapely.Geometry
    at: str = field(default="", compare=False)


@dataclass(frozen=True)
class Box:
    """A BBOX as it was written: 4 or 6 numbers in the CRS of the filter."""

    sides: tuple[float, ...]
    at: str = field(default="", compare=False)


@dataclass(frozen=True)
class Property:
    """The value that a feature has."""

    name: str
    at: str = field(default="", compare=False)
    """Where it stands in what was asked for."""


@dataclass(frozen=True)
class Array:
    """A set of values."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    """An operator or function of the standard (`OPERATORS`) with its operands."""

    op: str
    args: tuple[Node, ...]
    at: str = field(default="", compare=False)


@dataclass(frozen=True)
class Function:
    """A function that the standard does not have."""

    name: str
    args: tuple[Node, ...]
    at: str = field(default="", compare=False)


Literal: TypeAlias = Text | Number | Truth | Instant | Shape | Box
End: TypeAlias = Instant | Property | Function | None
Node: TypeAlias = Literal | Interval | Property | Array | Operation | Function


def children(node: Node) -> tuple[Node, ...]:
    """The nodes below a node."""
    if isinstance(node, Operation | Function):
        return node.args
    if isinstance(node, Array):
        return node.items
    if isinstance(node, Interval):
        return tuple(each for each in (node.start, node.end) if each is not None)
    return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """All nodes with their depth; without recursion, for it comes before the depth is known to be bounded."""
    waiting = [(node, 1)]
    while waiting:
        found, depth = waiting.pop()
        yield found, depth
        waiting += [(each, depth + 1) for each in children(found)]
