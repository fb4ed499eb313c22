"""What a request for items asks for, checked: anything that is not understood is refused, never dropped silently."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from gisland.catalogue import LANGUAGES, Layer, LayerField, Palette
from gisland.errors import UsageError
from gisland.kit.crs import EPSG, MERIDIANS
from gisland.publish.cql2.filter import Condition, parse_filter
from gisland.publish.cql2.geometry import Frame
from gisland.settings import Settings

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
EPSG4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"

# Every resource has these: its format and its language.
COMMON = {"f": ("json", "html"), "lang": LANGUAGES}
ITEMS = ("bbox", "bbox-crs", "crs", "datetime", "limit", "cursor", "as-of", "filter", "filter-lang", "filter-crs")
# The CRSs that coordinates in a filter may be in.
FRAMES = {
    CRS84: Frame(),
    CRS84H: Frame(),
    EPSG4326: Frame(flipped=True),
    **{f"{EPSG}{srid}": Frame(srid) for srid in (3857, *MERIDIANS)},
}

Box = tuple[float, float, float, float]
Value = str | int | float | date | datetime
# How the pages after the first are found: by the hits of the filter, or by walking along the key (see items.py).
Way = Literal["hits", "walk"]


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins."""

    after: int
    way: Way


@dataclass(frozen=True)
class ItemsQuery:
    """A checked request for items."""

    limit: int
    bbox: Box | None = None
    """West, south, east, north in degrees (CRS84)."""
    dates: tuple[date | None, date | None] | None = None
    """First and last day, None for an open end."""
    equals: tuple[tuple[str, Value], ...] = ()
    filter: Condition | None = None
    """What a CQL2 filter makes of the layer's columns, of the past if it is asked for."""
    as_of: int | datetime | None = None
    """Data version, or time, as of which features are read; None reads what there is now."""
    cursor: Cursor | None = None
    scoped: bool = False
    """Whether who asks may see some features only: none of the others may be counted."""

    @property
    def filtered(self) -> bool:
        """Whether not all features are asked for."""
        return bool(self.bbox or self.dates or self.equals or self.filter)


def parse_items_query(
    layer: Layer, palette: Palette, settings: Settings, given: Iterable[tuple[str, str]], *, scoped: bool = False
) -> ItemsQuery:
    """Read the parameters of an items request.

    Raises:
        UsageError: a parameter is unknown, there twice or wrong; says which, and what is expected.
    """
    parameters = check_parameters(given, (*ITEMS, *layer.queryables))
    bbox = _bbox(parameters["bbox"], parameters.get("bbox-crs", CRS84)) if "bbox" in parameters else None
    _check_crs(parameters)
    if "bbox-crs" in parameters and bbox is None:
        raise _wrong("bbox-crs", "there is no bbox", "give both or none")
    query = ItemsQuery(
        limit=_limit(parameters.get("limit"), settings),
        bbox=bbox,
        dates=_dates(parameters["datetime"]) if "datetime" in parameters and layer.datetime else None,
        equals=tuple(
            (name, _value(field, palette, parameters[name]))
            for name, field in layer.queryables.items()
            if name in parameters
        ),
        as_of=_as_of(parameters),
        filter=_filter(layer, parameters),
        scoped=scoped,
    )
    if "cursor" not in parameters:
        return query
    return replace(query, cursor=_read_cursor(parameters["cursor"], _checksum(layer, query)))


def parse_item_query(given: Iterable[tuple[str, str]]) -> int | datetime | None:
    """Check the parameters of a request for one item. Returns the data version or time as of which it is asked for.

    Raises:
        UsageError: one is unknown, there twice or wrong.
    """
    parameters = check_parameters(given, ["crs", "as-of"])
    _check_crs(parameters)
    return _as_of(parameters)


def _filter(layer: Layer, parameters: dict[str, str]) -> Condition | None:
    text, uri = parameters.get("filter"), parameters.get("filter-crs", CRS84)
    if text is None:
        for each in ("filter-lang", "filter-crs"):
            if each in parameters:
                raise _wrong(each, "there is no filter", "give both or none")
        return None
    if uri not in FRAMES:
        raise _wrong("filter-crs", "this CRS is not offered", f"one of: {', '.join(FRAMES)}")
    found = parse_filter(text, parameters.get("filter-lang"), FRAMES[uri])
    return found.condition(layer, past="as-of" in parameters)


def _as_of(parameters: dict[str, str]) -> int | datetime | None:
    text = parameters.get("as-of")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong("as-of", "it is no data version and no time", "write 1234 or 2026-01-31T17:00:00Z")
    return moment


def _check_crs(parameters: dict[str, str]) -> None:
    if parameters.get("crs", CRS84) != CRS84:
        raise _wrong("crs", "features are not offered in this CRS", f"use {CRS84}")


def check_parameters(given: Iterable[tuple[str, str]], known: Iterable[str] = ()) -> dict[str, str]:
    """The parameters by name.

    Raises:
        UsageError: one is unknown or there twice, or asks for a format or language that is not offered.
    """
    allowed = (*known, *COMMON)
    parameters: dict[str, str] = {}
    for name, value in given:
        if name not in allowed:
            raise _wrong(name[:50], "there is no such parameter", f"known are: {', '.join(allowed)}")
        if name in parameters:
            raise _wrong(name, "it is there twice", "give it once")
        if "\0" in value:
            raise _wrong(name, "it holds a zero byte", "leave it out")
        if name in COMMON and value not in COMMON[name]:
            raise _wrong(name, "this is not offered", f"one of: {', '.join(COMMON[name])}")
        parameters[name] = value
    return parameters


def next_cursor(layer: Layer, query: ItemsQuery, after: int, way: Way) -> str:
    """The cursor of the page that follows the feature `after`; it fits this layer and this filter only."""
    raw = struct.pack(">q?", after, way == "walk") + _checksum(layer, query)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_cursor(text: str, checksum: bytes) -> Cursor:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        after, walk = struct.unpack_from(">q?", raw)
    except (ValueError, struct.error):
        raise _wrong("cursor", "it is none of ours", "follow the `next` links and change nothing in them") from None
    if raw[9:] != checksum:
        raise _wrong("cursor", "it belongs to another request", "a new filter begins with a new first page")
    return Cursor(after, "walk" if walk else "hits")


def _checksum(layer: Layer, query: ItemsQuery) -> bytes:
    asked = json.dumps([layer.id, query.bbox, query.dates, query.equals, query.as_of, query.filter], default=str)
    return hashlib.blake2b(asked.encode(), digest_size=6).digest()


def _limit(text: str | None, settings: Settings) -> int:
    if text is None:
        return min(settings.items_limit_default, settings.items_limit_max)
    if not (text.isascii() and text.isdigit()) or int(text[:18]) < 1:
        raise _wrong("limit", "it is no whole number above 0", f"give 1 to {settings.items_limit_max}")
    # More than the maximum is no error (Part 1, /req/core/fc-limit-response-1): the page is just smaller.
    return min(int(text[:18]), settings.items_limit_max)


def _bbox(text: str, crs: str) -> Box:
    if crs not in {CRS84, CRS84H, EPSG4326}:
        raise _wrong("bbox-crs", "this CRS is not offered", f"use {CRS84} or {EPSG4326}")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in {4, 6} or not all(map(math.isfinite, numbers)):
        raise _wrong("bbox", "it is not 4 or 6 numbers", "write west,south,east,north in degrees")
    half = len(numbers) // 2
    first, second = numbers[:2], numbers[half : half + 2]
    if crs == EPSG4326:  # latitude comes first
        first, second = first[::-1], second[::-1]
    west, south, east, north = *first, *second
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise _wrong("bbox", "it lies outside -180..180, -90..90 degrees", "check the order of the axes")
    if south > north:
        raise _wrong("bbox", "its south is north of its north", "write west,south,east,north in degrees")
    return west, south, east, north


def _dates(text: str) -> tuple[date | None, date | None]:
    parts = text.split("/")
    ends = [None if part in {"", ".."} else _day(part) for part in parts]
    first, last = ends[0], ends[-1]
    if len(parts) > 2 or (len(parts) == 1 and first is None):
        raise _wrong("datetime", "it is neither a time nor an interval", "write 2025-07-01 or 2025-07-01/..")
    if first and last and first > last:
        raise _wrong("datetime", "it ends before it begins", "write begin/end")
    return first, last


def _day(text: str) -> date:
    # A time of day says no more than its day: the dates of parcels have none. Year 0000, QGIS's open end, is not
    # one of Python's, and nothing was registered before it anyway.
    try:
        return datetime.fromisoformat(text.replace("0000-", "0001-", 1).upper()).date()
    except ValueError:
        raise _wrong("datetime", "it is no RFC 3339 date", "write 2025-07-01 or 2025-07-01T00:00:00Z") from None


def _value(field: LayerField, palette: Palette, text: str) -> Value:
    readers: dict[str, Callable[[str], Value]] = {
        "integer": int,
        "number": float,
        "string": str,
        "date": date.fromisoformat,
        "datetime": _time,
    }
    try:
        value = readers[field.type](text)
    except ValueError:
        raise _wrong(field.name, f"it is no {field.type}", "see the collection's queryables") from None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _wrong(field.name, "it is too large", "see the collection's queryables")
    known = values_of(field, palette)
    if known and value not in known:
        raise _wrong(field.name, "there is no such value", f"one of: {', '.join(known)}")
    return value


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text.upper())
    if found.tzinfo is None:
        raise ValueError("it has no zone")
    return found


def values_of(field: LayerField, palette: Palette) -> list[str]:
    """The closed list of a field's values, or nothing when it is free."""
    return [] if field.values is None else list(palette.public if field.values == "public" else palette.exact)


def _wrong(parameter: str, what: str, mend: str) -> UsageError:
    return UsageError(what, hint=mend, parameter=parameter)
