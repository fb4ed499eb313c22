"""Expressions that make no sense are refused before the database sees them, and whatever is let through runs."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisland.errors import UsageError
from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.filter import parse_filter
from gisland.publish.cql2.literals import MOST_DEPTH
from gisland.settings import Settings
from tests.publish.cql2.conftest import FIELDS, Table
from tests.publish.cql2.strategies import booleans
from tests.publish.cql2.writers import to_text

LOUD = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s1", "true or false is expected"),
        ("1 + 2", "true or false is expected"),
        ("s1 = 1", "a number and text cannot be compared"),
        ("n1 = 'x'", "a number and text cannot be compared"),
        ("d1 = 'x'", "no time in UTC"),
        ("d1 > '2026-02-30'", "no day"),
        ("t1 = TIMESTAMP('2026-01-01T00:00:00+07:00')", "no time in UTC"),
        ("t1 = TIMESTAMP('2026-01-01')", "no time in UTC"),
        ("d1 = DATE('2026-01-01T00:00:00Z')", "no day"),
        ("d1 = DATE(s1)", "takes one text"),
        ("geometry = geometry", "cannot be compared so"),
        ("geometry = s1", "cannot be compared"),
        ("(1, 2) = (1, 2)", "cannot be compared so"),
        ("s1 LIKE s2", "the pattern of LIKE is a text"),
        ("s1 LIKE 'a\\\\'", "does not end with one"),
        ("n1 LIKE 'a'", "text is expected"),
        ("CASEI(n1) = 'a'", "text is expected"),
        ("CASEI(s1, s2) = 'a'", "wrong number of operands"),
        ("s1 + 1 = 2", "a number is expected"),
        ("n1 BETWEEN 'a' AND 'b'", "cannot be compared"),
        ("n1 IN ('a')", "cannot be compared"),
        ("NOT n1", "true or false is expected"),
        ("S_INTERSECTS(geometry, s1)", "a geometry is expected"),
        ("S_INTERSECTS(geometry)", "wrong number of operands"),
        ("S_INTERSECTS(geometry, POINT(90 180))", "outside the CRS"),
        ("S_INTERSECTS(geometry, BBOX(1000000,1000000,2000000,2000000))", "outside the CRS"),
        ("S_INTERSECTS(geometry, BBOX(0,5,1,4))", "upside down"),
        ("S_INTERSECTS(geometry, BBOX(0,5,1,6,7))", "4 or 6 numbers"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))", "not valid"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0)))", "no coordinates of a Polygon"),
        ("S_INTERSECTS(geometry, LINESTRING(0 0 0, 1 1))", "no coordinates of a LineString"),
        ("S_TOUCHES(geometry, GEOMETRYCOLLECTION(POINT(5 0), LINESTRING(0 0, 1 1)))", "no such relation"),
        ("T_DURING(d1, INTERVAL('2026-01-01', '..'))", "for intervals only"),
        ("T_AFTER(s1, DATE('2026-01-01'))", "a date or a time is expected"),
        ("T_AFTER(d1, INTERVAL('2026-01-02', '2026-01-01'))", "ends before it begins"),
        ("T_AFTER(d1, INTERVAL(1, 2))", "no end of an interval"),
        ("T_AFTER(d1, INTERVAL('2026-01-01'))", "there is no function 'INTERVAL'"),
        ("INTERVAL(d1, d2) = d1", "there is no use for an interval here"),
        ("A_CONTAINS(s1, ('a'))", "an array is expected"),
        ("A_CONTAINS(('a'), 'a')", "an array is expected"),
        ("nothing = 1", "there is no property 'nothing'"),
        ("S1 = 'a'", "there is no property 'S1'"),
        ("t.s1 = 'a'", "there is no property 't.s1'"),
        ("_change = 1", "there is no property '_change'"),
        ("geom IS NULL", "there is no property 'geom'"),
        ("pg_sleep(10) = 1", "there is no function 'pg_sleep'"),
        ("abs(s1) = 1", "takes other arguments"),
        ("split(s1) = 1", "takes other arguments"),
        ("'; DROP TABLE x; --", "not well formed"),
        ('"s1"" = 1', "not well formed"),
    ],
)
def test_what_makes_no_sense_is_told(table: Table, text: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_filter(text, None).condition(table.layer, past=False)
    assert told in refused.value.detail
    assert refused.value.hint


def test_json_that_makes_no_sense_is_told(table: Table) -> None:
    known: list[Any] = [
        {"op": "and", "args": []},
        {"op": "=", "args": [1]},
        {"op": "between", "args": [1, 2]},
        {"op": "in", "args": [{"property": "s1"}, []]},
        {"op": "in", "args": [{"property": "s1"}, "a"]},
        {"op": "AND", "args": [True, True]},
        {"op": "like", "args": [{"property": "s1"}, {"property": "s2"}]},
        {"op": "isNull", "args": []},
        {"op": "casei", "args": ["a"]},
        "a",
        [],
    ]
    for found in known:
        with pytest.raises(UsageError):
            parse_filter(json.dumps(found), "cql2-json").condition(table.layer, past=False)


def served(table: Table, text: str, language: str = "cql2-text") -> bool:
    """Whether a filter is served; what is let through must run, now and in the past."""
    try:
        read = parse_filter(text, language)
        conditions = [read.condition(table.layer, past=past) for past in (False, True)]
    except UsageError as refused:
        json.dumps(refused.problem(), ensure_ascii=False).encode()
        return False
    for condition in conditions:
        query = f"SELECT id FROM pg_temp.x WHERE {condition.sql}"
        table.connection.execute(query.encode(), condition.values)
    return True


TOKENS = [
    *(
        "s1",
        "n1",
        "i1",
        "d1",
        "t1",
        "geometry",
        "id",
        '"s1"',
        "nothing",
        "(",
        ")",
        ",",
        "'",
        "''",
        "\\",
        '"',
        ";",
        "--",
        "/*",
    ),
    *(
        "=",
        "<>",
        "<",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "div",
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "BETWEEN",
        "IN",
        "IS",
        "NULL",
    ),
    *(
        "TRUE",
        "FALSE",
        "CASEI(",
        "ACCENTI(",
        "S_INTERSECTS(",
        "T_AFTER(",
        "A_CONTAINS(",
        "BBOX(",
        "POINT(",
        "POLYGON((",
        "Z",
    ),
    *(
        "DATE('2026-01-01')",
        "TIMESTAMP('2026-01-01T00:00:00Z')",
        "INTERVAL('..','2026-01-01')",
        "'a'",
        "'%'",
        "'_\\\\'",
        "%s",
    ),
    *(
        "1",
        "-1",
        "0",
        "1e59",
        "0.1",
        "BBOX(0,0,1,1)",
        "POINT(1 1)",
        "abs(",
        "buffer(",
        "split(",
        "area(",
        "%(_0)s",
        "$1",
        "::",
    ),
]


@pytest.mark.parametrize("examples", [100, pytest.param(20_000, marks=pytest.mark.proof)])
def test_no_text_makes_an_error_of_the_database(table: Table, examples: int) -> None:
    @settings(LOUD, max_examples=examples)
    @given(st.one_of(st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join), st.text(max_size=40)))
    def check(text: str) -> None:
        served(table, text)

    check()


def _mutated(data: st.DataObject, text: str) -> str:
    place = data.draw(st.integers(0, max(len(text) - 1, 0)))
    return text[:place] + data.draw(st.sampled_from(TOKENS)) + text[place + data.draw(st.integers(0, 3)) :]


@pytest.mark.parametrize("examples", [100, pytest.param(10_000, marks=pytest.mark.proof)])
def test_nothing_put_into_an_expression_makes_one(table: Table, examples: int) -> None:
    @settings(LOUD, max_examples=examples)
    @given(booleans, st.data())
    def check(node: n.Node, data: st.DataObject) -> None:
        served(table, _mutated(data, to_text(node)))

    check()


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([{"property": name} for name in (*FIELDS, "id", "geometry", "x")]),
    st.sampled_from([{"date": "2026-01-01"}, {"timestamp": "2026-01-01T00:00:00Z"}, {"bbox": [0, 0, 1, 1]}]),
    st.sampled_from([{"interval": ["..", "2026-01-01"]}, {"type": "Point", "coordinates": [1, 1]}]),
)
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries(
            {
                "op": st.sampled_from([*sorted(n.OPERATORS), "abs", "buffer", "split", "x"]),
                "args": st.lists(inner, max_size=3),
            }
        ),
        st.dictionaries(
            st.sampled_from(["op", "args", "type", "coordinates", "geometries", "interval"]), inner, max_size=3
        ),
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("examples", [100, pytest.param(20_000, marks=pytest.mark.proof)])
def test_no_json_makes_an_error_of_the_database(table: Table, examples: int) -> None:
    @settings(LOUD, max_examples=examples)
    @given(trees)
    def check(tree: Any) -> None:
        served(table, json.dumps(tree), "cql2-json")

    check()


def test_what_is_quoted_stays_a_value(table: Table) -> None:
    for text in ("x' OR '1'='1", "'; DROP TABLE x; --", "%(_9)s", "%s %%", "\\", "$1", "{}", "E'\\''", "\u2019"):
        quoted = text.replace("\\", "\\\\").replace("'", "''")
        condition = parse_filter(f"s1 = '{quoted}' OR s2 LIKE '{quoted}%'", None).condition(table.layer, past=False)
        assert text not in condition.sql
        assert set(condition.values.values()) == {text, f"{text}%"}
        assert served(table, f"s1 = '{quoted}'")


def test_the_database_takes_what_is_just_not_too_deep_or_too_long(table: Table) -> None:
    deep = "n1"
    for _ in range(MOST_DEPTH - 2):
        deep = f"({deep} * 1e59)"
    assert served(table, f"{deep} = 1")
    assert served(table, "NOT " * (MOST_DEPTH - 3) + "n1 = 1")
    assert not served(table, "NOT " * MOST_DEPTH + "n1 = 1")
    assert served(table, " OR ".join(["S_INTERSECTS(geometry,POINT(1 1))"] * 200))
    assert served(table, f"i1 IN ({','.join(map(str, range(1500)))})")
    twice = "true"
    for _ in range(20):
        twice = f"(({twice}) BETWEEN (s1 = 'a') AND (s2 = 'b'))"
    assert not served(table, twice)
    everything = f"s1 LIKE '{'%a' * 2000}'"
    assert served(table, everything)


# Where each sign can be matched in many ways, and the last one in none: as long as an address may be, with the text.
SLOW = {
    "many wildcards": "%a" * 700 + "%b",
    "a long end": f"%{'a' * 2500}b",
    "a long middle": f"%{'a' * 1700}b%",
    "halves": f"%{'a' * 900}%{'a' * 900}_b%",
    "any sign": "%_" * 700 + "%b",
    "signs and wildcards": "%a_" * 500 + "%ab",
    "letters that fold to two": f"%{'ß' * 280}s%b",
}


@pytest.mark.parametrize("pattern", SLOW)
@pytest.mark.parametrize("wrap", ["{}", "CASEI({})", "ACCENTI({})", "CASEI(ACCENTI({}))"])
def test_no_pattern_is_slow_on_a_text_of_the_filter(table: Table, pattern: str, wrap: str) -> None:
    """A literal at the left may be as long as the address: it is matched once, and not for each feature."""
    sign = "ß" if "ß" in SLOW[pattern] else "a"
    room = Settings().url_max_bytes - len(quote(SLOW[pattern])) - 200
    text = sign * (room // len(quote(sign)))
    like = " LIKE ".join(wrap.format(f"'{each}'") for each in (text, SLOW[pattern]))
    for said in (like, f"s1 = 'x' OR {like}"):
        assert room < len(quote(said)) < Settings().url_max_bytes
        condition = parse_filter(said, None).condition(table.layer, past=False)
        query = f"SELECT count(*) FROM pg_temp.x, generate_series(1, 1000) WHERE {condition.sql}"
        begun = time.monotonic()
        found = table.connection.execute(query.encode(), condition.values, prepare=False).fetchone()
        assert time.monotonic() - begun < 1
        assert found == (0,)
