"""A real cadastre over HTTP: 4,241 French parcels, asked for as any client would; figures are those of its README."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest
import shapely

from gisland.database import run
from gisland.intake.parcels import intake_parcels
from gisland.registry.units import NewUnit, add_unit
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.publish.conftest import serving

ITEMS = "/ogc/collections/parcels/items"
PARCELS = 4241


@pytest.fixture(scope="module")
def source(shared_data: Path) -> dict[tuple[str, str], Any]:
    """The features of the file, by section and number."""
    path = shared_data / "cadastre-fr" / "cadastre-91216-parcelles.json"
    found = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {(each["properties"]["section"], each["properties"]["numero"]): each for each in found}


@pytest.fixture(scope="module")
def cadastre(server: Settings, shared_data: Path) -> Iterator[httpx.Client]:
    """A client of the application, where the file was taken in."""
    box = shapely.MultiPolygon([shapely.box(2.2999, 48.6572, 2.3392, 48.6864)])
    unit = NewUnit("91216", "Épinay-sur-Orge", srid=2154, boundary=box)
    with clone_of(server) as settings:
        run(settings, lambda connection: add_unit(connection, unit, "test"))
        path = shared_data / "cadastre-fr" / "cadastre-91216-parcelles.json"
        intake_parcels(settings, path, "91216", by="test")
        with serving(settings) as client:
            yield client


def walk(client: httpx.Client, limit: int, **filters: str) -> list[Any]:
    """The features of all pages; numberMatched of the first one is as many."""
    page = client.get(ITEMS, params={"limit": limit, **filters}).raise_for_status().json()
    matched: int = page["numberMatched"]
    features: list[Any] = page["features"]
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = client.get(following[0]).raise_for_status().json()
        features += page["features"]
    assert len(features) == matched
    return features


@pytest.fixture(scope="module")
def features(cadastre: httpx.Client) -> list[Any]:
    """All features, in pages of a size that does not divide their number."""
    return walk(cadastre, 500)


def test_each_parcel_comes_once(features: list[Any], source: dict[tuple[str, str], Any]) -> None:
    assert len(features) == PARCELS
    assert len({each["id"] for each in features}) == PARCELS
    numbers = Counter((each["properties"]["sheet_no"], each["properties"]["parcel_no"]) for each in features)
    assert numbers == Counter(source.keys())
    assert {each["properties"]["ward_code"] for each in features} == {"91216"}


def test_areas_agree_with_the_readme(features: list[Any]) -> None:
    areas = [(each["properties"]["area_m2"], each["properties"]["legal_area_m2"]) for each in features]
    assert sum(legal is None for _, legal in areas) == 1
    ratios = [measured / legal for measured, legal in areas if legal is not None]
    assert (round(median(ratios), 3), round(min(ratios), 2), round(max(ratios), 2)) == (1.001, 0.26, 2.75)


def test_shapes_come_back_as_they_were(features: list[Any], source: dict[tuple[str, str], Any]) -> None:
    """Through Lambert 93 and back, to a centimetre; each of them valid."""
    served = [shapely.geometry.shape(each["geometry"]) for each in features]
    keys = [(each["properties"]["sheet_no"], each["properties"]["parcel_no"]) for each in features]
    given = [shapely.geometry.shape(source[key]["geometry"]) for key in keys]
    assert shapely.is_valid(served).all()
    assert shapely.hausdorff_distance(served, given).max() < 1.5e-7


def test_one_parcel_by_sheet_and_number(cadastre: httpx.Client, source: dict[tuple[str, str], Any]) -> None:
    [found] = walk(cadastre, 10, sheet_no="AB", parcel_no="37")
    properties = found["properties"]
    assert (properties["sheet_no"], properties["parcel_no"], properties["legal_area_m2"]) == ("AB", "37", 254881)
    assert source["AB", "37"]["properties"]["contenance"] == 254881
    alone = cadastre.get(f"{ITEMS}/{found['id']}").raise_for_status().json()
    assert (alone["geometry"], alone["properties"]) == (found["geometry"], properties)
    # The number without its sheet, and the sheet without the number.
    assert len(walk(cadastre, 10, parcel_no="37")) == sum(number == "37" for _, number in source)
    assert len(walk(cadastre, 100, sheet_no="AN")) == sum(sheet == "AN" for sheet, _ in source)
    assert walk(cadastre, 10, sheet_no="AB", parcel_no="9999") == []


def test_a_box_holds_what_meets_it(cadastre: httpx.Client, source: dict[tuple[str, str], Any]) -> None:
    box = (2.326, 48.672, 2.330, 48.675)
    shapes = {key: shapely.geometry.shape(each["geometry"]) for key, each in source.items()}
    wanted = {key for key, shape in shapes.items() if shape.intersects(shapely.box(*box))}
    found = walk(cadastre, 50, bbox=",".join(map(str, box)))
    assert {(each["properties"]["sheet_no"], each["properties"]["parcel_no"]) for each in found} == wanted
    assert 50 < len(wanted) < PARCELS


def test_the_collection_tells_number_and_extent(cadastre: httpx.Client, source: dict[tuple[str, str], Any]) -> None:
    collection = cadastre.get("/ogc/collections/parcels").raise_for_status().json()
    assert collection["itemCount"] == PARCELS
    bounds = shapely.total_bounds([shapely.geometry.shape(each["geometry"]) for each in source.values()])
    assert collection["extent"]["spatial"]["bbox"][0] == pytest.approx(list(bounds), abs=1e-3)
