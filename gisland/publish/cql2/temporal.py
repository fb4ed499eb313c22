"""Relations of times: instants and intervals, both ends of which belong to them (OWL-Time, CQL2 tables 6 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import INSTANTS, End, Interval, Node, Operation
from gisland.publish.cql2.terms import Kind, Term, unless_unknown

# Of a (its start and end are as, ae) and b.
_RELATIONS = {
    "t_after": "{as} > {be}",
    "t_before": "{ae} < {bs}",
    "t_disjoint": "({as} > {be} OR {ae} < {bs})",
    "t_intersects": "({as} <= {be} AND {ae} >= {bs})",
    "t_equals": "({as} = {bs} AND {ae} = {be})",
    "t_contains": "({as} < {bs} AND {ae} > {be})",
    "t_during": "({as} > {bs} AND {ae} < {be})",
    "t_finishes": "({as} > {bs} AND {ae} = {be})",
    "t_finishedBy": "({as} < {bs} AND {ae} = {be})",
    "t_starts": "({as} = {bs} AND {ae} < {be})",
    "t_startedBy": "({as} = {bs} AND {ae} > {be})",
    "t_meets": "{ae} = {bs}",
    "t_metBy": "{as} = {be}",
    "t_overlaps": "({as} < {bs} AND {ae} > {bs} AND {ae} < {be})",
    "t_overlappedBy": "({as} > {bs} AND {as} < {be} AND {ae} > {be})",
}


class _Span(NamedTuple):
    start: Term | None
    end: Term | None

    @property
    def is_instant(self) -> bool:
        """Whether it is one moment."""
        return self.start is self.end and self.start is not None


def day_in_utc(term: Term) -> Term:
    """The day of a time; a day is one."""
    if term.kind == "date":
        return term
    return Term(f"({term.sql} AT TIME ZONE 'UTC')::date", "date", term.unknown)


def relate_times(node: Operation, moment: Callable[[Node], Term]) -> Term:
    """The condition of a temporal predicate; `moment` makes the terms of days and times.

    Raises:
        UsageError: a relation of intervals is asked for of an instant.
    """
    first, second = (_span(node, each, moment) for each in node.args)
    ends = (*first, *second)
    kind: Kind = "date" if any(each is not None and each.kind == "date" for each in ends) else "timestamp"
    # A day meets a time: both are days then.
    terms = {
        name: _open(kind, last=name[1] == "e") if each is None else day_in_utc(each) if kind == "date" else each
        for name, each in zip(("as", "ae", "bs", "be"), ends, strict=True)
    }
    condition = _RELATIONS[node.op].format(**{name: each.sql for name, each in terms.items()})
    unknown = any(each.unknown for each in terms.values())
    # An instant is in each comparison, the end of an interval is not.
    if any(each is not None and each.unknown for span in (first, second) if not span.is_instant for each in span):
        condition = unless_unknown(condition, *terms.values())
    return Term(f"({condition})", "boolean", unknown)


def _span(node: Operation, operand: Node, moment: Callable[[Node], Term]) -> _Span:
    if isinstance(operand, Interval):
        return _Span(_end(operand.start, moment), _end(operand.end, moment))
    if node.op not in INSTANTS:
        mend = f"write INTERVAL(…, …), or one of: {', '.join(sorted(INSTANTS))}"
        raise refuse("chỉ dùng cho khoảng thời gian", f"{node.op} is for intervals only", mend, node.at)
    term = moment(operand)
    return _Span(term, term)


def _end(end: End, moment: Callable[[Node], Term]) -> Term | None:
    return None if end is None else moment(end)


def _open(kind: Kind, *, last: bool) -> Term:
    sql_type = "date" if kind == "date" else "timestamptz"
    return Term(f"'{'' if last else '-'}infinity'::{sql_type}", kind)
