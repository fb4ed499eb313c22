"""Features as finished GeoJSON: one statement and one round trip per page, bytes from the database to the client.

A page is found in one of two ways, and each of them is bounded:

    hits  the features that fit the filter are found by its index and then sorted; for up to 10,000 of them, so that
          counting them (numberMatched) comes with it
    walk  along the primary key, when the filter is wider than that, or when there is none

Left to itself the planner takes the second way for small boxes with small pages, because it believes the ids in a box
to be spread evenly; they lie close together, and then the walk reads the whole table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from psycopg import AsyncConnection, DataError

from gisland.catalogue import Layer
from gisland.errors import UsageError
from gisland.publish import sorting
from gisland.publish.cost import check_cost
from gisland.publish.cql2.spatial import meets_box, meets_plain_box, plain_boxes
from gisland.publish.cql2.terms import columns_of
from gisland.publish.crs import Box
from gisland.publish.past import geojson_table, states_at, states_of, table_of, walked
from gisland.publish.query import ItemsQuery, Way
from gisland.publish.reach import in_reach
from gisland.publish.shown import ALL, Shown, feature_text, needs_layer
from gisland.publish.sorting import Sort

MOST_COUNTED = 10_000
SIDE_NAMES = ("west", "south", "east", "north")


@dataclass(frozen=True)
class Page:
    """A page of features."""

    rows: list[bytes]
    """The features as they were asked for (`Shown.form`)."""
    returned: int
    last: int
    keys: str | None
    """What the last one is sorted by (`sorting.keys_text`); None in the order of ids."""
    matched: int | None
    more: bool
    way: Way
    newest: int | None
    """The newest data version that it could show, of a public layer."""


async def read_page(
    connection: AsyncConnection, layer: Layer, query: ItemsQuery, *, most_cost: float | None = None
) -> Page:
    """Read a page of features.

    `matched` is exact or None: unfiltered from the maintained count, filtered by counting up to 10,000, and on the
    first page only.

    Args:
        connection: as the role that sees them.
        layer: whose features they are.
        query: which ones.
        most_cost: highest cost of the plan when no index serves the filter or the order; a query that an index serves
            is bounded as it is, and is not asked for its plan.

    Raises:
        UsageError: it would cost more.
    """

    def most(way: Way) -> float | None:
        return None if is_served(layer, query, way) else most_cost

    if query.cursor is None and (query.filtered or query.scoped or query.as_of is not None):
        page = await _read(connection, layer, query, "hits", most("hits"))
        if page.matched is not None:
            return page
    way: Way = query.cursor.way if query.cursor else "walk"
    return await _read(connection, layer, query, way, most(way))


def is_served(layer: Layer, query: ItemsQuery, way: Way) -> bool:
    """Whether an index finds what is asked for, or a walk along the key finds a page at once."""
    if query.sort and way == "walk" and (query.filtered or query.scoped or len(sorting.complete(query.sort)) > 2):
        # The index of an order knows nothing of what is asked for, and of a second field neither.
        return False
    if query.filter is not None:
        # What a filter costs, and whether an index serves it, its plan tells.
        return False
    if query.bbox is not None or query.region is not None:
        return True
    if query.as_of is not None:
        # The past has an index of its boxes and of its ids, none of its properties.
        return not (query.dates or query.equals)
    if query.words is not None:
        return True
    days = zip((layer.ends, layer.datetime), query.dates or (None, None), strict=True)
    asked = {name for name, _ in query.equals} | {name for name, day in days if name and day}
    return not asked or not asked.isdisjoint(layer.indexed)


async def read_feature(
    connection: AsyncConnection, layer: Layer, feature_id: int, version: int | None = None, shown: Shown = ALL
) -> tuple[bytes, int] | None:
    """One feature as GeoJSON, now or as of a data version; None when there is none with this id.

    The newest data version that it could show comes with it; 0 of a staff layer.
    """
    cursor = await connection.execute(*feature_statement(layer, feature_id, version, shown))
    result = cursor.pgresult
    assert result is not None
    return (result.get_value(0, 0) or b"", int(result.get_value(0, 1) or 0)) if cursor.rowcount else None


async def newest_version(connection: AsyncConnection) -> int:
    """The newest data version: what is published is the same as long as it is."""
    row = await (await connection.execute("SELECT publish.newest_version()")).fetchone()
    assert row is not None
    return int(row[0])


def _newest(layer: Layer) -> str:
    # What staff are given is kept nowhere.
    return "publish.newest_version()" if layer.public else "NULL"


def page_statement(layer: Layer, query: ItemsQuery, way: Way) -> tuple[str, dict[str, object]]:
    """The statement of a page and its parameters.

    It gives a row for each feature, in the order of their ids, or one without a feature when there is none: feature,
    id, how many hits (of those looked for), the count of the layer, what it is sorted by, the newest data version.
    """
    # What has no end yet meets each time from its beginning on: when the time begins makes no difference to it.
    first, last = query.dates or (None, None)
    boxes = _boxes(query.bbox)
    shape = _Shape(
        boxes=len(boxes),
        region=query.region is not None,
        box_alone=query.box_alone,
        begins=first is not None,
        ends=last is not None,
        equals=tuple(name for name, _ in query.equals),
        goes_on=query.cursor is not None,
        filter=query.filter.sql if query.filter else None,
        past=query.as_of is not None,
        scoped=query.scoped,
        one_ward=query.scope.one_ward,
        sought=query.words is not None,
        shown=query.shown,
        sort=query.sort,
        nulls=tuple(value is None for value in query.cursor.values) if query.cursor else (),
        way=way,
    )
    parameters: dict[str, object] = {"limit": query.limit, "first": first, "last": last, **dict(query.equals)}
    if shape.past:
        parameters["version"] = query.as_of
    for number, box in enumerate(boxes):
        parameters |= _named(str(number), box)
    if query.region is not None:
        parameters["region"] = query.region.shape
        parameters |= _named("_outer", query.region.outer) | _named("_inner", query.region.inner)
    if query.cursor is not None:
        parameters |= {"after": query.cursor.after, **sorting.parameters(query.cursor.values)}
    if shape.sought:
        parameters["words"] = query.words
    if query.filter is None:
        return _page_statement(layer, shape), parameters
    # There are as many texts as filters: they are not kept.
    return _page_statement.__wrapped__(layer, shape), parameters | query.filter.values


def _boxes(bbox: Box | None) -> list[Box]:
    if bbox is None:
        return []
    west, south, east, north = bbox
    # West of east is a box over the antimeridian: two boxes.
    return [bbox] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]


class _Shape(NamedTuple):
    """What the text of a statement depends on; the values are parameters."""

    boxes: int
    region: bool
    box_alone: bool
    begins: bool
    ends: bool
    equals: tuple[str, ...]
    goes_on: bool
    filter: str | None
    past: bool
    scoped: bool
    one_ward: bool
    sought: bool
    shown: Shown
    sort: Sort
    nulls: tuple[bool, ...]
    way: Way


# All names in these texts were checked by the catalogue to be plain identifiers.
@lru_cache(maxsize=1000)
def _page_statement(layer: Layer, shape: _Shape) -> str:
    # Kept plans would build the box anew for each row; plans made anew need to see it. Of a box that it does not see
    # the planner believes that it holds thousands: where more is asked for, it would look for all that fits that, too.
    boxed = shape.way == "hits" and (shape.boxes > 0 or shape.region)
    kept = boxed and shape.box_alone
    # What `_box` is asked for the planner knows nothing of: it serves where the way is clear.
    plain = kept and not shape.past
    made = [*map(_envelope, range(shape.boxes)), *(["%(region)s::geometry"] if shape.region else [])]
    boxes = [f"(SELECT box{number} FROM box)" for number in range(len(made))] if kept else made  # noqa: S608
    # The past has no columns but the properties that were given.
    geometry = "geom" if shape.past else layer.geometry
    conditions = [
        *(
            [f"({' OR '.join(_meets(layer, geometry, box, number, plain) for number, box in enumerate(boxes))})"]
            if shape.boxes
            else []
        ),
        *([_meets_region(layer, geometry, boxes[0], plain)] if shape.region else []),
        *_in_force(layer, shape),
        *(_bears(layer, name, past=shape.past) for name in shape.equals),
        *([shape.filter] if shape.filter else []),
        # Row-level security shows no others; this says it so that an index can find them, where no box does.
        *([in_reach(layer, one_ward=shape.one_ward)] if shape.scoped and not shape.past and not boxed else []),
        *([f"{words_of(layer)} @@ %(words)s::tsquery"] if shape.sought else []),
    ]
    # How many there were is not kept: it is counted, like hits.
    count = "NULL" if conditions or shape.goes_on or shape.past else f"publish.feature_count('{layer.id}')"
    # Of the hits only these are kept: most of them are counted and not shown.
    hits, columns, sought = table_of(layer), ["id"], f"{_texts(layer, shape.shown)} WHERE t.id = ANY (ids)"
    if shape.past and shape.way == "walk":
        # What a state says is not sought a second time.
        hits, columns, sought = walked(layer, goes_on=shape.goes_on), [], "hit t"
    else:
        if shape.past:
            hits, columns, sought = states_at(layer), ["id", "place"], f"{states_of(layer, shape.shown)} t"
        if shape.goes_on and not shape.sort:
            conditions.append("id > %(after)s")
    counted = shape.way == "hits" and not shape.goes_on
    within = (
        f"LIMIT {MOST_COUNTED + 1}" if counted else "ORDER BY id LIMIT %(limit)s + 1" if shape.way == "walk" else ""
    )
    box = f"box AS MATERIALIZED (SELECT {_made_boxes(shape, made, plain)})," if kept else ""
    if shape.sort:
        return _sorted_statement(layer, shape, box, conditions, count)
    few = f"CASE WHEN count(*) <= {MOST_COUNTED} THEN {{}} END" if counted else "{}"
    first = "(array_agg({0} ORDER BY id))[1:(%(limit)s)::int]"
    arrays = "".join(f"{few.format(first.format(each))} AS {each}s, " for each in columns)
    feature = feature_text(layer, shape.shown, past=shape.past)
    # The features come as rows: to join them to one text here would take longer than all the rest. The one row of
    # `page` is there without features, too.
    return f"""
        WITH {box} hit AS (
             SELECT {", ".join(columns) or "*"} FROM {hits} t WHERE {" AND ".join(conditions) or "true"} {within}),
        page AS MATERIALIZED (
             SELECT {arrays}count(*) AS found, {count} AS counted, {_newest(layer)} AS newest FROM hit)
        SELECT feature, id, found, counted, NULL, newest
          FROM page LEFT JOIN LATERAL (
               SELECT {feature} AS feature, t.id FROM {sought} ORDER BY t.id LIMIT %(limit)s) shown ON true"""  # noqa: S608


def _sorted_statement(layer: Layer, shape: _Shape, box: str, conditions: list[str], count: str) -> str:
    """The same in another order than that of the ids; what a feature is sorted by comes with it."""
    sort, table = shape.sort, table_of(layer)
    counted = shape.way == "hits" and not shape.goes_on
    if shape.way == "walk":
        hits = sorting.walk(table, sort, conditions, shape.nulls if shape.goes_on else None)
    else:
        later = [f"({' OR '.join(sorting.after(sort, shape.nulls)) or 'false'})"] if shape.goes_on else []
        where = " AND ".join([*conditions, *later]) or "true"
        hits = f"SELECT {sorting.columns(sort)} FROM {table} t WHERE {where}"  # noqa: S608 - as in _page_statement
        hits += f" LIMIT {MOST_COUNTED + 1}" if counted else ""
    ids = f"(array_agg(id ORDER BY {sorting.order_by(sort)}))[1:(%(limit)s)::int]"
    feature = feature_text(layer, shape.shown, past=False)
    return f"""
        WITH {box} hit AS ({hits}),
        page AS MATERIALIZED (
             SELECT {f"CASE WHEN count(*) <= {MOST_COUNTED} THEN {ids} END" if counted else ids} AS ids,
                    count(*) AS found, {count} AS counted, {_newest(layer)} AS newest FROM hit)
        SELECT feature, id, found, counted, keys, newest
          FROM page LEFT JOIN LATERAL (
               SELECT {feature} AS feature, t.id, {sorting.keys_text(sort, "g")} AS keys
                 FROM unnest(ids) WITH ORDINALITY place(id, at)
                 JOIN {geojson_table(layer)} t USING (id) JOIN {table} g USING (id)
                ORDER BY at LIMIT %(limit)s) shown ON true"""  # noqa: S608


def words_of(layer: Layer) -> str:
    """SQL of the words of a feature that `q` looks for, as its index has them."""
    return f"publish.words({', '.join(f'{field.name}' for field in layer.texts)})"


def _sides(which: object) -> list[str]:
    return [f"%({side}{which})s" for side in SIDE_NAMES]


def _named(which: str, box: Box) -> dict[str, float]:
    return {f"{side}{which}": value for side, value in zip(SIDE_NAMES, box, strict=True)}


def _envelope(number: int) -> str:
    # A box without width or height is a line or a point: as a polygon it would be invalid and meet nothing.
    return f"ST_Envelope(ST_MakeEnvelope({', '.join(_sides(number))}, 4326))"


def _made_boxes(shape: _Shape, made: list[str], plain: bool) -> str:  # noqa: FBT001
    named = [f"{box} AS box{number}" for number, box in enumerate(made)]
    for number in range(shape.boxes if plain else 0):
        outer, inner = plain_boxes(_sides(number))
        named += [f"{outer} AS outer{number}", f"{inner} AS inner{number}"]
    if shape.region and plain:
        (outer, _), (_, inner) = plain_boxes(_sides("_outer")), plain_boxes(_sides("_inner"))
        named += [f"{outer} AS outer0", f"{inner} AS inner0"]
    return ", ".join(named)


def _meets(layer: Layer, geometry: str, box: str, number: int, plain: bool) -> str:  # noqa: FBT001
    return _meets_plain(layer, box, number, _sides(number)) if plain else meets_box(geometry, box, _sides(number))


def _meets_region(layer: Layer, geometry: str, region: str, plain: bool) -> str:  # noqa: FBT001
    return _meets_plain(layer, region, 0, _sides("_inner")) if plain else f"ST_Intersects({geometry}, {region})"


def _meets_plain(layer: Layer, shape: str, number: int, sides: list[str]) -> str:
    """Whether a feature meets a box or a region, within which it lies for sure between these sides."""
    outer, inner = (f"(SELECT {name}{number} FROM box)" for name in ("outer", "inner"))  # noqa: S608
    # By its id, so that the index alone tells of all others.
    closely = f"(SELECT ST_Intersects(g.{layer.geometry}, {shape}) FROM {table_of(layer)} g WHERE g.id = t.id)"  # noqa: S608
    return meets_plain_box(outer, inner, sides, closely)


def _in_force(layer: Layer, shape: _Shape) -> list[str]:
    """The conditions that a feature was in force between the days that are asked for."""
    day, end = (
        f"(_properties::json ->> '{name}')::date" if shape.past else f"{name}" for name in (layer.datetime, layer.ends)
    )
    begun = [f"{day} <= %(last)s"] if shape.ends else []
    if layer.ends is None or not (shape.begins or shape.ends):
        return begun
    # On the day of its end it is in force no more: what came of it is. Some were in force on no day at all.
    later = ["%(first)s", day] if shape.begins else [day]
    return [*begun, *(f"({end} > {each} OR {end} IS NULL)" for each in later)]


def _bears(layer: Layer, name: str, *, past: bool) -> str:
    return f"{columns_of(layer, past=past)[name].sql} = %({name})s"


def feature_statement(
    layer: Layer, feature_id: int, version: int | None = None, shown: Shown = ALL
) -> tuple[str, dict[str, object]]:
    """The statement of one feature and its parameters: it gives the feature and the newest data version."""
    return _feature_statement(layer, shown, past=version is not None), {"id": feature_id, "version": version}


@lru_cache(maxsize=100)
def _feature_statement(layer: Layer, shown: Shown, *, past: bool) -> str:
    feature = feature_text(layer, shown, past=past)
    texts = f"{states_at(layer)} t" if past else _texts(layer, shown)
    return f"SELECT {feature}, {_newest(layer)} FROM {texts} WHERE t.id = %(id)s"  # noqa: S608


def _texts(layer: Layer, shown: Shown) -> str:
    """Where `feature_text` finds what it shows."""
    joined = f" JOIN {table_of(layer)} g USING (id)" if needs_layer(layer, shown) else ""
    return f"{geojson_table(layer)} t{joined}"


async def _read(
    connection: AsyncConnection, layer: Layer, query: ItemsQuery, way: Way, most_cost: float | None = None
) -> Page:
    statement, parameters = page_statement(layer, query, way)
    if most_cost is not None:
        await check_cost(connection, statement, parameters, most=most_cost)
    # Which index a walk, a filter, or a box with something else takes depends on the values, so it is planned anew each
    # time. Other hits are found by the same index whatever the values are: their plan is kept.
    boxed = query.bbox is not None or query.region is not None
    anew = way == "walk" or query.filter is not None or (boxed and not query.box_alone)
    try:
        cursor = await connection.execute(statement, parameters, prepare=False if anew else None)
    except DataError:
        if query.cursor is None or not query.sort:
            raise
        # Somebody wrote values into it that are none of these fields.
        raise UsageError(
            "không phải do hệ thống tạo ra · it is none of ours", hint="follow the `next` links", parameter="cursor"
        ) from None
    result = cursor.pgresult
    assert result is not None
    # The bytes as they came over the wire: no decoding here, no encoding for the client.
    value, last = result.get_value, result.ntuples - 1
    shown = result.ntuples if value(last, 0) is not None else 0
    rows = [value(row, 0) or b"" for row in range(shown)]
    found = int(value(0, 2) or 0)
    matched = None
    if query.cursor is None:
        if not query.filtered and not query.scoped and query.as_of is None:
            matched = int(value(0, 3) or 0)
        elif way == "hits" and found <= MOST_COUNTED:
            matched = found
    keys = value(last, 4)
    at = keys.decode() if keys else None
    newest = value(0, 5)
    version = None if newest is None else int(newest)
    return Page(rows, shown, int(value(last, 1) or 0), at, matched, found > shown, way, version)
