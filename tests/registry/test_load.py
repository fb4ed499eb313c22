"""Many writers at once, and many records as they were."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import Connection

from gisland.database import Role, connect, run
from gisland.registry.kinds import KINDS
from gisland.registry.records import read_page
from gisland.settings import Settings
from tests.factories import make_change, make_sheet, make_ward, one
from tests.registry.conftest import Api

WRITERS = 50
PARCELS = 100_000
FILL = """
    INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)
    SELECT %s, %s, n::text, 9210, ST_Translate(ST_MakeEnvelope(594000, 2309000, 594010, 2309010, 9210),
                                               20 * (n %% 300), 20 * (n / 300)), %s
      FROM generate_series(1, %s) n
"""


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.proof)])
def test_no_update_is_lost_under_fifty_writers(api: Api, seconds: int) -> None:
    """Each adds 1 to a number that all of them change; holders and their parcel are refreshed together."""
    ward = api.ward()
    parcel = api.parcel(ward, address="0")
    holders = [api.holder(ward, address="0") for _ in range(3)]
    for holder in holders:
        api.make("holdings", ward_id=ward, parcel_id=parcel["id"], holder_id=holder["id"], role="current_user")
    paths = [f"parcels/{parcel['id']}", *(f"holders/{holder['id']}" for holder in holders)]
    until = time.monotonic() + seconds

    def write(seed: int) -> Counter[tuple[str, int]]:
        chosen, done = random.Random(seed), Counter[tuple[str, int]]()
        while time.monotonic() < until:
            path = chosen.choice(paths)
            seen = api.client.get(path)
            answer = api.patch(path, seen.headers["etag"], address=str(int(seen.json()["address"]) + 1))
            done[path, answer.status_code] += 1
        return done

    with ThreadPoolExecutor(WRITERS) as pool:
        done = sum(pool.map(write, range(WRITERS)), Counter())
    assert {status for _, status in done} == {200, 412}
    for path in paths:
        assert int(api.client.get(path).json()["address"]) == done[path, 200], path


@pytest.mark.proof
def test_reading_as_of_costs_at_most_three_times_as_much(settings: Settings) -> None:
    def load(connection: Connection) -> int:
        ward = make_ward(connection)
        values = [ward, make_sheet(connection, ward), make_change(connection, ward), PARCELS]
        connection.execute(FILL, values)
        connection.execute(
            "INSERT INTO registry.land_use (parcel_id, seq, land_type) SELECT id, 1, 'ODT' FROM registry.parcel"
        )
        return ward

    def change(connection: Connection) -> None:
        make_change(connection, ward, "correct")
        connection.execute("UPDATE registry.parcel SET address = 'x' WHERE id % 2 = 0")
        connection.execute("UPDATE registry.land_use SET land_type = 'CLN' WHERE id % 2 = 0")

    ward = run(settings, load)
    with connect(settings, Role.APP) as connection:
        before = int(one(connection, "SELECT max(version) FROM publish.data_version"))
    run(settings, change)
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("ANALYZE registry.parcel, registry.land_use, history.parcel, history.land_use")

    def seconds(connection: Connection, as_of: int | None) -> float:
        start, cursor, found = time.perf_counter(), None, 0
        while found == 0 or cursor is not None:
            query = KINDS["parcel"].page_query.model_validate({"ward_id": ward, "limit": 1000, "cursor": cursor})
            page = read_page(connection, KINDS["parcel"], query, as_of=as_of)
            found, cursor = found + len(page.items), page.next
        assert found == PARCELS
        return time.perf_counter() - start

    with connect(settings, Role.APP) as connection:
        rounds = [(seconds(connection, None), seconds(connection, before)) for _ in range(3)]
    now, then = (min(each) for each in zip(*rounds, strict=True))
    assert then <= 3 * now, rounds
