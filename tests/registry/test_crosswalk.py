"""What a code meant at a date: the reform of 2025 is taken over once, one to many stays so, codes are reused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from psycopg import Connection

from gisland.database import Role, connect, run
from gisland.errors import Conflict, NotFound
from gisland.intake.forms import intake_form
from gisland.registry.crosswalk import crosswalk, former_codes, predecessors, successors
from gisland.registry.reform_accept import ReformFiles, accept_reform
from gisland.registry.units import NewUnit, add_unit, find_unit, same_name
from gisland.settings import Settings
from tests import commands
from tests.conftest import clone_of
from tests.factories import make_ward, one
from tests.intake.files import form_row, write_form
from tests.live import LiveServer
from tests.registry.conftest import Api

BEFORE = date(2025, 6, 30)
HONG_BANG = ["11299", "11302", "11305", "11311", "11320", "11323", "11341"]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "vn-admin-2025"


@pytest.fixture(scope="module")
def files(folder: Path) -> ReformFiles:
    names = ("provinces-wards-3321.json", "new-to-old-merges.json", "old-to-new-splits.json")
    return ReformFiles.read(*(folder / name for name in names))


@pytest.fixture(scope="module")
def country(server: Settings, files: ReformFiles) -> Iterator[Settings]:
    """A registry that had the ward 11311 and then took over the reform of the whole country."""
    with clone_of(server) as settings:
        run(settings, lambda connection: add_unit(connection, NewUnit("11311", "Hồng Bàng", srid=9210), "test"))
        accept_reform(settings, files, by="test")
        yield settings


@pytest.fixture
def crossed(country: Settings) -> Iterator[Connection]:
    with connect(country, Role.APP) as connection:
        yield connection
        connection.rollback()


def test_the_whole_country_is_there(crossed: Connection) -> None:
    query = "SELECT level, valid_to IS NULL, count(*) FROM registry.unit GROUP BY 1, 2 ORDER BY 1, 2"
    assert crossed.execute(query).fetchall() == [
        ("district", False, 5),
        ("province", False, 63),
        ("province", True, 34),
        ("ward", False, 10_047),
        ("ward", True, 3321),
    ]
    assert one(crossed, "SELECT count(*) FROM registry.unit WHERE level <> 'province' AND parent_id IS NULL") == 0
    days = "SELECT DISTINCT valid_from, valid_to FROM registry.unit ORDER BY 1"
    reform = date(2025, 7, 1)
    assert crossed.execute(days).fetchall() == [(date(2004, 7, 8), reform), (reform, None)]
    changes = crossed.execute("SELECT kind, detail ->> 'former_added' FROM registry.change WHERE kind = 'reform'")
    assert changes.fetchall() == [("reform", "10115")]
    assert one(crossed, "SELECT count(*) FROM audit.event WHERE detail ->> 'kind' = 'reform'") == 1


def test_former_wards_of_hong_bang(crossed: Connection) -> None:
    found = predecessors(crossed, "11311")
    assert [each.code for each in found] == HONG_BANG
    assert {each.code: each.part for each in found} == dict.fromkeys(HONG_BANG, "full") | {"11341": "partial"}
    assert {each.province for each in found} == {"31"}


def test_a_code_that_is_used_again_means_what_it_meant(crossed: Connection) -> None:
    [then], [today] = crosswalk(crossed, "11311", date(2024, 1, 1)), crosswalk(crossed, "11311")
    assert (then.name, then.valid_to) == ("Phường Minh Khai", date(2025, 7, 1))
    assert (today.name, today.name_en, today.valid_to) == ("Hồng Bàng", "Hong Bang Ward", None)
    assert crosswalk(crossed, "11311", BEFORE) == [then]
    assert crosswalk(crossed, "11311", date(2025, 7, 1)) == [today]
    assert [(each.id, each.part) for each in successors(crossed, "11311", BEFORE)] == [(today.id, "full")]
    assert successors(crossed, "11311") == []
    with pytest.raises(NotFound, match="2004-07-08 – 2025-07-01, 2025-07-01"):
        crosswalk(crossed, "11311", date(1990, 1, 1))
    with pytest.raises(NotFound, match="99999"):
        crosswalk(crossed, "99999")


def test_a_split_ward_has_all_its_successors(crossed: Connection, files: ReformFiles) -> None:
    said = {link.new_code for link in files.splits if link.old_code == "11341"}
    found = successors(crossed, "11341", BEFORE)
    assert len(said) > 1
    assert {each.code for each in found} == said
    assert {each.part for each in found} == {"partial"}
    numbers = "SELECT n, count(*) FROM (SELECT count(*) AS n FROM registry.unit_successor s JOIN registry.unit o"
    numbers += " ON o.id = predecessor_id WHERE o.level = 'ward' GROUP BY o.id) c GROUP BY 1 ORDER BY 1"
    assert sum(n * count for n, count in crossed.execute(numbers)) == 10_599 - 6
    assert max(n for n, _ in crossed.execute(numbers)) == 5


def test_island_districts_and_provinces(crossed: Connection) -> None:
    [island] = successors(crossed, "318", BEFORE)
    assert (island.code, island.part) == ("11948", "full")
    assert [each.name for each in successors(crossed, "30", BEFORE)] == ["Thành phố Hải Phòng"]
    assert {each.code for each in predecessors(crossed, "31")} == {"30", "31"}


def test_the_ward_that_was_there_is_kept(country: Settings, crossed: Connection) -> None:
    unit = find_unit(crossed, "11311")
    assert (unit.name, unit.srid, unit.province) == ("Hồng Bàng", 9210, "31")
    # In the registry, but not in use: it has no CRS yet. The same again, as the README has it, changes nothing.
    new = NewUnit("11329", "Ngô Quyền", srid=9210, area_km2=11)
    assert find_unit(crossed, new.code).srid is None
    unit, written = add_unit(crossed, new, "test")
    assert written
    assert (unit.srid, unit.name, unit.area_km2, unit.province) == (9210, "Phường Ngô Quyền", 11, "31")
    assert add_unit(crossed, new, "test") == (unit, False)
    with pytest.raises(Conflict, match="name"):
        add_unit(crossed, replace(new, code="11359"), "test")
    with pytest.raises(Conflict, match="province"):
        add_unit(crossed, replace(new, code="11359", name="Gia Viên", province="01"), "test")


def test_the_same_files_again_change_nothing(country: Settings, crossed: Connection, files: ReformFiles) -> None:
    state = "SELECT (SELECT max(id) FROM registry.change), (SELECT max(id) FROM registry.unit), max(id)"
    state += " FROM registry.unit_successor"
    before = crossed.execute(state).fetchone()
    start = time.perf_counter()
    report = accept_reform(country, files, by="test")
    assert time.perf_counter() - start < 20
    assert not report.written
    assert "Nothing changes" in str(report)
    assert report.counts["kept"] == 34 + 3321 + 63 + 10_047 + 5
    assert crossed.execute(state).fetchone() == before


def test_disagreements_are_told(country: Settings, files: ReformFiles) -> None:
    text = str(accept_reform(country, files, by="test"))
    assert "names differ between the files (11): " in text
    assert "25270 Phường Lộc Ninh | Xã Lộc Ninh" in text
    assert "not linked: the file of units lacks the new code (6): " in text
    assert "06988 → 06970; 23938 → 23737" in text


def test_one_province_is_dry_run_then_written(
    settings: Settings, app_connection: Connection, files: ReformFiles
) -> None:
    make_ward(app_connection, "11302")  # of before: in force here, although the reform ended it
    app_connection.execute("UPDATE registry.unit SET name = 'Hoàng Văn Thụ'")
    app_connection.commit()
    report = accept_reform(settings, files, by="test", province="31", dry_run=True)
    assert report.written
    assert "DRY RUN" in str(report)
    assert one(app_connection, "SELECT count(*) FROM registry.unit") == 1
    assert accept_reform(settings, files, by="test", province="31").counts == report.counts
    levels = "SELECT level, count(*) FROM registry.unit WHERE valid_to IS NULL GROUP BY 1 ORDER BY 1"
    assert app_connection.execute(levels).fetchall() == [("province", 1), ("ward", 114 + 1)]
    again = str(accept_reform(settings, files, by="test", province="31"))
    assert "Nothing changes" in again
    assert "in force here, former in the files (1): 11302" in again
    assert "06978" not in again
    with pytest.raises(NotFound, match="99"):
        accept_reform(settings, files, by="test", province="99")
    # The others come later; what is there stays.
    rest = accept_reform(settings, files, by="test")
    assert rest.counts["added"] == 34 + 3321 - 115
    assert one(app_connection, "SELECT count(*) FROM registry.unit_successor") == 63 + 10_599 + 5 - 6


def test_another_name_here_is_told(settings: Settings, app_connection: Connection, files: ReformFiles) -> None:
    make_ward(app_connection)
    app_connection.execute("UPDATE registry.unit SET name = 'Minh Khai'")
    app_connection.commit()
    report = accept_reform(settings, files, by="test", province="31")
    assert "the files differ (1): 11311 Minh Khai | Phường Hồng Bàng" in str(report)
    assert find_unit(app_connection, "11311").name == "Minh Khai"


@pytest.mark.parametrize(
    ("one_name", "other", "same"),
    [
        ("Hồng Bàng", "Phường Hồng Bàng", True),
        ("Phường Bà Rịa", "bà rịa", True),
        ("Xã Hoà An", "Xã Hòa An", True),
        ("Xã Lộc Ninh", "Phường Lộc Ninh", False),
        ("Minh Khai", "Phường Hồng Bàng", False),
        ("Phường 1", "1", True),
    ],
)
def test_names_with_and_without_the_kind_of_unit(one_name: str, other: str, same: bool) -> None:
    assert same_name(one_name, other) is same
    assert same_name(other, one_name) is same


def test_forms_name_former_wards_by_themselves(country: Settings, crossed: Connection, tmp_path: Path) -> None:
    assert sorted(former_codes(crossed, find_unit(crossed, "11311").id)) == HONG_BANG
    rows = [form_row(1, **{"Mã ĐVHC cấp xã (2 cấp)": code}) for code in ("11299", "11341")]
    rows.append(form_row(2, **{"Mã ĐVHC cấp xã (2 cấp)": "11311"}))
    report = intake_form(country, write_form(tmp_path / "f.xlsx", rows), "11311", by="test", dry_run=True)
    assert "code of a former ward (2): dòng · row 7, 8" in str(report)


def test_rest(registry_server: LiveServer, api: Api, files: ReformFiles) -> None:
    accept_reform(registry_server.settings, files, by="test", province="31")
    then = api.client.get("units/crosswalk", params={"code": "11311", "on": "2024-01-01"}).json()
    assert [(each["name"], each["valid_to"]) for each in then] == [("Phường Minh Khai", "2025-07-01")]
    assert [(each["code"], each["name"], each["part"]) for each in then[0]["successors"]] == [
        ("11311", "Phường Hồng Bàng", "full")
    ]
    [now] = api.client.get("units/crosswalk", params={"code": "11311"}).json()
    assert [each["code"] for each in now["predecessors"]] == HONG_BANG
    for bad in ({"code": "11311", "on": "today"}, {}, {"code": "11311", "day": "2024-01-01"}):
        assert api.client.get("units/crosswalk", params=bad).status_code == 400
    assert api.client.get("units/crosswalk", params={"code": "99999"}).status_code == 404
    refused = api.post("units", level="district", code="303", name="Quận Hồng Bàng")
    assert (refused.status_code, refused.json()["constraint"]) == (422, "unit_no_district")


def test_command_line(settings: Settings, folder: Path) -> None:
    def gisland(*words: object) -> str:
        done = commands.gisland(settings, "unit", *words)
        return done.stdout + done.stderr

    files: tuple[object, ...] = ("--units", folder / "provinces-wards-3321.json")
    files += ("--merges", folder / "new-to-old-merges.json")
    files += ("--splits", folder / "old-to-new-splits.json", "--province", "31")
    assert "DRY RUN" in gisland("reform", *files, "--dry-run")
    assert "115  đơn vị nay, mới ghi · units of today, added" in gisland("reform", *files)
    assert "Nothing changes" in gisland("reform", *files)
    assert gisland("crosswalk", "11311", "--on", "2024-01-01").splitlines() == [
        "11311 Phường Minh Khai (2004-07-08 – 2025-07-01)",
        "  → 11311 Phường Hồng Bàng (2025-07-01 – …) · toàn bộ · all",
    ]
    assert "  ← 11341 Phường Gia Viên (2004-07-08 – 2025-07-01) · một phần · a part" in gisland("crosswalk", "11311")
    assert "--on: " in gisland("crosswalk", "11299")
