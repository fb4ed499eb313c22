"""The project for QGIS as file: by command and by download, what is in it, and what is not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import httpx
import pytest
from pyproj import Transformer

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.publish.qgis.layers import AUTHENTICATION
from gisland.publish.qgis.place import Place, find_place
from gisland.publish.qgis.project import Project, qgs, qlr
from tests.commands import Said, gisland
from tests.live import PASSWORD
from tests.publish.conftest import Ward

PATH = "/api/v1/qgis/project"


def opened(content: bytes) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        assert name.endswith(".qgs")
        return ET.fromstring(archive.read(name))


FORMER = ["parcels-former", "parcels-former"]  # features and tiles
PROGRESS = ["map-sheets", "residential-groups", "wards"]


def sources(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter("datasource")]


def test_download_of_a_ward(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(3)
    answer = client.get(PATH, params={"ward": "11311"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.qgis.qgz"
    assert answer.headers["content-disposition"] == 'attachment; filename="gisland-11311.qgz"'
    root = opened(answer.content)
    assert root.findtext("title") == "Hồng Bàng (11311): Bản đồ xác minh thửa đất"
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:9210"
    former, _, features, tiles, *of_progress = sources(root)
    base = str(client.base_url).rstrip("/")
    assert f"url='{base}/ogc' typename='parcels'" in features
    assert "\"ward_code\" = \\'11311\\'" in features
    assert f"{base}/ogc/collections/parcels/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}" in unquote(tiles)
    groups = [(each.get("name"), each.get("checked")) for each in root.findall("layer-tree-group/layer-tree-group")]
    assert groups == [
        ("Theo thời gian", "Qt::Unchecked"),
        ("Công khai", "Qt::Checked"),
        ("Tiến độ", "Qt::Unchecked"),
    ]
    assert "typename='parcels-former'" in former
    assert [each.split("typename='")[1].split("'")[0] for each in of_progress] == PROGRESS
    assert "\"code\" = \\'11311\\'" in of_progress[-1]
    assert client.get(PATH, params={"ward": "11311"}).content == answer.content


def test_the_project_begins_where_the_parcels_are(ward: Ward, catalogue: Catalogue) -> None:
    ward.add_parcels(3)
    with connect(ward.settings, Role.PUBLIC) as connection:
        found = connection.execute("SELECT label_x, label_y FROM published.parcels ORDER BY id").fetchall()
    to_plane = Transformer.from_crs(4326, 9210, always_xy=True)
    points = [to_plane.transform(float(x), float(y)) for x, y in found]
    for code in ("11311", None):
        place = find_place(ward.settings, catalogue.layers["parcels"], code)
        west, south, east, north = place.extent
        assert all(west < x < east and south < y < north for x, y in points)
        assert east - west == pytest.approx(50 * 1.06, abs=1)
        assert north - south == pytest.approx(10 * 1.06, abs=1)
        assert place.srid == 9210


def test_a_ward_without_parcels_and_a_service_without_wards(client: httpx.Client) -> None:
    root = opened(client.get(PATH).content)
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:3857"
    assert "filter" not in sources(root)[0]


def test_what_is_not_understood_is_refused(client: httpx.Client, ward: Ward) -> None:
    for query in ("unknown=1", "format=shp", "lang=fr", "f=json", "ward=11311&ward=11312"):
        answer = client.get(f"{PATH}?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), query
    assert client.get(PATH, params={"ward": "99999"}).status_code == 404
    assert client.get(PATH, params={"ward": "' OR 1=1 --"}).status_code == 404


def test_staff_get_their_layers_and_no_secret(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    ward.add_parcels(1)
    answer = client.get(PATH, params={"ward": "11311", "lang": "en"}, auth=admin)
    assert answer.headers["cache-control"] == "private, no-store"
    root = opened(answer.content)
    groups = root.findall("layer-tree-group/layer-tree-group")
    assert [(each.get("name"), each.get("checked")) for each in groups] == [
        ("Of former times", "Qt::Unchecked"),
        ("Public", "Qt::Checked"),
        ("Progress", "Qt::Unchecked"),
        ("Staff (sign in)", "Qt::Unchecked"),
    ]
    text = ET.tostring(root, "unicode")
    assert PASSWORD not in text
    assert admin[0] not in text
    assert "password" not in text.lower()
    staff = [each for each in sources(root) if "parcels-staff" in each]
    assert len(staff) == 2
    assert all(f"authcfg={AUTHENTICATION}" in each for each in staff)
    assert not any("authcfg" in each for each in sources(root) if "parcels-staff" not in each)
    assert "exact_status" not in ET.tostring(opened(client.get(PATH).content), "unicode")


def test_layers_alone(client: httpx.Client, ward: Ward) -> None:
    answer = client.get(PATH, params={"ward": "11311", "format": "qlr"})
    assert answer.headers["content-disposition"] == 'attachment; filename="gisland-11311.qlr"'
    root = ET.fromstring(answer.content)
    assert root.tag == "qlr"
    assert len(root.findall("maplayers/maplayer")) == 2 + len(FORMER + PROGRESS)


def test_names_go_into_xml_as_they_are(catalogue: Catalogue) -> None:
    place = Place("1<&'\"", "Phường <b>&", 9210, (0, 0, 1, 1))
    project = Project(place, (catalogue.layers["parcels"],), catalogue.palette, "http://h/ogc", "vi")
    for made in (qgs(project), qlr(project)):
        root = ET.fromstring(made)
        assert "1<&" in sources(root)[0]


def run_command(ward: Ward, *arguments: str) -> Said:
    return gisland(ward.settings, "qgis", "project", *arguments)


def test_the_command_writes_a_file(ward: Ward, tmp_path: Path) -> None:
    ward.add_parcels(1)
    out = tmp_path / "map.qgz"
    done = run_command(ward, "--ward", "11311", "--out", str(out), "--url", "https://gis.example.vn/", "--staff")
    assert done.returncode == 0, done.stderr
    assert "EPSG:9210" in done.stdout
    assert AUTHENTICATION in done.stdout
    root = opened(out.read_bytes())
    assert "url='https://gis.example.vn/ogc'" in sources(root)[0]
    assert len(sources(root)) == 4 + len(FORMER + PROGRESS)
    refused = run_command(ward, "--ward", "11311", "--out", str(tmp_path / "map.shp"))
    assert (refused.returncode, (tmp_path / "map.shp").exists()) == (2, False)
    assert ".qgz, .qlr" in refused.stderr
    unknown = run_command(ward, "--ward", "99999", "--out", str(out))
    assert unknown.returncode == 3
