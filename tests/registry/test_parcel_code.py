"""Parcel codes: vectors with poles by reasoning, the datum, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pydantic import TypeAdapter, ValidationError

from gisland.errors import InputError, UsageError
from gisland.intake import normalise
from gisland.kit import geohash
from gisland.kit.crs import to_wgs84
from gisland.registry.fields import ParcelCode
from gisland.registry.parcel_code import (
    METHOD_VERSION,
    characteristic_points,
    is_parcel_code,
    parcel_codes,
)

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "parcel_codes.json").read_text(encoding="utf-8"))
EAST, NORTH = 596576.557, 2308288.245
SQUARE = shapely.box(EAST - 5, NORTH - 5, EAST + 5, NORTH + 5)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    """The poles were found by reasoning, see `why`; a code that changes needs another number of the method."""
    shape = shapely.from_wkt(vector["wkt"])
    assert characteristic_points([shape])[0] == pytest.approx(vector["pole"], abs=1e-6)
    assert METHOD_VERSION == 1
    assert parcel_codes([shape], vector["srid"]) == [vector["code"]]
    place = to_wgs84(vector["srid"]).transform(*vector["pole"])
    assert geohash.encode(*place) == [vector["code"]]


def test_known_point() -> None:
    """The point of the notes: a square around it has its code."""
    assert parcel_codes([SQUARE], 9210) == ["w7eyew652jvm"]


def test_wkb_is_read_too() -> None:
    shapes = [shapely.from_wkt(vector["wkt"]) for vector in VECTORS if vector["srid"] == 9210]
    codes = [vector["code"] for vector in VECTORS if vector["srid"] == 9210]
    assert parcel_codes(list(shapely.to_wkb(shapes)), 9210) == codes
    assert parcel_codes(np.array(shapes), 9210) == codes
    with_height = shapely.force_3d(shapes, 7.5)
    assert parcel_codes(list(shapely.to_wkb(with_height, output_dimension=3, include_srid=True)), 9210) == codes
    assert parcel_codes([], 9210) == []


BOW_TIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 12)])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (None, "there is no geometry"),
        (shapely.Polygon(), "there is no geometry"),
        (shapely.Point(EAST, NORTH), "no polygon"),
        (shapely.GeometryCollection([SQUARE]), "no polygon"),
        (BOW_TIE, "not valid"),
        (shapely.box(EAST, NORTH, EAST + 300, NORTH + 0.001), "mere line"),
        (shapely.box(1e9, 1e9, 1e9 + 5, 1e9 + 5), "outside of EPSG:9210"),
    ],
    ids=["missing", "empty", "point", "collection", "bow-tie", "a line", "far away"],
)
def test_what_has_no_code(wrong: shapely.Geometry | None, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parcel_codes([SQUARE, wrong, SQUARE], 9210)
    assert caught.value.where == {"geometry": 1}


def test_what_is_no_wkb() -> None:
    with pytest.raises(InputError, match="there is no geometry") as caught:
        parcel_codes([shapely.to_wkb(SQUARE), b"nonsense"], 9210)
    assert caught.value.where == {"geometry": 1}


@pytest.mark.parametrize(
    ("srid", "said"), [(4326, "no plane in metres"), (2263, "no plane in metres"), (999999, "no CRS")]
)
def test_planes_that_will_not_do(srid: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parcel_codes([SQUARE], srid)


def test_what_a_code_looks_like() -> None:
    assert is_parcel_code("w7eyew652jvm")
    for text in ("", "w7eyew652jv", "w7eyew652jvmm", "W7EYEW652JVM", "w7eyew652jva", "w7eyew652jvm\n", " w7eyew652jvm"):
        assert not is_parcel_code(text)


@pytest.mark.parametrize("text", ["999070000001", "999085000123", "9990700000zz", "0bcdefghjkmn"])
def test_what_is_or_may_be_a_national_id_is_no_code(text: str) -> None:
    """Twelve digits are letters of GeoHash, too; codes are published."""
    assert not is_parcel_code(text)
    with pytest.raises(ValidationError):
        TypeAdapter(ParcelCode).validate_python(text)
    with pytest.raises(normalise.Unreadable):
        normalise.parcel_code(text)


def test_codes_of_vietnam_begin_with_w() -> None:
    """Its land, islands and waters: no code there can be taken for a number."""
    corners = np.array([[102.0, 7.0], [102.0, 23.5], [118.0, 7.0], [118.0, 23.5]])
    assert {code[0] for code in geohash.encode(corners[:, 0], corners[:, 1], 12)} == {"w"}
