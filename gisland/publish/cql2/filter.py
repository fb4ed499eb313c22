"""A filter of an items request: read, and made into a condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gisland.catalogue import Layer
from gisland.errors import UsageError
from gisland.publish.cql2.geometry import Frame
from gisland.publish.cql2.json_form import parse_json
from gisland.publish.cql2.nodes import Node
from gisland.publish.cql2.sql import condition_of
from gisland.publish.cql2.terms import Statement, columns_of
from gisland.publish.cql2.text import parse_text

PARSERS: dict[str, Callable[[str], Node]] = {"cql2-text": parse_text, "cql2-json": parse_json}
"""By the values of `filter-lang`; the first is the one of a filter that names none."""


class Condition(NamedTuple):
    """A condition in SQL with placeholders. NULL counts as not found."""

    sql: str
    values: dict[str, object]
    """By the names of the placeholders; they begin with an underscore, as no field does."""


@dataclass(frozen=True)
class Filter:
    """A filter that was read; which features it finds depends on nothing else."""

    expression: Node
    frame: Frame

    def condition(self, layer: Layer, *, past: bool) -> Condition:
        """The condition on the rows of a layer.

        Args:
            layer: with the fields that the reader may see.
            past: whether the layer is read as of a data version.

        Raises:
            UsageError: it speaks of what the layer does not have, or compares what cannot be compared.
        """
        statement = Statement(columns_of(layer, past=past), self.frame)
        return Condition(condition_of(self.expression, statement), statement.values)


def parse_filter(text: str, language: str | None, frame: Frame = Frame()) -> Filter:  # noqa: B008 - it is frozen
    """Read a filter.

    Args:
        text: the expression.
        language: the value of `filter-lang`, if it was given.
        frame: the CRS of the coordinates in it.

    Raises:
        UsageError: it is no expression, or in a language that is not known; says where.
    """
    parse = PARSERS.get(language or next(iter(PARSERS)))
    if parse is None:
        hint = f"one of: {', '.join(PARSERS)}"
        raise UsageError("không có ngôn ngữ lọc này · there is no such language", hint=hint, parameter="filter-lang")
    return Filter(parse(text), frame)
