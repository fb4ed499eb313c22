"""What reading the past costs against reading the present: tables of the registry, pages of a layer and of `/api/v1`.

The past is the state of an import; since then one row in a hundred was changed, and in the worst case each row, a
hundred parcels at a time. Rows are read as whole tables (COPY of all columns); the layer page by page to its end, by
the very code that answers `/ogc`, and by boxes; records page by page, by the very code that answers `/api/v1`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from psycopg import AsyncConnection, Connection

from gisland.bench import bulk, database
from gisland.bench.boxes import Box, pick_boxes
from gisland.bench.table import at_most, grid
from gisland.catalogue import Catalogue, Layer
from gisland.database import Role, connect, conninfo, run
from gisland.publish.items import read_page
from gisland.publish.query import Cursor, ItemsQuery
from gisland.registry import records
from gisland.registry.kinds import Kind, kind_of
from gisland.settings import Settings

NAME = "gisland_bench_as_of"
LIMIT = 3
"""How many times as much as the present the past may cost."""
PAGE = 1000
BOXES = 40
PER_CHANGE = 100
EVERY = 100
TIMEOUT_MS = 60_000
RECORDS = ("parcel", "holder", "holding", "certificate")
# Records that are read one by one.
LOOKUPS = 200

CHANGE = "INSERT INTO registry.change (kind, reason, by) VALUES ('correct', 'bench', 'bench')"
EVIDENCE = """
    INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)
    SELECT id, id_hash, 'bench', %(result)s, 'bench' FROM registry.holder
     WHERE id BETWEEN %(first)s AND %(last)s
"""
# Whoever changes a parcel touches all there is on it; its certificate and first holder bear its number.
ON_PARCELS = "SELECT id FROM registry.parcel WHERE id BETWEEN %(first)s AND %(last)s"
UPDATES = {
    "parcel": f"UPDATE registry.parcel SET address = address || '.' WHERE id IN ({ON_PARCELS})",  # noqa: S608
    "land_use": f"UPDATE registry.land_use SET term = term || '.' WHERE parcel_id IN ({ON_PARCELS})",  # noqa: S608
    "holder": f"""
        UPDATE registry.holder SET address = address || '.'
         WHERE id IN (SELECT holder_id FROM registry.holding WHERE parcel_id IN ({ON_PARCELS}))""",  # noqa: S608
    "certificate": f"UPDATE registry.certificate SET issuer = issuer || '.' WHERE id IN ({ON_PARCELS})",  # noqa: S608
    "certificate_parcel": f"""
        UPDATE registry.certificate_parcel SET paper_area_m2 = coalesce(paper_area_m2, 0) + 1
         WHERE parcel_id IN ({ON_PARCELS})""",  # noqa: S608
    "holding": f"UPDATE registry.holding SET reason = reason || '.' WHERE parcel_id IN ({ON_PARCELS})",  # noqa: S608
}


@dataclass(frozen=True)
class Reading:
    """What reading something took, seconds, now and as of the import, one for each round."""

    what: str
    changed: str
    now: Sequence[float]
    past: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times as much the past costs, the median of the rounds."""
        return median(past / now for past, now in zip(self.past, self.now, strict=True))


def run_bench(
    settings: Settings, catalogue: Catalogue, parcels: int, rounds: int, say: Callable[[str], None]
) -> list[Reading]:
    """Import, change little, read; change all, read."""
    bulk.prepare(settings, catalogue, parcels)
    database.set_mark(settings, "gisland bench: as of")  # it is changed now: not to be used again
    run(settings, lambda c: c.execute(EVIDENCE, {"result": "sent", "first": 1, "last": parcels}))
    version = _version(settings)
    with connect(settings, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, catalogue.layer(database.LAYER), count=BOXES, features=PAGE)
    readings = []
    for part, every in {"1 %": EVERY, "all": 1}.items():
        say(f"sửa · changing {part}")
        _change(settings, parcels, every)
        database.settle(settings)
        readings += _read(settings, catalogue.layer(database.LAYER), boxes, version, part, rounds)
        say(f"đọc · {part}: {max(each.ratio for each in readings):.2f}")
    return readings


def _version(settings: Settings) -> int:
    with connect(settings, Role.APP) as connection:
        row = connection.execute("SELECT max(version) FROM publish.data_version").fetchone()
        assert row is not None
        return int(row[0])


def _change(settings: Settings, parcels: int, every: int) -> None:
    """Change all rows of each `every`-th hundred parcels, each hundred by an act of its own."""
    with connect(settings, Role.APP) as connection:
        for first in range(1, parcels, PER_CHANGE * every):
            values = {"first": first, "last": first + PER_CHANGE - 1, "result": "verified"}
            connection.execute(CHANGE)
            for statement in UPDATES.values():
                connection.execute(statement.encode(), values)
            connection.execute(EVIDENCE, values)
            connection.commit()  # also publishes


def _read(
    settings: Settings, layer: Layer, boxes: Sequence[Box], version: int, part: str, rounds: int
) -> list[Reading]:
    tables = {f"registry.{name}": f"history.{name}_as_of({version})" for name in UPDATES}
    tables["verification.evidence"] = f"history.evidence_as_of({version})"
    boxed = [ItemsQuery(PAGE, bbox=box) for box in boxes]
    readings = []
    with connect(settings, Role.APP) as connection:
        for table, past in tables.items():
            readings.append(
                _race(table, part, rounds, partial(_copy, connection, table), partial(_copy, connection, past))
            )
        for name in RECORDS:
            kind = kind_of(name)
            every, few = (
                partial(_records, connection, kind),
                partial(_lookups, connection, kind, _first(connection, kind)),
            )
            readings.append(_race(f"API, {kind.path}, all pages", part, rounds, every, partial(every, version)))
            readings.append(_race(f"API, {kind.path}, one by one", part, rounds, few, partial(few, version)))
    for what, asked in {"layer, all pages": [ItemsQuery(PAGE)], "layer, boxes": boxed}.items():
        then = [replace(query, as_of=version) for query in asked]
        read = partial(_pages, settings, layer)
        readings.append(_race(what, part, rounds, partial(read, asked), partial(read, then)))
    return readings


def _race(what: str, part: str, rounds: int, now: Callable[[], int], past: Callable[[], int]) -> Reading:
    counts = now(), past()  # also warms the caches
    assert min(counts) > 0, what
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, found in zip((now, past), times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return Reading(what, part, *times)


def _copy(connection: Connection, source: str) -> int:
    """Read all columns of all rows. Returns the number of bytes."""
    statement = f"COPY (SELECT * FROM {source}) TO STDOUT (FORMAT binary)"  # noqa: S608
    with connection.cursor().copy(statement.encode()) as copy:
        return sum(len(block) for block in copy)


def _records(connection: Connection, kind: Kind, version: int | None = None) -> int:
    """Read all pages of the records in force. Returns their number."""
    query, found = kind.page_query.model_validate({"limit": PAGE}), 0
    while True:
        page = records.read_page(connection, kind, query, as_of=version)
        found += len(page.items)
        if page.next is None:
            return found
        query = query.model_copy(update={"cursor": page.next})


def _first(connection: Connection, kind: Kind) -> list[int]:
    ids = f"SELECT id FROM registry.{kind.table} ORDER BY id LIMIT %s"  # noqa: S608
    return [row[0] for row in connection.execute(ids.encode(), [LOOKUPS])]


def _lookups(connection: Connection, kind: Kind, ids: Sequence[int], version: int | None = None) -> int:
    """Read single records. Returns their number."""
    return len([records.read(connection, kind, each, as_of=version) for each in ids])


def _pages(settings: Settings, layer: Layer, queries: Sequence[ItemsQuery]) -> int:
    """Read the first page of each query, or all pages when it is not filtered. Returns the number of features."""

    async def read() -> int:
        info = conninfo(settings, Role.PUBLIC, statement_timeout_ms=TIMEOUT_MS)
        features = 0
        async with await AsyncConnection.connect(info, autocommit=True) as connection:
            for query in queries:
                page = await read_page(connection, layer, query)
                features += page.returned
                while page.more and not query.filtered:
                    page = await read_page(connection, layer, replace(query, cursor=Cursor(page.last, page.way)))
                    features += page.returned
        return features

    return asyncio.run(read())


def markdown(readings: Sequence[Reading], facts: dict[str, str]) -> str:
    """The table: seconds now and as of the import, and their ratio."""
    rows = [
        [
            f"{each.what}; changed since: {each.changed}",
            f"{median(each.now):.3f}",
            f"{median(each.past):.3f}",
            at_most(each.ratio, LIMIT),
        ]
        for each in readings
    ]
    told = " · ".join(f"{name} {value}" for name, value in facts.items())
    return f"{told}\n\n{grid(['seconds', 'now', 'as of the import', 'ratio'], rows)}\n"
