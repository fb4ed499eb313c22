"""What the clients should find."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gisland.database import Role, connect
from tests.live import LiveServer


@dataclass(frozen=True)
class Expected:
    """The parcels of the live server: all of them, and those that meet a box around its middle."""

    url: str
    ids: set[int]
    bbox: tuple[float, float, float, float]
    ids_in_bbox: set[int]


@pytest.fixture(scope="session")
def expected(live_server: LiveServer) -> Expected:
    """Read with SQL of its own, past the service."""
    with connect(live_server.settings, Role.PUBLIC) as connection:
        ids = {row[0] for row in connection.execute("SELECT id FROM published.parcels")}
        box = connection.execute("""
            SELECT round((x - 0.002)::numeric, 6)::float8, round((y - 0.002)::numeric, 6)::float8,
                   round((x + 0.002)::numeric, 6)::float8, round((y + 0.002)::numeric, 6)::float8
              FROM (SELECT avg(label_x) AS x, avg(label_y) AS y FROM published.parcels) middle""").fetchone()
        assert box is not None
        inside = connection.execute(
            "SELECT id FROM published.parcels WHERE ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))", box
        )
        found = Expected(f"{live_server.url}/ogc", ids, box, {row[0] for row in inside})
    assert 0 < len(found.ids_in_bbox) < len(found.ids)
    return found
