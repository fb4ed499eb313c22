"""SQL of far tiles: features put together by status and by area, on a raster that covers the tile.

Each square takes the status, and the area, that most features in it have. No feature is left out of the counts: each
counts in the square that its middle lies in; one that is larger than some squares also fills those that it covers. A
status or area that is nowhere the commonest has the square where it is most frequent.
"""

from __future__ import annotations

from collections.abc import Mapping

from gisland.catalogue import Layer, Palette
from gisland.publish.layers import EXTENT, LARGE, larger_than
from gisland.publish.query import values_of
from gisland.publish.tiles.grid import UNITS
from gisland.publish.tiles.near import EARTH

# Squares along a side of a tile: the finest raster whose tile is small enough is taken.
RASTERS = (256, 128, 64, 32)
# Below this zoom only the widest areas are told apart.
NARROW_AREAS_FROM = 11
# Features wider or higher than so many squares fill those that they cover.
MANY = 3
# Largest id of a feature that every client reads exactly.
IDS = (1 << 52) - 1

SQUARE = "((%(right)s::float8 - %(left)s::float8) / %(squares)s::int)"


def areas_at(layer: Layer, zoom: int) -> tuple[str, ...]:
    """The fields that tell areas apart on far tiles of a zoom."""
    return layer.tiles.areas if zoom >= NARROW_AREAS_FROM else layer.tiles.areas[:1]


def statuses_of(layer: Layer, palette: Palette) -> tuple[str, ...]:
    """The values by which features are put together, where they are a closed list: areas tell how many have each."""
    status = layer.tiles.status_of(layer)
    field = next((field for field in layer.fields if field.name == status), None)
    return tuple(values_of(field, palette)) if field is not None else ()


def far(layer: Layer, zoom: int, statuses: tuple[str, ...]) -> str:
    """SQL that gives the tile and how many features it shows; `bounds` says which tile."""
    status, areas = layer.tiles.status_of(layer), areas_at(layer, zoom)
    keys = [f"coalesce({status or 'NULL'}::text, '') AS status", *(f"coalesce({name}, '') AS {name}" for name in areas)]
    shown = [_drawn(f"{layer.id}-status", {"status": status}, "")]
    if areas:
        shown.append(_drawn(f"{layer.id}-areas", {name: name for name in areas}, _totals(layer, areas, statuses)))
    number = "(SELECT sum(features) FROM cell)::bigint"
    return f"WITH cell AS MATERIALIZED ({_cells(layer, zoom, keys)}) SELECT {' || '.join(shown)}, {number}"


def _cells(layer: Layer, zoom: int, keys: list[str]) -> str:
    """The squares: column and row from the north-west, keys, and how many features have their middle there."""
    names = [key.rpartition(" ")[2] for key in keys]
    table, by = f"{layer.target_schema}.{layer.table}", ", ".join(keys)
    last = "%(squares)s - 1"
    # What the index of such features promises, then what is meant: the raster may be a coarser one.
    square = 360 / (RASTERS[0] << zoom)
    large = [larger_than(max((each for each in LARGE if each <= MANY * square), default=LARGE[0]))]
    large.append(f"radians({EXTENT}) * {EARTH} > {MANY} * {SQUARE}")

    def span(first: str, end: str) -> str:
        from_, to = (f"floor(({each}) / {SQUARE})::int" for each in (first, end))
        return f"generate_series(greatest(0, {from_}), least({last}, {to}))"

    middle = f"ST_SetSRID(ST_MakePoint(%(left)s + (x + 0.5) * {SQUARE}, %(top)s - (y + 0.5) * {SQUARE}), 3857)"
    return f"""
        SELECT {_every_other_bit("code")} AS x, {_every_other_bit("(code >> 1)")} AS y, {", ".join(names)}, features
          FROM (SELECT ((_cell - %(first_cell)s) >> %(finer)s)::int AS code, {by}, count(*) AS features
                  FROM {table} WHERE _cell BETWEEN %(first_cell)s AND %(last_cell)s
                 GROUP BY {", ".join(map(str, range(1, 2 + len(keys))))}) placed
         UNION ALL
        SELECT x, y, {", ".join(names)}, 0
          FROM (SELECT {by}, _mercator, ST_XMin(_mercator) AS west, ST_XMax(_mercator) AS east,
                       ST_YMin(_mercator) AS south, ST_YMax(_mercator) AS north
                  FROM {table} WHERE {layer.geometry} && (SELECT around FROM bounds) AND {" AND ".join(large)}) large,
               {span("west - %(left)s", "east - %(left)s")} x, {span("%(top)s - north", "%(top)s - south")} y
         WHERE ST_Intersects(_mercator, {middle})"""  # noqa: S608 - names that the catalogue checked


def _every_other_bit(number: str) -> str:
    """SQL: the even bits of a number of 16 bits, as a number of 8."""
    found = f"({number} & 21845)"
    for bits, kept in ((1, 13107), (2, 3855), (4, 255)):
        found = f"(({found} | ({found} >> {bits})) & {kept})"
    return found


def _drawn(name: str, keys: Mapping[str, str | None], totals: str) -> str:
    """A layer of the tile: the squares of each value of the keys (column → name on the tile, if any), put together."""
    told = "".join(f"{column} AS {shown}, " for column, shown in keys.items() if shown)
    by = ", ".join(keys)
    side = f"({UNITS} / %(squares)s)"
    stable_id = f"hashtextextended(concat_ws('/', {by}), 0) & {IDS} AS id"
    # Strips of squares side by side, then of strips that lie on one another. Rings go round the way tiles want it.
    strips = f"""
             SELECT {by}, x0, x1, min(y) AS y0, max(y) + 1 AS y1 FROM (
                    SELECT *, y - row_number() OVER (PARTITION BY {by}, x0, x1 ORDER BY y) AS pile FROM (
                           SELECT {by}, y, min(x) AS x0, max(x) + 1 AS x1 FROM (
                                  SELECT *, x - row_number() OVER (PARTITION BY {by}, y ORDER BY x) AS run FROM shown) r
                            GROUP BY {by}, y, run) strip) piled
              GROUP BY {by}, x0, x1, pile"""  # noqa: S608
    return f"""(
        WITH found AS MATERIALIZED (SELECT x, y, {by}, sum(features) AS features FROM cell GROUP BY x, y, {by}),
        first AS MATERIALIZED (SELECT DISTINCT ON (x, y) x, y, {by} FROM found ORDER BY x, y, features DESC, {by}),
        shown AS (SELECT * FROM first UNION ALL
                 (SELECT DISTINCT ON ({by}) x, y, {by} FROM found WHERE ({by}) NOT IN (SELECT {by} FROM first)
                   ORDER BY {by}, features DESC, x, y)),
        shape AS (SELECT {by}, ST_Collect(ST_Reverse(
                         ST_MakeEnvelope(x0 * {side}, y0 * {side}, x1 * {side}, y1 * {side}))) AS shape
                    FROM ({strips}) s GROUP BY {by})
        SELECT ST_AsMVT(f, '{name}', {UNITS}, 'shape', 'id')
          FROM (SELECT {told}{stable_id}, shape, {totals or _OF_TILE.format(by=by)} ORDER BY {by}) f)"""  # noqa: S608


_OF_TILE = """features FROM shape
          JOIN (SELECT {by}, sum(features)::bigint AS features FROM found GROUP BY {by}) total USING ({by})"""


def _totals(layer: Layer, areas: tuple[str, ...], statuses: tuple[str, ...]) -> str:
    """How many features the areas have, also beyond the tile, in all and by status."""
    status, by = layer.tiles.status_of(layer), ", ".join(areas)
    # What is of no area is one area, too; apart from the others, whose index is used.
    here = {name: f"ARRAY(SELECT DISTINCT {name} FROM cell)" for name in areas}  # noqa: S608
    within = " AND ".join(f"({n} = ANY ({a}) OR {n} IS NULL AND '' = ANY ({a}))" for n, a in here.items())
    keys = ", ".join(f"coalesce({name}, '') AS {name}" for name in areas)
    counted = [f"count(*) FILTER (WHERE {status} = '{each}') AS \"{each}\"" for each in statuses] if status else []
    columns = ", ".join(["count(*) AS features", *counted])
    names = ", ".join(["features", *(f'"{each}"' for each in statuses if status)])
    return f"""{names} FROM shape LEFT JOIN (
               SELECT {keys}, {columns} FROM {layer.target_schema}.{layer.table}
                WHERE {within} GROUP BY {", ".join(map(str, range(1, 1 + len(areas))))}) total USING ({by})"""  # noqa: S608
