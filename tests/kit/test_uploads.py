"""Files that were made to do harm, each made here: refused in one line, before any reader has opened them."""

from __future__ import annotations

import socket
import sqlite3
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
import xlsxwriter

from gisland.errors import InputError, NotFound
from gisland.intake.formats.vector import open_vector
from gisland.intake.formats.workbook import open_workbook
from gisland.kit import archives
from gisland.kit.gdal import confined
from gisland.kit.uploads import WORKBOOKS, check_upload
from gisland.registry.reform import read_former_wards
from gisland.registry.units import read_boundary

ROW = '{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[106,20]}}'
COLLECTION = '{"type":"FeatureCollection",%s"features":[' + ROW + "]}"


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Biểu").write_column(0, 0, ["Số tờ", "1", "2"])
    return path


def map_file(path: Path) -> Path:
    box = np.array([shapely.to_wkb(shapely.box(106, 20, 107, 21))], dtype=object)
    pyogrio.raw.write(path, box, [np.array([1])], ["a"], crs="EPSG:4326", geometry_type="Polygon", layer="parcels")
    return path


def refused(read: Callable[[Path], object], path: Path) -> str:
    """What is said of a file; one line that names it and says how to mend it."""
    with pytest.raises(InputError) as caught:
        read(path)
    said = str(caught.value)
    assert path.stem in said
    assert " — " in said
    assert "\n" not in said
    return said


def test_good_files_are_read(tmp_path: Path) -> None:
    assert open_workbook(workbook(tmp_path / "a.xlsx"))[0].grid[0] == ["Số tờ"]
    for name in ("a.gpkg", "a.shp", "a.geojson", "b.json"):
        path = map_file(tmp_path / name) if name != "b.json" else tmp_path / name
        if name == "b.json":
            path.write_text("\ufeff \n" + COLLECTION % "", encoding="utf-8")
        file = open_vector(path)
        assert file.rows == 1
        assert [len(batch) for batch in file.batches(["a"])] == [1]
    assert read_boundary(tmp_path / "a.geojson", "11311").area == pytest.approx(1)


SAY_ANOTHER = [
    ("a.xlsx", b"<html><table>", "XML, HTML"),
    ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
    ("a.xls", b"PK\3\4" + bytes(100), "xlsx"),
    ("a.xls", b"<?xml version='1.0'?>", "XML"),
    ("a.xlsx", b"", "unknown"),
    ("a.gpkg", b"PK\3\4", "xlsx"),
    ("a.gpkg", b"SQLite format 3\0" + bytes(50), "broken"),
    ("a.geojson", b"<OGRVRTDataSource/>", "XML"),
    ("a.json", "[1]".encode("utf-16"), "unknown"),
    ("a.shp", b"%PDF-1.7", "pdf"),
]


@pytest.mark.parametrize(("name", "content", "said"), SAY_ANOTHER)
def test_content_fits_the_suffix(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refused(open_workbook if ".xls" in name else open_vector, path)


def test_each_part_of_a_shapefile_is_looked_at(tmp_path: Path) -> None:
    path = map_file(tmp_path / "a.shp")
    path.with_suffix(".dbf").write_bytes(b"<html>")
    assert ".dbf" in refused(open_vector, path)


def test_kinds_that_are_not_taken_in(tmp_path: Path) -> None:
    for name in ("a.kml", "a.gml", "a.vrt", "a.zip", "a", "a.xlsx.exe"):
        path = tmp_path / name
        path.write_bytes(b"PK\3\4")
        for read in (open_vector, open_workbook, read_former_wards, lambda path: read_boundary(path, "1")):
            assert "not taken in" in refused(read, path)
    with pytest.raises(NotFound):
        check_upload(tmp_path / "nothing.xlsx", WORKBOOKS)
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(NotFound):
        check_upload(tmp_path / "folder.xlsx", WORKBOOKS)


# — workbooks


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], way: int = zipfile.ZIP_DEFLATED) -> Path:
    """A workbook with further members."""
    workbook(path)
    with zipfile.ZipFile(path, "a", way) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", ("xl/media/a.bin", bytes(60_000_000)))
    assert "far too much for its size" in refused(open_workbook, path)


def test_a_workbook_may_not_be_larger_than_any_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 20_000)
    path = packed(tmp_path / "a.xlsx", ("xl/media/a.bin", bytes(15_000)), ("xl/media/b.bin", bytes(15_000)))
    assert "unpacks to too much" in refused(open_workbook, path)


def lying(path: Path, size: int) -> Path:
    """A workbook whose last member holds more than it states, here and in its directory."""
    content = bytes(50_000_000)
    stated = zlib.crc32(content[:size])
    packed(path, ("xl/media/a.bin", content))
    data = path.read_bytes()
    for old, new in ((len(content), size), (zlib.crc32(content), stated)):
        assert data.count(struct.pack("<I", old)) >= 2
        data = data.replace(struct.pack("<I", old), struct.pack("<I", new))
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.read("xl/media/a.bin")) == size, "whoever believes it sees nothing"
    return path


def test_what_an_archive_states_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lying(tmp_path / "a.xlsx", 100)
    monkeypatch.setattr(archives, "MOST_RATIO", 10**9)
    assert "wrong sizes" in refused(open_workbook, path)


def test_many_members_are_refused(tmp_path: Path) -> None:
    members = [(f"xl/{number}", b"") for number in range(archives.MOST_MEMBERS + 1)]
    assert "members" in refused(open_workbook, packed(tmp_path / "a.xlsx", *members))


@pytest.mark.parametrize("name", ["../evil", "xl/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "xl/a\0.xml"])
def test_names_that_reach_outside(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "a.xlsx", ("xl/" + "n" * (len(name) - 3), b"x"))
    path.write_bytes(path.read_bytes().replace(b"xl/" + b"n" * (len(name) - 3), name.encode()))
    assert "outside" in refused(open_workbook, path)


def test_links_and_twins(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("xl/link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "symbolic link" in refused(open_workbook, packed(tmp_path / "a.xlsx", (link, b"/etc/passwd")))
    with pytest.warns(UserWarning, match="Duplicate"):
        path = packed(tmp_path / "b.xlsx", ("xl/workbook.xml", b"<a/>"))
    assert "one name" in refused(open_workbook, path)


def test_unusual_and_encrypted_members(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", ("xl/a", b"x" * 100), way=zipfile.ZIP_LZMA)
    assert "unusual" in refused(open_workbook, path)
    path = packed(tmp_path / "b.xlsx", ("xl/a", b"x" * 100))
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\1\2")
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(open_workbook, path)


ENTITIES = [
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>',
    b" " * (archives.CHUNK - 20) + b"<!-- --><!DOCTYPE a><a/>",
    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16"),
    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16-be"),
]


@pytest.mark.parametrize("xml", ENTITIES, ids=["file", "laughs", "across parts", "utf-16", "utf-16-be"])
def test_xml_has_no_entities(tmp_path: Path, xml: bytes) -> None:
    path = packed(tmp_path / "a.xlsx", ("xl/comments1.xml", xml))
    assert "document type" in refused(open_workbook, path)


def test_a_picture_may_hold_what_it_likes(tmp_path: Path) -> None:
    assert open_workbook(packed(tmp_path / "a.xlsx", ("xl/media/a.png", b"<!DOCTYPE"), ("xl/b.bin", b"")))


def test_a_broken_archive(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    data = path.read_bytes()
    for cut in (10, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:cut])
        assert "broken" in refused(open_workbook, path)
    for flipped in range(40, len(data), 97):
        path.write_bytes(data[:flipped] + bytes([data[flipped] ^ 0xFF]) + data[flipped + 1 :])
        try:
            open_workbook(path)
        except InputError:
            continue


# — map files


def test_a_view_is_no_layer(tmp_path: Path) -> None:
    path = map_file(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as file:
        file.execute("ALTER TABLE parcels RENAME TO real")
        file.execute("CREATE VIEW parcels AS SELECT fid, geom, load_extension('/tmp/evil.so') AS a FROM real")
    file.close()
    assert "view" in refused(open_vector, path)


def test_a_table_of_its_own_is_no_view(tmp_path: Path) -> None:
    path = map_file(tmp_path / "a.gpkg")
    endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT 'x' AS table_name FROM n"
    with sqlite3.connect(path) as file:
        file.execute("ALTER TABLE gpkg_contents RENAME TO real")
        file.execute(f"CREATE VIEW gpkg_contents AS {endless} WHERE i = 2")
    file.close()
    assert "view" in refused(open_vector, path)


def test_virtual_tables_bring_code_of_their_own(tmp_path: Path) -> None:
    path = map_file(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as file:
        file.execute("CREATE VIRTUAL TABLE evil USING fts5(a)")
    file.close()
    assert "virtual" in refused(open_vector, path)


def test_triggers_do_not_run(tmp_path: Path) -> None:
    path = map_file(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE noted (a)")
        for event in ("INSERT", "UPDATE", "DELETE"):
            file.execute(f"CREATE TRIGGER t_{event} AFTER {event} ON parcels BEGIN INSERT INTO noted VALUES (1); END")
    file.close()
    before = path.read_bytes()
    assert [len(batch) for batch in open_vector(path).batches(["a"])] == [1]
    assert path.read_bytes() == before


PIPELINE = '{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read %s"}'
ESRI = '{"geometryType":"esriGeometryPoint","spatialReference":{"wkid":4326},"features":[{"attributes":{"a":1}}]}'


def test_gdal_takes_no_other_driver(tmp_path: Path) -> None:
    secret = tmp_path / "secret.geojson"
    secret.write_text(COLLECTION % "")
    for content in (PIPELINE % secret, ESRI, '{"type":"Topology","objects":{}}', "{}", "{"):
        path = tmp_path / "a.json"
        path.write_text(content)
        refused(open_vector, path)
    assert "GDALG" in pyogrio.list_drivers(), "else this proves nothing"


CRS = '"crs":%s,'
LINKS = [
    '{"type":"link","properties":{"href":"%s"}}',
    '{"type":"url","properties":{"url":"%s"}}',
    '{"type":"name","properties":{"name":"%s"}}',
    '{"properties":{"name":"EPSG:4326","href":"%s"},"type":"link"}',
    '{"type":"name","type":"link","properties":{"name":"urn:x","href":"%s"}}',
]


@pytest.mark.parametrize("crs", LINKS)
@pytest.mark.parametrize("name", ["crs", "CRS", "\\u0063rs", "c\\u0072\\u0073"])
def test_no_crs_is_asked_for(tmp_path: Path, crs: str, name: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(COLLECTION % f'"{name}" : {crs % "http://127.0.0.1:1/x"},')
    assert "EPSG" in refused(open_vector, path)


@pytest.mark.parametrize("crs", ["urn:ogc:def:crs:EPSG::9210", "EPSG:9210", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_a_crs_is_given_by_its_name(tmp_path: Path, crs: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(COLLECTION % f'"crs": {{ "type": "name", "properties": {{ "name": "{crs}" }} }},')
    assert open_vector(path).crs is not None


def test_gdal_reaches_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "a.geojson"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        link = LINKS[0] % f"http://127.0.0.1:{server.getsockname()[1]}/x"
        path.write_text(COLLECTION % (CRS % link))
        with confined():
            pyogrio.read_info(f"GeoJSON:{path}")
        with pytest.raises(TimeoutError):
            server.accept()
