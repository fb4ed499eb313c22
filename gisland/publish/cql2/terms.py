"""What a part of a filter is in SQL: a text with placeholders, of a kind that is known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import shapely

from gisland.catalogue import Layer
from gisland.publish.cql2.geometry import Frame
from gisland.publish.cql2.literals import refuse
from gisland.publish.cql2.nodes import Property

Kind = Literal["string", "number", "boolean", "date", "timestamp", "geometry", "array"]

KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "date": "date",
    "datetime": "timestamp",
}
# How the past, which has nothing but the JSON that was given, is read.
_FROM_JSON = {"integer": "::bigint", "number": "::numeric", "string": "", "date": "::date", "datetime": "::timestamptz"}
GEOMETRY = "geometry"


@dataclass(frozen=True)
class Term:
    """A part of a filter in SQL."""

    sql: str
    kind: Kind
    unknown: bool = False
    """Whether it may be NULL."""


@dataclass(frozen=True)
class Array(Term):
    """An array of JSON values (`arrays.py`)."""

    holes: bool = False
    """Whether elements may be NULL."""
    texts: str = ""
    """The same as an array of texts in SQL, when its elements are nothing else; those are compared much faster."""


def columns_of(layer: Layer, *, past: bool) -> dict[str, Term]:
    """What may be asked for, by name: the queryables of the layer, no more.

    Args:
        layer: with the fields that the reader may see.
        past: whether it is read as of a data version: there are no columns then but the properties as JSON.
    """
    # Names were checked by the catalogue to be plain identifiers.
    columns = {"id": Term("id", "number")}
    for each in (found for found in layer.queryables.values() if found.name not in columns):
        column = f"(_properties::json ->> '{each.name}'){_FROM_JSON[each.type]}" if past else f'"{each.name}"'
        columns[each.name] = Term(f"({column})" if past else column, KINDS[each.type], unknown=True)
    return columns | {GEOMETRY: Term("geom" if past else f'"{layer.geometry}"', "geometry")}


@dataclass
class Statement:
    """The condition that is being made: what it may speak of, and the values of its placeholders."""

    columns: Mapping[str, Term]
    frame: Frame
    values: dict[str, object] = field(default_factory=dict)

    def bind(self, value: object, sql_type: str) -> str:
        """A placeholder for a value. Its name is none that a field may have."""
        name = f"_{len(self.values)}"
        self.values[name] = value
        return f"%({name})s::{sql_type}"

    def shape(self, shape: shapely.Geometry) -> str:
        """A placeholder for a geometry in longitude and latitude."""
        return self.bind(shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True), "geometry")

    def column(self, node: Property) -> Term:
        """The column of a property.

        Raises:
            UsageError: there is none that the reader is shown.
        """
        found = self.columns.get(node.name)
        if found is None:
            # Of one that is there for others nothing else may be said.
            mend = f"one of: {', '.join(self.columns)}"
            raise refuse("không có thuộc tính này", f"there is no property {node.name[:50]!r}", mend, node.at)
        return found


def unless_unknown(condition: str, *terms: Term) -> str:
    """A condition that is NULL as soon as one of the terms is: FALSE AND NULL would be FALSE."""
    known = " AND ".join(dict.fromkeys(f"{each.sql} IS NOT NULL" for each in terms if each.unknown))
    return f"CASE WHEN {known} THEN {condition} END" if known else condition
