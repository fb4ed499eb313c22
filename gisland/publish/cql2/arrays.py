"""Relations of arrays, which are sets: their elements as JSON values, equal when what they stand for is."""

from __future__ import annotations

from collections.abc import Sequence

from gisland.publish.cql2.terms import Array, Term

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


def array_of(items: Sequence[Element]) -> Array:
    """An array of terms; a pair is an interval."""
    terms = [each for item in items for each in (item if isinstance(item, tuple) else (item,)) if each]
    holes = any(each.unknown or (isinstance(each, Array) and each.holes) for each in terms)
    plain = all(not isinstance(each, tuple) and each.kind == "string" for each in items)
    texts = [each.sql for each in items if not isinstance(each, tuple)]
    return Array(
        f"ARRAY[{', '.join(map(_element, items))}]::jsonb[]",
        "array",
        holes=holes,
        texts=f"ARRAY[{', '.join(texts)}]::text[]" if plain else "",
    )


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
    assert isinstance(left, Array)
    assert isinstance(right, Array)
    both = left.texts and right.texts
    a, b = (left.texts, right.texts) if both else (left.sql, right.sql)
    condition = _RELATIONS[op].format(a=a, b=b)
    holes = [f"array_position({sql}, NULL) IS NULL" for sql, each in ((a, left), (b, right)) if each.holes]
    sql = f"CASE WHEN {' AND '.join(holes)} THEN {condition} END" if holes else condition
    return Term(f"({sql})", "boolean", any(each.holes or each.unknown for each in (left, right)))
