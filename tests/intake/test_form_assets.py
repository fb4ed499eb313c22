"""PL3-01, columns 40–48 and the others that used to be dropped: taken in, or told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import Role
from gisland.errors import GislandError
from gisland.intake.forms import intake_form
from gisland.intake.parcels import intake_parcels
from gisland.intake.report import Report
from gisland.registry.timeline import timeline
from gisland.settings import Settings
from tests.factories import one
from tests.intake.files import FORM, begun_ward, form_row, parcel, write_form, write_parcels
from tests.intake.test_races import meanwhile

KIND, COMPLEX, BUILDING = "Loại tài sản gắn liền với đất", "Tên khu nhà chung cư / hỗn hợp", "Tên nhà chung cư"
FLAT, BUILT, FLOORS, GRADE = "Số căn hộ", "Diện tích xây dựng", "Diện tích sàn", "Cấp (hạng)"
FORM_OF, TERM = "Hình thức sở hữu", "Thời hạn sở hữu"
HOUSE = {KIND: "Nhà ở riêng lẻ", BUILT: "60,5", FLOORS: 181, FORM_OF: "Sở hữu riêng", TERM: "Lâu dài", GRADE: "Cấp 3"}
SERIAL, NAME, ID = "Số phát hành GCN", "Họ tên chủ / người đại diện", "Số ĐDCN/CCCD"
WIFE = {NAME: "Vũ Thị Thử", ID: "999171000001", "Giới tính": "Nữ"}


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward with parcels 1–9, of which 9 has no address."""
    rows = [parcel(number, diachi="" if number == 9 else f"Số {number} phố Thử Nghiệm") for number in range(1, 10)]
    with begun_ward(server, tmp_path_factory.mktemp("ward"), rows) as settings:
        yield settings


def take_in(settings: Settings, path: Path, **options: Any) -> Report:
    return intake_form(settings, path, "11311", by="cli:test", **options)


def assets(connection: Connection) -> list[tuple[Any, ...]]:
    """Each asset with its parent, its numbers, and how many parcels, certificates and rights it has."""
    connection.rollback()
    return connection.execute("""
        SELECT a.kind, p.name AS parent, a.name, a.number, a.footprint_m2::float8, a.floor_area_m2::float8, a.grade,
               (SELECT count(*) FROM registry.asset_parcel WHERE asset_id = a.id),
               (SELECT count(*) FROM registry.certificate_asset WHERE asset_id = a.id),
               (SELECT count(*) FROM registry.holding WHERE asset_id = a.id AND retired_by IS NULL)
          FROM registry.asset a LEFT JOIN registry.asset p ON p.id = a.parent_id
         WHERE a.retired_by IS NULL ORDER BY a.kind, a.name, a.number, a.footprint_m2
    """).fetchall()


def flat(number: int, no: object, **more: Any) -> dict[str, Any]:
    """A row of a flat in a tower on parcel 1."""
    named = {KIND: "Căn hộ chung cư", COMPLEX: "Khu Thử Nghiệm", BUILDING: "Tòa A", FLAT: no, FLOORS: 60 + number}
    return form_row(number, **{"Số thửa BĐĐC": 1, "Loại đất 1": None, "Diện tích 1": None}, **named) | {
        "Loại đất 2": None,
        "Diện tích 2": None,
        "Nguồn gốc 1": None,
        "Hình thức sử dụng 1": None,
        "Thời hạn 1": None,
        **more,
    }


def test_a_house_of_a_couple(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [form_row(1, **HOUSE), form_row(1, **HOUSE, **WIFE), form_row(2)]
    path = write_form(tmp_path / "f.xlsx", rows)
    report = take_in(ward, path, dry_run=True)
    assert (report.counts["assets"], assets(app_connection)) == (1, [])
    assert take_in(ward, path).counts["assets"] == 1
    assert assets(app_connection) == [("house", None, "", "", 60.5, 181.0, "Cấp 3", 1, 1, 0)]
    query = """
        SELECT ownership_form, ownership_term, change.kind, batch_id IS NOT NULL
          FROM registry.asset JOIN registry.change ON change.id = created_by
    """
    row = app_connection.execute(query).fetchone()
    assert row == ("Sở hữu riêng", "Lâu dài", "import", True)
    assert (
        one(
            app_connection,
            "SELECT parcel_no FROM registry.parcel JOIN registry.asset_parcel l ON l.parcel_id = parcel.id",
        )
        == "1"
    )
    # The house is named by the certificate of its holders, whose rights are on the parcel.
    assert one(app_connection, "SELECT count(*) FROM registry.holding WHERE parcel_id IS NOT NULL") == 3

    again = take_in(ward, path)
    resaved = take_in(
        ward, write_form(tmp_path / "g.xlsx", [row | {BUILT: 60.5} if BUILT in row else row for row in rows])
    )
    for each in (again, resaved):
        assert (each.written, each.counts["assets"], each.counts["unchanged"]) == (False, 0, 3), str(each)


def test_flats_stand_in_their_building_and_bear_rights_of_their_own(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    tower = form_row(
        1, **{KIND: "Nhà chung cư", COMPLEX: "Khu Thử Nghiệm", BUILDING: "TOÀ A", BUILT: 900, FLOORS: "9.000,5"}
    )
    rows = [
        flat(2, 1203),
        flat(2, "1203", **WIFE),
        flat(3, "P.1204", **{COMPLEX: None}),
        tower,
        flat(4, "1203", **{BUILDING: "Tòa B"}),
    ]
    path = write_form(tmp_path / "f.xlsx", rows)
    assert take_in(ward, path).counts["assets"] == 6
    expected: list[tuple[Any, ...]] = [
        ("apartment", "Tòa A", "", "1203", None, 62.0, "", 1, 1, 2),
        ("apartment", "Tòa B", "", "1203", None, 64.0, "", 1, 1, 1),
        ("apartment", "Tòa A", "", "P.1204", None, 63.0, "", 1, 1, 1),
        ("apartment_building", "Khu Thử Nghiệm", "Tòa B", "", None, None, "", 1, 0, 0),
        ("apartment_building", "Khu Thử Nghiệm", "TOÀ A", "", 900.0, 9000.5, "", 1, 1, 0),
        ("apartment_complex", None, "Khu Thử Nghiệm", "", None, None, "", 1, 0, 0),
    ]
    expected = [tuple("TOÀ A" if value == "Tòa A" else value for value in row) for row in expected]
    assert sorted(assets(app_connection), key=str) == sorted(expected, key=str)
    # The tower's flats do not make its parcel red: only its own holder has a right on the parcel.
    query = """
        SELECT full_name FROM registry.holding JOIN registry.holder ON holder.id = holder_id WHERE parcel_id IS NOT NULL
    """
    assert app_connection.execute(query).fetchall() == [("Nguyễn Văn Thử A",)]
    assert not take_in(ward, path).written
    # A later form finds the building, the complex and the flats that are there.
    report = take_in(ward, write_form(tmp_path / "g.xlsx", [flat(5, "1301"), flat(2, "1203", **{GRADE: "Hạng II"})]))
    assert (report.counts["assets"], report.counts["new"], report.counts["changed"]) == (1, 1, 1)
    assert [row[6] for row in assets(app_connection) if row[3] == "1203" and row[5] == 62.0] == ["Hạng II"]
    assert len(assets(app_connection)) == 7


def test_the_timeline_of_the_parcel_tells_of_its_assets(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1, **HOUSE)]))
    take_in(ward, write_form(tmp_path / "b.xlsx", [form_row(1, **HOUSE) | {FLOORS: 200}]))
    events = timeline(app_connection, one(app_connection, "SELECT id FROM registry.parcel WHERE parcel_no = '1'"))
    told = [(entry.action, entry.fields.get("floor_area_m2")) for event in events for entry in event.entries
            if entry.record == "asset"]  # fmt: skip
    assert told == [("created", (None, 181.0)), ("changed", (181.0, 200.0))]


def test_shares_of_flats_are_of_each_flat(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    half = {"Phần quyền (nếu có)": "1/2"}
    rows = [flat(2, no, **half, **who) for no in ("1", "2") for who in ({}, WIFE)]
    take_in(ward, write_form(tmp_path / "f.xlsx", rows, [*FORM, ("Phần quyền (nếu có)", [])]))
    assert [row[-1] for row in assets(app_connection) if row[0] == "apartment"] == [2, 2]


def test_corrections_of_assets_are_kept(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1, **HOUSE), form_row(2, **HOUSE)]))
    mended = write_form(
        tmp_path / "b.xlsx", [form_row(1, **HOUSE) | {FLOORS: 200}, form_row(2, **HOUSE) | {FLOORS: 200}]
    )
    app_connection.execute(
        "UPDATE registry.asset SET floor_area_m2 = 150 WHERE id = (SELECT min(id) FROM registry.asset)"
    )
    app_connection.commit()
    report = take_in(ward, mended)
    assert (report.counts["changed"], report.counts["conflicts"], report.counts["assets"]) == (1, 1, 0)
    assert "not overwritten (1): dòng · row 7" in str(report)
    assert [row[5] for row in assets(app_connection)] == [150.0, 200.0]
    take_in(ward, tmp_path / "a.xlsx")
    assert [row[5] for row in assets(app_connection)] == [150.0, 200.0]


@pytest.mark.parametrize(
    "correction",
    [
        "UPDATE registry.asset SET retired_by = created_by",
        "DELETE FROM registry.certificate_asset; UPDATE registry.certificate SET version = version",
        "DELETE FROM registry.asset_parcel; UPDATE registry.asset SET version = version",
    ],
)
def test_what_was_taken_away_does_not_come_back(
    ward: Settings, app_connection: Connection, tmp_path: Path, correction: str
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1, **HOUSE)]))
    app_connection.execute(correction.encode())
    app_connection.commit()
    before = assets(app_connection)
    report = take_in(ward, write_form(tmp_path / "b.xlsx", [form_row(1, **HOUSE) | {GRADE: "Cấp 4"}]))
    if "asset_parcel" in correction:
        # Nothing says any more that it is the house of this parcel.
        assert report.counts["assets"] == 1
    else:
        assert (report.counts["assets"], report.counts["conflicts"]) == (0, 1)
        assert [row[:6] for row in assets(app_connection)] == [row[:6] for row in before]


def test_a_correction_of_an_asset_meanwhile_is_not_overwritten(
    ward: Settings, open_connection: Callable[[Role], Connection], tmp_path: Path
) -> None:
    take_in(ward, write_form(tmp_path / "a.xlsx", [form_row(1, **HOUSE)]))
    other = open_connection(Role.APP)
    path = write_form(tmp_path / "b.xlsx", [form_row(1, **HOUSE) | {FLOORS: 200}])
    report = meanwhile(ward, path, other, "UPDATE registry.asset SET floor_area_m2 = 150")
    assert (report.counts["conflicts"], one(other, "SELECT floor_area_m2::int FROM registry.asset")) == (1, 150)


def test_a_text_in_a_number_is_one_line(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    path = write_form(tmp_path / "f.xlsx", [form_row(1), form_row(2, **HOUSE) | {FLOORS: "hai tầng"}])
    with pytest.raises(GislandError) as caught:
        take_in(ward, path)
    assert str(caught.value) == (
        "file f.xlsx, row 8, column AT (diện tích sàn):"
        " không phải số, hãy ghi như 60,5 · is not a number, write it like 60,5"
    )
    assert (assets(app_connection), one(app_connection, "SELECT count(*) FROM registry.holding")) == ([], 0)


def test_an_unknown_kind_is_told_and_its_row_stays_open(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    rows = [
        form_row(1, **HOUSE) | {KIND: "Căn hộ du lịch"},
        form_row(2, **HOUSE) | {KIND: None},
        flat(3, 12) | {BUILDING: None, COMPLEX: None},
    ]
    path = write_form(tmp_path / "f.xlsx", rows)
    report = take_in(ward, path)
    assert "unknown kind of asset, which was not taken in (1): dòng · row 7" in str(report)
    assert "data/codes/asset_kinds.yml" in str(report)
    assert "an asset without its kind was not taken in (1): dòng · row 8" in str(report)
    assert "an apartment without its building (1): dòng · row 9" in str(report)
    assert [row[0] for row in assets(app_connection)] == ["apartment"]
    batches = one(app_connection, "SELECT count(*) FROM intake.batch")
    again = take_in(ward, path)
    assert (again.written, "unknown kind" in str(again)) == (False, True)
    app_connection.rollback()
    assert one(app_connection, "SELECT count(*) FROM intake.batch") == batches
    # The word is in the list now: the same file again takes the flat in, and its holder's right goes over to it.
    layout = ward.config_dir / "intake" / "pl3-01.yml"
    config = tmp_path / "config"
    (config / "intake").mkdir(parents=True)
    words = layout.read_text(encoding="utf-8").replace(
        "asset_kind: {list: asset_kinds}", "asset_kind: {apartment: [Căn hộ du lịch, Căn hộ chung cư]}"
    )
    (config / "intake" / "pl3-01.yml").write_text(words, encoding="utf-8")
    report = take_in(ward.model_copy(update={"config_dir": config}), path)
    assert report.counts["assets"] == 1
    app_connection.rollback()
    query = "SELECT count(*) FILTER (WHERE asset_id IS NULL), count(*) FROM registry.holding WHERE retired_by IS NULL"
    assert app_connection.execute(query).fetchone() == (1, 3)


def test_rows_that_say_otherwise_of_one_asset_are_told(
    ward: Settings, app_connection: Connection, tmp_path: Path
) -> None:
    rows = [form_row(1, **HOUSE), form_row(1, **HOUSE, **WIFE) | {FLOORS: 99, GRADE: None}]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    assert (
        "different facts of one asset; lấy dòng mới đầu tiên · the first new row counts (1): dòng · row 7 ≠ 8"
        in str(report)
    )
    assert [row[5] for row in assets(app_connection)] == [181.0]


def test_an_asset_waits_for_its_parcel(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    path = write_form(tmp_path / "f.xlsx", [flat(1, "7", **{"Số thửa BĐĐC": 77})])
    assert take_in(ward, path).counts["assets"] == 0
    intake_parcels(ward, write_parcels(tmp_path / "more.gpkg", [parcel(77)]), "11311", by="test")
    assert take_in(ward, path).counts["assets"] == 3
    assert [row[-3:] for row in assets(app_connection) if row[0] == "apartment"] == [(1, 1, 1)]
    assert one(app_connection, "SELECT count(*) FROM registry.holding") == 1


def test_addresses_and_codes_of_parcels(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    address, code = "Địa chỉ thửa (chi tiết, không xã/tỉnh)", "Mã định danh thửa đất"
    known = one(app_connection, "SELECT parcel_code FROM registry.parcel WHERE parcel_no = '2'")
    rows = [
        form_row(9, **{address: "Số 9 ngõ Mới"}),
        form_row(1, **{address: "Số 1 đường Khác", code: "w7eyew652jvm"}),
        form_row(2, **{address: "SỐ 2 phố  Thử Nghiệm", code: known.upper()}),
    ]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    assert "another address of the parcel is there, left alone (1): dòng · row 8" in str(report)
    assert "parcel codes not taken in" not in str(report)
    found = app_connection.execute(
        "SELECT parcel_no, address FROM registry.parcel WHERE parcel_no IN ('1', '9') ORDER BY 1"
    )
    assert found.fetchall() == [("1", "Số 1 phố Thử Nghiệm"), ("9", "Số 9 ngõ Mới")]


def test_a_supplied_code_wins(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    """Over a computed one and over none, also on a parcel that was corrected; not over one that was supplied before."""
    code = "Mã định danh thửa đất"

    def codes() -> list[tuple[Any, ...]]:
        app_connection.rollback()
        query = "SELECT parcel_no::int, parcel_code, parcel_code_method FROM registry.parcel ORDER BY 1"
        return app_connection.execute(query).fetchall()

    old = {number: known for number, known, _ in codes()}
    correct = "UPDATE registry.parcel SET parcel_code = NULL, parcel_code_method = NULL WHERE parcel_no = '2'"
    app_connection.execute(correct)
    app_connection.commit()
    said = {1: "W7EYEW652JVM", 2: "w7eyew652jvn", 3: old[4], 4: "w7eyew652jvm", 5: "999085000123", 6: old[6]}
    rows = [form_row(number, **{code: each}) for number, each in said.items()]
    report = take_in(ward, write_form(tmp_path / "f.xlsx", rows))
    assert (report.counts["new"], report.counts["conflicts"]) == (5, 1)
    # One that another parcel bears, the same one twice, and one that is none.
    assert "or it is wrong (3): dòng · row 9, 10, 11" in str(report)
    assert [row[1:] for row in codes()[:6]] == [
        ("w7eyew652jvm", None),
        ("w7eyew652jvn", None),
        (old[3], 1),
        (old[4], 1),
        (old[5], 1),
        (old[6], None),
    ]
    told = take_in(ward, write_form(tmp_path / "again.xlsx", [form_row(1, **{code: "w7eyew652jvp"})]))
    assert "parcel codes not taken in" in str(told)
    assert codes()[0][1:] == ("w7eyew652jvm", None)


def test_no_column_is_dropped_silently(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    """Every column of the form leaves a trace of its own: in the registry, or in what the user is told."""
    row = form_row(1, **HOUSE) | {
        COMPLEX: "Khu Một",
        BUILDING: "Nhà Hai",
        FLAT: "Ba",
        KIND: "Căn hộ chung cư",
        "Tên người sử dụng hiện tại": "Lê Thị Mới",
        "CCCD người sử dụng hiện tại": "999180000003",
        "Địa chỉ (2 cấp) người hiện tại": "Nơi Ở Mới",
        "Lý do thay đổi": "Thừa kế",
        "Mã định danh thửa đất": "w7eyew652jvm",
        "Địa chỉ thửa (chi tiết, không xã/tỉnh)": "Đường Lạ",
        "Phần quyền (nếu có)": "1",
        "Mã ĐVHC cấp xã (2 cấp)": "11299",
    }
    row |= {f"Loại đất {n}": code for n, code in ((1, "ODT"), (2, "CLN"), (3, "NTS"))}
    row |= {f"Diện tích {n}": 21.5 + n for n in (1, 2, 3)}
    further = ("Nguồn gốc", "Hình thức sử dụng", "Thời hạn")
    row |= {f"{name} {n}": f"{name} thứ {n}" for n in (1, 2, 3) for name in further}
    firm = form_row(2, **{"Tên tổ chức": "Công ty Thử", "Số định danh tổ chức": "9990000001"})
    groups = [*FORM, ("Phần quyền (nếu có)", []), ("Số điện thoại", []), ("Ghi chú", [])]
    path = write_form(tmp_path / "f.xlsx", [row, firm | {"Số điện thoại": "0900", "Ghi chú": "-"}], groups)
    report = str(take_in(ward, path, former_wards=["11299"]))
    stored = "\n".join(
        str(each)
        for table in ("certificate", "certificate_parcel", "holder", "holding", "parcel", "land_use", "asset")
        for each in app_connection.execute(f"SELECT to_jsonb(t) FROM registry.{table} t".encode())
    )
    seen = {
        "Mã ĐVHC cấp xã (2 cấp)": "former ward (1)",
        "Ngày cấp GCN": "2015-03-05",
        ID: "999*****0001",
        "Giới tính": "male",
        "Ngày tháng năm sinh": "1970-02-01",
        "Pháp nhân trên GCN": "individual",
        KIND: "'apartment'",
        BUILT: "60.5",
        FLOORS: "181",
        "CCCD người sử dụng hiện tại": "999*****0003",
        "Số điện thoại": "AZ (Số điện thoại)",
        "Địa chỉ thửa (chi tiết, không xã/tỉnh)": "another address",
        "Phần quyền (nếu có)": "'share_num': 1",
        # The parcel is found by them.
        "Số tờ BĐĐC": "'paper_sheet_no': '7'",
        "Số thửa BĐĐC": "'paper_sheet_no': '7'",
        "Diện tích thửa": "'paper_area_m2': 100",
        "Số định danh tổ chức": "999***0001",
    }
    names = [name for group, columns in groups for name in (columns or [group]) if name != "Ghi chú"]
    lost = [name for name in names if seen.get(name, str(row.get(name) or firm.get(name))) not in stored + report]
    assert lost == []
    assert "columns that were not taken in (1): AZ (Số điện thoại); config/intake/pl3-01.yml" in report
    assert "only the name is kept (1): dòng · row 8" in report


def test_halves_of_columns_are_told(ward: Settings, tmp_path: Path) -> None:
    rows = [
        form_row(1, **{"Ngày cấp GCN": "2015"}),
        form_row(2, **{"CCCD người sử dụng hiện tại": "999180000003"}),
        form_row(3, **{"Nguồn gốc 3": "Nhận thừa kế"}),
        form_row(4, **{"Tên tổ chức": "Công ty Thử"}),
    ]
    told = str(take_in(ward, write_form(tmp_path / "f.xlsx", rows)))
    for number, words in enumerate(
        ["without its day", "without name", "without land type", "taken for an organisation"], 7
    ):
        line = next(line for line in told.split("\n") if words in line)
        assert f"(1): dòng · row {number}" in line
