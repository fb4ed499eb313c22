"""`gisland intake …` as it is typed: what is wrong is told in lines, what is tried writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from gisland.settings import Settings
from tests.commands import gisland
from tests.factories import one
from tests.intake.files import begun_ward, copy_shapefile, form_row, parcel, write_form, write_parcels
from tests.intake.test_interrupts import LEFT


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward with parcels 1–3."""
    with begun_ward(server, tmp_path_factory.mktemp("ward"), [parcel(number) for number in (1, 2, 3)]) as settings:
        yield settings


def without_dbf(folder: Path) -> Path:
    return copy_shapefile(write_parcels(folder / "a.shp", [parcel(4)]), folder / "part", without=".dbf")


def no_workbook(folder: Path) -> Path:
    path = folder / "a.xlsx"
    path.write_bytes(b"this is no workbook")
    return path


# A file, and what its one line says: where, what, and how to mend it.
BAD: dict[str, tuple[Callable[[Path], Path], list[str]]] = {
    "wrong CRS": (
        lambda folder: write_parcels(folder / "a.gpkg", [parcel(4)], crs="EPSG:9209"),
        ["a.gpkg", "26 km", "--source-crs EPSG:9210"],
    ),
    "missing .dbf": (without_dbf, ["a.shp", "a.dbf"]),
    "not a spreadsheet": (no_workbook, ["a.xlsx", ".xlsx"]),
    "missing column": (
        lambda folder: write_parcels(folder / "a.gpkg", [parcel(4)], drop=["shthua"]),
        ["a.gpkg", "so_thua"],
    ),
    "text in a number": (
        lambda folder: write_parcels(folder / "a.gpkg", [parcel(4) | {"dtpl": "một trăm"}]),
        ["a.gpkg", "row 1", "column dtpl", "“một trăm”"],
    ),
    "text in a number of a form": (
        lambda folder: write_form(folder / "a.xlsx", [form_row(1, **{"Diện tích thửa": "một trăm"})]),
        ["a.xlsx", "row 7", "diện tích thửa"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_line(
    settings: Settings, app_connection: Connection, tmp_path: Path, name: str
) -> None:
    make, says = BAD[name]
    path = make(tmp_path)
    before = app_connection.execute(LEFT).fetchone()
    kind = "form" if path.suffix == ".xlsx" else "parcels"
    said = gisland(settings, "intake", kind, path, "--ward", "11311")
    assert said.returncode == 7, said
    assert said.stdout == ""
    (line,) = [each for each in said.stderr.splitlines() if "lỗi / error" in each]
    assert "Traceback" not in said.stderr
    assert all(each in line for each in says), line
    app_connection.rollback()
    assert app_connection.execute(LEFT).fetchone() == before


def test_a_trial_writes_nothing_and_counts(settings: Settings, app_connection: Connection, tmp_path: Path) -> None:
    before = app_connection.execute(LEFT).fetchone()
    # Without a .prj it must be said what the coordinates are.
    path = copy_shapefile(write_parcels(tmp_path / "a.shp", [parcel(4), parcel(5)]), tmp_path / "b", without=".prj")
    words = ["intake", "parcels", path, "--ward", "11311", "--source-crs", "EPSG:9210"]
    tried = gisland(settings, *words, "--dry-run")
    assert (tried.returncode, "DRY RUN" in tried.stdout) == (0, True)
    form = write_form(tmp_path / "f.xlsx", [form_row(1), form_row(2)])
    tried = gisland(settings, "intake", "form", form, "--ward", "11311", "--dry-run")
    assert (tried.returncode, "DRY RUN" in tried.stdout) == (0, True)
    app_connection.rollback()
    assert app_connection.execute(LEFT).fetchone() == before
    taken = gisland(settings, *words)
    assert (taken.returncode, "DRY RUN" in taken.stdout) == (0, False)
    app_connection.rollback()
    assert one(app_connection, "SELECT count(*) FROM registry.parcel") == 5


def test_real_parcels_of_another_country(settings: Settings, app_connection: Connection, shared_data: Path) -> None:
    path = shared_data / "cadastre-fr" / "cadastre-91216-parcelles.json"
    box = "2.2999,48.6572,2.3392,48.6864"
    words = ["unit", "add", "91216", "--name", "Épinay-sur-Orge", "--srid", "2154", "--bbox", box]
    assert gisland(settings, *words).returncode == 0
    done = gisland(settings, "intake", "parcels", path, "--ward", "91216")
    assert done.returncode == 0, done
    app_connection.rollback()
    assert one(app_connection, "SELECT count(*) FROM registry.parcel WHERE srid = 2154") == 4241
