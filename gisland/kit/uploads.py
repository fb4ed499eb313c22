"""Files that others made, looked at before a reader opens them: are they of the kind that their name says?

Readers guess from what a file holds. GDAL would take a `.geojson` for a virtual dataset that names other files and
addresses, or for a pipeline to run; it is told which driver to take besides
(`gisland.kit.gdal`).
"""

from __future__ import annotations

import mmap
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gisland.errors import InputError, NotFound
from gisland.kit.archives import check_archive
from gisland.kit.identifiers import mask_ids

_ZIP, _COMPOUND, _SQLITE = b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\0"
_SHP = b"\0\0\x27\x0a"
# dBase III to Visual FoxPro, with and without memo file.
_DBF = tuple(bytes([version]) for version in (0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8E, 0xF5))
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    ".xlsx": (_ZIP,),
    ".xlsm": (_ZIP,),
    ".ods": (_ZIP,),
    ".xls": (_COMPOUND,),
    ".gpkg": (_SQLITE,),
    ".shp": (_SHP,),
    ".shx": (_SHP,),
    ".dbf": _DBF,
    ".geojson": (b"{",),
    ".json": (b"{",),
}
WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
_TEXTS = {".geojson", ".json"}
_MAKERS = {_ZIP: "zip, xlsx", _COMPOUND: "xls", _SQLITE: "gpkg", _SHP: "shp", b"<": "XML, HTML", b"%PDF": "pdf"}
# Tables that a GeoPackage keeps for itself, among them virtual ones of its own index (R*Tree).
_VIRTUAL = """
    SELECT 1 FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%' AND sql NOT LIKE '%USING rtree%' LIMIT 1"""
# Views in the place of its own tables come first: the second question reads one of these.
_VIEWS = (
    "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND lower(name) LIKE 'gpkg%' LIMIT 1",
    """
    SELECT 1 FROM gpkg_contents JOIN sqlite_schema thing ON lower(thing.name) = lower(table_name)
     WHERE thing.type = 'view' LIMIT 1""",
)
# The member that names the CRS, however it is written, and what may stand in it: a name, and no address to be asked.
_CRS = re.compile(rb'"(?:[cC]|\\u00[46]3)(?:[rR]|\\u00[57]2)(?:[sS]|\\u00[57]3)"\s*:\s*(?=[{\["])')
_CRS_NAME = re.compile(
    rb'\{\s*"type"\s*:\s*"name"\s*,\s*"properties"\s*:\s*'
    rb'\{\s*"name"\s*:\s*"(?:urn:|EPSG:|OGC:|http://www\.opengis\.net/def/crs/)[^"\\]{0,200}"\s*\}\s*\}'
)


def check_upload(path: Path, kinds: set[str]) -> None:
    """That a file is what its suffix says, and safe to be read.

    Args:
        path: the file.
        kinds: suffixes that are taken in here, in lower case with their dot.

    Raises:
        NotFound: there is no such file.
        InputError: it is of another kind, or made to do harm to its reader.
    """
    if not path.is_file():
        raise NotFound(f"không có tệp {mask_ids(path.name)} · there is no such file")
    suffix = path.suffix.lower()
    if suffix not in kinds:
        known = ", ".join(sorted(kind.removeprefix(".").upper() for kind in kinds))
        raise InputError("không nhận loại tệp này · this kind of file is not taken in", hint=known, file=path.name)
    for part in [path] if suffix != ".shp" else _shapefile(path):
        _check_beginning(part)
    if suffix in {".xlsx", ".xlsm", ".ods"}:
        check_archive(path)
    elif suffix == ".gpkg":
        _check_geopackage(path)
    elif suffix in _TEXTS:
        _check_geojson(path)


def _shapefile(path: Path) -> Iterator[Path]:
    return (each for each in path.parent.iterdir() if each.stem == path.stem and each.suffix.lower() in _BEGINNINGS)


def _check_beginning(path: Path) -> None:
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            begin = file.read(4096)
    except OSError:
        raise InputError("không đọc được tệp · the file cannot be read", file=path.name) from None
    if suffix in _TEXTS:
        begin = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(_BEGINNINGS[suffix]):
        return
    if suffix in {".xlsx", ".xlsm"} and begin.startswith(_COMPOUND):
        raise InputError(
            "tệp đặt mật khẩu, hoặc là .xls đổi tên · it is protected by a password, or a renamed .xls",
            hint="bỏ mật khẩu và lưu lại dạng .xlsx · save it as .xlsx without password",
            file=path.name,
        )
    seen = next((kind for magic, kind in _MAKERS.items() if begin.lstrip().startswith(magic)), "không rõ · unknown")
    raise InputError(
        f"nội dung không phải {suffix} · it holds something else than {suffix}: {seen}",
        hint="mở bằng phần mềm đã tạo ra và lưu đúng định dạng · save it in the format that its name says",
        file=path.name,
    )


def _check_geopackage(path: Path) -> None:
    """That reading the layers of a GeoPackage runs no SQL or code of whoever made it.

    Triggers run when rows are written, which nobody does here: the file is opened to be read. Views run when they are
    read, and virtual tables bring code of their own.
    """
    # immutable: no journal that lies beside it is rolled into it.
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as file:
            file.execute("PRAGMA trusted_schema = OFF")
            file.execute("PRAGMA cell_size_check = ON")
            virtual = file.execute(_VIRTUAL).fetchone()
            view = any(file.execute(query).fetchone() for query in _VIEWS)
    except sqlite3.Error:
        raise InputError(
            "GeoPackage bị hỏng · the GeoPackage is broken",
            hint="mở thử và lưu lại bằng QGIS · open it in QGIS and save it anew",
            file=path.name,
        ) from None
    if virtual or view:
        what = "có bảng ảo · it has virtual tables" if virtual else "lớp là khung nhìn (view) · a layer of it is a view"
        raise InputError(
            what, hint="xuất lớp ra GPKG mới bằng QGIS · export the layer to a new GPKG in QGIS", file=path.name
        )


def _check_geojson(path: Path) -> None:
    """That a GeoJSON file names its CRS by a name; GDAL would ask for what an address says."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for found in _CRS.finditer(text):
            if _CRS_NAME.match(text, found.end()) is None:
                raise InputError(
                    "hệ toạ độ không ghi bằng tên EPSG · its CRS is not given by an EPSG name",
                    hint='"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9210"}}',
                    file=path.name,
                )
