"""QGIS 3.22 opens the project that it is given, reads its layers from the running service, and draws them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from tests.clients.pictures import assert_alike, shares
from tests.live import LiveServer

Qgis = Callable[..., Any]
FEATURES, TILES = "Thửa đất (đối tượng)", "Thửa đất (ô vectơ)"
PROGRESS = ["Tờ bản đồ địa chính (đối tượng)", "Tổ dân phố (đối tượng)", "Phường · xã (đối tượng)"]
FORMER = ["Thửa đất đã chấm dứt (đối tượng)", "Thửa đất đã chấm dứt (ô vectơ)"]
GROUPS = ["Theo thời gian", "Công khai", "Tiến độ"]


@pytest.fixture
def project(live_server: LiveServer, tmp_path: Path) -> Path:
    """The downloaded project of the demo ward."""
    answer = httpx.get(f"{live_server.url}/api/v1/qgis/project", params={"ward": "11311"})
    assert answer.status_code == 200, answer.text
    file = tmp_path / "gisland.qgz"
    file.write_bytes(answer.content)
    return file


@pytest.fixture
def definition(live_server: LiveServer, tmp_path: Path) -> Path:
    """The layers of the demo ward alone, to be added to another project."""
    answer = httpx.get(f"{live_server.url}/api/v1/qgis/project", params={"ward": "11311", "format": "qlr"})
    assert answer.status_code == 200, answer.text
    file = tmp_path / "gisland.qlr"
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
    assert (found["read"], found["crs"], found["groups"]) == (True, "EPSG:9210", GROUPS)
    assert found["title"] == "Hồng Bàng (11311): Bản đồ xác minh thửa đất"
    layers = {each["name"]: each for each in found["layers"]}
    assert set(layers) == {FEATURES, TILES, *FORMER, *PROGRESS}
    features = layers[FEATURES]
    assert features["valid"], features["error"]
    assert features["renderer"] == "categorizedSymbol"
    assert features["labels"]
    assert features["aliases"]["parcel_no"] == "Số thửa"
    assert {"Đã xác minh": "verified"} in features["maps"]["verification_status"]
    assert features["legend"] == [[status.label.vi, status.color] for status in catalogue.palette.public.values()]
    classes = [[each.label.vi, each.color] for each in catalogue.palette.progress_classes.values()]
    assert all(layers[name]["valid"] and layers[name]["legend"] == classes for name in PROGRESS)
    # By the official operation, whatever QGIS would have taken by itself.
    assert len(found["operations"]) >= 2
    assert all("-191.90441429" in each for each in found["operations"])


def test_qgis_adds_the_layers_to_another_project(
    qgis: Qgis, definition: Path, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue
) -> None:
    out, colors = tmp_path / "drawn.png", colors_of(catalogue)
    place = {"crs": "EPSG:3857", "extent": around(live_server, 1)}
    asked = {"definition": str(definition), "out": str(out), "size": [2400, 1800], "dpi": 200, "theme": [FEATURES]}
    found = qgis("qgis_draws.py", json.dumps(asked | place))
    assert found["read"] == [True, ""]
    assert found["groups"] == GROUPS
    assert {each["name"]: each["valid"] for each in found["layers"]} == dict.fromkeys(
        (FEATURES, TILES, *FORMER, *PROGRESS), True
    )
    assert not found["errors"]
    assert_alike(shares(out, colors), wanted_shares(live_server, colors), within=0.02)


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


def around(live_server: LiveServer, share: float) -> list[float]:
    """The middle of the ward, so much of its sides, in metres of web mercator."""
    query = "SELECT ST_Extent(ST_Transform(geom, 3857))::box3d FROM published.parcels"
    with connect(live_server.settings, Role.PUBLIC) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    west, south, _, east, north, _ = map(float, row[0][6:-1].replace(",", " ").split())
    x, y, width, height = (west + east) / 2, (south + north) / 2, (east - west) * share, (north - south) * share
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def test_tiles_are_drawn_in_the_same_colours(
    qgis: Qgis, project: Path, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue
) -> None:
    out, colors = tmp_path / "drawn.png", colors_of(catalogue)
    asked = {"project": str(project), "out": str(out), "size": [2400, 1800], "dpi": 200, "theme": [TILES]}
    found = qgis("qgis_draws.py", json.dumps(asked))
    assert not found["errors"]
    assert_alike(shares(out, colors), wanted_shares(live_server, colors), within=0.02)


def test_far_tiles_are_put_together_by_status(
    qgis: Qgis, project: Path, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue
) -> None:
    out, colors = tmp_path / "drawn.png", colors_of(catalogue)
    # About 1:100,000, so tiles of zoom 12 or 13.
    asked = {"project": str(project), "out": str(out), "size": [400, 300], "dpi": 1000, "theme": [TILES]}
    found = qgis("qgis_draws.py", json.dumps(asked))
    assert found["scale"] > 60_000, found["scale"]
    # Each square has its commonest status: what is rare becomes rarer.
    assert_alike(shares(out, colors), wanted_shares(live_server, colors), within=0.15)


@pytest.mark.parametrize("style_id", ["parcels", pytest.param("parcels.dark", marks=pytest.mark.proof)])
def test_qgis_understands_the_plain_maplibre_style(
    qgis: Qgis, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue, style_id: str
) -> None:
    answer = httpx.get(f"{live_server.url}/ogc/styles/{style_id}", params={"f": "mapbox-plain"})
    style, out = tmp_path / "style.json", tmp_path / "drawn.png"
    style.write_bytes(answer.content)
    tiles = next(iter(answer.json()["sources"].values()))["tiles"][0]
    source = f"type=xyz&url={tiles}&zmin=0&zmax=20"
    layer = {"provider": "vectortile", "source": source, "style": str(style)}
    asked = {"layers": [layer], "extent": around(live_server, 1), "crs": "EPSG:3857", "size": [1600, 1200]}
    found = qgis("qgis_draws.py", json.dumps(asked | {"dpi": 150, "out": str(out)}))
    result, warnings, error = found["style 0"]
    # Nothing is left out; a font that is not there is replaced.
    assert (result, error) == (0, "")
    assert not [each for each in warnings if "font" not in each]
    colors = colors_of(catalogue)
    assert_alike(shares(out, colors), wanted_shares(live_server, colors), within=0.03)


def inked(
    qgis: Qgis, file: Path, live_server: LiveServer, out: Path, *, dpi: int, theme: list[str], share: float = 0.2
) -> Any:
    """Which pixels of a part of the ward are dark: letters are as dark as ink, boundaries are not."""
    kind = "definition" if file.suffix == ".qlr" else "project"
    asked = {kind: str(file), "out": str(out), "size": [800, 600], "dpi": dpi, "theme": theme}
    place = {"crs": "EPSG:3857", "extent": around(live_server, share)}
    qgis("qgis_draws.py", json.dumps(asked | place))
    return np.asarray(Image.open(out).convert("RGB")).sum(axis=2, dtype=int) < 180


def test_labels_of_tiles_are_written(qgis: Qgis, project: Path, live_server: LiveServer, tmp_path: Path) -> None:
    near, far = (
        int(inked(qgis, project, live_server, tmp_path / f"{dpi}.png", dpi=dpi, theme=[TILES]).sum())
        for dpi in (96, 400)
    )
    assert near > 300
    assert far == 0


@pytest.mark.parametrize("file", ["project", pytest.param("definition", marks=pytest.mark.proof)])
def test_a_parcel_is_labelled_once(
    qgis: Qgis, live_server: LiveServer, tmp_path: Path, file: str, request: pytest.FixtureRequest
) -> None:
    features, both = (
        inked(
            qgis,
            request.getfixturevalue(file),
            live_server,
            tmp_path / f"{len(theme)}.png",
            dpi=96,
            theme=theme,
            share=0.08,
        )
        for theme in ([FEATURES], [FEATURES, TILES])
    )
    # The same letters at the same places; those of tiles would stand elsewhere, or push others away.
    assert features.sum() > 100
    assert (features ^ both).sum() < features.sum() / 50
