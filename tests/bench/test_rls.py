"""The bench of row-level security: for the time of a race a part of the parcels is another ward's, and then no more."""

from __future__ import annotations

import pytest

from gisland.bench.rls import LAYER, TENTH, ward_of
from gisland.catalogue import Catalogue
from gisland.database import Role, connect
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
