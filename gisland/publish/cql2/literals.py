"""What both forms of CQL2 share: values that are written as strings and numbers, and the limits of an expression."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import shapely

from gisland.errors import UsageError
from gisland.publish.cql2.nodes import End, Function, Instant, Interval, Node, Number, Property, Shape, Text, walk

# Deeper ones would not fit the stack of some part that reads them; a filter of ten levels is an intricate one.
MOST_DEPTH = 50
MOST_NODES = 2_000
MOST_VERTICES = 5_000
# Numbers have so many digits at most, before and after the point: enough for any measure, and quick to reckon with.
MOST_DIGITS = 60

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z", re.IGNORECASE)


def refuse(vi: str, en: str, hint: str, at: str = "") -> UsageError:
    """The answer to an expression that cannot be served. It never quotes a value: that may tell of a person."""
    return UsageError(f"{vi} · {en}", hint=hint, parameter="filter", at=at or None)


def text_of(value: str, at: str = "") -> Text:
    """A string in NFC.

    Raises:
        UsageError: the database could not hold it.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        value = "\0"
    if "\0" in value:
        raise refuse("có ký tự không hợp lệ", "it holds a sign that no text has", "leave it out", at)
    return Text(unicodedata.normalize("NFC", value))


def number_of(value: str, at: str = "") -> Number:
    """A number.

    Raises:
        UsageError: it has too many digits.
    """
    try:
        number = Decimal(value)
    except InvalidOperation:  # an exponent that no number has
        number = Decimal("inf")
    if not number.is_finite() or not _fits(number):
        mend = f"at most {MOST_DIGITS} digits before and after the point"
        raise refuse("số quá lớn hoặc quá dài", "the number is too large or too long", mend, at)
    return Number(number)


def _fits(number: Decimal) -> bool:
    digits, exponent = number.as_tuple().digits, number.as_tuple().exponent
    assert isinstance(exponent, int)
    return (
        len(digits) <= 2 * MOST_DIGITS and exponent >= -MOST_DIGITS and (not number or number.adjusted() <= MOST_DIGITS)
    )


def instant_of(text: str, at: str = "") -> Instant:
    """A day or a time, by its form.

    Raises:
        UsageError: it is neither.
    """
    return day_of(text, at) if _DAY.fullmatch(text) else time_of(text, at)


def day_of(text: str, at: str = "") -> Instant:
    """A day.

    Raises:
        UsageError: it is none.
    """
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return Instant(date.fromisoformat(text))
    except ValueError:
        raise refuse("không phải ngày", "it is no day", "write '2026-01-31'", at) from None


def time_of(text: str, at: str = "") -> Instant:
    """A time in UTC.

    Raises:
        UsageError: it is none.
    """
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return Instant(datetime.fromisoformat(text.upper()))
    except ValueError:
        raise refuse("không phải thời điểm", "it is no time in UTC", "write '2026-01-31T17:00:00Z'", at) from None


def interval_of(start: Node, end: Node, at: str = "") -> Interval:
    """An interval; its ends are strings, properties or functions.

    Raises:
        UsageError: an end is something else, or it ends before it begins.
    """
    first, last = _end(start, at), _end(end, at)
    if isinstance(first, Instant) and isinstance(last, Instant) and _comes_after(first, last):
        raise refuse("khoảng thời gian bị ngược", "the interval ends before it begins", "turn it around", at)
    return Interval(first, last)


def _end(node: Node, at: str) -> End:
    if isinstance(node, Property | Function):
        return node
    if isinstance(node, Text):
        return None if node.value == ".." else instant_of(node.value, at)
    mend = "write '2026-01-31', '2026-01-31T17:00:00Z', '..' or a property"
    raise refuse("đầu mút không hợp lệ", "this is no end of an interval", mend, at)


def _comes_after(first: Instant, last: Instant) -> bool:
    days = [each.value.date() if isinstance(each.value, datetime) else each.value for each in (first, last)]
    if first.is_day or last.is_day:
        return days[0] > days[1]
    return first.value > last.value


def check_size(root: Node) -> Node:
    """The expression, when it is not too large.

    Raises:
        UsageError: it is.
    """
    nodes = vertices = 0
    for node, depth in walk(root):
        nodes += 1
        if depth > MOST_DEPTH:
            raise too_deep()
        if isinstance(node, Shape):
            vertices += shapely.get_num_coordinates(node.geometry)
    if nodes > MOST_NODES or vertices > MOST_VERTICES:
        mend = f"at most {MOST_NODES} parts and {MOST_VERTICES} vertices"
        raise refuse("biểu thức quá dài", "the expression is too long", mend)
    return root


def too_deep() -> UsageError:
    """The answer to an expression that is nested too deeply."""
    mend = f"at most {MOST_DEPTH} levels of parentheses and operators"
    return refuse("biểu thức lồng quá sâu", "the expression is nested too deeply", mend)
