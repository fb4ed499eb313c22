"""Parcels from map files: what comes in, what is refused, and that the same again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.affinity
from psycopg import Connection

from gisland.database import run
from gisland.errors import Conflict, GislandError, InputError, UsageError
from gisland.intake.formats import vector
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import Report
from gisland.intake.rows import RowErrors
from gisland.registry.parcel_code import METHOD_VERSION, is_parcel_code
from gisland.registry.units import NewUnit, add_unit
from gisland.settings import Settings
from tests.factories import make_change, one
from tests.intake.files import begun_ward, copy_shapefile, parcel, square, write_parcels


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward without parcels."""
    with begun_ward(server, tmp_path_factory.mktemp("ward")) as settings:
        yield settings


def take_in(settings: Settings, path: Path, **options: str | bool | None) -> Report:
    return intake_parcels(settings, path, "11311", by="cli:test", **options)  # type: ignore[arg-type]


def refused(settings: Settings, path: Path, connection: Connection, **options: str | None) -> str:
    """The message of a refusal; nothing was written."""
    with pytest.raises(GislandError) as caught:
        take_in(settings, path, **options)
    assert caught.value.exit_code != 0
    for table in ("registry.parcel", "registry.map_sheet", "intake.batch", "intake.source_row"):
        assert one(connection, f"SELECT count(*) FROM {table}") == 0
    assert one(connection, "SELECT count(*) FROM registry.change WHERE kind = 'import'") == 0
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp"])
def test_formats(ward: Settings, app_connection: Connection, tmp_path: Path, suffix: str) -> None:
    rows = [parcel(1), parcel(2, kyhieumucd="ODT+CLN", dtpl=99.9), parcel(3, dtpl=None)]
    report = take_in(ward, write_parcels(tmp_path / f"thua{suffix}", rows), source_crs="EPSG:9210")
    assert (report.counts["new"], report.written) == (3, True)
    query = """
        SELECT parcel_no, sheet_no, scale, parcel.srid, area_m2, legal_area_m2::float8, address, code,
               (SELECT array_agg(land_type ORDER BY seq) FROM registry.land_use WHERE parcel_id = parcel.id)
          FROM registry.parcel JOIN registry.map_sheet sheet ON sheet.id = map_sheet_id
          JOIN registry.residential_group g ON g.id = residential_group_id ORDER BY parcel.id
    """
    first, second, third = app_connection.execute(query).fetchall()
    assert first == ("1", "1", 500, 9210, 100.0, 100.0, "Số 1 phố Thử Nghiệm", "01", ["ODT"])
    assert second[5] == 99.9
    assert second[8] == ["ODT", "CLN"]
    assert third[5] is None


def test_coordinates_stay_bit_exact(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    corners = shapely.get_coordinates(square(1)) + np.concatenate([random.random((4, 2)), np.zeros((1, 2))])
    corners[-1] = corners[0]
    shape = shapely.MultiPolygon([shapely.Polygon(corners), square(5)])
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1, shape)]))
    stored = one(app_connection, "SELECT ST_AsBinary(geom) FROM registry.parcel")
    assert shapely.from_wkb(bytes(stored)) == shape
    assert (
        shapely.get_coordinates(shapely.from_wkb(bytes(stored))).tobytes() == shapely.get_coordinates(shape).tobytes()
    )


def test_the_same_again_changes_nothing(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [parcel(number) for number in range(1, 6)]
    take_in(ward, write_parcels(tmp_path / "a.gpkg", rows))
    again = take_in(ward, tmp_path / "a.gpkg")
    # Saved anew, in another format and order: other bytes, the same rows.
    resaved = take_in(ward, write_parcels(tmp_path / "b.geojson", rows[::-1]), source_crs="EPSG:9210")
    for report in (again, resaved):
        assert (report.counts["new"], report.counts["changed"], report.counts["unchanged"]) == (0, 0, 5)
        assert not report.written
        assert "Không có gì thay đổi" in str(report)
    assert one(app_connection, "SELECT count(*) FROM intake.batch") == 1
    assert one(app_connection, "SELECT max(version) FROM registry.parcel") == 1
    assert one(app_connection, "SELECT count(*) FROM audit.event WHERE tag = 'parcels:imported'") == 1


def test_changes_are_taken_and_corrections_are_kept(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1), parcel(2)]))
    new = [parcel(1, dtpl=111.0, kyhieumucd="CLN", tdp="02"), parcel(2, square(2, size=9.5)), parcel(3)]
    report = take_in(ward, write_parcels(tmp_path / "b.gpkg", new))
    assert (report.counts["new"], report.counts["changed"]) == (1, 2)
    query = """
        SELECT legal_area_m2::float8, area_m2,
               (SELECT string_agg(land_type, '+') FROM registry.land_use WHERE parcel_id = parcel.id)
          FROM registry.parcel ORDER BY parcel_no
    """
    assert app_connection.execute(query).fetchall()[:2] == [(111.0, 100.0, "CLN"), (100.0, 90.25, "ODT")]

    app_connection.execute("UPDATE registry.parcel SET legal_area_m2 = 50 WHERE parcel_no = '1'")
    app_connection.commit()
    # The old file again: a row that was accepted once comes back never, whatever has happened since.
    assert take_in(ward, tmp_path / "a.gpkg").counts["unchanged"] == 2
    # A newer file that does not know of the correction.
    report = take_in(ward, write_parcels(tmp_path / "c.gpkg", [parcel(1, dtpl=123.0), parcel(2, dtpl=77.0)]))
    assert (report.counts["changed"], report.counts["conflicts"]) == (1, 1)
    assert "tờ 1 thửa 1 (dòng 1)" in str(report)
    found = app_connection.execute("SELECT legal_area_m2::int FROM registry.parcel ORDER BY parcel_no").fetchall()
    assert found == [(50,), (77,), (100,)]


def test_a_retired_number_does_not_come_back(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1)]))
    app_connection.execute("UPDATE registry.parcel SET retired_by = created_by")
    app_connection.commit()
    report = take_in(ward, write_parcels(tmp_path / "b.gpkg", [parcel(1, dtpl=5.0)]))
    assert report.counts["conflicts"] == 1
    assert one(app_connection, "SELECT count(*) FROM registry.parcel") == 1


def test_dry_run_writes_nothing(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    report = take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1)]), dry_run=True)
    assert report.counts["new"] == 1
    assert "DRY RUN" in str(report)
    for table in ("registry.parcel", "registry.map_sheet", "intake.batch"):
        assert one(app_connection, f"SELECT count(*) FROM {table}") == 0
    assert one(app_connection, "SELECT publish.feature_count('parcels')") == 0


@pytest.mark.parametrize(
    ("crs", "off", "hint"),
    [
        ("EPSG:9209", "26 km", "--source-crs EPSG:9210"),
        ("EPSG:3405", "78 km", "--source-crs EPSG:9210"),
        ("EPSG:4326", "", "--source-crs EPSG:9210"),
    ],
)
def test_wrong_crs_is_found(
    ward: Settings, app_connection: Connection, tmp_path: Path, crs: str, off: str, hint: str
) -> None:
    path = write_parcels(tmp_path / "a.gpkg", [parcel(1), parcel(2)], crs=crs)
    message = refused(ward, path, app_connection)
    assert off in message
    assert hint in message
    assert "\n" not in message


def test_swapped_axes_are_found(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    swapped = shapely.transform(square(1), lambda xy: xy[:, ::-1])
    message = refused(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1, swapped)]), app_connection)
    assert "X và Y bị đảo" in message


def test_without_prj_the_crs_must_be_given(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    path = write_parcels(tmp_path / "a.shp", [parcel(1)])
    bare = copy_shapefile(path, tmp_path / "bare", without=".prj")
    assert "--source-crs EPSG:9210" in refused(ward, bare, app_connection)
    assert take_in(ward, bare, source_crs="9210").counts["new"] == 1


@pytest.mark.parametrize("suffix", [".dbf", ".shx"])
def test_a_lost_part_of_a_shapefile_is_named(
    ward: Settings, app_connection: Connection, tmp_path: Path, suffix: str
) -> None:
    path = copy_shapefile(write_parcels(tmp_path / "a.shp", [parcel(1)]), tmp_path / "part", without=suffix)
    assert f"a{suffix}" in refused(ward, path, app_connection)


def test_bad_rows_are_told_all_at_once(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    bow = shapely.Polygon([(594000, 2309000), (594010, 2309010), (594010, 2309000), (594000, 2309010)])
    far = shapely.transform(square(1), lambda xy: xy + 9000)
    open_ring = (
        bytes.fromhex("01030000000100000004000000")
        + np.array([594000.0, 2309000, 594010, 2309000, 594010, 2309010, 594000, 2309010]).tobytes()
    )
    rows = [
        *[parcel(number) for number in range(1, 11)],
        parcel(11, bow),
        parcel(12, square(12).centroid),
        parcel(13, shapely.Polygon()),
        parcel(14, far),
        parcel(""),
        parcel(3, square(20)),
    ]
    # A GeoPackage keeps an unclosed ring as it is; text columns keep words where numbers should be.
    rows = [row | {"shthua": str(row["shthua"]), "dtpl": str(row["dtpl"]), "tyle": str(row["tyle"])} for row in rows]
    rows[0]["dtpl"] = "một trăm"
    rows[1]["tyle"] = "1 phần 500"
    rows[4]["geometry"] = open_ring
    path = write_parcels(tmp_path / "a.gpkg", rows)
    with pytest.raises(RowErrors) as caught:
        take_in(ward, path)
    lines = str(caught.value).split("\n")
    told = {error.where["row"] for error in caught.value.errors}
    assert told == {1, 2, 5, 11, 12, 13, 14, 15, 16}
    assert len(lines) == 9
    assert all("a.gpkg" in line for line in lines)
    assert any("“một trăm”" in line and "column dtpl" in line for line in lines)
    assert any("dòng 3" in line for line in lines)  # the twin of row 16
    assert one(app_connection, "SELECT count(*) FROM registry.parcel") == 0


def test_missing_columns_name_the_headers_that_would_do(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    path = write_parcels(tmp_path / "a.gpkg", [parcel(1)], drop=["shthua"])
    message = refused(ward, path, app_connection)
    assert "số thửa" in message
    assert "so_thua" in message


def test_headers_are_matched_without_case_and_accents(ward: Settings, tmp_path: Path) -> None:
    row = {"Tờ bản đồ": "12", "SO_THUA": "007", "Mục đích": "ODT", "geometry": square(1)}
    report = take_in(ward, write_parcels(tmp_path / "a.gpkg", [row]))
    assert report.counts["new"] == 1


def test_files_that_are_no_maps(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_text("this is no GeoPackage")
    assert "a.gpkg" in refused(ward, tmp_path / "a.gpkg", app_connection)
    (tmp_path / "a.docx").touch()
    assert "GPKG" in refused(ward, tmp_path / "a.docx", app_connection)
    assert "không có tệp" in refused(ward, tmp_path / "none.shp", app_connection)


def test_layers_must_be_named_when_there_are_several(ward: Settings, tmp_path: Path) -> None:
    path = write_parcels(tmp_path / "a.gpkg", [parcel(1)], layer="cu")
    write_parcels(path, [parcel(2)], layer="moi", append=True)
    with pytest.raises(UsageError, match="cu, moi"):
        take_in(ward, path)
    assert take_in(ward, path, layer="moi").counts["new"] == 1


def test_a_sheet_keeps_its_crs(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1)]))
    app_connection.execute("DELETE FROM registry.land_use")
    app_connection.execute(
        "INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, srid) SELECT id, '9', 500, 9209 FROM registry.unit"
    )
    app_connection.commit()
    with pytest.raises(Conflict, match="EPSG:9209"):
        take_in(ward, write_parcels(tmp_path / "b.gpkg", [parcel(1, sheet="9")]))


def test_sheets_have_the_names_that_a_file_says(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    def names() -> dict[str, str]:
        with app_connection.transaction():
            return dict(app_connection.execute("SELECT sheet_no, name FROM registry.map_sheet").fetchall())

    path = tmp_path / "a.geojson"
    rows = [parcel(number, sheet="1") for number in (1, 2, 3)] + [parcel(4, sheet="2")]
    take_in(ward, write_parcels(path, rows))
    assert names() == {"1": "", "2": ""}
    # A later file names sheets that have no name, when most rows of a sheet say it. Else it changes nothing.
    said = ["310593-2-(13)", " 310593 - 2 - (13) ", "310593-2-(14)", ""]
    named = [row | {"mahieu": name} for row, name in zip(rows, said, strict=True)]
    report = take_in(ward, write_parcels(path, named))
    assert report.counts["unchanged"] == 4
    assert report.written
    assert names() == {"1": "310593-2-(13)", "2": ""}
    assert any(
        "several names for a sheet: tờ 1 (1:500)" in remark and "tờ 2" not in remark for remark in report.remarks
    )
    with app_connection.transaction():
        assert one(app_connection, "SELECT array_agg(name) FROM history.map_sheet WHERE sheet_no = '1'") == [""]
        assert one(app_connection, "SELECT count(*) FROM audit.event WHERE tag = 'parcels:imported'") == 2
    # A new sheet has its name at once; another name of a file is told; codes of parcels, or ids, name no sheet.
    other = [parcel(9, sheet="3"), parcel(10, sheet="1"), parcel(11, sheet="4"), parcel(12, sheet="4")]
    said = ["310593-2-(15)", "x", "999123456789", "999123456780"]
    more = [row | {"Phiên hiệu mảnh": name} for row, name in zip(other, said, strict=True)]
    report = take_in(ward, write_parcels(path, more))
    assert any("tờ 1 (1:500): x ≠ 310593-2-(13)" in remark for remark in report.remarks)
    assert names() == {"1": "310593-2-(13)", "2": "", "3": "310593-2-(15)", "4": ""}

    # Somebody finds the name wrong and takes it away: the same file does not bring it back.
    def correct(connection: Connection) -> None:
        make_change(connection, one(connection, "SELECT min(id) FROM registry.unit"))
        connection.execute("UPDATE registry.map_sheet SET name = '' WHERE sheet_no = '1'")

    run(ward, correct)
    assert not take_in(ward, write_parcels(path, named)).written
    assert names()["1"] == ""


def test_memory_stays_flat_over_batches(
    ward: Settings, app_connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small batches give the same result as one large one, with the right row numbers."""
    monkeypatch.setattr(vector, "BATCH_ROWS", 4)
    rows = [parcel(number) for number in range(1, 11)]
    seen: list[int] = []
    intake_parcels(ward, write_parcels(tmp_path / "a.gpkg", rows), "11311", by="t", advance=lambda n, _: seen.append(n))
    assert seen == [4, 8, 10]
    assert one(app_connection, "SELECT count(*) FROM registry.parcel") == 10
    with pytest.raises(InputError, match="row 9"):
        take_in(ward, write_parcels(tmp_path / "b.gpkg", [*rows[:8], parcel(9, sheet="")]))


def test_french_cadastre(settings: Settings, app_connection: Connection, shared_data: Path) -> None:
    """4,241 real parcels in degrees into sheets in Lambert 93; figures are those of the data's README."""
    box = shapely.MultiPolygon([shapely.box(2.2999, 48.6572, 2.3392, 48.6864)])
    unit = NewUnit("91216", "Épinay-sur-Orge", srid=2154, boundary=box)
    add_unit(app_connection, unit, "test")
    app_connection.commit()
    path = shared_data / "cadastre-fr" / "cadastre-91216-parcelles.json"
    report = intake_parcels(settings, path, "91216", by="test")
    assert (report.counts["new"], report.layout) == (4241, "cadastre-fr")
    query = """
        SELECT count(*), count(DISTINCT map_sheet_id), count(*) FILTER (WHERE legal_area_m2 IS NULL),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY area_m2 / legal_area_m2),
               min(area_m2 / legal_area_m2), max(area_m2 / legal_area_m2) FROM registry.parcel
    """
    row = app_connection.execute(query).fetchone()
    assert row is not None
    assert row[:3] == (4241, 15, 1)
    assert [round(value, places) for value, places in zip(row[3:], (3, 2, 2), strict=True)] == [1.001, 0.26, 2.75]
    assert not intake_parcels(settings, path, "91216", by="test").written


def codes(connection: Connection) -> list[tuple[str | None, int | None]]:
    query = "SELECT parcel_code, parcel_code_method FROM registry.parcel ORDER BY parcel_no::int"
    return connection.execute(query).fetchall()


def test_parcels_get_a_code_once(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1), parcel(2)]))
    first, second = codes(app_connection)
    assert is_parcel_code(first[0] or "")
    assert (first[0] != second[0], first[1], second[1]) == (True, METHOD_VERSION, METHOD_VERSION)
    # Another boundary is no reason for another code.
    moved = parcel(1) | {"geometry": shapely.affinity.translate(parcel(1)["geometry"], 0.5, 0)}
    report = take_in(ward, write_parcels(tmp_path / "b.gpkg", [moved, parcel(2)]))
    assert report.counts["changed"] == 1
    app_connection.rollback()
    assert codes(app_connection) == [first, second]


def test_a_supplied_code_wins(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_parcels(tmp_path / "a.gpkg", [parcel(1), parcel(2)]))
    rows = [
        parcel(1, ma_dinh_danh="W7EYEW652JVM"),
        parcel(2, ma_dinh_danh=None),
        parcel(3, ma_dinh_danh="w7eyew652jvq"),
    ]
    take_in(ward, write_parcels(tmp_path / "b.gpkg", rows))
    found = codes(app_connection)
    assert (found[0], found[2]) == (("w7eyew652jvm", None), ("w7eyew652jvq", None))
    assert found[1][1] == METHOD_VERSION


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("w7eyew652jv", None), "no parcel code"),
        (("w7eyew652jva", None), "no parcel code"),
        (("w7eyew652jvm", "w7eyew652jvm"), "another parcel's"),
    ],
)
def test_codes_that_are_refused(
    ward: Settings, app_connection: Connection, tmp_path: Path, given: tuple[str, str | None], message: str
) -> None:
    rows = [parcel(number, ma_dinh_danh=code) for number, code in enumerate(given, start=1)]
    assert message in refused(ward, write_parcels(tmp_path / "a.gpkg", rows), app_connection)


def test_parcels_in_one_place_have_one_code(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    twice = [parcel(1), parcel(2) | {"geometry": parcel(1)["geometry"]}]
    report = take_in(ward, write_parcels(tmp_path / "a.gpkg", twice))
    assert "parcel code taken, left empty: 1" in str(report)
    assert codes(app_connection)[1] == (None, None)
