"""The public files on the reform of 2025 are read whole: what was split stays one to many, disagreements are told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import xlsxwriter

from gisland.errors import InputError, NotFound
from gisland.registry.reform import (
    ReformedUnit,
    UnitLink,
    complete_links,
    read_former_wards,
    read_merges,
    read_splits,
    read_units,
)
from gisland.registry.reform_check import Discrepancy, check_reform


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "vn-admin-2025"


@pytest.fixture(scope="module")
def units(folder: Path) -> list[ReformedUnit]:
    return read_units(folder / "provinces-wards-3321.json")


@pytest.fixture(scope="module")
def merges(folder: Path) -> list[UnitLink]:
    return read_merges(folder / "new-to-old-merges.json")


@pytest.fixture(scope="module")
def splits(folder: Path) -> list[UnitLink]:
    return read_splits(folder / "old-to-new-splits.json")


def test_units(units: list[ReformedUnit]) -> None:
    assert Counter(unit.level for unit in units) == {"province": 34, "ward": 3321}
    assert Counter(unit.kind for unit in units if unit.level == "ward") == {
        "commune": 2611,
        "ward": 697,
        "special_zone": 13,
    }
    found = {unit.code: unit for unit in units}
    assert found["11311"] == ReformedUnit("ward", "11311", "Phường Hồng Bàng", "Hong Bang Ward", "ward", "31")
    assert found["31"] == ReformedUnit("province", "31", "Thành phố Hải Phòng", "Haiphong City", None, None)
    assert len(found) == len(units)


def test_links(merges: list[UnitLink], splits: list[UnitLink]) -> None:
    wards = [link for link in merges if link.new_level == "ward"]
    assert Counter(link.part for link in wards) == {"full": 9592, "partial": 1012}
    assert len({link.codes for link in merges}) == len(merges)
    assert Counter(link.old_level for link in merges) == {"ward": 10_599, "province": 63, "district": 5}
    assert {link.codes: link.part for link in merges} == {link.codes: link.part for link in splits}


def test_split_wards_keep_all_their_successors(splits: list[UnitLink]) -> None:
    heirs = Counter(link.old_code for link in splits if link.old_level == "ward")
    assert len(heirs) == 10_047
    assert Counter(heirs.values()) == {1: 9587, 2: 386, 3: 57, 4: 16, 5: 1}
    assert sum(count > 1 for count in heirs.values()) == 460
    assert all((link.part == "partial") == (heirs[link.old_code] > 1) for link in splits if link.old_level == "ward")


def test_hong_bang(folder: Path, merges: list[UnitLink], splits: list[UnitLink]) -> None:
    former = read_former_wards(folder / "gso-wards-hai-phong-before-2025.xls")
    links = complete_links(merges, splits, former)
    assert len(links) == len(merges)
    assert [(link.old_code, link.part) for link in links if link.new_code == "11311"] == [
        ("11299", "full"),
        ("11302", "full"),
        ("11305", "full"),
        ("11311", "full"),
        ("11320", "full"),
        ("11323", "full"),
        ("11341", "partial"),
    ]
    minh_khai = UnitLink(
        *("ward", "11311", "Phường Minh Khai", "ward", "11311", "Phường Hồng Bàng", "31", "full", "31", "303")
    )
    assert minh_khai in links
    gia_vien = [link for link in links if link.old_code == "11341"]
    assert {(link.old_name, link.part, link.old_district) for link in gia_vien} == {
        ("Phường Gia Viên", "partial", "304")
    }
    assert len(gia_vien) > 1
    assert {link.new_code for link in gia_vien} == {link.new_code for link in splits if link.old_code == "11341"}


def test_island_districts_became_special_zones(merges: list[UnitLink], splits: list[UnitLink]) -> None:
    links = complete_links(merges, splits)
    islands = {(link.old_code, link.new_code, link.old_province) for link in links if link.old_level == "district"}
    assert islands == {
        ("318", "11948", "31"),
        ("471", "19742", "45"),
        ("498", "20333", "48"),
        ("536", "21548", "51"),
        ("755", "26732", "77"),
    }


def test_former_wards_have_their_districts(folder: Path) -> None:
    former = read_former_wards(folder / "gso-wards-hai-phong-before-2025.xls")
    assert len(former) == 217
    found = {ward.code: ward for ward in former}["11311"]
    assert (found.name, found.district, found.district_name, found.province) == (
        "Phường Minh Khai",
        "303",
        "Quận Hồng Bàng",
        "31",
    )


def test_where_the_files_disagree_is_told(
    units: list[ReformedUnit], merges: list[UnitLink], splits: list[UnitLink]
) -> None:
    """The units are of 8/2026, the links of 7/2025: communes that became wards since then differ by their names."""
    found = check_reform(units, merges, splits)
    assert {(each.kind, each.code) for each in found if each.kind != "name"} == {
        ("unit", "06970"),  # Ba Chẽ and Ia Mơ have other codes in the two files
        ("unit", "06978"),
        ("unit", "23737"),
        ("unit", "23938"),
        ("province", "30622"),
    }
    names = [each for each in found if each.kind == "name"]
    assert len(names) == 11
    assert Discrepancy("name", "25270", "Phường Lộc Ninh | Xã Lộc Ninh") in names


WARDS = [
    ReformedUnit("province", "31", "Thành phố Thử", "Thu City", None, None),
    ReformedUnit("ward", "11311", "Phường Thử Hoà", "Thu Hoa Ward", "ward", "31"),
    ReformedUnit("ward", "11329", "Phường Hai", "Hai Ward", "ward", "31"),
]
LINKS = [
    UnitLink("province", "31", "Thành phố Thử", "province", "31", "Thành phố Thử", "31", "full", "31"),
    UnitLink("ward", "11299", "Phường Cũ", "ward", "11311", "Phường Thử Hòa", "31", "full", "31"),
    UnitLink("ward", "11341", "Phường Chia", "ward", "11311", "Phường Thử Hòa", "31", "partial", "31"),
    UnitLink("ward", "11341", "Phường Chia", "ward", "11329", "Phường Hai", "31", "partial", "31"),
]


def test_files_that_agree_have_no_discrepancy() -> None:
    assert check_reform(WARDS, LINKS, LINKS) == []


def test_each_kind_of_discrepancy_is_found() -> None:
    whole = [*LINKS[:3], replace(LINKS[3], part="full")]
    assert check_reform(WARDS, whole, LINKS) == [Discrepancy("part", "11341", "→ 11329: full, successors: 2")]
    assert check_reform(WARDS, LINKS, LINKS[:3]) == [Discrepancy("link", "11341", "→ 11329: only in the merges")]
    assert Discrepancy("link", "11341", "→ 11329: only in the splits") in check_reform(WARDS, LINKS[:3], LINKS)
    assert check_reform(WARDS[:2], LINKS, LINKS) == [Discrepancy("unit", "11329", "only in the merges")]
    renamed = [*WARDS[:2], replace(WARDS[2], name="Xã Hai")]
    assert check_reform(renamed, LINKS, LINKS) == [Discrepancy("name", "11329", "Xã Hai | Phường Hai")]
    moved = [*LINKS[:3], replace(LINKS[3], new_province="33")]
    assert [each.kind for each in check_reform(WARDS, moved, LINKS)] == ["province", "province"]


@pytest.mark.parametrize(
    ("reader", "content", "told"),
    [
        (read_units, '[{"Code": "1", "FullName": "Tỉnh A", "FullNameEn": "A"}]', "field data.0.Code"),
        (read_units, '{"a": 1}', "field data"),
        (read_units, "[", "Invalid JSON"),
        (read_merges, '{"data": [{"level1_id": "01", "name": "A", "merges": []}]}', "field data.0.level2s"),
        (read_splits, '{"data": [{"level1_id": "01", "name": "A", "splits": [], "level3s": []}]}', "not one successor"),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(tmp_path: Path, reader: object, content: str, told: str) -> None:
    path = tmp_path / "units.json"
    path.write_text(content, encoding="utf-8")
    assert callable(reader)
    with pytest.raises(InputError) as caught:
        reader(path)
    assert "file units.json" in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_ward_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    ward = {"Code": "00001", "FullName": "Thị trấn A", "FullNameEn": "A Township"}
    province = {"Code": "01", "FullName": "Tỉnh A", "FullNameEn": "A Province", "Wards": [ward]}
    path = tmp_path / "units.json"
    path.write_text(json.dumps([province]), encoding="utf-8")
    with pytest.raises(InputError, match="unit 00001 is of no known kind"):
        read_units(path)


def test_files_that_are_missing_or_no_workbook_are_told(tmp_path: Path) -> None:
    for reader in (read_units, read_merges, read_splits):
        with pytest.raises(InputError, match="cannot be read"):
            reader(tmp_path / "none.json")
    path = tmp_path / "wards.xls"
    with pytest.raises(NotFound):
        read_former_wards(path)
    path.write_text("no workbook")
    with pytest.raises(InputError, match=r"something else than \.xls"):
        read_former_wards(path)
    with xlsxwriter.Workbook(tmp_path / "wards.xlsx") as workbook:
        workbook.add_worksheet().write_row(0, 0, ["Mã TP", "Quận Huyện", "Mã QH", "Phường Xã"])
    with pytest.raises(InputError, match="missing column: Mã PX"):
        read_former_wards(tmp_path / "wards.xlsx")
