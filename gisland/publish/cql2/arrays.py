"""Relations of arrays, which are sets: their elements as JSON values, equal when what they stand for is."""

from __future__ import annotations

from collections.abc import Sequence

from gisland.publish.cql2.terms import Term

_RELATIONS = {
    "a_equals": "({a} @> {b} AND {a} <@ {b})",
    "a_contains": "{a} @> {b}",
    "a_containedBy": "{a} <@ {b}",
    "a_overlaps": "{a} && {b}",
}
# A time as seconds, so that it does not depend on how a session writes times.
_ELEMENTS = {
    "string": "to_jsonb({})",
    "number": "to_jsonb({}::numeric)",
    "boolean": "to_jsonb({})",
    "date": "jsonb_build_object('date', {})",
    "timestamp": "jsonb_build_object('time', extract(epoch FROM {}))",
    "geometry": "jsonb_build_object('geometry', encode(ST_AsBinary(ST_Normalize({})), 'hex'))",
    "array": "cql2.as_element({})",
}

Element = Term | tuple[Term | None, Term | None]


def array_of(items: Sequence[Element]) -> Term:
    """An array of terms; a pair is an interval."""
    unknown = any(each.unknown for item in items for each in (item if isinstance(item, tuple) else (item,)) if each)
    return Term(f"ARRAY[{', '.join(map(_element, items))}]::jsonb[]", "array", unknown)


def _element(item: Element) -> str:
    if isinstance(item, tuple):
        ends = ["'\"..\"'::jsonb" if each is None else _element(each) for each in item]
        made = f"jsonb_build_object('interval', jsonb_build_array({', '.join(ends)}))"
        return _known(made, [each for each in item if each is not None])
    return _known(_ELEMENTS[item.kind].format(item.sql), [item])


def _known(made: str, terms: Sequence[Term]) -> str:
    """An element that is NULL, and not JSON about nothing, when one of its terms is."""
    unknown = " AND ".join(f"{each.sql} IS NOT NULL" for each in terms if each.unknown)
    return f"CASE WHEN {unknown} THEN {made} END" if unknown else made


def relate_arrays(op: str, left: Term, right: Term) -> Term:
    """The condition of an array predicate; NULL as soon as an element is."""
    condition = _RELATIONS[op].format(a=left.sql, b=right.sql)
    known = [f"array_position({each.sql}, NULL) IS NULL" for each in (left, right) if each.unknown]
    sql = f"CASE WHEN {' AND '.join(known)} THEN {condition} END" if known else condition
    return Term(f"({sql})", "boolean", bool(known))
