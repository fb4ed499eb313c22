"""Features that meet a box are found exactly, whatever their shape and whatever the index rounds."""

from __future__ import annotations

import random
from collections.abc import Callable

from psycopg import Connection
from shapely import MultiPoint, Point, Polygon, box, intersects, transform
from shapely.affinity import rotate, translate
from shapely.geometry.base import BaseGeometry

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.publish.crs import Box
from gisland.publish.items import page_statement
from gisland.publish.query import ItemsQuery
from gisland.settings import Settings
from tests.publish.conftest import Ward

# Steps that a double writes exactly and a float of 32 bits does not: 0.1 m.
STEP = 2.0**-20
WEST, SOUTH = 106.5, 20.75
SPAN = 60

_L = Polygon([(0, 0), (9, 0), (9, 3), (3, 3), (3, 9), (0, 9)])
_RING = box(0, 0, 12, 12).difference(box(2, 2, 10, 10))
SHAPES: list[Callable[[random.Random], BaseGeometry]] = [
    lambda some: box(0, 0, some.randint(1, 30), some.randint(1, 30)),
    lambda some: box(0, 0, SPAN * 2, 1),
    lambda some: box(0, 0, 1, SPAN * 2),
    lambda some: rotate(_L, 90 * some.randint(0, 3)),
    lambda some: rotate(box(0, 0, 40, 1), some.randint(0, 179)),
    lambda _: _RING,
    lambda _: box(0, 0, 4, 4).union(box(14, 14, 18, 18)),
    lambda some: Point(0, 0).buffer(some.randint(1, 20), quad_segs=4),
]


def make_shapes(some: random.Random, number: int) -> list[BaseGeometry]:
    """Shapes on the grid and off it; many share a corner or an edge with a box on it."""
    shapes = []
    for each in range(number):
        shape = translate(SHAPES[each % len(SHAPES)](some), some.randint(-20, SPAN), some.randint(-20, SPAN))
        shapes.append(translate(_scaled(shape), WEST, SOUTH))
    return shapes


def _scaled(shape: BaseGeometry) -> BaseGeometry:
    return transform(shape, lambda points: points * STEP)


def make_box(some: random.Random) -> Box:
    """A box on the grid; one in six has no width, no height or neither."""
    x, y = some.randint(0, SPAN), some.randint(0, SPAN)
    width, height = some.choice([0, 1, 5, 20]), some.choice([0, 1, 5, 20])
    return (WEST + x * STEP, SOUTH + y * STEP, WEST + (x + width) * STEP, SOUTH + (y + height) * STEP)


PLACE = """
    UPDATE published.parcels t SET (geom, _west, _south, _east, _north) = (
           SELECT f.geom, _west, _south, _east, _north FROM (SELECT %s::geometry AS geom) f, LATERAL (SELECT {sides}) s)
     WHERE id = %s"""


def place(connection: Connection, ids: list[int], shapes: list[BaseGeometry]) -> None:
    row = connection.execute("SELECT publish.sides_of('geom')").fetchone()
    assert row is not None
    for feature, shape in zip(ids, shapes, strict=True):
        connection.execute(PLACE.format(sides=row[0]).encode(), [f"SRID=4326;{shape.wkt}", feature])


def test_a_box_finds_just_what_meets_it(settings: Settings, catalogue: Catalogue, ward: Ward) -> None:
    some = random.Random(1)
    ids = ward.add_parcels(80)
    layer = next(each for each in catalogue.layers.values() if each.id == "parcels")
    met = flat = 0
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for _ in range(5):
            shapes = make_shapes(some, len(ids))
            place(connection, ids, shapes)
            for _ in range(60):
                asked = make_box(some)
                west, south, east, north = asked
                area = MultiPoint([(west, south), (east, north)]).envelope
                statement, parameters = page_statement(layer, ItemsQuery(bbox=asked, limit=100), "hits")
                found = [row[1] for row in connection.execute(statement.encode(), parameters)]
                expected = [each for each, shape in zip(ids, shapes, strict=True) if intersects(shape, area)]
                assert [each for each in found if each is not None] == expected, asked
                met += len(expected)
                flat += bool(expected) and (west == east or south == north)
        connection.rollback()
    assert met > 1000
    assert flat > 20
