"""Features as files: each format read back by another program; who leaves stops the database."""

from __future__ import annotations

import csv
import io
import itertools
import json
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from gisland.cli import command_line
from gisland.database import Role, connect, run
from gisland.database.migrate import admin_conninfo
from gisland.kit.crs import EPSG
from gisland.publish.tables import FILE_FORMATS
from tests.factories import make_account, one
from tests.publish.conftest import Ward
from tests.publish.test_crs import bits, surveyed
from tests.publish.test_items import ITEMS, get

EXPORT = "/ogc/collections/parcels/export"
ZONE = f"{EPSG}9210"


def read(answer: httpx.Response, folder: Path) -> dict[int, dict[str, Any]]:
    """The features of a file by their ids: properties, and the geometry as `geometry`."""
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/csv":
        text = answer.content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        return {int(row["id"]): row | {"geometry": shapely.from_wkt(row["geometry"])} for row in rows}
    if kind == "application/geo+json-seq":
        records = [json.loads(part) for part in answer.content.split(b"\x1e")[1:]]
        assert all(part.endswith(b"\n") for part in answer.content.split(b"\x1e")[1:])
        shapes = [shapely.geometry.shape(each["geometry"]) for each in records]
        return {
            each["id"]: each["properties"] | {"geometry": shape} for each, shape in zip(records, shapes, strict=True)
        }
    file = folder / f"read.{'fgb' if 'flatgeobuf' in kind else 'gpkg'}"
    file.write_bytes(answer.content)
    frame = pyogrio.read_dataframe(file, fid_as_index="gpkg" in file.suffix)
    if "id" in frame:
        frame = frame.set_index("id")
    return {number: row._asdict() for number, row in zip(frame.index, frame.itertuples(index=False), strict=True)}


@pytest.mark.parametrize("whole", [False, True], ids=["page", "whole"])
@pytest.mark.parametrize("name", FILE_FORMATS)
def test_each_format_holds_what_the_geojson_does(reader: httpx.Client, tmp_path: Path, name: str, whole: bool) -> None:
    expected = {f["id"]: f for f in get(reader)["features"]}
    answer = reader.get(EXPORT if whole else ITEMS, params={"f": name})
    assert answer.headers["content-type"].partition(";")[0] == FILE_FORMATS[name].media_type
    assert answer.headers["ogc-numbermatched"] == "20"
    found = read(answer, tmp_path)
    assert found.keys() == expected.keys()
    for number, feature in expected.items():
        row = found[number]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shapely.hausdorff_distance(row["geometry"], shape) < 1e-7
        for field in ("sheet_no", "verification_status"):
            assert row[field] == feature["properties"][field]
        assert float(row["area_m2"]) == feature["properties"]["area_m2"]
        assert str(row["valid_from"])[:10] == feature["properties"]["valid_from"]
        assert row["group_code"] in (None, "")


def test_on_the_plane_of_the_survey_to_the_last_bit(client: httpx.Client, ward: Ward, tmp_path: Path) -> None:
    parcels = ward.add_parcels(3)
    shift = "UPDATE registry.parcel SET geom = ST_Translate(geom, 1 / 3.0, id / 7.0)"
    run(ward.settings, lambda c: c.execute(shift))
    meant = {parcel: bits(surveyed(ward, parcel)) for parcel in parcels}
    for name, path in itertools.product(FILE_FORMATS, (ITEMS, EXPORT)):
        answer = client.get(path, params={"f": name, "crs": ZONE})
        assert answer.headers["content-crs"] == f"<{ZONE}>"
        found = read(answer, tmp_path)
        assert {parcel: bits(found[parcel]["geometry"]) for parcel in parcels} == meant, (name, path)
        if name in {"fgb", "gpkg"}:
            assert pyogrio.read_info(tmp_path / f"read.{name}")["crs"] == "EPSG:9210"


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_pages_go_on_by_the_link_header(reader: httpx.Client, shown: Ward, tmp_path: Path, name: str) -> None:
    answer = reader.get(ITEMS, params={"f": name, "limit": 9, "sheet_no": "12", "sortby": "-id"})
    assert answer.headers["ogc-numbermatched"] == "20"
    seen: list[int] = []
    while True:
        seen += read(answer, tmp_path)
        assert answer.headers["ogc-numberreturned"] == str(len(read(answer, tmp_path)))
        following = answer.links.get("next")
        if following is None:
            break
        assert following["type"] == FILE_FORMATS[name].media_type
        assert "," not in following["url"]
        answer = reader.get(following["url"])
        assert "ogc-numbermatched" not in answer.headers
    assert (sorted(seen), len(seen)) == (shown.parcels, 20)


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_nothing_found_is_an_empty_file(reader: httpx.Client, tmp_path: Path, name: str) -> None:
    for path in (ITEMS, EXPORT):
        assert read(reader.get(path, params={"f": name, "sheet_no": "none"}), tmp_path) == {}


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_chosen_properties_without_geometry(reader: httpx.Client, tmp_path: Path, name: str) -> None:
    answer = reader.get(EXPORT, params={"f": name, "properties": "sheet_no", "skipGeometry": "true"})
    assert answer.status_code == 200
    if name == "csv":
        assert answer.content.decode("utf-8-sig").splitlines()[0] == "id,sheet_no"
    if name == "gpkg":
        (tmp_path / "bare.gpkg").write_bytes(answer.content)
        assert list(pyogrio.read_info(tmp_path / "bare.gpkg")["fields"]) == ["sheet_no"]


def test_the_accept_header_chooses(reader: httpx.Client) -> None:
    for accept, kind in {
        "text/csv": "text/csv",
        "application/flatgeobuf, */*": "application/flatgeobuf",
        "application/geo+json-seq": "application/geo+json-seq",
        "application/geo+json, text/csv": "application/geo+json",
        "text/html, text/csv": "text/html",
    }.items():
        answer = reader.get(ITEMS, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == kind


def test_no_spreadsheet_computes_a_cell(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    run(ward.settings, lambda c: c.execute("UPDATE registry.map_sheet SET sheet_no = '=1+1'"))
    for path in (ITEMS, EXPORT):
        rows = list(csv.DictReader(io.StringIO(client.get(path, params={"f": "csv"}).content.decode("utf-8-sig"))))
        assert rows[0]["sheet_no"] == "'=1+1"


def test_an_export_is_filtered_and_has_no_pages(client: httpx.Client, ward: Ward, tmp_path: Path) -> None:
    first, second = ward.add_parcels(2)
    ward.add_holder(first, "verified")
    found = read(client.get(EXPORT, params={"f": "csv", "filter": "verification_status = 'verified'"}), tmp_path)
    assert list(found) == [first]
    for parameters in ({"limit": "1"}, {"f": "html"}, {"cursor": "x"}, {"unknown": "1"}, {"crs": "x"}):
        assert client.get(EXPORT, params=parameters).status_code == 400, parameters
    assert client.get("/ogc/collections/nothing/export").status_code == 404
    assert second


def test_a_staff_layer_is_taken_away_with_a_reason_only(
    client: httpx.Client, ward: Ward, admin: tuple[str, str], tmp_path: Path
) -> None:
    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "mismatch")
    path = "/ogc/collections/parcels-staff/export"
    assert client.get(path, auth=admin, params={"f": "csv"}).status_code == 404
    assert client.post(path, json={"reason": "kiểm tra"}, params={"f": "csv"}).status_code == 401
    for body in ({}, {"reason": ""}, {"reason": "x"}, {"reason": "kiểm tra", "scope": "all"}):
        assert client.post(path, auth=admin, json=body, params={"f": "csv"}).status_code == 400
    # Nor page by page.
    items, collection = (path.replace("/export", each) for each in ("/items", ""))
    for name, each in FILE_FORMATS.items():
        refused = client.get(items, auth=admin, params={"f": name})
        assert (refused.status_code, refused.json()["parameter"]) == (400, "f")
        assert refused.json()["hint"].startswith(f"POST {path}?f={name} ")
        read_there = client.get(items, auth=admin, headers={"Accept": each.media_type})
        assert read_there.headers["content-type"] == "application/geo+json"
    shown = client.get(collection, auth=admin).json()["links"]
    assert not {each.media_type for each in FILE_FORMATS.values()} & {link["type"] for link in shown}
    query = "SELECT count(*) FROM audit.event WHERE tag = 'data:exported'"
    with connect(ward.settings, Role.APP) as connection:
        assert one(connection, query) == 0
    answer = client.post(path, auth=admin, json={"reason": "kiểm tra tổ 5"}, params={"f": "csv"})
    assert read(answer, tmp_path)[parcel]["exact_status"] == "mismatch"
    assert answer.headers["cache-control"].startswith("private")
    with connect(ward.settings, Role.APP) as connection:
        row = connection.execute(
            "SELECT subject, object, detail FROM audit.event WHERE tag = 'data:exported'"
        ).fetchone()
    detail = {"format": "csv", "filtered": False, "reason": "kiểm tra tổ 5", "ward_ids": "all"}
    assert row == ("account:admin", "parcels-staff", detail)


def test_masked_fields_are_in_no_file(client: httpx.Client, ward: Ward, tmp_path: Path) -> None:
    from gisland.security.permissions import Role as Of
    from gisland.security.subject import Grant

    (parcel,) = ward.add_parcels(1)
    ward.add_holder(parcel, "mismatch")
    viewer = run(ward.settings, lambda c: make_account(c, "viewer", Grant(Of.VIEWER)))
    for name in FILE_FORMATS:
        path = "/ogc/collections/parcels-staff/export"
        found = read(client.post(path, auth=viewer, json={"reason": "look"}, params={"f": name}), tmp_path)
        assert not {"holder_names", "masked_ids"} & found[parcel].keys()


def test_the_links_of_the_collection_lead_to_the_files(reader: httpx.Client) -> None:
    links = reader.get("/ogc/collections/parcels").json()["links"]
    for name, file_format in FILE_FORMATS.items():
        for rel in ("items", "enclosure"):
            (href,) = [each["href"] for each in links if (each["rel"], each["type"]) == (rel, file_format.media_type)]
            assert reader.get(href).headers["content-type"].startswith(file_format.media_type), name


@pytest.mark.parametrize("name", ["csv", "gpkg", "page"])
def test_who_leaves_stops_the_database(
    client: httpx.Client, ward: Ward, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that takes a minute is there while the client waits, and gone soon after it has left."""
    from gisland.publish import export, items

    ward.add_parcels(3)
    slow = "SELECT NULL, 0, 0, 0, NULL FROM pg_sleep(60)"
    for module in (export, items):
        monkeypatch.setattr(module, "page_statement", lambda *_: (slow, {}))
    path = ITEMS if name == "page" else f"{EXPORT}?f={name}"
    url = httpx.URL(str(client.base_url))
    waiting = socket.create_connection((url.host, url.port or 80))
    waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = %s AND datname = %s"

    def soon(number: int) -> None:
        deadline = time.monotonic() + 30
        with psycopg.connect(admin_conninfo(ward.settings), autocommit=True) as connection:
            while time.monotonic() < deadline:
                if one(connection, running, slow, ward.settings.database_name) == number:
                    return
                time.sleep(0.1)
        pytest.fail(f"there are not {number} of them")

    soon(1)
    waiting.close()
    soon(0)


def test_the_command_writes_a_file_whole_or_not_at_all(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcels = ward.add_parcels(3)
    for name, value in ward.settings.as_environment().items():
        if name.startswith("GISLAND_"):
            monkeypatch.setenv(name, value)

    def gisland(*arguments: str) -> Any:
        return CliRunner().invoke(command_line("layer"), ["layer", "export", *arguments], catch_exceptions=False)

    for name in FILE_FORMATS:
        done = gisland("parcels", str(tmp_path / f"parcels.{name}"), "--crs", "9210")
        assert done.exit_code == 0, done.output
        assert f"parcels.{name}: 3" in done.output
        assert (tmp_path / f"parcels.{name}").stat().st_mode & 0o777 == 0o644
        done = gisland("parcels-staff", str(tmp_path / f"staff.{name}"), "--reason", "kiểm tra")
        assert done.exit_code == 0, done.output
        assert (tmp_path / f"staff.{name}").stat().st_mode & 0o777 == 0o600, "for its owner only"
    frame = pyogrio.read_dataframe(tmp_path / "parcels.gpkg", fid_as_index=True)
    assert (list(frame.index), frame.crs.to_epsg()) == (parcels, 9210)
    done = gisland("parcels", str(tmp_path / "few.csv"), "--filter", "sheet_no = 'none'")
    assert done.exit_code == 0
    assert "few.csv: 0" in done.output
    with pytest.raises(Exception, match="reason"):
        gisland("parcels-staff", str(tmp_path / "none.csv"))
    assert not (tmp_path / "none.csv").exists()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_pages_of_an_export_are_one_state(ward: Ward) -> None:
    """What is written while it is read is not seen; the order asked for is kept."""
    from gisland.catalogue import load_catalogue
    from gisland.database import EVERYWHERE
    from gisland.publish import export
    from gisland.publish.query import ItemsQuery

    parcels = ward.add_parcels(4)
    layer = load_catalogue(ward.settings).layer("parcels")
    old, export.ROWS = export.ROWS, 1
    try:
        with export.exporting(ward.settings, layer, ItemsQuery(1), EVERYWHERE) as opened:
            pages = opened.pages()
            first = json.loads(next(pages)[0])
            run(ward.settings, lambda c: c.execute("UPDATE registry.map_sheet SET sheet_no = 'new'"))
            ward.add_parcels(1)
            rest = [json.loads(row) for rows in pages for row in rows]
    finally:
        export.ROWS = old
    assert [first["id"], *(each["id"] for each in rest)] == parcels
    assert {each["properties"]["sheet_no"] for each in rest} == {"12"}
