"""Parcels that have been: what `datetime` finds in the layer of those of today and in that of those that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import httpx
import pytest

from gisland.database import Role, connect, pooled_acts
from gisland.registry import reshape
from gisland.registry.changes import Why
from gisland.registry.parcels import DrawnParcel
from gisland.registry.undo import undo
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.publish.conftest import serving
from tests.registry.land import BY, HALVES, Land, make_land

BEGUN, SPLIT = date(2020, 5, 1), date(2026, 3, 2)


@contextmanager
def laid(settings: Settings) -> Iterator[Land]:
    """Two parcels, and sessions that stay as in a web worker."""
    with pooled_acts(settings, 8):
        land = make_land(settings)
        with land.opened:
            yield land


@pytest.fixture
def land(settings: Settings) -> Iterator[Land]:
    with laid(settings) as land:
        yield land


def split_west(land: Land) -> reshape.Reshaped:
    """The western parcel was in force from one day to another, and is two since."""
    land.do(lambda c: c.execute("UPDATE registry.parcel SET valid_from = %s WHERE id = %s", [BEGUN, land.west]))
    new = [DrawnParcel(geometry=piece) for piece in HALVES]
    why = Why(reason="Tách thửa", valid_on=SPLIT)
    done: reshape.Reshaped = land.do(lambda c: reshape.split(c, land.seen(land.west), new, why, by=BY))
    return done


@pytest.fixture
def split(land: Land) -> reshape.Reshaped:
    return split_west(land)


@pytest.fixture(scope="module")
def kept(server: Settings) -> Iterator[tuple[httpx.Client, int]]:
    """A client on such land, of which tests only read; and the data version in which the parcel was split."""
    with clone_of(server) as settings, laid(settings) as land:
        change = split_west(land).change
        ((newest,),) = land.rows("SELECT version FROM published.change_version WHERE change_id = %s", change)
        with serving(settings) as client:
            yield client, newest


def found(client: httpx.Client, collection: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get(f"/ogc/collections/{collection}/items", params=parameters)
    assert answer.status_code == 200, answer.text
    features: list[dict[str, Any]] = answer.json()["features"]
    assert answer.json()["numberMatched"] == len(features)
    return features


def test_it_is_told_with_its_end_and_with_what_came_of_it(
    client: httpx.Client, land: Land, split: reshape.Reshaped
) -> None:
    (feature,) = found(client, "parcels-former")
    said = feature["properties"]
    assert (feature["id"], said["valid_from"], said["valid_to"]) == (land.west, "2020-05-01", "2026-03-02")
    assert (said["sheet_no"], said["parcel_no"], said["land_type"], said["area_m2"]) == ("1", "1", "ODT", 100)
    now = {each["id"]: each["properties"] for each in found(client, "parcels")}
    assert said["successors"] == "; ".join(sorted(now[each]["parcel_code"] for each in split.parcels))
    assert said.keys().isdisjoint({"verification_status", "label_angle"})
    schema = client.get("/ogc/collections/parcels-former/schema").json()["properties"]
    roles = {name: each["x-ogc-role"] for name, each in schema.items() if "x-ogc-role" in each}
    assert roles == {
        "id": "id",
        "geometry": "primary-geometry",
        "valid_from": "primary-interval-start",
        "valid_to": "primary-interval-end",
    }
    extent = client.get("/ogc/collections/parcels-former").json()["extent"]
    assert extent["temporal"]["interval"] == [["2020-05-01T00:00:00Z", "2026-03-02T00:00:00Z"]]


@pytest.mark.parametrize(
    ("interval", "there"),
    [
        ("2020-04-30", False),
        ("2020-05-01", True),
        ("2026-03-01", True),
        ("2026-03-02", False),
        ("2026-03-01/2026-03-02", True),
        ("2026-03-02/..", False),
        ("2026-03-01T23:00:00Z/..", True),
        ("../2020-05-01", True),
        ("../2020-04-30", False),
        ("../..", True),
    ],
)
def test_it_is_found_for_the_days_on_which_it_was_in_force(
    kept: tuple[httpx.Client, int], interval: str, there: bool
) -> None:
    client, newest = kept
    assert len(found(client, "parcels-former", datetime=interval)) == there
    # As of a data version, too.
    assert len(found(client, "parcels-former", datetime=interval, **{"as-of": str(newest)})) == there
    before = {"as-of": str(newest - 1)}
    assert found(client, "parcels-former", datetime=interval, **before) == []


def test_both_layers_together_are_the_map_of_a_day(client: httpx.Client, land: Land, split: reshape.Reshaped) -> None:
    land.do(lambda c: c.execute("UPDATE registry.parcel SET valid_from = %s WHERE id = %s", [BEGUN, land.east]))

    def on(day: str) -> set[int]:
        layers = ("parcels", "parcels-former")
        return {each["id"] for layer in layers for each in found(client, layer, datetime=day)}

    assert on("2026-03-01") == {land.west, land.east}
    assert on("2026-03-02") == {land.east, *split.parcels}


def test_undo_brings_it_back_and_what_it_took_back_has_never_been(
    client: httpx.Client, land: Land, split: reshape.Reshaped
) -> None:
    undone: int = land.do(lambda c: undo(c, split.change, Why(reason="Nhầm thửa"), by=BY))
    assert found(client, "parcels-former") == []
    assert {each["id"] for each in found(client, "parcels")} == {land.west, land.east}
    land.do(lambda c: undo(c, undone, Why(reason="Tách là đúng"), by=BY))
    assert [each["id"] for each in found(client, "parcels-former")] == [land.west]
    assert {each["id"] for each in found(client, "parcels")} == {land.east, *split.parcels}


def test_what_was_in_force_on_no_day_is_found_on_none(
    client: httpx.Client, land: Land, split: reshape.Reshaped
) -> None:
    """The decision came before the parcel was taken in, say."""
    land.do(lambda c: c.execute("UPDATE registry.parcel SET valid_from = %s WHERE id = %s", [SPLIT, land.west]))
    (feature,) = found(client, "parcels-former")
    assert (feature["properties"]["valid_from"], feature["properties"]["valid_to"]) == ("2026-03-02", "2026-03-02")
    for interval in ("2026-03-02", "2026-01-01/2026-12-31", "../2026-03-02", "2026-03-01/.."):
        assert found(client, "parcels-former", datetime=interval) == [], interval


def test_it_follows_direct_changes(client: httpx.Client, land: Land, split: reshape.Reshaped) -> None:
    codes = land.rows("SELECT parcel_code FROM registry.parcel WHERE id = ANY (%s) ORDER BY 1", split.parcels)
    land.do(
        lambda c: c.execute("UPDATE registry.parcel SET parcel_code = 'w00000000001' WHERE id = %s", split.parcels[:1])
    )
    (feature,) = found(client, "parcels-former")
    assert "w00000000001" in feature["properties"]["successors"]
    assert feature["properties"]["successors"] != "; ".join(code for (code,) in codes)
    with connect(land.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        for table in ("parcel_lineage WHERE ancestor_id", "holding WHERE parcel_id", "land_use WHERE parcel_id"):
            connection.execute(f"DELETE FROM registry.{table} = %s".encode(), [land.west])
        connection.execute("DELETE FROM registry.parcel WHERE id = %s", [land.west])
        connection.execute("SELECT publish.flush()")
    assert found(client, "parcels-former") == []
    assert client.get("/ogc/collections/parcels-former").json()["itemCount"] == 0


def test_an_import_of_new_parcels_touches_none(land: Land) -> None:
    """Each of half a million would be looked up for nothing."""
    touched = "SELECT publish.touched_parcels_former('registry.parcel'::regclass, %s)"
    assert land.rows(touched, [land.west, land.east], role=Role.MIGRATOR) == [([],)]
