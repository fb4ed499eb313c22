"""What a request for items asks for, checked: anything that is not understood is refused, never dropped silently."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from gisland.catalogue import LANGUAGES, Layer, LayerField, Palette
from gisland.database import EVERYWHERE, Scope
from gisland.errors import UsageError
from gisland.publish.cql2.filter import Condition, parse_filter
from gisland.publish.cql2.geometry import Frame
from gisland.publish.crs import CRS84, CRS84H, NO_PLANES, WGS84, Box, Planes, Region, region_of, to_degrees
from gisland.publish.shown import ALL, Shown
from gisland.publish.sorting import Sort, Values, parse_sort, read_values
from gisland.publish.tables import FILE_FORMATS
from gisland.publish.words import parse_words
from gisland.settings import Settings

# Every resource has these: its format and its language.
COMMON = {"f": ("json", "html"), "lang": LANGUAGES}
PAGE_FORMATS = (*COMMON["f"], *FILE_FORMATS)
ITEMS = (
    *("bbox", "bbox-crs", "crs", "datetime", "limit", "cursor", "as-of", "sortby", "properties", "skipGeometry", "q"),
    *("filter", "filter-lang", "filter-crs"),
)
ITEM = ("crs", "as-of", "properties", "skipGeometry")
_SHOWS = frozenset({"crs", "properties", "skipGeometry"})

Value = str | int | float | date | datetime
# How the pages after the first are found: by the hits of the filter, or by walking along the key (see items.py).
Way = Literal["hits", "walk"]


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins."""

    after: int
    way: Way
    values: Values = ()
    """What the last feature is sorted by; nothing in the order of ids."""


@dataclass(frozen=True)
class ItemsQuery:
    """A checked request for items."""

    limit: int
    bbox: Box | None = None
    """West, south, east, north in degrees (CRS84)."""
    region: Region | None = None
    """The box of a plane, in degrees."""
    dates: tuple[date | None, date | None] | None = None
    """First and last day, None for an open end."""
    equals: tuple[tuple[str, Value], ...] = ()
    filter: Condition | None = None
    """What a CQL2 filter makes of the layer's columns, of the past if it is asked for."""
    as_of: int | datetime | None = None
    """Data version, or time, as of which features are read; None reads what there is now."""
    words: str | None = None
    """What `q` looks for, as a text search query of PostgreSQL."""
    sort: Sort = ()
    """The order; nothing is that of the ids."""
    shown: Shown = ALL
    """What of each feature is shown, and in which CRS."""
    cursor: Cursor | None = None
    scope: Scope = EVERYWHERE
    """What who asks may see of a staff layer: none of the others may be counted."""

    def in_form(self, form: Literal["geojson", "table"]) -> ItemsQuery:
        """The same with its rows in the form that a file format is made from."""
        return replace(self, shown=self.shown._replace(form=form))

    @property
    def scoped(self) -> bool:
        """Whether who asks may see some features only."""
        return not self.scope.everywhere

    @property
    def filtered(self) -> bool:
        """Whether not all features are asked for."""
        return bool(self.bbox or self.region or self.dates or self.equals or self.words or self.filter)

    @property
    def box_alone(self) -> bool:
        """Whether a box is all that is asked for: the same plan serves whatever box it is."""
        return bool(self.bbox or self.region) and not (self.dates or self.equals or self.words or self.filter)


def parse_items_query(
    layer: Layer,
    palette: Palette,
    settings: Settings,
    given: Iterable[tuple[str, str]],
    *,
    planes: Planes = NO_PLANES,
    scope: Scope = EVERYWHERE,
) -> ItemsQuery:
    """Read the parameters of an items request.

    Args:
        layer: whose features are asked for.
        palette: its values.
        settings: the limits.
        given: the parameters.
        planes: those of the layer, where CRSs are spoken of.
        scope: of who asks; of a public layer everybody sees everything.

    Raises:
        UsageError: a parameter is unknown, there twice or wrong; says which, and what is expected.
    """
    parameters = check_parameters(given, _items_parameters(layer), formats=PAGE_FORMATS)
    bbox, region = _area(parameters, planes)
    # What says nothing of time is in force at any time.
    dates = _dates(parameters["datetime"]) if "datetime" in parameters else None
    query = ItemsQuery(
        limit=_limit(parameters.get("limit"), settings),
        bbox=bbox,
        region=region,
        dates=dates if layer.datetime else None,
        equals=tuple(
            (name, _value(field, palette, parameters[name]))
            for name, field in layer.queryables.items()
            if name in parameters
        ),
        as_of=_as_of(parameters),
        filter=_filter(layer, parameters, planes),
        words=parse_words(layer, parameters.get("q")),
        sort=parse_sort(layer, parameters.get("sortby")),
        shown=_shown(layer, parameters, planes),
        scope=EVERYWHERE if layer.public else scope,
    )
    _check_past(query)
    if "cursor" not in parameters:
        return query
    return replace(query, cursor=_read_cursor(parameters["cursor"], _checksum(layer, query), query.sort))


@lru_cache(maxsize=100)
def _items_parameters(layer: Layer) -> tuple[str, ...]:
    """The parameters of the items of a layer: without texts it has no `q`."""
    names = (name for name in ITEMS if name != "q" or layer.texts)
    return (*names, *layer.queryables)


def parse_item_query(
    layer: Layer, given: Iterable[tuple[str, str]], planes: Planes = NO_PLANES
) -> tuple[int | datetime | None, Shown]:
    """Check the parameters of a request for one item.

    Returns:
        The data version or time as of which it is asked for, and what is shown of it.

    Raises:
        UsageError: one is unknown, there twice or wrong.
    """
    parameters = check_parameters(given, ITEM)
    return _as_of(parameters), _shown(layer, parameters, planes)


def _shown(layer: Layer, parameters: dict[str, str], planes: Planes) -> Shown:
    if _SHOWS.isdisjoint(parameters):
        return ALL
    skip = parameters.get("skipGeometry", "false")
    if skip not in {"true", "false"}:
        raise _wrong("skipGeometry", "it is neither true nor false", "write true or false")
    names = parameters.get("properties")
    wanted = None if names is None else tuple(dict.fromkeys(names.split(","))) if names else ()
    known = [field.name for field in layer.fields]
    if wanted and not set(wanted) <= set(known):
        raise _wrong("properties", "there is no such property", f"of: {', '.join(known)}")
    crs = planes.find(parameters.get("crs", CRS84), "crs")
    return Shown(crs, None if wanted is None else tuple(sorted(wanted)), geometry=skip == "false")


def _check_past(query: ItemsQuery) -> None:
    for name, asked in (("sortby", query.sort), ("q", query.words)):
        if asked and query.as_of is not None:
            raise _wrong(name, "the past has no index for it", "leave out as-of, or this")


def crs_asked_for(given: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The URIs of the CRSs that a request names."""
    return frozenset(value for name, value in given if name in {"crs", "bbox-crs", "filter-crs"})


def _filter(layer: Layer, parameters: dict[str, str], planes: Planes) -> Condition | None:
    text, uri = parameters.get("filter"), parameters.get("filter-crs", CRS84)
    if text is None:
        for each in ("filter-lang", "filter-crs"):
            if each in parameters:
                raise _wrong(each, "there is no filter", "give both or none")
        return None
    crs = WGS84 if uri == CRS84H else planes.find(uri, "filter-crs")
    found = parse_filter(text, parameters.get("filter-lang"), Frame(crs.srid, crs.flipped))
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


def check_parameters(
    given: Iterable[tuple[str, str]], known: Sequence[str] = (), *, formats: Iterable[str] = COMMON["f"]
) -> dict[str, str]:
    """The parameters by name; `formats` are those that the resource is offered in.

    Raises:
        UsageError: one is unknown or there twice, or asks for a format or language that is not offered.
    """
    parameters: dict[str, str] = {}
    for name, value in given:
        if name not in known and name not in COMMON:
            told = ", ".join((*known, *COMMON))
            raise _wrong(name[:50], "there is no such parameter", f"known are: {told}")
        if name in parameters:
            raise _wrong(name, "it is there twice", "give it once")
        if "\0" in value:
            raise _wrong(name, "it holds a zero byte", "leave it out")
        offered = tuple(formats) if name == "f" else COMMON.get(name)
        if offered is not None and value not in offered:
            raise _wrong(name, "this is not offered", f"one of: {', '.join(offered)}")
        parameters[name] = value
    return parameters


def next_cursor(layer: Layer, query: ItemsQuery, after: int, way: Way, keys: str | None = None) -> str:
    """The cursor of the page that follows the feature `after`; it fits this layer, filter and order only."""
    raw = struct.pack(">q?", after, way == "walk") + _checksum(layer, query) + (keys or "").encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_cursor(text: str, checksum: bytes, sort: Sort) -> Cursor:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        after, walk = struct.unpack_from(">q?", raw)
        values = read_values(sort, raw[15:].decode()) if sort and raw[9:15] == checksum else ()
    except (ValueError, struct.error):
        raise _wrong("cursor", "it is none of ours", "follow the `next` links and change nothing in them") from None
    if raw[9:15] != checksum or (raw[15:] and not sort):
        raise _wrong("cursor", "it belongs to another request", "a new filter begins with a new first page")
    return Cursor(after, "walk" if walk else "hits", values)


def _checksum(layer: Layer, query: ItemsQuery) -> bytes:
    where = (query.bbox, query.region, query.dates, query.equals, query.filter, query.words)
    asked = repr((layer.id, *where, query.as_of, query.sort))
    return hashlib.blake2b(asked.encode(), digest_size=6).digest()


def _limit(text: str | None, settings: Settings) -> int:
    if text is None:
        return min(settings.items_limit_default, settings.items_limit_max)
    if not (text.isascii() and text.isdigit()) or int(text[:18]) < 1:
        raise _wrong("limit", "it is no whole number above 0", f"give 1 to {settings.items_limit_max}")
    # More than the maximum is no error (Part 1, /req/core/fc-limit-response-1): the page is just smaller.
    return min(int(text[:18]), settings.items_limit_max)


def _area(parameters: dict[str, str], planes: Planes) -> tuple[Box | None, Region | None]:
    """What the bbox says: a box in degrees, or a region in degrees that is a box on its plane."""
    text, uri = parameters.get("bbox"), parameters.get("bbox-crs", CRS84)
    if text is None:
        if "bbox-crs" in parameters:
            raise _wrong("bbox-crs", "there is no bbox", "give both or none")
        return None, None
    crs = WGS84 if uri == CRS84H else planes.find(uri, "bbox-crs")
    box = _box(text, flipped=crs.flipped)
    if crs.plane:
        return None, region_of(box, crs)
    if crs.srid != WGS84.srid:
        return to_degrees(box, crs), None
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise _wrong("bbox", "it lies outside -180..180, -90..90 degrees", "check the order of the axes")
    return box, None


def _box(text: str, *, flipped: bool) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in {4, 6} or not all(map(math.isfinite, numbers)):
        raise _wrong("bbox", "it is not 4 or 6 numbers", "write west,south,east,north")
    half = len(numbers) // 2
    first, second = numbers[:2], numbers[half : half + 2]
    if flipped:  # latitude comes first
        first, second = first[::-1], second[::-1]
    west, south, east, north = *first, *second
    if south > north:
        raise _wrong("bbox", "its south is north of its north", "write west,south,east,north")
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
    return [] if field.values is None else list(palette.statuses(field.values))


def _wrong(parameter: str, what: str, mend: str) -> UsageError:
    return UsageError(what, hint=mend, parameter=parameter)
