"""The demo's forms go into the registry as a ward's own would: assets and all, and nothing of them is left out."""

from __future__ import annotations

import json

from psycopg import Connection

from gisland.demo.generate import DemoFiles
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.registry.units import NewUnit, add_unit
from gisland.settings import Settings
from tests.factories import one


def test_the_demo_shows_assets(settings: Settings, app_connection: Connection, small_ward: DemoFiles) -> None:
    from shapely import from_geojson, multipolygons

    outline = from_geojson(json.dumps(json.loads(small_ward.ward.read_text(encoding="utf-8"))["geometry"]))
    add_unit(app_connection, NewUnit("11311", "Hồng Bàng", srid=9210, boundary=multipolygons([outline])), "test")
    app_connection.commit()
    intake_parcels(settings, small_ward.parcels, "11311", by="test")
    reports = [intake_form(settings, form, "11311", by="test") for form in small_ward.forms]
    for words in ("not taken in", "different facts", "without", "another address"):
        assert words not in "".join(map(str, reports))
    query = "SELECT kind, count(*) FROM registry.asset GROUP BY kind ORDER BY kind"
    kinds: dict[str, int] = dict(app_connection.execute(query).fetchall())
    assert kinds.pop("house") > 50
    assert kinds == {"apartment": 32, "apartment_building": 1, "apartment_complex": 1}
    assert sum(report.counts["assets"] for report in reports) == one(
        app_connection, "SELECT count(*) FROM registry.asset"
    )
    # Each flat is held by those whom its certificate names; the tower's plot by its firm alone.
    assert one(app_connection, "SELECT count(DISTINCT asset_id) FROM registry.holding") == 32
    tower = """
        SELECT count(*) FROM registry.holding WHERE parcel_id IN (
               SELECT parcel_id FROM registry.asset_parcel JOIN registry.asset ON asset.id = asset_id
                WHERE kind = 'apartment_building')
    """
    assert one(app_connection, tower) == 1
    app_connection.rollback()
    assert not any(intake_form(settings, form, "11311", by="test").written for form in small_ward.forms)
