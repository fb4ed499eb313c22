"""The forms and the file of results: as a ward gets them, with everything in them that real ones hold."""

import datetime as dt
import re
import unicodedata
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import python_calamine
from openpyxl.utils import column_index_from_string

from gisland.demo.certificates import Issuer
from gisland.demo.dirt import Clerk
from gisland.demo.generate import DemoFiles, generate
from gisland.demo.holdings import STATES
from gisland.demo.people import PARTIES, ROLES, national_id
from gisland.demo.results import COLUMNS, WORDS

SHARE = 50


def _column(letter: str) -> int:
    return int(column_index_from_string(letter)) - 1


@pytest.fixture(scope="module")
def rows(ward: DemoFiles) -> list[list[Any]]:
    """The data rows of all forms, as calamine reads them."""
    found: list[list[Any]] = []
    for form in ward.forms:
        grid = python_calamine.CalamineWorkbook.from_path(form).get_sheet_by_index(0).to_python()
        found += [row for row in grid[6:] if row[0] != "" and row[1] != ""]
    return found


@pytest.fixture(scope="module")
def results(ward: DemoFiles) -> list[dict[str, Any]]:
    assert ward.results
    grid = python_calamine.CalamineWorkbook.from_path(ward.results).get_sheet_by_index(0).to_python()
    assert tuple(grid[0]) == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in grid[1:]]


def test_a_form_has_the_official_shape(ward: DemoFiles) -> None:
    sheet = openpyxl.load_workbook(ward.forms[0]).worksheets[0]
    assert sheet["A1"].value.startswith("DANH SÁCH THÔNG TIN THỬA ĐẤT")
    assert [sheet.cell(6, column).value for column in (2, 12, 50)] == [1, 11, 49], "row 6 numbers the columns"
    assert sheet["AX4"].value is None, "header cells are merged"
    assert sheet["AX3"].value == "Tên tập tin quét"
    assert sheet["AY3"].value == "Phần quyền (nếu có)"
    assert sheet["K4"].value == "Số ĐDCN/CCCD"
    assert sheet["AJ4"].value == "Loại đất 3"
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A3:A5", "H3:N3", "K4:K5", "AX3:AX5"} <= merged
    assert sheet["A7"].value == 1
    assert sheet["B7"].value == "11311"
    lists = {str(rule.sqref)[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists == {"M": f'"{",".join(PARTIES)}"', "N": f'"{",".join(ROLES)}"'}
    assert "Đại diện đơn vị lập" in [cell.value for row in sheet.iter_rows(min_row=sheet.max_row - 3) for cell in row]


def test_there_is_one_form_per_group(ward: DemoFiles, rows: list[list[Any]]) -> None:
    assert [form.name for form in ward.forms] == [f"PL3-01_TDP-{n:02d}.xlsx" for n in range(1, ward.group_count + 1)]
    assert len(rows) == ward.form_rows


def test_every_row_names_a_parcel_of_the_map(ward: DemoFiles, rows: list[list[Any]]) -> None:
    parcels = _parcels(ward)
    named = {(str(row[_column("V")]), int(row[_column("W")])) for row in rows}
    assert named <= parcels
    without = 1 - len(named) / len(parcels)
    assert 0.01 < without < 0.10, "a few parcels have no holder"


def test_national_ids_are_nobodys_and_agree_with_sex_and_birth_but_for_a_planted_few(rows: list[list[Any]]) -> None:
    wrong = people = 0
    for row in rows:
        number = re.sub(r"\D", "", str(row[_column("K")]))
        current = re.sub(r"\D", "", str(row[_column("P")]))
        for one in filter(None, (number, current)):
            assert re.fullmatch(r"999\d{9}", one)
        if number:
            people += 1
            year = int(re.search(r"(\d{4})", str(row[_column("I")])).group(1))  # type: ignore[union-attr]
            century = 0 if year < 2000 else 2
            right = f"{century + (row[_column('J')] == 'Nữ')}{year % 100:02d}"
            wrong += number[3:6] != right
    assert 0 < wrong < 0.03 * people


def test_an_id_is_made_as_the_decree_says() -> None:
    assert national_id(dt.date(1985, 3, 2), 123, woman=False) == "999085000123"
    assert national_id(dt.date(2001, 3, 2), 123456, woman=True) == "999301123456"


def test_all_kinds_of_parties_appear_with_their_roles(rows: list[list[Any]]) -> None:
    kinds = Counter(row[_column("M")] for row in rows)
    assert set(kinds) == set(PARTIES)
    roles = Counter((row[_column("M")], row[_column("N")]) for row in rows)
    assert roles["Vợ chồng", "Chồng"] == roles["Vợ chồng", "Vợ"] > 100
    assert all(row[_column("F")] and row[_column("G")] for row in rows if row[_column("M")] == "Tổ chức")


def test_shares_of_co_users_sum_to_one(rows: list[list[Any]]) -> None:
    sums: dict[tuple[str, ...], Fraction] = {}
    for row in rows:
        if len(row) > SHARE and row[SHARE]:
            assert row[_column("M")] == "Đồng sử dụng"
            # The serial may be written in several ways, the book number is not.
            book = unicodedata.normalize("NFKC", str(row[_column("E")])).replace("Ð", "Đ").split()
            key = (*book, str(row[_column("V")]), str(row[_column("W")]))
            sums[key] = sums.get(key, Fraction(0)) + Fraction(row[SHARE])
    assert len(sums) > 20
    assert set(sums.values()) == {Fraction(1)}


def test_land_types_areas_add_up_to_the_parcel(rows: list[list[Any]]) -> None:
    for row in rows:
        if row[_column("AR")]:
            continue  # the certificate of a flat says nothing of the land under its tower
        parts = [_area(row[_column(letter)]) for letter in ("AA", "AF") if row[_column(letter)] != ""]
        assert sum(parts) == pytest.approx(_area(row[_column("Y")]), abs=0.11)


def test_certificates_of_each_period_appear_and_some_have_no_serial(rows: list[list[Any]]) -> None:
    serials = [str(row[_column("C")]).strip().upper().replace("Ð", "Đ") for row in rows]
    assert any(re.fullmatch(r"[A-ZĐ] ?\d{6}", serial) for serial in serials), "1991–2003"
    assert any(re.fullmatch(r"A[A-ZĐ] ?\d{6}", serial) for serial in serials), "2004–2009"
    assert any(re.fullmatch(r"[BCD][A-ZĐ] ?\d{6}", serial) for serial in serials), "2010–2024"
    assert any(re.fullmatch(r"A[AB] ?\d{8}", serial) for serial in serials), "the form of 2024"
    assert any(re.fullmatch(r"[A-Z]*Đ[A-Z]* ?\d{6}", serial) for serial in serials)
    assert "" in serials


def test_serial_and_book_number_are_those_of_the_day() -> None:
    """Domain notes §3.1, §3.2: by the day from which a form was in use."""
    forms = (
        (dt.date(1991, 1, 1), r"[BĐKMSV] \d{6}|", r"\d{5,} QSDĐ/HB"),
        (dt.date(2004, 1, 1), r"A[A-ZĐ] \d{6}", r"(H|CT)\d{5,}"),
        (dt.date(2010, 1, 1), r"[BCD][A-ZĐ] \d{6}", r"(CH|CT)\d{5,}"),
        (dt.date(2015, 1, 1), r"[BCD][A-ZĐ] \d{6}", r"(CS|CT)\d{5,}"),
        (dt.date(2024, 8, 1), r"A[AB] \d{8}", r"CN \d+"),
    )
    issuer, seen = Issuer(np.random.default_rng(6)), set()
    for number in range(5_000):
        certificate = issuer.issue(organisation=number % 5 == 0)
        begun, serial, book = max(form for form in forms if form[0] <= certificate.issued)
        assert re.fullmatch(serial, certificate.serial), certificate
        assert re.fullmatch(book, certificate.book_no), certificate
        seen.add(begun)
    assert len(seen) == len(forms)


def test_serials_never_repeat() -> None:
    issuer = Issuer(np.random.default_rng(5))
    serials = [certificate.serial for certificate in (issuer.issue() for _ in range(20_000)) if certificate.serial]
    assert len(set(serials)) == len(serials)


def test_the_dirt_of_real_forms_is_there(rows: list[list[Any]]) -> None:
    names = [str(row[_column("H")]) for row in rows]
    births = [row[_column("I")] for row in rows if row[_column("H")]]
    areas = [row[_column("Y")] for row in rows]
    assert any(name != name.strip() for name in names), "spaces too many"
    assert any(name != unicodedata.normalize("NFC", name) for name in names), "NFD"
    assert any(name.isupper() for name in names), "capitals"
    assert any(name.startswith(("Ông:", "Bà:")) for name in names), "titles"
    assert any("(đã chết)" in name for name in names)
    assert any("Ð" in str(cell) for row in rows for cell in row), "Ð (U+00D0) for Đ"
    assert any(isinstance(birth, dt.date) for birth in births), "real dates"
    assert any(re.fullmatch(r"\d\d/\d\d/\d{4}", str(birth)) for birth in births), "dates as text"
    assert any(re.fullmatch(r"\d{4}(\.0)?", str(birth)) for birth in births), "the year only"
    assert any(isinstance(area, str) and "," in area for area in areas), "decimal comma"
    clean = [name for name in names if name == unicodedata.normalize("NFC", name.strip()) and not name.isupper()]
    assert len(clean) > 0.85 * len(names), "most cells are tidy"


def test_people_hold_several_parcels_and_some_parcels_are_used_by_others(rows: list[list[Any]]) -> None:
    parcels: dict[str, set[tuple[Any, Any]]] = {}
    for row in rows:
        number = re.sub(r"\D", "", str(row[_column("K")]))
        if number:
            parcels.setdefault(number, set()).add((row[_column("V")], row[_column("W")]))
    assert sum(len(held) > 1 for held in parcels.values()) > 50
    users = [row for row in rows if row[_column("O")]]
    assert 0.01 < len(users) / len(rows) < 0.10
    assert all(row[_column("R")] for row in users)


def test_every_state_can_be_told_from_the_files(ward: DemoFiles, rows: list[list[Any]], results: list[Any]) -> None:
    _assert_every_state(ward, rows, results)
    answers = Counter(row["KET_QUA"] for row in results)
    assert answers[WORDS["verified"]] > 0.5 * len(results)
    assert all(isinstance(cell, str) for row in results for cell in row.values())
    assert all(row["GHI_CHU"] for row in results if row["KET_QUA"] == WORDS["mismatch"])


def test_a_small_ward_shows_every_state_too(small_ward: DemoFiles) -> None:
    grids = [python_calamine.CalamineWorkbook.from_path(f).get_sheet_by_index(0).to_python() for f in small_ward.forms]
    rows = [row for grid in grids for row in grid[6:] if row[1] != ""]
    assert small_ward.results
    back = python_calamine.CalamineWorkbook.from_path(small_ward.results).get_sheet_by_index(0).to_python()
    _assert_every_state(small_ward, rows, [dict(zip(COLUMNS, row, strict=True)) for row in back[1:]])


def _assert_every_state(ward: DemoFiles, rows: list[list[Any]], results: list[Any]) -> None:
    """All ten: five answers and "sent" in the results, the other four from the forms and the map."""
    assert {row["KET_QUA"] for row in results} == set(WORDS.values())
    assert set(STATES) == {*WORDS, "unsent", "missing_id"}
    answered = {row["SO_GIAYTO"] for row in results}
    persons = [row for row in rows if row[_column("M")] in PARTIES[:4]]
    ids = {re.sub(r"\D", "", str(row[_column("K")])) for row in persons}
    assert "" in ids, "missing_id"
    assert ids - answered - {""}, "unsent"
    assert any(row[_column("M")] == "Tổ chức" for row in rows), "organisation"
    assert _parcels(ward) - {(str(row[_column("V")]), int(row[_column("W")])) for row in rows}, "no_holder"


def test_groups_differ_in_progress(ward: DemoFiles, results: list[Any]) -> None:
    good = {row["SO_GIAYTO"] for row in results if row["KET_QUA"] == WORDS["verified"]}
    shares = []
    for form in ward.forms:
        grid = python_calamine.CalamineWorkbook.from_path(form).get_sheet_by_index(0).to_python()
        ids = [re.sub(r"\D", "", str(row[_column("K")])) for row in grid[6:] if row[1] != ""]
        known = [number for number in ids if number]
        shares.append(sum(number in good for number in known) / len(known))
    assert min(shares) < 0.3
    assert max(shares) > 0.8


def test_no_spreadsheets_are_written_for_a_city(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("gisland.demo.generate.FORMS_UP_TO", 250)
    files = generate(300, 1, tmp_path)
    assert (files.forms, files.results, files.form_rows) == ((), None, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parcels.gpkg", "ward.geojson"]


def test_too_small_a_ward_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="at least 100"):
        generate(99, 1, tmp_path / "ward")
    assert not (tmp_path / "ward").exists()


def test_a_clerk_never_changes_what_an_id_says() -> None:
    clerk = Clerk(np.random.default_rng(1))
    written = {clerk.number("999085000123") for _ in range(2000)}
    assert len(written) > 1
    assert {re.sub(r"\D", "", number) for number in written} == {"999085000123"}


def _parcels(ward: DemoFiles) -> set[tuple[str, int]]:
    _, _, _, columns = pyogrio.raw.read(ward.parcels, columns=["shbando", "shthua"], read_geometry=False)
    return set(zip(columns[0].tolist(), columns[1].tolist(), strict=True))


def _area(cell: Any) -> float:
    return float(str(cell).replace(" m2", "").replace(",", "."))


def test_houses_stand_on_tube_plots_and_flats_in_towers(rows: list[list[Any]]) -> None:
    """Columns 40-48, which an intake turns into assets."""
    kinds = Counter(row[_column("AO")] for row in rows)
    assert set(kinds) == {"", "Nhà ở riêng lẻ", "Nhà chung cư", "Căn hộ chung cư"}
    houses = [row for row in rows if row[_column("AO")] == "Nhà ở riêng lẻ"]
    assert len(houses) > 0.2 * len(rows)
    assert all("ODT" in row[_column("Z")] and _area(row[_column("AS")]) < _area(row[_column("Y")]) for row in houses)
    flats = [row for row in rows if row[_column("AO")] == "Căn hộ chung cư"]
    assert len({row[_column("AR")] for row in flats}) == 32
    assert len({(row[_column("V")], row[_column("W")]) for row in flats}) == kinds["Nhà chung cư"] == 1
    assert all(row[_column("AP")] and row[_column("AQ")] and row[_column("AT")] for row in flats)
