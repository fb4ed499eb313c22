"""The bench of row-level security: who reads under the policies, who without, and what is put back after the race."""

from __future__ import annotations

import pytest

from gisland.bench import pgbench
from gisland.bench.boxes import pick_boxes
from gisland.bench.rls import LAYER, TENTH, transaction, ward_of, without_policies
from gisland.catalogue import Catalogue
from gisland.database import EVERYWHERE, Role, Scope, connect, conninfo
from gisland.settings import Settings
from tests.conftest import clone_of

WARDS = """
    SELECT count(*) FILTER (WHERE ward_code = %(code)s), count(*) FILTER (WHERE _ward = %(code)s), count(*),
           max(_west) FILTER (WHERE ward_code = %(code)s)
      FROM published_staff.parcels_staff JOIN published_staff.parcels_staff__geojson USING (id)
"""


@pytest.mark.parametrize("share", [1.0, TENTH])
def test_a_part_of_the_parcels_is_the_readers(demo_ward: Settings, catalogue: Catalogue, share: float) -> None:
    def seen() -> tuple[int, int, int, float]:
        with connect(settings, Role.MIGRATOR) as connection:
            connection.execute("SET ROLE gisland_owner")
            code = connection.execute("SELECT code FROM registry.unit WHERE level = 'ward'").fetchone()
            assert code is not None
            found = connection.execute(WARDS, {"code": code[0]}).fetchone()
            assert found is not None
            return found

    with clone_of(demo_ward) as settings:
        with ward_of(settings, catalogue.layers[LAYER], share) as east:
            own, beside, of, west = seen()
            assert own == beside
            assert own / of == pytest.approx(share, abs=0.01)
            assert west <= east
        own, beside, of, _ = seen()
        assert own == beside == of


BARE = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'published_staff'::regnamespace AND relname = ANY (%s) AND NOT relrowsecurity ORDER BY 1
"""


def test_the_other_runner_reads_without_any_policy(demo_ward: Settings, catalogue: Catalogue) -> None:
    """Features come from the table beside the layer: with a policy there the race would be with itself."""
    layer = catalogue.layers[LAYER]
    tables = [layer.table, f"{layer.table}__geojson"]

    def bare() -> list[str]:
        with connect(settings, Role.APP) as connection:
            return [name for (name,) in connection.execute(BARE, [tables]).fetchall()]

    with clone_of(demo_ward) as settings:
        with without_policies(settings, layer):
            assert bare() == tables
        assert bare() == []


def test_a_page_under_the_policies_says_first_for_whom_it_is(demo_ward: Settings, catalogue: Catalogue) -> None:
    layer = catalogue.layers[LAYER]
    with connect(demo_ward, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        boxes = pick_boxes(connection, layer, count=4, features=20)
    scoped, whole = (transaction(layer, boxes, 10, scope) for scope in (Scope(wards=frozenset({1})), EVERYWHERE))
    assert scoped.index("BEGIN") < scoped.index("security.enter") < scoped.index("__geojson") < scoped.index("END;")
    assert "security.enter" not in whole
    info = conninfo(demo_ward, Role.STAFF, statement_timeout_ms=20_000)
    for text in (scoped, whole):
        assert pgbench.run(info, text, connections=1, seconds=0) > 0
