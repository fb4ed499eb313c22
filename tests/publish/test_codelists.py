"""What codes are called stands in the schema: land types from `data/`, wards and groups from the registry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.database import run
from gisland.errors import UsageError
from gisland.publish.layers import check_layers
from gisland.registry.codes import load_codes
from gisland.settings import Settings
from tests.publish.conftest import Ward

LAYER = "/ogc/collections/parcels"


def listed(client: httpx.Client, kind: str, field: str, **parameters: str) -> dict[str, str]:
    """The codes of a field and what they are called."""
    found: dict[str, Any] = client.get(f"{LAYER}/{kind}", params=parameters).json()["properties"][field]
    assert found["type"] == "string"
    # On old papers there are other codes, and two may be joined.
    assert not {"enum", "oneOf"} & found.keys()
    named = found["x-ogc-codelist"]
    assert named["title"]
    return {each["const"]: each["title"] for each in named["oneOf"]}


def test_land_types_are_those_of_the_list(client: httpx.Client, settings: Settings) -> None:
    codes = [each for each in load_codes(settings).code_list("land_types").codes if each.selectable]
    assert listed(client, "schema", "land_type") == {each.code: each.vi for each in codes}
    assert listed(client, "schema", "land_type", lang="en") == {each.code: each.en for each in codes}
    uri = client.get(f"{LAYER}/schema").json()["properties"]["land_type"]["x-ogc-codelistUri"]
    assert {each["code"] for each in client.get(uri).json()["codes"]} >= {"ODT", "ONT"}


def test_wards_and_groups_are_those_of_the_registry(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    assert listed(client, "schema", "ward_code") == {"11311": "Hồng Bàng"}
    empty = client.get(f"{LAYER}/schema").json()["properties"]["group_code"]
    assert "x-ogc-codelist" not in empty, "there are none"
    query = "INSERT INTO registry.residential_group (ward_id, code, name) VALUES (%s, %s, %s)"
    for code, name in (("01", "Tổ dân phố số 1"), ("02", "Tổ dân phố số 2")):
        run(ward.settings, lambda c, code=code, name=name: c.execute(query, [ward.ward, code, name]))  # type: ignore[misc]
    expected = {"01": "Tổ dân phố số 1", "02": "Tổ dân phố số 2"}
    for kind in ("schema", "queryables"):
        assert listed(client, kind, "group_code") == expected
    staff = client.get("/ogc/collections/parcels-staff/schema", auth=admin).json()["properties"]
    assert {each["const"] for each in staff["group_code"]["x-ogc-codelist"]["oneOf"]} == {"01", "02"}
    page = client.get(f"{LAYER}/schema", params={"f": "html"}).text
    assert "Tổ dân phố số 2" in page
    assert "Đất ở tại đô thị" in page


def test_a_list_that_is_not_there_is_told(own_config: Settings) -> None:
    file = own_config.config_dir / "layers" / "parcels" / "layer.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("codes: land_types", "codes: land_kinds"), encoding="utf-8"
    )
    with pytest.raises(UsageError, match="land_kinds") as told:
        check_layers(own_config, load_catalogue(own_config))
    assert "land_types" in str(told.value.hint)
    assert "residential_groups" in str(told.value.hint)
