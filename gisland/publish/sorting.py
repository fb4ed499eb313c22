"""Pages in another order than that of the ids: `sortby` with a closed list of fields, each with its index.

order      numbers and times by value; texts by the collation `registry.vietnamese_numbers` (ICU, Vietnamese, digits by
           their value: 2 before 10); true ties by id. What has no value comes last, and with `-` first.
next page  by the values of the last feature of a page, not by counting: the last page costs what the first does.
           One field is walked along its index; further ones sort within equal values of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gisland.catalogue import Layer
from gisland.errors import UsageError

MOST_KEYS = 4


class SortKey(NamedTuple):
    """A field that features are sorted by."""

    name: str
    descending: bool = False


Sort = tuple[SortKey, ...]
Values = tuple[str | None, ...]
ID = "id"


def parse_sort(layer: Layer, text: str | None) -> Sort:
    """Read `sortby`: names by commas, each with `-` for descending or `+`.

    Raises:
        UsageError: a field is no sortable of the layer, is there twice, or there are too many.
    """
    if text is None:
        return ()
    keys: list[SortKey] = []
    for part in text.split(","):
        # A plus in a query string is a blank.
        name = part[1:] if part[:1] in {"-", "+", " "} else part
        if name != ID and name not in layer.sortables:
            known = ", ".join((ID, *layer.sortables))
            raise UsageError(
                "không sắp xếp được theo trường này · features cannot be sorted by this",
                hint=f"one of: {known}",
                parameter="sortby",
            )
        if name in {key.name for key in keys}:
            raise UsageError(
                f"{name} có hai lần · {name} is there twice", hint="give each field once", parameter="sortby"
            )
        keys.append(SortKey(name, part.startswith("-")))
    if len(keys) > MOST_KEYS:
        raise UsageError(
            "quá nhiều trường · these are too many fields", hint=f"at most {MOST_KEYS}", parameter="sortby"
        )
    return tuple(keys)


def complete(sort: Sort) -> Sort:
    """The order with the id as its end, so that no two features are equal; nothing comes after an id."""
    names = [key.name for key in sort]
    if ID in names:
        return sort[: names.index(ID) + 1]
    # In the direction of the first, so that one index gives both.
    return (*sort, SortKey(ID, sort[0].descending))


def order_by(sort: Sort) -> str:
    """The order as SQL; PostgreSQL's own rule for what has no value is ours."""
    return ", ".join(f'"{key.name}"{" DESC" if key.descending else ""}' for key in complete(sort))


def columns(sort: Sort) -> str:
    """The fields of the order, the id first."""
    return ", ".join(("id", *(f'"{key.name}"' for key in complete(sort) if key.name != ID)))


def keys_text(sort: Sort, alias: str) -> str:
    """SQL of the values that the next page begins after: a JSON array of texts."""
    return f"json_build_array({', '.join(f'{alias}.{_quoted(key.name)}::text' for key in complete(sort))})::text"


def read_values(sort: Sort, text: str) -> Values:
    """The values in a cursor.

    Raises:
        ValueError: they are not of this order.
    """
    values: Any = json.loads(text)
    if not isinstance(values, list) or len(values) != len(complete(sort)):
        raise ValueError
    if values[-1] is None or not all(value is None or isinstance(value, str) for value in values):
        raise ValueError
    return tuple(values)


def parameters(values: Values) -> dict[str, object]:
    """The parameters of `after`."""
    return {f"after{number}": value for number, value in enumerate(values) if value is not None}


def after(sort: Sort, nulls: Sequence[bool]) -> Iterator[str]:
    """What comes after the last feature, as parts that have nothing in common: the values of an index from one on.

    Args:
        sort: the order.
        nulls: of which of its fields that feature has no value.
    """
    same: list[str] = []
    for number, (key, null) in enumerate(zip(complete(sort), nulls, strict=True)):
        name, value = _quoted(key.name), f"%(after{number})s"
        if null:
            later = [f"{name} IS NOT NULL"] if key.descending else []
        elif key.descending:
            later = [f"{name} < {value}"]
        else:
            later = [f"{name} > {value}", *([f"{name} IS NULL"] if key.name != ID else [])]
        for each in later:
            yield " AND ".join([*same, each])
        same.append(f"{name} IS NULL" if null else f"{name} = {value}")


def walk(table: str, sort: Sort, conditions: Sequence[str], nulls: Sequence[bool] | None) -> str:
    """The statement that walks along an index until a page is full (`limit` + 1), from the last feature on."""

    def part(*further: str) -> str:
        where = " AND ".join([*conditions, *further]) or "true"
        return f"SELECT {columns(sort)} FROM {table} t WHERE {where} ORDER BY {order_by(sort)} LIMIT %(limit)s + 1"  # noqa: S608 - names that the catalogue checked

    if nulls is None:
        return part()
    # One part after the other, each along its index: with OR between them the index would be walked from its begin.
    parts = " UNION ALL ".join(f"({part(each)})" for each in after(sort, nulls))
    if not parts:
        return part("false")
    return f"SELECT * FROM ({parts}) parts ORDER BY {order_by(sort)} LIMIT %(limit)s + 1"  # noqa: S608 - as above


def _quoted(name: str) -> str:
    return f'"{name}"'
