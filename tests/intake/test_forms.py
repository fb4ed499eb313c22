"""PL3-01: who holds what comes out right, the same again changes nothing, no national id is ever in clear."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from gisland.database import run
from gisland.database.cluster_host import find_programs
from gisland.database.migrate import admin_conninfo
from gisland.errors import GislandError, InputError
from gisland.intake import form_rows, normalise, tables
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import Report
from gisland.registry.changes import Why
from gisland.registry.parcels import retire_parcel
from gisland.registry.rights import IssuedCertificate, reissue
from gisland.registry.seen import Seen
from gisland.security.crypto import load_vault
from gisland.settings import Settings
from tests.factories import one
from tests.intake.files import FORM, SHARE, begun_ward, form_row, parcel, write_form, write_parcels, write_table
from tests.sessions import meanwhile

NAME, ID, BIRTH = "Họ tên chủ / người đại diện", "Số ĐDCN/CCCD", "Ngày tháng năm sinh"
PARTY, ROLE, SHARES = "Pháp nhân trên GCN", "Vai trò pháp nhân", "Phần quyền (nếu có)"


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward with parcels 1–9 on sheet 1 and, on sheet 5, one number at two scales."""
    rows = [*[parcel(number) for number in range(1, 10)], parcel(1, sheet="5"), parcel(1, sheet="5", tyle=1000)]
    with begun_ward(server, tmp_path_factory.mktemp("ward"), rows) as settings:
        yield settings


def take_in(settings: Settings, path: Path, **options: Any) -> Report:
    return intake_form(settings, path, "11311", by="cli:test", **options)


def refused(settings: Settings, path: Path, connection: Connection, **options: Any) -> list[str]:
    with pytest.raises(GislandError) as caught:
        take_in(settings, path, **options)
    assert caught.value.exit_code != 0
    connection.rollback()
    assert one(connection, "SELECT count(*) FROM registry.holder") == 0
    assert one(connection, "SELECT count(*) FROM intake.batch WHERE kind = 'form'") == 0
    return str(caught.value).split("\n")


def rights(connection: Connection) -> list[tuple[Any, ...]]:
    connection.rollback()
    return connection.execute("""
        SELECT parcel_no, full_name, role, party, member_role, reason, share_num, share_den
          FROM registry.holding JOIN registry.holder ON holder.id = holder_id
          LEFT JOIN registry.parcel ON parcel.id = parcel_id
         WHERE holding.retired_by IS NULL ORDER BY parcel_no, role, share_num, full_name
    """).fetchall()


def test_one_row(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    report = take_in(ward, write_form(tmp_path / "f.xlsx", [form_row(2)]))
    assert (report.counts["rows"], report.counts["new"], report.layout) == (1, 1, "pl3-01")
    assert rights(app_connection) == [
        ("2", "Nguyễn Văn Thử B", "certificate_holder", "individual", "Cá nhân", "", None, None)
    ]
    holder = app_connection.execute(
        "SELECT kind, birth_date::text, birth_year, gender, id_kind, id_masked, address, id_cipher FROM registry.holder"
    ).fetchone()
    assert holder is not None
    expected = ("person", "1970-02-02", 1970, "male", "personal", "999*****0002", "Số 1 phố Thử Nghiệm")
    assert holder[:7] == expected
    assert load_vault(ward).open(holder[7]) == "999070000002"
    certificate = app_connection.execute(
        "SELECT serial, serial_key, book_no, issue_date::text, scan_file FROM registry.certificate"
    )
    assert certificate.fetchone() == ("AA 00000002", "AA00000002", "CH00002", "2015-03-05", "AA 00000002-GCN.pdf")
    paper = app_connection.execute(
        "SELECT paper_sheet_no, paper_parcel_no, paper_area_m2::int FROM registry.certificate_parcel"
    )
    assert paper.fetchone() == ("7", "102", 100)
    uses = app_connection.execute(
        "SELECT seq, land_type, use.area_m2::float8, origin, term FROM registry.land_use use"
        " JOIN registry.parcel ON parcel.id = parcel_id WHERE parcel_no = '2' ORDER BY seq"
    ).fetchall()
    assert uses == [(1, "ODT", 80.5, "Nhà nước công nhận QSDĐ", "Lâu dài"), (2, "CLN", 19.5, "", "")]


def test_habits_are_repaired(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [
        form_row(1, **{NAME: "Ông: Trần  Văn Ðôn (đã chết)", BIRTH: "1950"}),
        form_row(2, **{ID: 99_970_000_002.0, BIRTH: "5/3/62", "Ngày cấp GCN": 42068}),
        form_row(3, **{ID: "999 070 000 003", BIRTH: "1021980", "Diện tích thửa": "1.234,5"}),
        form_row(4, **{ID: "9,9907E+11"}),
        form_row(5, **{ID: "999070000055; 999070000056", NAME: "Lê Văn Thử và vợ Vũ Thị Thử", PARTY: "Vợ chồng"}),
        form_row(6, **{ID: "không rõ", PARTY: "Hộ gia đình", ROLE: "Chủ hộ"}),
    ]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    query = "SELECT full_name, birth_date::text, birth_year, id_masked, kind FROM registry.holder ORDER BY full_name"
    found = {row[0]: row[1:] for row in app_connection.execute(query)}
    assert found["Trần Văn Đôn"] == (None, 1950, "999*****0001", "person")
    assert found["Nguyễn Văn Thử B"] == ("1962-03-05", 1962, "099*****0002", "person")
    assert found["Nguyễn Văn Thử C"] == ("1980-02-01", 1980, "999*****0003", "person")
    assert found["Nguyễn Văn Thử D"][2] is None
    assert found["Lê Văn Thử và vợ Vũ Thị Thử"][2:] == (None, "couple")
    assert found["Nguyễn Văn Thử F"][2:] == (None, "household")
    assert "(2): dòng · row 10, 11" in str(report)  # the two cells whose ids cannot be used
    assert ("1", "Trần Văn Đôn", "đã chết") in [(row[0], row[1], row[5]) for row in rights(app_connection)]
    assert (
        one(app_connection, "SELECT issue_date::text FROM registry.certificate WHERE book_no = 'CH00002'")
        == "2015-03-05"
    )
    assert one(app_connection, "SELECT max(paper_area_m2)::float8 FROM registry.certificate_parcel") == 1234.5


def test_couples_shares_organisations_and_current_users(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    wife = {NAME: "Vũ Thị Thử", ID: "999171000001", "Giới tính": "Nữ", ROLE: "Vợ"}
    rows = [
        form_row(1, **{PARTY: "Vợ chồng", ROLE: "Chồng", SHARES: "1/3"}),
        form_row(1, **{PARTY: "Vợ chồng", SHARES: "2/3"}, **wife),
        form_row(2, **{PARTY: "Tổ chức", "Tên tổ chức": "Công ty Thử", "Số định danh tổ chức": "9990000001", ID: None}),
        form_row(
            3,
            **{"Tên người sử dụng hiện tại": "Bà Đỗ Thị Mới", "CCCD người sử dụng hiện tại": "999180000003"},
            **{"Lý do thay đổi": "Nhận thừa kế"},
        ),
    ]
    take_in(ward, write_form(tmp_path / "f.xlsx", rows, [*FORM, SHARE]))
    assert rights(app_connection) == [
        ("1", "Nguyễn Văn Thử A", "certificate_holder", "couple", "Chồng", "", 1, 3),
        ("1", "Vũ Thị Thử", "certificate_holder", "couple", "Vợ", "", 2, 3),
        (
            "2",
            "Công ty Thử",
            "certificate_holder",
            "organisation",
            "Cá nhân",
            "Người đại diện: Nguyễn Văn Thử B",
            None,
            None,
        ),
        ("3", "Nguyễn Văn Thử C", "certificate_holder", "individual", "Cá nhân", "", None, None),
        ("3", "Đỗ Thị Mới", "current_user", "individual", "", "Nhận thừa kế", None, None),
    ]
    assert one(app_connection, "SELECT count(*) FROM registry.certificate") == 3
    assert one(app_connection, "SELECT id_kind FROM registry.holder WHERE kind = 'organisation'") == "organisation"


def test_shares_must_sum_to_one(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [form_row(1, **{SHARES: "1/2"}), form_row(1, **{NAME: "Vũ Thị Thử", ID: "999171000001", SHARES: "1/3"})]
    [line] = refused(ward, write_form(tmp_path / "f.xlsx", rows, [*FORM, SHARE]), app_connection)
    assert "7, 8" in line
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1)]))
    whole = form_row(1, **{NAME: "Vũ Thị Thử", ID: "999171000001", SHARES: "1"})
    with pytest.raises(GislandError, match="phần quyền"):
        take_in(ward, write_form(tmp_path / "b.xlsx", [whole], [*FORM, SHARE]))


def test_the_same_person_is_one_holder(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    same = form_row(1) | {"Số thửa BĐĐC": 2, "Số phát hành GCN": "BB 00000002", NAME: "Bà NGUYỄN VĂN THỬ A"}
    other = form_row(3, **{NAME: "Phạm Văn Khác", ID: "999070000001"})
    rows = [form_row(1), same, other, form_row(4, **{NAME: "Ngô Văn Không", ID: None})]
    rows.append(rows[-1] | {"Số thửa BĐĐC": 5})
    take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    query = """
        SELECT full_name, count(*) FROM registry.holder JOIN registry.holding ON holder_id = holder.id
         GROUP BY holder.id, full_name
    """
    # Two people with one id stay two; without id, the name on the same certificate is one person.
    expected = [("Nguyễn Văn Thử A", 2), ("Ngô Văn Không", 2), ("Phạm Văn Khác", 1)]
    assert sorted(app_connection.execute(query).fetchall()) == sorted(expected)


def test_the_same_again_changes_nothing(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [form_row(number) for number in range(1, 5)]
    take_in(ward, write_form(tmp_path / "a.xlsx", rows))
    before = rights(app_connection)
    again = take_in(ward, tmp_path / "a.xlsx")
    # Saved anew: other column order, dates and numbers written otherwise.
    rows = [row | {BIRTH: row[BIRTH].replace("/0", "/").lstrip("0"), "Diện tích thửa": "100,0"} for row in rows]
    resaved = take_in(ward, write_form(tmp_path / "b.xlsx", rows[::-1], FORM[:1] + FORM[:0:-1]))
    for report in (again, resaved):
        assert (report.written, report.counts["unchanged"]) == (False, 4), str(report)
    assert rights(app_connection) == before
    assert one(app_connection, "SELECT count(*) FROM intake.batch WHERE kind = 'form'") == 1


def test_a_mended_rule_for_names_or_serials_makes_no_row_new(
    ward: Settings, app_connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and serials are read by other rules than when the rows were accepted: they are known all the same."""
    user = {"Tên người sử dụng hiện tại": "Bà Đỗ Thị Mới (đã chết)", "Lý do thay đổi": "Nhận thừa kế"}
    rows = [form_row(1, **{NAME: "Ông Trần Văn Thử"}), form_row(2, **user, **{"Số phát hành GCN": "ab.123456"})]
    path = write_form(tmp_path / "a.xlsx", rows)
    take_in(ward, path)
    before = rights(app_connection)
    monkeypatch.setattr(form_rows, "name_key", lambda name: f"other {name}")
    monkeypatch.setattr(form_rows, "serial_key", lambda serial: f"OTHER{serial}")
    monkeypatch.setattr(form_rows, "normalise_serial", str.lower)
    monkeypatch.setattr(normalise, "person_name", lambda value: (str(value or "").upper(), ""))
    again = take_in(ward, path)
    assert (again.written, again.counts["unchanged"]) == (False, 2), str(again)
    assert rights(app_connection) == before


ISSUED, BOOK, LAND = "Ngày cấp GCN", "Số vào sổ", "Loại đất 2"


def remarks(report: Report, english: str) -> list[str]:
    return [remark.partition("dòng · row ")[2] for remark in report.remarks if english in remark]


def test_rows_that_contradict_one_another_are_told(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    wife = {NAME: "Vũ Thị Thử", ID: "999171000001", BIRTH: "1980"}
    second, third = {"Số phát hành GCN": "BB 00000002"}, {"Số phát hành GCN": "BB 00000003"}
    # Says nothing but the year of a date that row 11 says.
    silent = {ISSUED: None, BOOK: None, BIRTH: "1970", "Loại đất 1": None, "Diện tích 1": None}
    rows = [
        form_row(1),  # row 7
        form_row(1) | wife | {ISSUED: "06/03/2015", BOOK: "CH 77"},
        form_row(1) | wife | {ISSUED: "06/03/2015", "Số thửa BĐĐC": 2, LAND: "Đất nuôi trồng thuỷ sản"},
        form_row(2) | silent | {LAND: None, "Diện tích 2": None},
        form_row(2) | second | {"Số thửa BĐĐC": 3},
        form_row(2) | third | {"Số thửa BĐĐC": 4, BIRTH: "03/02/1970"},
        form_row(1) | wife | {"Số phát hành GCN": "BB 00000004", "Số thửa BĐĐC": 5, BIRTH: "1981"},
        form_row(2) | third | {"Số thửa BĐĐC": 2},
    ]
    path = write_form(tmp_path / "f.xlsx", rows)
    for report in (take_in(ward, path, dry_run=True), take_in(ward, path), take_in(ward, path)):
        assert remarks(report, "different issue dates") == ["7 ≠ 8"]
        assert remarks(report, "different book numbers") == ["7 ≠ 8"]
        assert remarks(report, "different birth dates") == ["8 ≠ 13, 11 ≠ 12"]
        assert remarks(report, "different land uses") == ["9 ≠ 14"]
        assert "Thử" not in str(report)
    query = "SELECT issue_date::text, book_no FROM registry.certificate WHERE serial_key = 'AA00000001'"
    assert app_connection.execute(query).fetchone() == ("2015-03-05", "CH00001")


def test_rows_that_agree_are_not_told(ward: Settings, tmp_path: Path) -> None:
    wife = {NAME: "Vũ Thị Thử", ID: "999171000001", BIRTH: "1980"}
    report = take_in(ward, write_form(tmp_path / "f.xlsx", [form_row(1), form_row(1, **wife), form_row(2)]))
    assert report.remarks == []


def test_changes_are_taken_and_corrections_are_kept(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1, **{ID: None}), form_row(2)]))
    mended = [form_row(1, **{BIRTH: "31/12/1971"}), form_row(2, **{"Số vào sổ": "CH 77"})]
    report = take_in(ward, write_form(tmp_path / "b.xlsx", mended))
    assert (report.counts["new"], report.counts["changed"]) == (0, 2)
    query = "SELECT id_masked, birth_date::text, version FROM registry.holder ORDER BY full_name"
    assert app_connection.execute(query).fetchall()[0] == ("999*****0001", "1971-12-31", 2)
    assert one(app_connection, "SELECT count(*) FROM registry.holder") == 2

    app_connection.execute("UPDATE registry.holder SET birth_date = '1999-09-09', birth_year = 1999 WHERE version = 2")
    app_connection.commit()
    assert take_in(ward, tmp_path / "a.xlsx").counts["unchanged"] == 2
    report = take_in(ward, write_form(tmp_path / "c.xlsx", [form_row(1, **{BIRTH: "01/01/1960"}), mended[1]]))
    assert (report.counts["changed"], report.counts["conflicts"], report.counts["unchanged"]) == (0, 1, 1)
    assert not report.written
    app_connection.rollback()
    assert app_connection.execute(query).fetchall()[0][1] == "1999-09-09"


def test_a_right_that_was_ended_does_not_come_back(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1)]))
    app_connection.execute("UPDATE registry.holding SET retired_by = created_by")
    app_connection.commit()
    report = take_in(
        ward, write_form(tmp_path / "b.xlsx", [form_row(1, **{"Địa chỉ thửa (chi tiết, không xã/tỉnh)": "x"})])
    )
    assert report.counts["new"] == 0
    assert rights(app_connection) == []


def test_parcels_are_never_guessed(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    unknown = form_row(1, **{"Số thửa BĐĐC": 77})
    twins = form_row(2, **{"Số tờ BĐĐC": 5, "Số thửa BĐĐC": 1})
    paper = form_row(3, **{"Số tờ BĐĐC": None, "Số thửa BĐĐC": None, "Số tờ trên GCN": 1, "Số thửa trên GCN": "003"})
    path = write_form(tmp_path / "f.xlsx", [unknown, twins, paper])
    report = take_in(ward, path)
    assert report.counts["unmatched"] == 2
    assert "không có thửa này · no such parcel (1): dòng · row 7" in str(report)
    assert "ambiguous number (1): dòng · row 8" in str(report)
    assert [row[0] for row in rights(app_connection)] == ["3", None, None]
    assert not take_in(ward, path).written
    # The parcel comes later: the same form then finds it, and the right moves from the certificate to the parcel.
    intake_parcels(ward, write_parcels(tmp_path / "more.gpkg", [parcel(77)]), "11311", by="test")
    assert take_in(ward, path).counts["new"] == 1
    assert [row[0] for row in rights(app_connection)] == ["3", "77", None]
    assert one(app_connection, "SELECT count(*) FROM registry.certificate_parcel") == 3


def test_variants_are_read_by_header_text(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    """43 columns, other order, no number for the group headers."""
    groups = [group for group in FORM if "Tài sản" not in group[0]]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", [form_row(1), form_row(2)], groups[2:] + groups[:2]))
    assert report.counts["new"] == 2
    assert [row[0] for row in rights(app_connection)] == ["1", "2"]


def test_blank_rows_sub_totals_and_the_sign_block_are_no_data(ward: Settings, tmp_path: Path) -> None:
    tail: list[list[Any]] = [
        ["Tổng cộng", "", 2],
        [],
        ["", "Ngày 05 tháng 9 năm 2025"],
        ["", "", "AA 00000099", "", "", "", "", "Không phải dữ liệu"],
    ]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", [form_row(1), {}, form_row(2)], tail=tail))
    assert report.counts["rows"] == 2


def test_progress_moves_with_the_rows(ward: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows are read, not when all of them are: what was told before a row has been looked at is too early."""
    monkeypatch.setattr(tables, "STEP", 2)
    told: list[tuple[int, int]] = []
    path = write_form(tmp_path / "f.xlsx", [form_row(1), {}, *[form_row(number) for number in range(2, 6)]])
    take_in(ward, path, advance=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    told.clear()
    path = write_form(tmp_path / "g.xlsx", [form_row(1, **{BIRTH: "30/02/1970"}) for _ in range(30)])
    with pytest.raises(GislandError):
        take_in(ward, path, advance=lambda done, total: told.append((done, total)))
    assert told == [(done, 30) for done in range(2, 21, 2)]


def test_bad_cells_are_told_without_personal_values(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [
        form_row(1, **{"Diện tích thửa": "một trăm"}),
        form_row(2, **{BIRTH: "30/02/1970"}),
        form_row(3, **{PARTY: "Công xã"}),
        form_row(4, **{NAME: None}),
        form_row(5, **{"Mã ĐVHC cấp xã (2 cấp)": "11299"}),
    ]
    path = write_form(tmp_path / "f.xlsx", rows)
    lines = refused(ward, path, app_connection)
    assert [line.split("row ")[1].split(",")[0] for line in lines] == ["7", "8", "9", "10", "11"]
    assert "Y (diện tích thửa)" in lines[0]
    assert "30/02/1970" not in lines[1]
    assert "Cá nhân, Hộ gia đình" in lines[2]
    assert "--former-ward 11299" in lines[4]
    report = take_in(ward, write_form(path, rows[4:]), former_wards=["11299"])
    assert "former ward (1): dòng · row 7" in str(report)


def test_files_that_are_no_forms(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("Số tờ;Số thửa")
    assert "a.xlsx" in refused(ward, tmp_path / "a.xlsx", app_connection)[0]
    groups = [group for group in FORM if "Giấy chứng nhận" not in group[0]]
    [line] = refused(ward, write_form(tmp_path / "b.xlsx", [form_row(1)], groups), app_connection)
    assert "số phát hành GCN" in line
    assert "Số seri*" in line
    with pytest.raises(InputError, match="không thấy hàng tiêu đề"):
        take_in(ward, write_table(tmp_path / "c.xlsx", ["A", "B"], [{"A": "1"}]))


def test_no_national_id_is_in_clear_anywhere(ward: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Ids in their own cells, and astray in names, addresses, reasons and file names: a dump of all tables has none."""
    stray = {
        NAME: "Nguyễn Văn Thử CCCD 999070000009",
        "Địa chỉ thường trú": "Số 1, đt 0999.070.000.009",
        "Lý do thay đổi": "theo CCCD 999 070 000 009",
        "Tên người sử dụng hiện tại": "Lê Văn Thử 999070000009",
        "Tên tập tin quét": "999070000009-GT.pdf",
        "Số vào sổ": "999070000009",
    }
    path = write_form(tmp_path / "f.xlsx", [form_row(1), form_row(9, **stray)])
    report = take_in(ward, path)
    with pytest.raises(GislandError) as caught:
        take_in(
            ward,
            write_form(tmp_path / "g.xlsx", [form_row(9, **stray, **{BIRTH: "?", "Diện tích thửa": "999070000009a"})]),
        )
    program = find_programs()["pg_dump"]
    info = make_conninfo(admin_conninfo(ward), dbname=ward.database_name)
    dump = subprocess.run(
        [program, "--data-only", "--inserts", info], capture_output=True, text=True, check=True
    ).stdout
    assert "Nguyễn Văn Thử A" in dump
    output = capfd.readouterr()
    log = "".join(file.read_text(errors="replace") for file in (ward.state_dir / "log").iterdir())
    for text in (dump, str(report), str(caught.value), repr(caught.value), output.out, output.err, log):
        for spelled in ("999070000001", "999070000009", "999 070 000 009", "0999.070.000.009"):
            assert spelled not in text


def test_land_types_that_may_be_several_today_stay_as_written(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    rows = [
        form_row(2, **{"Loại đất 1": "BHK", "Loại đất 2": "Đất vườn"}),
        form_row(3, **{"Loại đất 1": "Đất thổ cư", "Loại đất 2": "đất cơ sở tín ngưỡng"}),
    ]
    take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    uses = app_connection.execute(
        "SELECT parcel_no, array_agg(land_type ORDER BY seq) FROM registry.land_use"
        " JOIN registry.parcel ON parcel.id = parcel_id WHERE parcel_no IN ('2', '3') GROUP BY parcel_no ORDER BY 1"
    ).fetchall()
    assert uses == [("2", ["HNK", "Đất vườn"]), ("3", ["Đất thổ cư", "TIN"])]


def test_serials_are_written_in_one_way(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    typed = ["ab123456", "Ð.654321", "AA00000003", "số 12"]
    rows = [form_row(number, **{"Số phát hành GCN": serial}) for number, serial in enumerate(typed, start=2)]
    take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    found = app_connection.execute("SELECT serial, serial_key FROM registry.certificate")
    assert dict(found.fetchall()) == {
        "AB 123456": "AB123456",
        "Đ 654321": "Đ654321",
        "AA 00000003": "AA00000003",
        "SỐ 12": "SỐ12",
    }


def replaced(settings: Settings, connection: Connection, serial: str, new: str) -> None:
    seen = "SELECT id, version FROM registry.certificate WHERE serial = %s"
    row = connection.execute(seen, [serial]).fetchone()
    assert row is not None
    connection.rollback()
    old, made = Seen(id=row[0], version=row[1]), IssuedCertificate(serial=new)
    run(settings, lambda c: reissue(c, old, made, Why(reason="cấp đổi"), by="test"))


def test_a_row_with_a_replaced_certificate_is_told_and_not_applied(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1), form_row(2)]))
    replaced(ward, app_connection, "AA 00000001", "AB 00000001")
    replaced(ward, app_connection, "AB 00000001", "AC 00000001")
    before = rights(app_connection)
    # Another photocopy of the old paper, with another person on it.
    old = form_row(1, **{NAME: "Cụ Trước", ID: "999050000001", "Loại đất 1": "Đất trồng cây lâu năm"})
    report = take_in(ward, write_form(tmp_path / "b.xlsx", [old, form_row(3)]))
    assert (report.counts["new"], report.counts["changed"], report.counts["conflicts"]) == (1, 0, 1)
    told = [each for each in report.remarks if "AA 00000001" in each]
    assert len(told) == 1
    assert "dòng · row 7 (AA 00000001 → AC 00000001)" in told[0]
    assert "Trước" not in str(report)
    after = rights(app_connection)
    assert [right for right in after if right[0] != "3"] == before
    assert one(app_connection, "SELECT count(*) FROM registry.holder WHERE full_name = 'Cụ Trước'") == 0
    serials = """
        SELECT DISTINCT serial FROM registry.holding JOIN registry.certificate ON certificate.id = certificate_id
         ORDER BY serial
    """
    assert app_connection.execute(serials).fetchall() == [("AA 00000002",), ("AA 00000003",), ("AC 00000001",)]
    app_connection.rollback()
    # It is not closed: told again until somebody has looked at it. A row that was accepted before stays so.
    again = take_in(ward, tmp_path / "b.xlsx")
    assert (again.counts["conflicts"], again.counts["unchanged"]) == (1, 1)
    assert take_in(ward, tmp_path / "a.xlsx").counts["conflicts"] == 0


def test_a_row_with_the_new_serial_finds_the_rights_that_went_over(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1)]))
    replaced(ward, app_connection, "AA 00000001", "AB 00000001")
    before = rights(app_connection)
    row = form_row(1, **{"Số phát hành GCN": "AB 00000001"})
    assert take_in(ward, write_form(tmp_path / "b.xlsx", [row])).counts["new"] == 0
    assert rights(app_connection) == before


def test_a_parcel_that_is_retired_during_an_intake_is_told(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    parcel_id = one(app_connection, "SELECT id FROM registry.parcel WHERE parcel_no = '2'")
    retire_parcel(app_connection, Seen(id=parcel_id, version=1), Why(reason="test"), by="test")
    form = write_form(tmp_path / "f.xlsx", [form_row(2), form_row(3)])
    # It has found the parcel in force when it comes to wait.
    with meanwhile(app_connection, lambda: take_in(ward, form)) as left:
        app_connection.commit()
    assert isinstance(left[0], Report)
    assert (left[0].counts["unmatched"], left[0].counts["new"]) == (1, 2)
    assert "no such parcel (1): dòng · row 7" in str(left[0])
