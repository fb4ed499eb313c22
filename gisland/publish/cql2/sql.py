"""The tree → a condition in SQL. Every operator, function and property is on a list; every value is a parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.arrays import array_of, relate_arrays
from gisland.publish.cql2.functions import call
from gisland.publish.cql2.geometry import place
from gisland.publish.cql2.literals import instant_of, refuse
from gisland.publish.cql2.spatial import relate_shapes
from gisland.publish.cql2.temporal import day_in_utc, relate_times
from gisland.publish.cql2.terms import Kind, Statement, Term, unless_unknown

_ARITHMETIC = {
    "+": "cql2.plus",
    "-": "cql2.minus",
    "*": "cql2.times",
    "/": "cql2.divided",
    "div": "cql2.quotient",
    "%": "cql2.remainder",
    "^": "cql2.power",
}
_WORDS: dict[Kind, str] = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a time",
    "geometry": "a geometry",
    "array": "an array",
}
MOST_SQL = 200_000
_BIGINT = range(-(2**63), 2**63)


def condition_of(root: n.Node, statement: Statement) -> str:
    """The condition of an expression; the values of its placeholders are in the statement.

    Raises:
        UsageError: it speaks of what there is not, or compares what cannot be compared.
    """
    return _expect(root, "boolean", statement).sql


def translate(node: n.Node, statement: Statement) -> Term:
    """A part of an expression.

    Raises:
        UsageError: it makes no sense, or is too long.
    """
    term = _translated(node, statement)
    # Some parts are said twice in SQL; within one another they would double each time.
    if len(term.sql) > MOST_SQL:
        raise refuse("biểu thức quá dài", "the expression is too long", "ask for less", getattr(node, "at", ""))
    return term


def _translated(node: n.Node, statement: Statement) -> Term:
    if isinstance(node, n.Property):
        return statement.column(node)
    if isinstance(node, n.Operation):
        return _operation(node, statement)
    if isinstance(node, n.Function):
        return call(node, [translate(each, statement) for each in node.args])
    if isinstance(node, n.Array):
        return array_of([_element(each, statement) for each in node.items])
    if isinstance(node, n.Interval):
        raise refuse(
            "không dùng được khoảng thời gian ở đây", "there is no use for an interval here", "use T_… with it"
        )
    return _literal(node, statement)


def _literal(node: n.Literal, statement: Statement) -> Term:
    match node:
        case n.Text(value):
            return Term(statement.bind(value, "text"), "string")
        case n.Number(value):
            return Term(_number(value, statement), "number")
        case n.Truth(value):
            return Term("true" if value else "false", "boolean")
        case n.Instant(value):
            if isinstance(value, datetime):
                return Term(statement.bind(value, "timestamptz"), "timestamp")
            return Term(statement.bind(value, "date"), "date")
        case _:
            return Term(statement.shape(place(node, statement.frame)), "geometry")


def _number(value: Decimal, statement: Statement) -> str:
    # The index of a whole number is not looked at for a decimal one.
    if value == value.to_integral_value() and int(value) in _BIGINT:
        return statement.bind(int(value), "bigint")
    return statement.bind(value, "numeric")


def _operation(node: n.Operation, statement: Statement) -> Term:
    for names, make, operands in _OPERATIONS:
        if node.op in names:
            if operands and len(node.args) not in operands:
                mend = f"it takes {' or '.join(map(str, operands))}"
                raise refuse(f"{node.op}: sai số toán hạng", f"{node.op}: wrong number of operands", mend, node.at)
            return make(node, statement)
    raise AssertionError(node.op)


def _expect(node: n.Node, kind: Kind, statement: Statement) -> Term:
    term = translate(node, statement)
    if term.kind != kind:
        told = f"{_WORDS[kind]} is expected here, not {_WORDS[term.kind]}"
        raise refuse("sai kiểu", told, "see the collection's queryables", getattr(node, "at", ""))
    return term


def _logical(node: n.Operation, statement: Statement) -> Term:
    parts = [_expect(each, "boolean", statement) for each in node.args]
    unknown = any(each.unknown for each in parts)
    if node.op == "not":
        return Term(f"(NOT {parts[0].sql})", "boolean", unknown)
    return Term(f"({f' {node.op.upper()} '.join(each.sql for each in parts)})", "boolean", unknown)


def _comparison(node: n.Operation, statement: Statement) -> Term:
    left, right = comparable(node.args, statement, node.at)
    # By code points; equal are just those that have the same.
    order = ' COLLATE "C"' if left.kind == "string" and node.op not in {"=", "<>"} else ""
    return Term(f"({left.sql}{order} {node.op} {right.sql})", "boolean", left.unknown or right.unknown)


def comparable(nodes: Sequence[n.Node], statement: Statement, at: str) -> list[Term]:
    """Terms of one kind of which one can be more than another.

    Raises:
        UsageError: they are not.
    """
    terms = [translate(each, statement) for each in nodes]
    kinds = {each.kind for each in terms}
    if kinds & {"date", "timestamp"} and "string" in kinds:
        # Text in quotes where a date or a time is expected.
        nodes = [instant_of(each.value, at) if isinstance(each, n.Text) else each for each in nodes]
        terms = [translate(each, statement) for each in nodes]
        kinds = {each.kind for each in terms}
    if kinds == {"date", "timestamp"}:
        return [day_in_utc(each) for each in terms]
    if len(kinds) > 1:
        told = " and ".join(sorted(_WORDS[each] for each in kinds))
        raise refuse(
            "không so sánh được khác kiểu", f"{told} cannot be compared", "text is in quotes, numbers are not", at
        )
    if kinds & {"geometry", "array"}:
        told = _WORDS[terms[0].kind]
        raise refuse("không so sánh được", f"{told} cannot be compared so", "use S_EQUALS or A_EQUALS", at)
    return terms


def _like(node: n.Operation, statement: Statement) -> Term:
    value = _expect(node.args[0], "string", statement)
    pattern = node.args[1]
    while isinstance(pattern, n.Operation) and pattern.op in n.CHARACTER and len(pattern.args) == 1:
        pattern = pattern.args[0]
    if not isinstance(pattern, n.Text):
        raise refuse("mẫu LIKE phải là chuỗi", "the pattern of LIKE is a text", "LIKE 'A%'", node.at)
    if (len(pattern.value) - len(pattern.value.rstrip("\\"))) % 2:
        raise refuse("mẫu LIKE kết thúc bằng \\", "a pattern does not end with one \\", "write \\\\", node.at)
    return Term(f"({value.sql} LIKE {translate(node.args[1], statement).sql})", "boolean", value.unknown)


def _between(node: n.Operation, statement: Statement) -> Term:
    value, low, high = comparable(node.args, statement, node.at)
    order = ' COLLATE "C"' if value.kind == "string" else ""
    condition = f"{value.sql}{order} BETWEEN {low.sql} AND {high.sql}"
    if low.unknown or high.unknown:
        condition = unless_unknown(condition, value, low, high)
    return Term(f"({condition})", "boolean", any(each.unknown for each in (value, low, high)))


def _in(node: n.Operation, statement: Statement) -> Term:
    listed = node.args[1]
    if not isinstance(listed, n.Array) or not listed.items:
        raise refuse("IN cần một danh sách", "IN takes a list of values", "IN ('a', 'b')", node.at)
    value, *items = comparable((node.args[0], *listed.items), statement, node.at)
    unknown = value.unknown or any(each.unknown for each in items)
    return Term(f"({value.sql} IN ({', '.join(each.sql for each in items)}))", "boolean", unknown)


def _is_null(node: n.Operation, statement: Statement) -> Term:
    of = node.args[0]
    if isinstance(of, n.Interval):
        ends = [translate(each, statement) for each in (of.start, of.end) if each is not None]
        return Term(f"({' OR '.join(f'{each.sql} IS NULL' for each in ends) or 'false'})", "boolean")
    return Term(f"({translate(of, statement).sql} IS NULL)", "boolean")


def _character(node: n.Operation, statement: Statement) -> Term:
    value = _expect(node.args[0], "string", statement)
    return Term(f"cql2.{node.op}({value.sql})", "string", value.unknown)


def _arithmetic(node: n.Operation, statement: Statement) -> Term:
    left, right = (_expect(each, "number", statement) for each in node.args)
    return Term(f"{_ARITHMETIC[node.op]}({left.sql}::numeric, {right.sql}::numeric)", "number", unknown=True)


def _spatial(node: n.Operation, statement: Statement) -> Term:
    left, right = (_expect(each, "geometry", statement) for each in node.args)
    return relate_shapes(node, (left, right), statement)


def _temporal(node: n.Operation, statement: Statement) -> Term:
    return relate_times(node, lambda each: _moment(each, statement, node.at))


def _moment(node: n.Node, statement: Statement, at: str) -> Term:
    if isinstance(node, n.Text):
        node = instant_of(node.value, at)
    term = translate(node, statement)
    if term.kind not in {"date", "timestamp"}:
        raise refuse(
            "cần thời điểm", f"a date or a time is expected, not {_WORDS[term.kind]}", "DATE('2026-01-31')", at
        )
    return term


def _arrays(node: n.Operation, statement: Statement) -> Term:
    left, right = (_expect(each, "array", statement) for each in node.args)
    return relate_arrays(node.op, left, right)


def _element(node: n.Node, statement: Statement) -> Term | tuple[Term | None, Term | None]:
    """An element of an array; an interval is a pair."""
    if isinstance(node, n.Interval):
        first, last = (None if each is None else _moment(each, statement, "") for each in (node.start, node.end))
        return first, last
    return translate(node, statement)


_OPERATIONS: tuple[tuple[frozenset[str], Callable[[n.Operation, Statement], Term], tuple[int, ...]], ...] = (
    (frozenset({"and", "or"}), _logical, tuple(range(1, 2001))),
    (frozenset({"not"}), _logical, (1,)),
    (n.COMPARISONS, _comparison, (2,)),
    (n.ARITHMETIC, _arithmetic, (2,)),
    (n.CHARACTER, _character, (1,)),
    (n.SPATIAL, _spatial, (2,)),
    (n.TEMPORAL, _temporal, (2,)),
    (n.ARRAYS, _arrays, (2,)),
    (frozenset({"like"}), _like, (2,)),
    (frozenset({"between"}), _between, (3,)),
    (frozenset({"in"}), _in, (2,)),
    (frozenset({"isNull"}), _is_null, (1,)),
)
