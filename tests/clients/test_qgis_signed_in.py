"""QGIS 3.22 signs in as its users do: by a personal access token, kept in its own store of authentications."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.publish.qgis.layers import AUTHENTICATION
from tests.clients.pictures import assert_alike, shares
from tests.clients.test_qgis_project import Qgis
from tests.live import LiveServer

FIELDS = ("sheet_no", "parcel_no", "exact_status", "holder_names")
FEATURES, TILES = "Thửa đất (nội bộ) (đối tượng)", "Thửa đất (nội bộ) (ô vectơ)"


@pytest.fixture(scope="module")
def sign_in(live_server: LiveServer) -> list[str]:
    """A name, and a token of the account's own for QGIS."""
    wanted = {"name": "QGIS", "permissions": ["staff_layer:read", "person:read"]}
    made = httpx.post(f"{live_server.url}/api/v1/tokens", auth=live_server.admin, json=wanted, timeout=30)
    assert made.status_code == 201, made.text
    return [live_server.admin[0], made.json()["token"]]


@pytest.fixture
def project(live_server: LiveServer, tmp_path: Path) -> Path:
    """The project that the command writes for staff."""
    file = tmp_path / "staff.qgz"
    command = [sys.executable, "-m", "gisland", "qgis", "project", "--staff", "--ward", "11311"]
    command += ["--url", live_server.url, "--out", str(file)]
    environment = live_server.settings.as_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture
def colors(catalogue: Catalogue) -> dict[str, str]:
    """Of the exact states; white is the ground of the picture, too."""
    return {name: each.color for name, each in catalogue.palette.exact.items() if each.color != "#ffffff"}


def test_staff_read_their_layer_by_a_token(qgis: Qgis, live_server: LiveServer, sign_in: list[str]) -> None:
    with connect(live_server.settings, Role.STAFF) as connection:
        query = f"SELECT {', '.join(FIELDS)} FROM published_staff.parcels_staff"
        rows = connection.execute(query.encode()).fetchall()
    found = qgis("qgis_reads.py", json.dumps(asked_of(live_server) | {"sign_in": sign_in}))
    assert found["valid"], found["error"]
    assert found["count"] == len(found["features"]) == len(rows) > 100
    assert {tuple(each[: len(FIELDS)]) for each in found["features"]} == set(rows)
    # The token is not for ids, not even masked ones.
    assert "holder_names" in found["fields"]
    assert "masked_ids" not in found["fields"]


def asked_of(live_server: LiveServer) -> dict[str, object]:
    return {"url": f"{live_server.url}/ogc", "collection": "parcels-staff", "fields": FIELDS}


def test_without_a_good_token_nothing_is_read_or_drawn(
    qgis: Qgis, project: Path, live_server: LiveServer, sign_in: list[str], tmp_path: Path, colors: dict[str, str]
) -> None:
    name, token = sign_in
    wrong = {"sign_in": [name, token[:-1] + ("a" if token[-1] != "a" else "b")]}
    found = qgis("qgis_reads.py", json.dumps(asked_of(live_server) | wrong))
    assert (found["valid"], found["features"]) == (False, [])
    out = tmp_path / "drawn.png"
    asked = {"project": str(project), "out": str(out), "size": [400, 300], "theme": [FEATURES, TILES]}
    found = qgis("qgis_draws.py", json.dumps(asked))
    # QGIS keeps what it cannot read in the list of layers only.
    assert FEATURES not in {each["name"] for each in found["layers"] if each["valid"]}
    assert not any(shares(out, colors).values())


# Labels of tiles cover more of small parcels than of large ones.
@pytest.mark.parametrize(("drawn", "within"), [(FEATURES, 0.02), (TILES, 0.06)], ids=["features", "tiles"])
def test_the_staff_project_is_drawn_in_the_exact_states(
    qgis: Qgis,
    project: Path,
    live_server: LiveServer,
    sign_in: list[str],
    tmp_path: Path,
    colors: dict[str, str],
    drawn: str,
    within: float,
) -> None:
    # The id that the project names, and that people are told to give.
    assert AUTHENTICATION == "gisland"
    out = tmp_path / "drawn.png"
    asked = {"project": str(project), "out": str(out), "size": [2400, 1800], "dpi": 200, "theme": [drawn]}
    found = qgis("qgis_draws.py", json.dumps(asked | {"sign_in": sign_in}))
    assert found["read"]
    assert not found["errors"]
    assert all(each["valid"] for each in found["layers"]), found["layers"]
    assert {FEATURES, TILES} < {each["name"] for each in found["layers"]}
    query = "SELECT exact_status, sum(ST_Area(geom)) FROM published_staff.parcels_staff GROUP BY 1"
    with connect(live_server.settings, Role.STAFF) as connection:
        areas: dict[str, float] = dict(connection.execute(query).fetchall())
    whole = sum(areas.get(name, 0) for name in colors)
    wanted = {name: areas.get(name, 0) / whole for name in colors}
    assert sum(share > 0.01 for share in wanted.values()) > 4
    assert_alike(shares(out, colors), wanted, within=within)
