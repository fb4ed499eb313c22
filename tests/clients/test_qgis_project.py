"""QGIS 3.22 opens the project that it is given, reads its layers from the running service, and draws them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from tests.clients.pictures import assert_alike, shares
from tests.live import LiveServer

Qgis = Callable[..., Any]
FEATURES, TILES = "Thửa đất (đối tượng)", "Thửa đất (ô vectơ)"


@pytest.fixture
def project(live_server: LiveServer, tmp_path: Path) -> Path:
    """The downloaded project of the demo ward."""
    answer = httpx.get(f"{live_server.url}/api/v1/qgis/project", params={"ward": "11311"})
    assert answer.status_code == 200, answer.text
    file = tmp_path / "gisland.qgz"
    file.write_bytes(answer.content)
    return file


def wanted_shares(live_server: LiveServer, colors: dict[str, str]) -> dict[str, float]:
    """The shares of the area that has each status."""
    query = "SELECT verification_status, sum(ST_Area(geom)) FROM published.parcels GROUP BY 1"
    with connect(live_server.settings, Role.PUBLIC) as connection:
        areas: dict[str, float] = dict(connection.execute(query).fetchall())
    whole = sum(areas.get(name, 0) for name in colors)
    return {name: areas.get(name, 0) / whole for name in colors}


def colors_of(catalogue: Catalogue) -> dict[str, str]:
    # White is the ground of the picture, too.
    return {name: status.color for name, status in catalogue.palette.public.items() if status.color != "#ffffff"}


def test_qgis_opens_the_project(qgis: Qgis, project: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    asked = {"project": str(project), "out": str(tmp_path / "drawn.png"), "size": [200, 200], "theme": []}
    found = qgis("qgis_draws.py", json.dumps(asked))
    assert (found["read"], found["crs"], found["groups"]) == (True, "EPSG:9210", ["Công khai"])
    assert found["title"] == "Hồng Bàng (11311): Bản đồ xác minh thửa đất"
    features, tiles = found["layers"]
    assert (features["name"], tiles["name"]) == (FEATURES, TILES)
    assert features["valid"], features["error"]
    assert features["renderer"] == "categorizedSymbol"
    assert features["labels"]
    assert features["aliases"]["parcel_no"] == "Số thửa"
    assert {"Đã xác minh": "verified"} in features["maps"]["verification_status"]
    assert features["legend"] == [[status.label.vi, status.color] for status in catalogue.palette.public.values()]
    # By the official operation, whatever QGIS would have taken by itself.
    assert len(found["operations"]) >= 2
    assert all("-191.90441429" in each for each in found["operations"])


def test_features_are_drawn_in_their_colours(
    qgis: Qgis, project: Path, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue
) -> None:
    out, colors = tmp_path / "drawn.png", colors_of(catalogue)
    # A large picture: the ward at a scale at which features are asked for, and labels are not.
    asked = {"project": str(project), "out": str(out), "size": [2400, 1800], "dpi": 200, "theme": [FEATURES]}
    found = qgis("qgis_draws.py", json.dumps(asked))
    assert 2000 < found["scale"] < 5000, found["scale"]
    assert not found["errors"]
    assert_alike(shares(out, colors), wanted_shares(live_server, colors), within=0.015)
