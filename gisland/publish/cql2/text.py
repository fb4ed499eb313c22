"""CQL2 Text → the tree. The grammar is grammar.lark, read by lark (LALR: in one pass, whatever the nesting)."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from gisland.errors import UsageError
from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.geometry import make_box, make_shape
from gisland.publish.cql2.literals import check_size, day_of, interval_of, number_of, refuse, text_of, time_of

_ESCAPE = re.compile(r"''|\\([abtnvfr'\\])")
_CONTROLS = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
# Functions of the standard by their names in small letters.
_STANDARD = {name.lower(): name for name in n.CHARACTER | n.SPATIAL | n.TEMPORAL | n.ARRAYS}
_WORDS = {
    "$END": "end",
    "NAME": "name",
    "QUOTED": '"name"',
    "STRING": "'text'",
    "NUMBER": "number",
    "COMPARISON": "= <> < > <= >=",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "PLUS": "+",
    "MINUS": "-",
    "TIMES": "* / %",
    "POWER": "^",
}


def parse_text(text: str) -> n.Node:
    """The tree of an expression as CQL2 Text.

    Raises:
        UsageError: it is none; says where, and what would be expected there.
    """
    try:
        tree: n.Node = _plain(_parser().parse(text))
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    return check_size(tree)


@cache
def _parser() -> Lark:
    grammar = resources.files("gisland.publish.cql2").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=_Builder(), maybe_placeholders=False)


def _explained(error: UnexpectedInput, text: str) -> UsageError:
    if isinstance(error, UnexpectedToken):
        at = len(text) if error.token.type == "$END" else error.token.start_pos
        allowed = error.expected
    else:
        assert isinstance(error, UnexpectedCharacters)
        at, allowed = error.pos_in_stream, error.allowed
    words = sorted({_WORDS.get(each, each.strip("_")) for each in allowed or ()})
    return refuse(
        "biểu thức lọc sai cú pháp", "the filter is not well formed", f"expected: {', '.join(words)}", _at(at or 0)
    )


def _at(position: int) -> str:
    return f"character {position + 1}"


def _place(token: Token) -> str:
    return _at(token.start_pos or 0)


def _unescaped(token: str) -> str:
    return _ESCAPE.sub(lambda found: _CONTROLS.get(found[1], found[1]) if found[1] else "'", token[1:-1])


class _Parenthesised:
    """An expression in parentheses: itself, or an array of one where an array is expected."""

    def __init__(self, inner: n.Node) -> None:
        self.inner = inner


def _plain(found: Any) -> Any:
    return found.inner if isinstance(found, _Parenthesised) else found


def _array(found: Any) -> Any:
    return n.Array((found.inner,)) if isinstance(found, _Parenthesised) else found


def _element(found: Any) -> Any:
    return _plain(found) if isinstance(_plain(found), n.Operation) else _array(found)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes the tree while it is read."""

    def any_of(self, *parts: Any) -> n.Node:
        return n.Operation("or", tuple(map(_plain, parts)))

    def all_of(self, *parts: Any) -> n.Node:
        return n.Operation("and", tuple(map(_plain, parts)))

    def negation(self, part: Any) -> n.Node:
        return n.Operation("not", (_plain(part),))

    def comparison(self, left: Any, sign: Token, right: Any) -> n.Node:
        return n.Operation(str(sign), (_plain(left), _plain(right)), _place(sign))

    def arithmetic(self, left: Any, sign: Token, right: Any) -> n.Node:
        return n.Operation(sign.lower(), (_plain(left), _plain(right)), _place(sign))

    def plus(self, _: Token, number: Token) -> n.Node:
        return self.number(number)

    def minus(self, _: Token, part: Any) -> n.Node:
        found = _plain(part)
        if isinstance(found, n.Number):
            return n.Number(found.value.copy_negate())
        return n.Operation("*", (n.Number(number_of("-1").value), found))

    def like(self, value: Any, pattern: Any) -> n.Node:
        return n.Operation("like", (_plain(value), _plain(pattern)))

    def not_like(self, value: Any, pattern: Any) -> n.Node:
        return self.negation(self.like(value, pattern))

    def between(self, *parts: Any) -> n.Node:
        return n.Operation("between", tuple(map(_plain, parts)))

    def not_between(self, *parts: Any) -> n.Node:
        return self.negation(self.between(*parts))

    def is_in(self, value: Any, *items: Any) -> n.Node:
        return n.Operation("in", (_plain(value), n.Array(tuple(map(_plain, items)))))

    def is_not_in(self, value: Any, *items: Any) -> n.Node:
        return self.negation(self.is_in(value, *items))

    def is_null(self, value: Any) -> n.Node:
        return n.Operation("isNull", (_plain(value),))

    def is_not_null(self, value: Any) -> n.Node:
        return self.negation(self.is_null(value))

    def string(self, token: Token) -> n.Node:
        return text_of(_unescaped(token), _place(token))

    def number(self, token: Token) -> n.Node:
        return number_of(str(token), _place(token))

    def true(self, _: Token) -> n.Node:
        return n.Truth(value=True)

    def false(self, _: Token) -> n.Node:
        return n.Truth(value=False)

    def property(self, token: Token) -> n.Node:
        return n.Property(text_of(token).value, _place(token))

    def quoted(self, token: Token) -> n.Node:
        return n.Property(text_of(token[1:-1], _place(token)).value, _place(token))

    def parentheses(self, inner: Any) -> Any:
        return _Parenthesised(_plain(inner))

    def array(self, *items: Any) -> n.Node:
        return n.Array(tuple(map(_element, items)))

    def call(self, name: Token, *given: Any) -> n.Node:
        called, at = name.lower(), _place(name)
        if called in {"date", "timestamp"}:
            value = given[0] if len(given) == 1 else None
            if not isinstance(value, n.Text):
                raise refuse("cần một chuỗi", f"{name} takes one text", f"write {name.upper()}('2026-01-31…')", at)
            return day_of(value.value, at) if called == "date" else time_of(value.value, at)
        if called == "interval" and len(given) == 2:
            return interval_of(_plain(given[0]), _plain(given[1]), at)
        standard = _STANDARD.get(called)
        if standard is None:
            return n.Function(str(name), tuple(map(_plain, given)), at)
        return n.Operation(standard, tuple(map(_array if standard in n.ARRAYS else _plain, given)), at)

    def coordinate(self, *parts: Token) -> float:
        return float(number_of("".join(parts), _place(parts[0])).value)

    def position(self, *coordinates: float) -> tuple[float, ...]:
        return coordinates

    def positions(self, *positions: Any) -> list[Any]:
        return list(positions)

    rings = positions

    def box(self, name: Token, *sides: float) -> n.Node:
        return make_box(sides, _place(name))

    def point(self, name: Token, position: Any) -> n.Node:
        return make_shape("Point", position, _place(name))

    def line(self, name: Token, positions: Any) -> n.Node:
        return make_shape("LineString", positions, _place(name))

    def polygon(self, name: Token, rings: Any) -> n.Node:
        return make_shape("Polygon", rings, _place(name))

    def points(self, name: Token, *positions: Any) -> n.Node:
        return make_shape("MultiPoint", list(positions), _place(name))

    def lines(self, name: Token, lines: Any) -> n.Node:
        return make_shape("MultiLineString", lines, _place(name))

    def polygons(self, name: Token, *polygons: Any) -> n.Node:
        return make_shape("MultiPolygon", list(polygons), _place(name))

    def collection(self, name: Token, *shapes: n.Shape) -> n.Node:
        return make_shape("GeometryCollection", [each.geometry for each in shapes], _place(name))
