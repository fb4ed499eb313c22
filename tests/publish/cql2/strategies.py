"""Expressions that make sense, of each kind, over the columns of test_semantics.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gisland.publish.cql2 import nodes as n
from tests.publish.cql2.oracle import nfc

Nodes = st.SearchStrategy[n.Node]

WORDS = [
    *(
        "",
        "a",
        "A",
        "b",
        "ab",
        "abc",
        "AB",
        "10",
        "9",
        "Z",
        "z",
        " ",
        "%",
        "_",
        "a%b",
        "a_b",
        "\\",
        "\\%",
        "it's",
        "a\tb",
    ),
    *("Đường", "đường", "duong", "DUONG", "hoà", "hòa", "hoa", "Hoá", "ß", "ss", "SS", "Straße", "STRASSE", "ẞ"),
    *(
        "ΟΔΟΣ",
        "Οδος",
        "οδοσ",
        "ς",
        "İ",
        "i",
        "ı",
        "I",
        "か",
        "が",
        "한",
        "é",
        "É",
        "ﬁ",
        "fi",
        "ǅ",
        "\U00010400",
        "\U00010428",
    ),
]
NUMBERS = [Decimal(each) for each in ("0", "1", "-1", "2", "3", "7", "10", "0.1", "-2.5", "100.05", "1e30", "9e59")]
DAYS = [date(2026, 1, 1) + timedelta(days=each) for each in (0, 1, 2, 30, -1)]
TIMES = [
    datetime(2026, 1, day, hour, minute, second, micro, UTC)
    for day, hour, minute, second, micro in (
        (1, 0, 0, 0, 0),
        (1, 0, 0, 0, 1),
        (1, 23, 59, 59, 999999),
        (2, 0, 0, 0, 0),
        (2, 12, 0, 0, 0),
        (31, 17, 0, 0, 0),
    )
]
# Shapes with corners on a small grid, many of which touch, overlap or lie within one another.
_SIDES = st.tuples(*[st.integers(0, 5)] * 4).filter(lambda each: each[0] < each[2] and each[1] < each[3])
_PLACES = st.tuples(st.integers(0, 5), st.integers(0, 5))


def _valid(shape: BaseGeometry) -> bool:
    return bool(shape.is_valid and not shape.is_empty)


POINTS = st.builds(shapely.Point, _PLACES)
LINES = st.builds(shapely.LineString, st.lists(_PLACES, min_size=2, max_size=4)).filter(
    lambda each: _valid(each) and each.length > 0 and each.is_simple
)
POLYGONS = st.one_of(
    st.builds(lambda sides: shapely.box(*sides), _SIDES),
    st.builds(shapely.Polygon, st.lists(_PLACES, min_size=3, max_size=5)).filter(_valid),
)
MULTIS = st.one_of(
    st.builds(shapely.MultiPoint, st.lists(_PLACES, min_size=1, max_size=3, unique=True)),
    st.builds(shapely.MultiLineString, st.lists(LINES, min_size=1, max_size=2)).filter(lambda each: each.is_simple),
    st.builds(shapely.MultiPolygon, st.lists(POLYGONS, min_size=1, max_size=2)).filter(_valid),
)
SHAPES = st.one_of(POINTS, LINES, POLYGONS, MULTIS)
COLLECTIONS = st.builds(
    shapely.GeometryCollection, st.lists(st.one_of(POINTS, LINES, POLYGONS), min_size=1, max_size=3)
)


def _one_of(*names: str) -> Nodes:
    return st.sampled_from([n.Property(name) for name in names])


def _op(op: str, *args: Nodes) -> Nodes:
    return st.builds(lambda *given: n.Operation(op, given), *args)


def _function(name: str, *args: Nodes) -> Nodes:
    return st.builds(lambda *given: n.Function(name, given), *args)


def _ops(names: frozenset[str], *args: Nodes) -> Nodes:
    return st.builds(lambda op, *given: n.Operation(op, given), st.sampled_from(sorted(names)), *args)


texts: Nodes = st.one_of(
    st.sampled_from([n.Text(nfc(each)) for each in WORDS]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4).map(
        lambda each: n.Text(nfc(each))
    ),
)
strings: Nodes = st.deferred(
    lambda: st.one_of(texts, _one_of("s1", "s2"), _one_of("s1", "s2"), _op("casei", strings), _op("accenti", strings))
)
numbers: Nodes = st.deferred(
    lambda: st.one_of(
        st.sampled_from([n.Number(each) for each in NUMBERS]),
        st.decimals(-1000, 1000, places=2).map(n.Number),
        _one_of("n1", "i1"),
        _one_of("n1", "i1"),
        _ops(n.ARITHMETIC, numbers, numbers),
        _function("abs", numbers),
        _function("round", _one_of("n1")),
        _function("length", strings),
        _function("year", instants),
        _function("month", instants),
    )
)
days: Nodes = st.one_of(st.sampled_from(DAYS).map(n.Instant), _one_of("d1", "d2"))
times: Nodes = st.one_of(st.sampled_from(TIMES).map(n.Instant), _one_of("t1", "t2"))
instants: Nodes = st.one_of(days, times)


def _ordered(ends: tuple[n.Node | None, n.Node | None]) -> bool:
    from gisland.errors import UsageError
    from gisland.publish.cql2.literals import _comes_after

    first, last = ends
    try:
        return not (isinstance(first, n.Instant) and isinstance(last, n.Instant) and _comes_after(first, last))
    except UsageError:
        return False


def _interval(of: Nodes) -> Nodes:
    ends = st.tuples(st.one_of(st.none(), of), st.one_of(st.none(), of)).filter(_ordered)
    return ends.map(lambda each: n.Interval(*each))  # type: ignore[arg-type]


intervals: Nodes = st.one_of(_interval(days), _interval(times), _interval(instants))
spans: Nodes = st.one_of(instants, intervals)
shapes: Nodes = st.one_of(
    SHAPES.map(n.Shape),
    _SIDES.map(lambda each: n.Box(tuple(map(float, each)))),
    st.just(n.Property("geometry")),
    st.just(n.Property("geometry")),
)
elements: Nodes = st.deferred(
    lambda: st.one_of(
        strings,
        st.sampled_from([n.Number(each) for each in NUMBERS]),
        _one_of("n1", "i1", "s1", "d1", "t1"),
        instants,
        intervals,
        SHAPES.map(n.Shape),
        st.sampled_from([n.Truth(value=True), n.Truth(value=False)]),
        st.lists(elements, min_size=2, max_size=3).map(lambda each: n.Array(tuple(each))),
    )
)
_repeated: st.SearchStrategy[list[n.Node]] = st.lists(
    st.sampled_from([n.Text("a"), n.Text("b"), n.Property("s1"), n.Number(Decimal(1)), n.Property("i1")]), max_size=4
)
arrays: Nodes = st.one_of(
    _repeated.map(lambda each: n.Array(tuple(each))),
    st.lists(elements, max_size=3).map(lambda each: n.Array(tuple(each))),
    _function("split", strings, st.sampled_from([n.Text("a"), n.Text("+"), n.Text("")])),
)
_patterns = st.one_of(texts, st.text("a%_\\b", max_size=5).map(n.Text)).filter(
    lambda each: isinstance(each, n.Text) and (len(each.value) - len(each.value.rstrip("\\"))) % 2 == 0
)
patterns: Nodes = st.one_of(_patterns, _op("casei", _patterns), _op("accenti", _patterns))


def _list(of: Nodes) -> Nodes:
    return st.lists(of, min_size=1, max_size=4).map(lambda each: n.Array(tuple(each)))


PREDICATES: dict[str, Nodes] = {
    **{
        op: st.one_of(
            _op(op, strings, strings),
            _op(op, numbers, numbers),
            _op(op, days, days),
            _op(op, times, times),
            _op(op, instants, instants),
        )
        for op in sorted(n.COMPARISONS)
    },
    **{op: _ops(n.COMPARISONS, _op(op, numbers, numbers), numbers) for op in sorted(n.ARITHMETIC)},
    **{op: _ops(n.COMPARISONS, _op(op, strings), strings) for op in sorted(n.CHARACTER)},
    **{
        op: _op(op, spans if op in n.INSTANTS else intervals, spans if op in n.INSTANTS else intervals)
        for op in sorted(n.TEMPORAL)
    },
    **{op: _op(op, arrays, arrays) for op in sorted(n.ARRAYS)},
    **{op: _op(op, shapes, shapes) for op in sorted(n.SPATIAL)},
    "like": _op("like", strings, patterns),
    "between": st.one_of(_op("between", numbers, numbers, numbers), _op("between", instants, instants, instants)),
    "in": st.one_of(
        _op("in", strings, _list(strings)), _op("in", numbers, _list(numbers)), _op("in", days, _list(days))
    ),
    "isNull": _op("isNull", st.one_of(strings, numbers, instants, shapes, intervals)),
    "s_intersects collection": _ops(
        frozenset({"s_intersects", "s_disjoint", "s_equals"}), st.just(n.Property("geometry")), COLLECTIONS.map(n.Shape)
    ),
}
booleans: Nodes = st.recursive(
    st.one_of(*PREDICATES.values(), st.sampled_from([n.Truth(value=True), n.Truth(value=False)])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda each: n.Operation("and", tuple(each))),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: n.Operation("or", tuple(each))),
        _op("not", inner),
        _op("isNull", inner),
    ),
    max_leaves=6,
)
PREDICATES["logical"] = booleans
