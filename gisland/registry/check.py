"""What is wrong in the registry, and what reality breaks: examined as it is now, nothing is changed.

Two sorts. What the database itself refuses today (`WRONG`) can be there only of old, or by a session that switched its
triggers off. What reality breaks (`ODD`) is accepted, for papers and land are as they are; somebody should look at it.
Gaps between parcels are not examined: roads and water may be there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Literal, LiteralString

from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.audit import log
from gisland.database.statements import statements
from gisland.kit.certificate_numbers import CERTIFICATE_CODE, USUAL_SERIAL, serial_hints
from gisland.registry.codes import CodeList, CodeLists
from gisland.registry.geometry import TOLERANCE
from gisland.registry.identity import odd_ids
from gisland.registry.keys import KEYS
from gisland.registry.land_types import read_land_label, residential_code
from gisland.security.crypto import IdVault
from gisland.security.mask import OF_PERSONS
from gisland.security.permissions import Permission

EXAMPLES, MOST = 5, 1000


class Sort(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    ODD = "odd"


class Case(BaseModel):
    """A record with which something is the matter."""

    kind: str = Field(description="Loại bản ghi · Kind of record")
    id: int = Field(description="Mã nội bộ của bản ghi · Id of the record")
    ward_id: int = Field(description="Phường · The ward")
    note: str = Field(description="Chi tiết, không có dữ liệu cá nhân · What it is about; no personal data")


class Finding(BaseModel):
    """What was found by one check; nothing of it when `count` is 0."""

    check: str = Field(description="Tên của điều được khám · Name of what is examined")
    sort: Sort = Field(description="wrong: sai; odd: bất thường · Wrong, or odd")
    title: str = Field(description="Điều gì · What is examined")
    mend: str = Field(description="Cách sửa · How to mend it")
    count: int = Field(description="Số bản ghi · How many records")
    examples: list[Case] = Field(description="Các bản ghi đầu tiên · The first of them")


# check → sort, what it is, how to mend it
CHECKS: Mapping[str, tuple[Sort, str, str]] = {
    "right_on_retired": (
        Sort.WRONG,
        "quyền còn hiệu lực trên thửa, tài sản, Giấy đã hết hiệu lực · rights in force on what is retired",
        "ghi trên thửa mới, hoặc kết thúc · move it to what came of it, or end it: act transfer",
    ),
    "restriction_on_retired": (
        Sort.WRONG,
        "hạn chế còn hiệu lực trên thửa, tài sản, Giấy đã hết hiệu lực · restrictions in force on what is retired",
        "ghi trên thửa mới, hoặc xoá · enter it on what came of it, or end it: act release",
    ),
    "shares_not_whole": (
        Sort.WRONG,
        "phần quyền không cộng thành 1 · shares that do not sum to 1",
        "ghi phần của mọi người, hoặc không ai · give the shares of all, or of none: act transfer",
    ),
    "line_is_lost": (
        Sort.WRONG,
        "thửa đã tách, hợp mà không rõ thửa mới · parcels split or merged into nothing",
        "xem lịch sử, huỷ biến động · look at the timeline; undo the change",
    ),
    "right_under_retired_certificate": (
        Sort.ODD,
        "quyền, hạn chế theo Giấy đã hết hiệu lực · rights or restrictions under a certificate that is not in force",
        "ghi Giấy còn hiệu lực, hoặc để trống · name the certificate in force, or none: patch",
    ),
    "past_its_day": (
        Sort.ODD,
        "quyền, hạn chế đã quá ngày hết hiệu lực · rights or restrictions whose own end has come",
        "kết thúc, hoặc sửa ngày · end it, or correct its day: act transfer, release; patch",
    ),
    "certificate_without_parcel": (
        Sort.ODD,
        "Giấy có thửa chưa tìm thấy trên bản đồ · certificates naming a parcel that is not found",
        "nhận lại biểu sau khi có thửa · take the form in again once the parcel is there; patch",
    ),
    "certificate_of_retired_parcels": (
        Sort.ODD,
        "Giấy chỉ còn thửa đã hết hiệu lực · certificates all of whose parcels are retired",
        "cấp đổi, thu hồi · replace or revoke it: act reissue, revoke",
    ),
    "serial_repeated": (
        Sort.ODD,
        "số phát hành trùng nhau · serials that several certificates bear",
        "xem bản giấy, sửa · look at the papers; patch",
    ),
    "serial_unusual": (
        Sort.ODD,
        "số phát hành không đúng dạng · serials that are not like those that are printed",
        "xem bản giấy, sửa · look at the paper: 1–2 letters and 6 digits, form of 2024 2 letters and 8 digits; patch",
    ),
    "certificate_code_unusual": (
        Sort.ODD,
        "mã Giấy không đúng dạng · certificate codes that are none",
        "xem bản giấy, sửa · look below the QR code: T1–T3, H1, H2 and 10 digits; patch gcn_code",
    ),
    "flat_without_building": (
        Sort.ODD,
        "căn hộ không rõ nhà chung cư · apartments without their building",
        "ghi nhà chung cư · name its building: patch parent_id",
    ),
    "part_of_retired": (
        Sort.ODD,
        "phần của tài sản đã hết hiệu lực · parts of an asset that is retired",
        "ghi nhà còn hiệu lực, hoặc ngừng · name the one in force, or end it: patch parent_id, act retire-asset",
    ),
    "asset_on_nothing": (
        Sort.ODD,
        "tài sản không trên thửa nào còn hiệu lực · assets on no parcel in force",
        "ghi thửa, hoặc ngừng hiệu lực · name its parcel, or end it: patch parcels, act retire-asset",
    ),
    "asset_larger_than_its_land": (
        Sort.ODD,
        "diện tích xây dựng lớn hơn thửa đất · assets that cover more than the parcels they stand on",
        "xem giấy tờ, ghi đủ thửa · look at the papers; name all its parcels: patch footprint_m2, parcels",
    ),
    "parcel_outside_its_group": (
        Sort.ODD,
        "thửa nằm ngoài phạm vi vẽ của tổ · parcels outside the drawn extent of their group",
        "xem tổ, hoặc vẽ lại phạm vi · see its group, or draw that anew: patch residential_group_id, geometry",
    ),
    "parcels_overlap": (
        Sort.ODD,
        "thửa chồng lên nhau · parcels that overlap",
        "xem bản đồ, chỉnh ranh, huỷ thửa nhập trùng · look at the map: act adjust; retire what is there twice",
    ),
    "unknown_land_type": (
        Sort.ODD,
        "loại đất không phải mã hiện hành · land types that are no code of today",
        "ghi mã hiện hành · give the code of today: patch land_uses; GET /api/v1/codes/land_types",
    ),
    "unknown_code": (
        Sort.ODD,
        "loại, nguồn gốc, hình thức không có trong danh mục · kinds, origins and forms of use that no code list knows",
        "ghi mã của danh mục · give a code of the list: patch; GET /api/v1/codes/…",
    ),
    "residential_of_another_unit": (
        Sort.ODD,
        "đất ở không theo loại đơn vị hành chính · residential land whose code is not that of its unit",
        "phường ODT, xã, đặc khu ONT; Giấy đã cấp giữ mã · ODT in wards and new urban areas, else ONT: patch land_uses",
    ),
    "uses_not_the_area": (
        Sort.ODD,
        "tổng diện tích mục đích khác diện tích pháp lý · areas of the uses that do not sum to the legal area",
        "xem giấy tờ, sửa · look at the papers; patch",
    ),
    "area_not_as_on_paper": (
        Sort.ODD,
        "diện tích pháp lý khác diện tích đo vẽ quá sai số · legal areas that are not that of the map",
        "xem giấy tờ, đo đạc lại · look at the papers, or survey anew: patch legal_area_m2, geometry",
    ),
    "parcel_without_code": (
        Sort.ODD,
        "thửa chưa có mã định danh · parcels without a code",
        "ghi mã được cấp · enter the code that was given: patch parcel_code",
    ),
    "code_off_its_parcel": (
        Sort.ODD,
        "mã định danh chỉ nơi khác · parcel codes that stand for another place",
        "xem mã được cấp, sửa · look at the code that was given: patch parcel_code",
    ),
    "parcel_in_former_ward": (
        Sort.ODD,
        "thửa còn ở đơn vị hành chính cũ · parcels that are still in a former unit",
        "chuyển tờ bản đồ · move the sheet: act move",
    ),
    "id_unusual": (
        Sort.ODD,
        "số định danh không khớp giới tính, năm sinh, hay sai dạng · ids that do not fit the person or look wrong",
        "xem giấy tờ, có số đúng · look at the papers, some are right: patch; GET /api/v1/codes/identifier_warnings",
    ),
    "id_borne_by_several": (
        Sort.ODD,
        "một số định danh, nhiều người trong phường · national ids that several holders of a ward bear",
        "xem ai là ai · see who is who: patch",
    ),
    "key_stale": (
        Sort.ODD,
        "khoá so sánh không phải của chữ, do sửa trực tiếp · comparison keys that are not those of their texts",
        "ghi lại chữ đó · say the text again: patch full_name, serial",
    ),
    "holder_of_nothing": (
        Sort.ODD,
        "người không có quyền nào · holders who hold nothing and never did",
        "ghi quyền · enter the right: act transfer, historic",
    ),
}

# What tells of persons needs what a filter by the same would: check → permission (`gisland.security.mask`).
NEEDS: Mapping[str, Permission] = {
    "id_unusual": Permission.IDENTITY_READ,
    "id_borne_by_several": Permission.IDENTITY_READ,
    "holder_of_nothing": Permission.PERSON_READ,
}

# As units are called, and how residential land is called there.
RESIDENTIAL: Mapping[str, str] = {
    "phường": residential_code("ward"),
    "xã": residential_code("commune"),
    "đặc khu": residential_code("special_zone"),
}

# Parcels overlap when they do somewhere wider than what two drawings of one boundary may differ (`TOLERANCE` on each
# side) and by more than what areas are told to (0.1 m², circular 25/2014/TT-BTNMT).
OVERLAP = {"overlap_m2": 0.1, "overlap_width_m": 2 * TOLERANCE}
# Scale of a map → how far a point of a boundary may be off, metres (circular 25/2014/TT-BTNMT, art. 7). No law says how
# far areas may be: practice has 2 m √P, SOLA 1 %; the larger one counts.
ACCURACY_M: Mapping[int, float] = {200: 0.05, 500: 0.07, 1000: 0.15, 2000: 0.3, 5000: 1.5, 10000: 3.0}
AREAS = {"area_share": 0.01, "scales": list(ACCURACY_M), "points_m": list(ACCURACY_M.values())}

FIND: LiteralString = """
    WITH found AS MATERIALIZED (SELECT * FROM ({check}) f WHERE %(ward)s::int IS NULL OR ward_id = %(ward)s)
    SELECT (SELECT count(*) FROM found), kind, id, ward_id, note FROM found ORDER BY id, note LIMIT %(examples)s
"""

TEXTS: LiteralString = """
    SELECT DISTINCT note FROM ({check}) f WHERE %(ward)s::int IS NULL OR ward_id = %(ward)s
"""


def check(
    connection: Connection,
    codes: CodeLists,
    vault: IdVault,
    *,
    ward_id: int | None = None,
    examples: int = EXAMPLES,
    held: Collection[str] = OF_PERSONS,
) -> list[Finding]:
    """Examine the registry, within the wards of the transaction.

    Args:
        connection: a transaction as `gisland_app`.
        codes: the code lists.
        vault: the key of the national ids.
        ward_id: only this ward.
        examples: how many records are named of each finding.
        held: what whoever asks may see of persons there; checks that tell more are left out.

    Returns:
        One finding a check, in a fixed order, also of what is as it should be.
    """
    land_types = codes.code_list("land_types")
    values: dict[str, object] = {"ward": ward_id, "examples": examples}
    values |= {"serial": USUAL_SERIAL, "certificate_code": CERTIFICATE_CODE}
    values |= {"land_types": [code.code for code in land_types.codes if code.selectable]}
    values |= OVERLAP | AREAS
    values |= {"units": list(RESIDENTIAL), "residential": list(RESIDENTIAL.values())}
    values["unknown"] = _unknown_texts(connection, codes, ward_id)
    hints: dict[str, Callable[[str], str]] = {
        "serial_unusual": lambda serial: ", ".join(serial_hints(serial)),
        "unknown_land_type": lambda label: _types(label, land_types),
    }
    findings = []
    for name, (sort, title, mend) in CHECKS.items():
        if name in NEEDS and NEEDS[name] not in held:
            continue
        if name in OPENED:
            count, cases = OPENED[name](connection, vault, ward_id, examples)
        else:
            rows = connection.execute(FIND.format(check=SQL[name]).encode(), values).fetchall()
            cases = [Case(kind=kind, id=id_, ward_id=ward, note=note) for _, kind, id_, ward, note in rows]
            count = rows[0][0] if rows else 0
        for case in cases:
            if name in hints and (hint := hints[name](case.note)):
                case.note += f" → {hint}?"
        findings.append(Finding(check=name, sort=sort, title=title, mend=mend, count=count, examples=cases))
    return findings


def _unusual_ids(connection: Connection, vault: IdVault, ward_id: int | None, examples: int) -> tuple[int, list[Case]]:
    """How many national ids are odd, and the first of their holders; the codes of what is odd, never a number."""
    count, cases = 0, list[Case]()
    for holder, ward, warnings in odd_ids(connection, vault, ward_id):
        count += 1
        if len(cases) < examples:
            cases.append(Case(kind="holder", id=holder, ward_id=ward, note=", ".join(warnings)))
    return count, cases


def _stale_keys(connection: Connection, _: IdVault, ward_id: int | None, examples: int) -> tuple[int, list[Case]]:
    """How many comparison keys are not what the rule makes of their text, and the first of their records."""
    count, cases = 0, list[Case]()
    with connection.cursor(name="keys") as cursor:
        cursor.itersize = 5000
        for kind, record, ward, text, there in cursor.execute(SQL["key_stale"], {"ward": ward_id}):
            if there != KEYS[kind].rule(text):
                count += 1
                if len(cases) < examples:
                    cases.append(Case(kind=kind, id=record, ward_id=ward, note=KEYS[kind].column))
    return count, cases


# What is examined row by row, for the database knows neither what is in a national id nor the rule of a key.
OPENED: Mapping[str, Callable[[Connection, IdVault, int | None, int], tuple[int, list[Case]]]] = {
    "id_unusual": _unusual_ids,
    "key_stale": _stale_keys,
}


def _unknown_texts(connection: Connection, codes: CodeLists, ward_id: int | None) -> list[str]:
    """The texts that are no word of their code list, each after the name of the list: 'document_kinds: contract'."""
    rows = connection.execute(TEXTS.format(check=SQL["unknown_code"]).encode(), {"ward": ward_id, "unknown": None})
    parted = [note.partition(": ") for (note,) in rows]
    return [name + colon + text for name, colon, text in parted if codes.code_list(name).look_up(text) is None]


def _types(label: str, land_types: CodeList) -> str:
    """Today's codes that the types of a label may be: 'LUC, LUK + CLN'."""
    return " + ".join(", ".join(sign.candidates) or "?" for sign in read_land_label(label, land_types)).strip("? +")


def note_check(connection: Connection, by: str, findings: Collection[Finding], ward_id: int | None) -> None:
    """Note in the audit log that somebody was told what is wrong, in a ward or in all of them: how much was named."""
    detail: dict[str, object] = {"kind": "finding", "records": sum(len(each.examples) for each in findings)}
    wards: Collection[int] | Literal["all"] = "all" if ward_id is None else [ward_id]
    log.record(connection, by, log.Tag.REGISTRY_READ, wards=wards, detail=detail)


SQL = statements("gisland.registry", "sql/check.sql")
