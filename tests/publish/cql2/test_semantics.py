"""What filters mean, by the words of the standard: PostGIS against plain Python and shapely, on whatever expression."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.json_form import parse_json
from gisland.publish.cql2.text import parse_text
from tests.publish.cql2.conftest import Table
from tests.publish.cql2.oracle import Unsure, truth
from tests.publish.cql2.strategies import PREDICATES, booleans
from tests.publish.cql2.writers import to_json, to_text

CHECKED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
# The strategy of the standard's operators is complete.
assert PREDICATES.keys() >= n.OPERATORS - n.LOGICAL


def compare(table: Table, node: n.Node) -> None:
    found, then = table.truths(node), table.truths(node, past=True)
    for row, now, past in zip(table.rows, found, then, strict=True):
        try:
            expected = truth(node, row)
        except Unsure:
            continue
        assert now == expected, (to_text(node), row)
        assert past == expected, (to_text(node), row)


@pytest.mark.parametrize("examples", [8, pytest.param(600, marks=pytest.mark.proof)])
@pytest.mark.parametrize("op", sorted(PREDICATES))
def test_each_operator(table: Table, op: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=CHECKED)
    @given(PREDICATES[op])
    def check(node: n.Node) -> None:
        compare(table, node)

    check()


@settings(max_examples=80, deadline=None, database=None, derandomize=True, suppress_health_check=CHECKED)
@given(booleans)
def test_an_expression_is_the_same_as_text_and_as_json(node: n.Node) -> None:
    assert parse_text(to_text(node)) == node
    assert parse_json(to_json(node)) == node


def test_the_truth_table(table: Table) -> None:
    known = {True: "TRUE", False: "FALSE", None: "(d1 = d1)"}
    row = next(place for place, row in enumerate(table.rows) if row["d1"] is None)
    for first, one in known.items():
        assert table.truths(parse_text(f"NOT {one}"))[row] == (None if first is None else not first)
        for second, other in known.items():
            both = False if False in (first, second) else None if None in (first, second) else True
            either = True if True in (first, second) else None if None in (first, second) else False
            assert table.truths(parse_text(f"{one} AND {other}"))[row] == both
            assert table.truths(parse_text(f"{one} OR {other}"))[row] == either


@pytest.mark.parametrize(
    "text",
    [
        # GEOS takes a collection whose parts lie over one another for invalid.
        (
            "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POLYGON((0 0, 3 0, 3 3, 0 3, 0 0)), LINESTRING(3 0, 3 3),"
            "POLYGON((3 1, 5 1, 5 2, 2 2, 3 1)), POINT(3 1)))"
        ),
        # What is missing in an array within an array is missing in this one, too.
        "A_EQUALS((), (('', s1)))",
        "A_CONTAINEDBY((), (('', s1)))",
    ],
)
def test_what_hard_expressions_taught(table: Table, text: str) -> None:
    compare(table, parse_text(text))
