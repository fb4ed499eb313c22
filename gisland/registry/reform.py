"""The reform of 1/7/2025 (sắp xếp đơn vị hành chính): which former wards and provinces became which units of today.

Readers of public files, without a database: units (thanglequoc/vietnamese-provinces-database), merges and splits
(dvhcvn/20250701), former wards (workbook of the statistics office). QĐ 19/2025/QĐ-TTg: 34 provinces, 3,321 wards,
communes and special zones, no districts. Codes are reused (11311 was Minh Khai and is Hồng Bàng), so a code alone names
no unit. Whether the files agree: `reform_check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from python_calamine import CalamineError, CalamineWorkbook

from gisland.errors import InputError
from gisland.kit.identifiers import mask_ids
from gisland.kit.text import clean_text
from gisland.kit.uploads import WORKBOOKS, check_upload
from gisland.registry.land_types import UnitKind

Part = Literal["full", "partial"]
Level = Literal["province", "ward"]
FormerLevel = Literal["province", "district", "ward"]
KINDS: dict[str, UnitKind] = {"phường": "ward", "xã": "commune", "đặc khu": "special_zone"}
FORMER_WARD_COLUMNS = ("Mã TP", "Quận Huyện", "Mã QH", "Phường Xã", "Mã PX")


@dataclass(frozen=True)
class ReformedUnit:
    """A unit in force since the reform. `name` is the full one (Phường Hồng Bàng); `kind` is None for provinces."""

    level: Level
    code: str
    name: str
    name_en: str
    kind: UnitKind | None
    province: str | None


@dataclass(frozen=True)
class FormerWard:
    """A ward, commune or township before the reform, with its district and the code of its province."""

    code: str
    name: str
    district: str
    district_name: str
    province: str


@dataclass(frozen=True)
class UnitLink:
    """A former unit that went into one of today's, whole or a part of it.

    One to many is kept: a former ward that was split has one link, 'partial', per ward that got a part of it. Five
    island districts without wards became special zones; their `old_level` is 'district'.
    """

    old_level: FormerLevel
    old_code: str
    old_name: str
    new_level: Level
    new_code: str
    new_name: str
    new_province: str
    part: Part
    old_province: str | None = None
    old_district: str | None = None

    @property
    def codes(self) -> tuple[str, str, str, str]:
        """What names the link: level and code of the former unit, level and code of today's."""
        return self.old_level, self.old_code, self.new_level, self.new_code


Code = Annotated[str, Field(pattern=r"^\d{2,3}$|^\d{5}$")]
CleanName = Annotated[str, BeforeValidator(clean_text), AfterValidator(mask_ids), Field(min_length=1)]


class _Unit(BaseModel):
    code: Code = Field(alias="Code")
    name: CleanName = Field(alias="FullName")
    name_en: CleanName = Field(alias="FullNameEn")
    wards: list[_Unit] = Field(alias="Wards", default=[])


class _Units(BaseModel):
    data: list[_Unit]


class _Old(BaseModel):
    old_id: Code
    name: CleanName
    type: Part


class _New(BaseModel):
    new_id: Code
    name: CleanName


class _NewWard(BaseModel):
    level2_id: Code
    name: CleanName
    merges: list[_Old]


class _NewProvince(BaseModel):
    level1_id: Code
    name: CleanName
    merges: list[_Old]
    level2s: list[_NewWard]


class _Merges(BaseModel):
    data: list[_NewProvince]


class _OldWard(BaseModel):
    level3_id: Code
    name: CleanName
    splits: list[_New]


class _OldDistrict(BaseModel):
    level2_id: Code
    name: CleanName
    splits: list[_New]


class _OldProvince(BaseModel):
    level1_id: Code
    name: CleanName
    splits: list[_New]
    level3s: list[_OldWard]
    level2s: list[_OldDistrict] = []


class _Splits(BaseModel):
    data: list[_OldProvince]


Model = TypeVar("Model", bound=BaseModel)


def read_units(path: Path) -> list[ReformedUnit]:
    """Provinces and their wards from `provinces-wards-*.json`, each province before its wards.

    Raises:
        InputError: the file is of another form, or a ward is no phường, xã or đặc khu.
    """
    found: list[ReformedUnit] = []
    for province in _read(path, _Units, wrap=True).data:
        found.append(_unit(path, province, None))
        found += [_unit(path, ward, province.code) for ward in province.wards]
    return found


def read_merges(path: Path) -> list[UnitLink]:
    """What went into each of today's units, from `new-to-old-merges.json`; the provinces of former wards are not in it.

    Raises:
        InputError: the file is of another form.
    """
    found: list[UnitLink] = []
    for province in _read(path, _Merges).data:
        here = province.level1_id
        found += [
            UnitLink("province", old.old_id, old.name, "province", here, province.name, here, old.type)
            for old in province.merges
        ]
        for ward in province.level2s:
            for old in ward.merges:
                level: FormerLevel = "district" if len(old.old_id) == 3 else "ward"
                found.append(UnitLink(level, old.old_id, old.name, "ward", ward.level2_id, ward.name, here, old.type))
    return found


def read_splits(path: Path) -> list[UnitLink]:
    """What became of each former unit, from `old-to-new-splits.json`: 'partial' where it has several successors.

    Raises:
        InputError: the file is of another form, or a former province has not one successor.
    """
    found: list[UnitLink] = []
    for province in _read(path, _Splits).data:
        if len(province.splits) != 1:
            raise InputError(
                "tỉnh cũ phải nhập vào đúng một tỉnh · a former province has not one successor",
                hint=province.level1_id,
                file=path.name,
            )
        (new,) = province.splits
        old, into = province.level1_id, new.new_id
        found.append(UnitLink("province", old, province.name, "province", into, new.name, into, "full", old))
        formers: list[tuple[FormerLevel, str, str, list[_New]]] = [
            *(("district", each.level2_id, each.name, each.splits) for each in province.level2s),
            *(("ward", each.level3_id, each.name, each.splits) for each in province.level3s),
        ]
        for level, code, name, heirs in formers:
            part: Part = "full" if len(heirs) == 1 else "partial"
            found += [UnitLink(level, code, name, "ward", heir.new_id, heir.name, into, part, old) for heir in heirs]
    return found


def read_former_wards(path: Path) -> list[FormerWard]:
    """Former wards with their districts, from a workbook of the statistics office (danh mục hành chính, .xls or .xlsx).

    Raises:
        NotFound: there is no such file.
        InputError: it is no workbook or made to do harm, or has other columns.
    """
    check_upload(path, WORKBOOKS)
    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, ValueError) as error:
        raise InputError("không đọc được bảng tính · the workbook cannot be read", file=path.name) from error
    header = [clean_text(cell) for cell in rows[0]] if rows else []
    missing = [name for name in FORMER_WARD_COLUMNS if name not in header]
    if missing:
        raise InputError(f"thiếu cột · missing column: {', '.join(missing)}", file=path.name, row=1)
    columns = [header.index(name) for name in FORMER_WARD_COLUMNS]
    found = []
    for row in rows[1:]:
        province, district_name, district, name, code = (clean_text(row[column]) for column in columns)
        if code:  # an island district has none
            found.append(FormerWard(code, name, district, district_name, province))
    return found


def complete_links(
    merges: Iterable[UnitLink], splits: Iterable[UnitLink], former: Iterable[FormerWard] = ()
) -> list[UnitLink]:
    """The links of the merges (which say 'full' or 'partial') with the former provinces and, where known, districts."""
    provinces = {(link.old_level, link.old_code): link.old_province for link in splits}
    districts = {ward.code: ward.district for ward in former}
    return [
        replace(
            link,
            old_province=provinces.get((link.old_level, link.old_code)),
            old_district=districts.get(link.old_code) if link.old_level == "ward" else None,
        )
        for link in merges
    ]


def _unit(path: Path, unit: _Unit, province: str | None) -> ReformedUnit:
    if province is None:
        return ReformedUnit("province", unit.code, unit.name, unit.name_en, None, None)
    kind = next((kind for word, kind in KINDS.items() if unit.name.casefold().startswith(f"{word} ")), None)
    if kind is None:
        raise InputError(
            f"đơn vị {unit.code} không phải phường, xã, đặc khu · unit {unit.code} is of no known kind", file=path.name
        )
    return ReformedUnit("ward", unit.code, unit.name, unit.name_en, kind, province)


def _read(path: Path, model: type[Model], *, wrap: bool = False) -> Model:
    try:
        content = path.read_bytes()
        return model.model_validate_json(b'{"data":' + content + b"}" if wrap else content)
    except OSError as error:
        raise InputError("không đọc được tệp · the file cannot be read", file=path.name) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise InputError(
            f"tệp không đúng dạng · the file is of another form: {first['msg']}",
            hint="vn-admin-2025",
            file=path.name,
            field=field,
        ) from error
