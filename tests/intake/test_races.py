"""A correction or an act that commits while a file is being taken in is never overwritten: it is told as a conflict.

The other session holds its uncommitted row until the intake waits for it, so the intake has judged by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import Role
from gisland.errors import Conflict
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import Report
from gisland.settings import Settings
from tests.factories import one
from tests.intake.files import begun_ward, form_row, parcel, write_form, write_parcels
from tests.sessions import somebody_waits

BIRTH, PARTY = "Ngày tháng năm sinh", "Pháp nhân trên GCN"
Open = Callable[[Role], Connection]


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward with parcels 1–4."""
    with begun_ward(server, tmp_path_factory.mktemp("ward"), [parcel(number) for number in range(1, 5)]) as settings:
        yield settings


def take_in(settings: Settings, path: Path) -> Report:
    intake: Any = intake_form if path.suffix == ".xlsx" else intake_parcels
    report: Report = intake(settings, path, "11311", by="cli:test")
    return report


def meanwhile(settings: Settings, path: Path, other: Connection, statement: str) -> Report:
    """Take in a file while another session has run a statement, which it commits once the intake waits for it."""
    # As acts do it. Whoever writes a right first and its parcel in the flush may meet the intake in a deadlock: then
    # PostgreSQL ends either of them, and only what runs by `database.run` begins anew.
    other.execute("SELECT FROM registry.parcel ORDER BY id FOR NO KEY UPDATE")
    other.execute(statement.encode())
    with ThreadPoolExecutor(1) as pool:
        intake = pool.submit(take_in, settings, path)
        deadline = time.monotonic() + 30
        while not somebody_waits(other) and not intake.done() and time.monotonic() < deadline:
            time.sleep(0.01)
        waited = not intake.done() and time.monotonic() < deadline
        other.commit()
        report = intake.result(60)
    assert waited, "the intake was through before the other session committed: nothing was proved"
    return report


RETIRE = """
    WITH act AS (INSERT INTO registry.change (kind, reason, by) VALUES ('split', 'test', 'test') RETURNING id)
    UPDATE registry.parcel SET retired_by = act.id FROM act WHERE parcel_no = '1'
"""


def test_a_correction_of_a_parcel_is_not_overwritten(ward: Settings, open_connection: Open, tmp_path: Path) -> None:
    other = open_connection(Role.APP)
    path = write_parcels(tmp_path / "b.gpkg", [parcel(1, dtpl=123.0), parcel(2, dtpl=77.0)])
    correction = "UPDATE registry.parcel SET legal_area_m2 = 50 WHERE parcel_no = '1'"
    report = meanwhile(ward, path, other, correction)
    assert (report.counts["changed"], report.counts["conflicts"]) == (1, 1)
    assert "tờ 1 thửa 1 (dòng 1)" in str(report)
    found = other.execute("SELECT legal_area_m2::int FROM registry.parcel ORDER BY parcel_no").fetchall()
    assert found[:2] == [(50,), (77,)]


def test_a_parcel_that_was_split_is_not_changed(ward: Settings, open_connection: Open, tmp_path: Path) -> None:
    other = open_connection(Role.APP)
    path = write_parcels(tmp_path / "b.gpkg", [parcel(1, dtpl=123.0, kyhieumucd="CLN"), parcel(2, dtpl=77.0)])
    report = meanwhile(ward, path, other, RETIRE)
    assert (report.counts["changed"], report.counts["conflicts"]) == (1, 1)
    query = "SELECT legal_area_m2::int, land_type FROM registry.parcel JOIN registry.land_use ON parcel_id = parcel.id"
    assert other.execute(f"{query} WHERE parcel_no = '1'".encode()).fetchall() == [(100, "ODT")]


def test_corrected_land_types_are_not_replaced(ward: Settings, open_connection: Open, tmp_path: Path) -> None:
    """Also by direct SQL, which writes the list without its parcel."""
    other = open_connection(Role.APP)
    path = write_parcels(tmp_path / "b.gpkg", [parcel(1, kyhieumucd="CLN")])
    correction = """
        UPDATE registry.land_use SET land_type = 'TMD' WHERE parcel_id = (
               SELECT id FROM registry.parcel WHERE parcel_no = '1' FOR NO KEY UPDATE)
    """
    report = meanwhile(ward, path, other, correction)
    assert (report.counts["changed"], report.counts["conflicts"]) == (0, 1)
    assert one(other, "SELECT land_type FROM registry.land_use ORDER BY parcel_id LIMIT 1") == "TMD"
    assert take_in(ward, path).counts["conflicts"] == 1


def test_a_number_that_was_given_meanwhile_is_told(ward: Settings, open_connection: Open, tmp_path: Path) -> None:
    other = open_connection(Role.APP)
    path = write_parcels(tmp_path / "b.gpkg", [parcel(9)])
    given = """
        INSERT INTO registry.parcel (ward_id, map_sheet_id, parcel_no, srid, geom, created_by)
        SELECT ward_id, map_sheet_id, '9', srid, ST_Translate(geom, 500, 0), created_by
          FROM registry.parcel WHERE parcel_no = '1'
    """
    with pytest.raises(Conflict, match=r"b\.gpkg.*nhận lại"):
        meanwhile(ward, path, other, given)
    assert take_in(ward, path).counts["conflicts"] == 1


@pytest.mark.parametrize(
    ("correction", "more", "kept"),
    [
        ("UPDATE registry.holder SET birth_year = 1999", {BIRTH: "31/12/1971"}, "birth_year = 1999"),
        ("UPDATE registry.certificate SET book_no = 'CS 99'", {"Số vào sổ": "CH 77"}, "book_no = 'CS 99'"),
        ("UPDATE registry.holding SET reason = 'mended'", {PARTY: "Vợ chồng"}, "party = 'individual'"),
        ("UPDATE registry.certificate_parcel SET paper_area_m2 = 5", {"Diện tích thửa": 101}, "paper_area_m2 = 5"),
        ("UPDATE registry.land_use SET land_type = 'TMD'", {"Loại đất 1": "LUC"}, "land_type = 'TMD'"),
    ],
)
def test_a_correction_of_what_a_form_says_is_not_overwritten(
    ward: Settings, open_connection: Open, tmp_path: Path, correction: str, more: dict[str, Any], kept: str
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1)]))
    other = open_connection(Role.APP)
    path = write_form(tmp_path / "b.xlsx", [form_row(1, **more)])
    report = meanwhile(ward, path, other, correction)
    assert (report.counts["changed"], report.counts["conflicts"], report.written) == (0, 1, False), str(report)
    assert "not overwritten (1): dòng · row 7" in str(report)
    assert one(other, f"SELECT bool_and({kept}) FROM {correction.split()[1]}")


def test_no_right_is_given_on_a_parcel_that_was_split(ward: Settings, open_connection: Open, tmp_path: Path) -> None:
    other = open_connection(Role.APP)
    path = write_form(tmp_path / "a.xlsx", [form_row(1), form_row(2)])
    report = meanwhile(ward, path, other, RETIRE)
    assert report.counts["unmatched"] == 1
    assert "no such parcel (1): dòng · row 7" in str(report)
    query = "SELECT parcel_no FROM registry.holding LEFT JOIN registry.parcel ON parcel.id = parcel_id ORDER BY 1"
    assert other.execute(query).fetchall() == [("2",), (None,)]


def test_a_right_that_was_ended_meanwhile_does_not_come_back(
    ward: Settings, open_connection: Open, tmp_path: Path
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1)]))
    other = open_connection(Role.APP)
    path = write_form(tmp_path / "b.xlsx", [form_row(1, **{"Số vào sổ": "CH 77"})])
    report = meanwhile(ward, path, other, "UPDATE registry.holding SET retired_by = created_by")
    assert report.counts["conflicts"] == 1
    assert one(other, "SELECT count(*) FROM registry.holding WHERE retired_by IS NULL") == 0
