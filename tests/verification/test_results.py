"""Results from the population database become evidence; nothing of them is ever overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.errors import InputError
from gisland.intake import tables
from gisland.intake.report import Report
from gisland.registry.timeline import timeline
from gisland.settings import Settings
from gisland.verification import results
from gisland.verification.results import accept_results
from tests import emptied
from tests.factories import one
from tests.intake.files import RESULTS, begun_ward, form_row, parcel, result_row, write_table

reused = emptied.reused
settings = emptied.settings
app_connection = emptied.app_connection
ward = emptied.ward
NAME, ID = "Họ tên chủ / người đại diện", "Số ĐDCN/CCCD"


@pytest.fixture(scope="module")
def begun(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A ward with eight holders, A to H, each on a parcel; H bears the id of G."""
    numbers = range(1, 9)
    rows = [form_row(number) for number in numbers]
    rows[7] |= {ID: rows[6][ID]}
    with begun_ward(server, tmp_path_factory.mktemp("ward"), [parcel(n) for n in numbers], rows) as settings:
        yield settings


def take_in(settings: Settings, path: Path, *rows: dict[str, str], **options: Any) -> Report:
    return accept_results(settings, write_table(path, RESULTS, rows), "11311", by="cli:test", **options)


def statuses(connection: Connection) -> dict[str, str]:
    connection.rollback()
    query = (
        "SELECT right(full_name, 1), status FROM verification.status_in_reach JOIN registry.holder ON id = holder_id"
    )
    return dict(connection.execute(query).fetchall())


def test_wordings(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    report = take_in(
        ward,
        tmp_path / "kq.xlsx",
        result_row(1, "Tìm thấy thông tin, khớp"),
        result_row(2, "  TÌM THẤY thông tin  nhưng lệch", GHI_CHU="Lệch thôn, CCCD 999070000002"),
        result_row(3, "Không tìm thấy thông tin"),
        result_row(4, "Đã chết"),
        result_row(5, ""),
        result_row(6, "Tìm thấy thông tin", GHI_CHU="Lệch năm sinh"),
        result_row(7, "Trùng số định danh"),
    )
    assert (report.counts["rows"], report.counts["new"], report.written) == (7, 7, True)
    expected = {"A": "verified", "B": "mismatch", "C": "not_found", "D": "deceased", "E": "sent", "F": "mismatch"}
    assert statuses(app_connection) == expected | {"G": "duplicate", "H": "unsent"}
    raw = app_connection.execute("SELECT raw_result, raw_note FROM verification.evidence WHERE raw_note LIKE '%thôn%'")
    assert raw.fetchone() == ("TÌM THẤY thông tin nhưng lệch", "Lệch thôn, CCCD 999*****0002")
    assert one(app_connection, "SELECT publish.feature_count('parcels')") == 8


@pytest.mark.parametrize(
    "number", ["999070000055", "999 070 000 055", "999.070.000055", "999 - 070 - 000055", "999000155", "999 000 155"]
)
def test_ids_in_notes_are_masked(ward: Settings, app_connection: Connection, tmp_path: Path, number: str) -> None:
    """A CCCD (12 digits) or CMND (9) of somebody in a free text; what the note says besides stays as it is."""
    text = {"GHI_CHU": f"Lệch: CSDL ghi số{number}, tổ 12", "NGUON_DULIEU": f"tra theo {number}"}
    take_in(ward, tmp_path / "kq.xlsx", result_row(1, "Tìm thấy thông tin nhưng lệch", **text))
    row = app_connection.execute("SELECT raw_note, source FROM verification.evidence").fetchone()
    assert row is not None
    masked = "999*****0055" if number.endswith("055") else "999***155"
    assert row == (f"Lệch: CSDL ghi số{masked}, tổ 12", f"tra theo {masked}")
    parcel_id = one(app_connection, "SELECT id FROM registry.parcel WHERE parcel_no = '1'")
    assert f"số{masked}, tổ 12" in repr(timeline(app_connection, parcel_id))


def test_the_same_again_and_newer_answers(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    first = [result_row(1, ""), result_row(2, "Khớp"), result_row(2, "Khớp")]
    assert take_in(ward, tmp_path / "a.xlsx", *first).counts["new"] == 2
    assert take_in(ward, tmp_path / "b.xlsx", result_row(1, "Khớp")).counts["new"] == 1
    again = take_in(ward, tmp_path / "c.xlsx", *first[::-1])
    assert (again.written, again.counts["unchanged"]) == (False, 3)
    assert statuses(app_connection)["A"] == "verified"
    assert one(app_connection, "SELECT count(*) FROM verification.evidence") == 3


def test_a_mended_rule_for_names_makes_no_answer_new(
    ward: Settings, app_connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(ward, tmp_path / "a.xlsx", result_row(1, "Không tìm thấy"))
    take_in(ward, tmp_path / "b.xlsx", result_row(1, "Khớp"))
    monkeypatch.setattr(results, "name_key", lambda name: f"other {name}")
    again = take_in(ward, tmp_path / "a.xlsx", result_row(1, "Không tìm thấy"))
    assert (again.written, again.counts["unchanged"]) == (False, 1)
    assert statuses(app_connection)["A"] == "verified"


def test_it_is_about_the_holder_of_that_name(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    report = take_in(
        ward,
        tmp_path / "a.xlsx",
        result_row(7, "Khớp"),  # G, not H who bears the same id
        result_row(1, "Khớp", HOTEN_CHU="Nguyễn Văn Thứ A"),  # nobody else bears this id
        result_row(7, "Lệch", HOTEN_CHU="Người Khác"),  # G or H?
        result_row(99, "Khớp"),
        result_row(2, "Khớp", SO_GIAYTO=""),
    )
    assert (report.counts["new"], report.counts["unmatched"]) == (2, 3)
    assert "another name in the database (1): dòng · row 3" in str(report)
    found = statuses(app_connection)
    assert (found["A"], found["G"], found["H"]) == ("verified", "verified", "unsent")


def test_of_two_answers_in_a_file_the_worse_counts(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    rows = [result_row(1, "Không tìm thấy", TO_SO="2"), result_row(1, "Khớp"), result_row(2, "Khớp"), result_row(2, "")]
    take_in(ward, tmp_path / "a.xlsx", *rows)
    found = statuses(app_connection)
    assert (found["A"], found["B"]) == ("not_found", "verified")


def test_unknown_wording_refuses_the_file(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.xlsx.*row 3.*J \(kết quả\).*“Lỗi 999\*\*\*\*\*0002”") as caught:
        take_in(ward, tmp_path / "a.xlsx", result_row(1, "Khớp"), result_row(2, "Lỗi 999070000002"))
    assert "\n" not in str(caught.value)
    assert one(app_connection, "SELECT count(*) FROM verification.evidence") == 0


def test_progress_moves_with_the_rows(ward: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "STEP", 2)
    told: list[tuple[int, int]] = []
    rows = [result_row(number, "Khớp") for number in range(1, 6)]
    take_in(ward, tmp_path / "a.xlsx", *rows, advance=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_dry_run_writes_nothing(ward: Settings, app_connection: Connection, tmp_path: Path) -> None:
    assert take_in(ward, tmp_path / "a.xlsx", result_row(1, "Khớp"), dry_run=True).counts["new"] == 1
    assert one(app_connection, "SELECT count(*) FROM verification.evidence") == 0


def test_cut_off_headers_are_understood(ward: Settings, tmp_path: Path) -> None:
    short = {"SO_GIAYTO": "SO_GIAYT", "HOTEN_CHU": "HOTEN_C", "SO_THU_TU": "SO_THU_T"}
    headers = [short.get(name, name) for name in RESULTS]
    row = {short.get(name, name): value for name, value in result_row(1, "Khớp").items()}
    assert accept_results(ward, write_table(tmp_path / "a.xlsx", headers, [row]), "11311", by="t").counts["new"] == 1
