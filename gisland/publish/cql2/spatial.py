"""Relations of geometries (DE-9IM), found by the index of the features where one of them is written in the filter."""

from __future__ import annotations

from collections.abc import Sequence

import shapely

from gisland.publish.cql2.geometry import place
from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import Box, Operation, Property, Shape
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
    sql = _meets_box(node, statement) if node.op in {"s_intersects", "s_disjoint"} else None
    if sql is None:
        sql = _related(node.op, *(each.sql for each in operands))
    return Term(f"(NOT {sql})" if node.op == "s_disjoint" else sql, "boolean", unknown)


def _related(op: str, left: str, right: str) -> str:
    # The boxes are compared first, in words that row-level security lets an index see.
    return f"({left} && {right} AND {_FUNCTIONS[op]}({left}, {right}))"


def _meets_box(node: Operation, statement: Statement) -> str | None:
    """The condition that a feature meets a BBOX; None when it is no feature, or no plain BBOX."""
    first, second = node.args
    feature, box = (second, first) if isinstance(first, Box) else (first, second)
    if not (isinstance(feature, Property) and isinstance(box, Box)):
        return None
    shape = place(box, statement.frame)
    if not (statement.frame.degrees and isinstance(shape, shapely.Polygon)):
        return None
    sides = [statement.bind(side, "float8") for side in shape.bounds]
    return meets_box(statement.column(feature).sql, statement.shape(shape), sides)


def meets_box(geometry: str, box: str, sides: Sequence[str]) -> str:
    """SQL of whether a feature meets a box, exactly, looking at its shape where it must.

    The index knows boxes as floats of 32 bits (0.8 m at 106° E), so it finds a few too many. A feature that lies
    between two opposite sides of the box and has one of its ends in there meets it, whatever its shape: that end is a
    point of it. So only those at the corners of the box, and those across it, are looked at closely.

    Args:
        geometry: of the feature, whose outermost coordinates are in columns beside it.
        box: the box as a geometry.
        sides: its west, south, east and north.
    """
    meets = _meets(("_west", "_south", "_east", "_north"), sides)
    # CASE and not OR, for which the planner would search the index twice.
    return f"({geometry} && {box} AND CASE {meets} ELSE publish.meets({geometry}, {box}) END)"


# PostgreSQL compares boxes with a tolerance (EPSILON of its geo_decls.h). What lies within a box that is smaller by
# more than it lies within the box itself.
_TOLERANCE = 1e-6
# The corners of the column `_box`: first the upper right one.
_CORNERS = ("(_box[1])[0]", "(_box[1])[1]", "(_box[0])[0]", "(_box[0])[1]")


def plain_boxes(sides: Sequence[str]) -> tuple[str, str]:
    """SQL of a box for `_box`: as it is, and the one within which a feature lies for sure; none where it is too small.

    Args:
        sides: its west, south, east and north.
    """
    west, south, east, north = (f"{side}::float8" for side in sides)
    margin = 2 * _TOLERANCE
    room = f"{east} - {west} > {2 * margin} AND {north} - {south} > {2 * margin}"
    inner = f"box(point({west} + {margin}, {south} + {margin}), point({east} - {margin}, {north} - {margin}))"
    nowhere = "box(point(1000, 1000), point(1000, 1000))"
    return f"box(point({west}, {south}), point({east}, {north}))", f"CASE WHEN {room} THEN {inner} ELSE {nowhere} END"


def meets_plain_box(outer: str, inner: str, sides: Sequence[str], shape: str) -> str:
    """The same by the column `_box`, which an index has as it is: most rows are not looked at at all.

    Args:
        outer: the box (`plain_boxes`).
        inner: the one within it.
        sides: west, south, east and north of the box.
        shape: SQL of whether the shape of the feature meets it, which must not name a column of the feature but the id.
    """
    return f"(_box && {outer} AND CASE WHEN _box <@ {inner} THEN true {_meets(_CORNERS, sides)} ELSE {shape} END)"


def _meets(feature: Sequence[str], sides: Sequence[str]) -> str:
    """The branches of a CASE that are sure that a feature with these outermost coordinates meets a box."""
    west, south, east, north = feature
    across, along = f"BETWEEN {sides[0]} AND {sides[2]}", f"BETWEEN {sides[1]} AND {sides[3]}"
    return f"""
               WHEN {west} {across} AND {east} {across} AND ({south} {along} OR {north} {along}) THEN true
               WHEN {south} {along} AND {north} {along} AND ({west} {across} OR {east} {across}) THEN true"""


def _mixed(node: object, statement: Statement) -> bool:
    return isinstance(node, Shape | Box) and isinstance(place(node, statement.frame), shapely.GeometryCollection)
