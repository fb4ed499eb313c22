"""A table with values of all kinds, and a connection that may read it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import shapely
from psycopg import Connection

from gisland.catalogue import Layer
from gisland.database import Role
from gisland.database.migrate import admin_conninfo
from gisland.publish.cql2 import nodes as n
from gisland.publish.cql2.geometry import Frame
from gisland.publish.cql2.sql import condition_of
from gisland.publish.cql2.terms import Statement, columns_of
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.publish.cql2.oracle import Row, nfc
from tests.publish.cql2.strategies import DAYS, NUMBERS, TIMES, WORDS

FIELDS = dict.fromkeys(("s1", "s2"), "string") | {"n1": "number", "i1": "integer"}
FIELDS |= dict.fromkeys(("d1", "d2"), "date") | dict.fromkeys(("t1", "t2"), "datetime")
TYPES = {"string": "text", "number": "numeric", "integer": "bigint", "date": "date", "datetime": "timestamptz"}
SHAPES = [
    *("POINT(1 1)", "POINT(5 0)", "MULTIPOINT((0 0), (3 3))", "LINESTRING(0 0, 2 2, 4 0)", "LINESTRING(1 1, 5 1)"),
    *(
        "MULTILINESTRING((0 0, 0 5), (5 0, 5 5))",
        "POLYGON((0 0, 3 0, 3 3, 0 3, 0 0))",
        "POLYGON((3 0, 5 0, 5 2, 3 2, 3 0))",
    ),
    *("POLYGON((0 0, 5 0, 5 5, 0 5, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))", "POLYGON((2 2, 4 4, 0 4, 2 2))"),
    *("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 1, 0 0)), ((4 4, 5 4, 5 5, 4 5, 4 4)))", "POLYGON((1 1, 2 1, 2 2, 1 2, 1 1))"),
]


def make_layer() -> Layer:
    title = {"vi": "x", "en": "x"}
    fields = [{"name": name, "type": kind, "title": title} for name, kind in FIELDS.items()]
    known: dict[str, Any] = {"id": "x", "title": title, "description": title, "public": True, "feature": "registry.x"}
    return Layer.model_validate(known | {"fields": fields, "touched_by": {}, "view_sql": "x"})


@dataclass
class Table:
    """A table of many kinds of values: in columns, and as the JSON that the past has."""

    connection: Connection
    layer: Layer
    rows: list[Row]

    def truths(self, node: n.Node, *, past: bool = False) -> list[bool | None]:
        """What a filter says of each row."""
        statement = Statement(columns_of(self.layer, past=past), Frame())
        query = f"SELECT {condition_of(node, statement)} FROM pg_temp.x ORDER BY id"
        return [row[0] for row in self.connection.execute(query.encode(), statement.values)]


def make_rows(number: int) -> list[Row]:
    some = random.Random(1)
    words = [nfc(each) for each in WORDS]
    pools: dict[str, list[Any]] = {"string": words, "number": NUMBERS, "date": DAYS, "datetime": TIMES}
    pools["integer"] = [each for each in NUMBERS if each == each.to_integral_value() and each < 100]
    rows: list[Row] = []
    for place in range(number):
        row = {name: some.choice([*pools[kind], *pools[kind][:4], *[None] * 5]) for name, kind in FIELDS.items()}
        row["s1"] = words[place % len(words)] if place < len(words) else row["s1"]
        rows.append(row | {"id": place, "geometry": shapely.from_wkt(SHAPES[place % len(SHAPES)])})
    return rows


@pytest.fixture(scope="session")
def table(server: Settings) -> Iterator[Table]:
    rows = make_rows(70)
    with clone_of(server) as settings, psycopg.connect(admin_conninfo(settings)) as connection:
        # As that of a field that features are sorted by: it must not matter.
        types = TYPES | {"s2": "text COLLATE registry.vietnamese_numbers"}
        columns = ", ".join(f"{name} {types.get(name, types[kind])}" for name, kind in FIELDS.items())
        sides = "".join(f", {side} float8" for side in ("_west", "_south", "_east", "_north"))
        connection.execute(
            f"CREATE TEMPORARY TABLE x (id bigint, {columns}, geom geometry, _properties text{sides})".encode()
        )
        connection.execute("SET timezone = 'UTC'")
        names = ["id", *FIELDS]
        holders = ", ".join(["%s"] * len(names))
        insert = f"INSERT INTO x ({', '.join(names)}, geom) VALUES ({holders}, %s::geometry)"
        for row in rows:
            values = [row[name] for name in names]
            connection.execute(insert.encode(), [*values, f"SRID=4326;{row['geometry'].wkt}"])
        given = f"SELECT row_to_json(p)::text FROM (SELECT {', '.join(f'x.{name}' for name in FIELDS)}) p"
        connection.execute(f"UPDATE x SET _properties = ({given})".encode())
        outermost = "ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)"
        connection.execute(f"UPDATE x SET (_west, _south, _east, _north) = ROW({outermost})".encode())
        # Nothing may depend on how a session writes times.
        connection.execute("SET timezone = 'Asia/Ho_Chi_Minh'")
        # Filters are asked as whoever reads layers, with no more rights.
        connection.execute(f"GRANT SELECT ON x TO {Role.PUBLIC.value}; SET ROLE {Role.PUBLIC.value}")
        connection.commit()
        yield Table(connection, make_layer(), rows)
        connection.rollback()
