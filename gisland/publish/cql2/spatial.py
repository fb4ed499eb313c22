"""Relations of geometries (DE-9IM), found by the index of the features where one of them is written in the filter."""

from __future__ import annotations

import shapely

from gisland.publish.cql2.geometry import place
from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import Box, Operation, Shape
from gisland.publish.cql2.terms import Statement, Term

_FUNCTIONS = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Intersects",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_within": "ST_Within",
    "s_overlaps": "ST_Overlaps",
    "s_crosses": "ST_Crosses",
    "s_contains": "ST_Contains",
}


def relate_shapes(node: Operation, operands: tuple[Term, Term], statement: Statement) -> Term:
    """The condition of a spatial predicate.

    Raises:
        UsageError: a collection of points, lines and areas is asked for more than whether it is met.
    """
    unknown = any(each.unknown for each in operands)
    if any(_mixed(each, statement) for each in node.args):
        if node.op == "s_equals":
            # Nothing but such a collection is equal to one, and features are none.
            return Term("false", "boolean")
        if node.op not in {"s_intersects", "s_disjoint"}:
            mend = "use S_INTERSECTS or S_DISJOINT, or ask for its parts one by one"
            raise refuse(
                "tập hình học lẫn điểm, đường, vùng",
                "a collection of points, lines and areas has no such relation",
                mend,
                node.at,
            )
    left, right = (each.sql for each in operands)
    # The boxes are compared first, in words that row-level security lets an index see.
    meets = f"({left} && {right} AND {_FUNCTIONS[node.op]}({left}, {right}))"
    return Term(f"(NOT {meets})" if node.op == "s_disjoint" else meets, "boolean", unknown)


def _mixed(node: object, statement: Statement) -> bool:
    return isinstance(node, Shape | Box) and isinstance(place(node, statement.frame), shapely.GeometryCollection)
