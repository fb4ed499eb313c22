"""What a field means is said once, by the database, and shown in the schemas and the API document of `/ogc`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gisland.catalogue import Catalogue, load_catalogue
from gisland.database import Role, connect
from gisland.errors import UsageError
from gisland.publish import layers
from gisland.settings import Settings
from tests.factories import one
from tests.live import LiveServer
from tests.publish.test_layers import edit

COMMENT = """
    SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s
"""


def said(settings: Settings, table: str, column: str) -> list[str]:
    """The comment of a column, in both languages."""
    with connect(settings, Role.BACKUP) as connection:
        return str(one(connection, COMMENT, table, column)).split(" · ")


def properties(server: LiveServer, layer: str, kind: str = "schema", lang: str = "vi") -> dict[str, Any]:
    url = f"{server.url}/ogc/collections/{layer}/{kind}"
    answer = httpx.get(url, params={"f": "json", "lang": lang}, auth=server.admin)
    found: dict[str, Any] = answer.json()["properties"]
    return found


@pytest.mark.parametrize("layer", sorted(load_catalogue(Settings()).layers))
@pytest.mark.parametrize("kind", ["schema", "queryables"])
def test_every_property_is_described_in_both_languages(live_server: LiveServer, layer: str, kind: str) -> None:
    vietnamese, english = (properties(live_server, layer, kind, lang) for lang in ("vi", "en"))
    assert vietnamese.keys() == english.keys()
    for name, found in vietnamese.items():
        assert found.get("description"), name
        assert found["description"] != english[name]["description"], name


def test_words_are_those_of_the_database(live_server: LiveServer) -> None:
    found = properties(live_server, "parcels")
    # A plain column of the view, one that layer.yml names, the key and the geometry.
    for name, column in {
        "legal_area_m2": ("registry.parcel", "legal_area_m2"),
        "sheet_no": ("registry.map_sheet", "sheet_no"),
        "id": ("registry.parcel", "id"),
        "geometry": ("registry.parcel", "geom_4326"),
    }.items():
        assert found[name]["description"] == said(live_server.settings, *column)[0], name
    # What the database does not say: here the area is rounded.
    assert "0,1 m²" in found["area_m2"]["description"]


def test_the_api_document_says_the_same(live_server: LiveServer) -> None:
    document = httpx.get(f"{live_server.url}/ogc/api", params={"lang": "en"}, auth=live_server.admin).json()
    schema = properties(live_server, "parcels-staff", lang="en")
    told = document["components"]["schemas"]["ParcelsStaffFeature"]["allOf"][1]["properties"]["properties"]
    assert told["properties"].keys() == schema.keys() - {"id", "geometry"}
    for name, found in told["properties"].items():
        assert found["description"] == schema[name]["description"], name
    items = document["paths"]["/collections/parcels/items"]["get"]
    (parameter,) = (each for each in items["parameters"] if each.get("name") == "parcel_no")
    assert parameter["description"].partition(": ")[2] == said(live_server.settings, "registry.parcel", "parcel_no")[1]
    shown = httpx.get(f"{live_server.url}/ogc/api").json()["components"]["schemas"]
    assert "ParcelsFeature" in shown
    assert "ParcelsStaffFeature" not in shown


def test_better_words_come_with_the_next_apply(settings: Settings, catalogue: Catalogue) -> None:
    with connect(settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("COMMENT ON COLUMN registry.parcel.parcel_no IS 'Số mới · New number'")
    assert not any(done.changed for done in layers.apply_layers(settings, catalogue))
    assert said(settings, "published.parcels", "parcel_no") == ["Số mới", "New number"]


def test_a_column_that_there_is_not_is_told(own_config: Settings) -> None:
    edit(own_config, "layers/parcels/layer.yml", "registry.map_sheet.sheet_no", "registry.map_sheet.nope")
    with pytest.raises(UsageError, match=r"field sheet_no: .* · there is no column registry\.map_sheet\.nope"):
        layers.check_layers(own_config, load_catalogue(own_config))
