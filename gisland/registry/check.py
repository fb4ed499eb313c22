"""What is wrong in the registry, and what reality breaks: examined as it is now, nothing is changed.

Two sorts. What the database itself refuses today (`WRONG`) can be there only of old, or by a session that switched its
triggers off. What reality breaks (`ODD`) is accepted, for papers and land are as they are; somebody should look at it.
Geometry (overlaps, areas of the map) is examined by the rules of quality, not here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import LiteralString

from psycopg import Connection
from pydantic import BaseModel, Field

from gisland.database.statements import statements
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
    id: int
    ward_id: int
    note: str = Field(description="Chi tiết, không có dữ liệu cá nhân · What it is about; no personal data")


class Finding(BaseModel):
    """What was found by one check; nothing of it when `count` is 0."""

    check: str
    sort: Sort
    title: str = Field(description="Điều gì · What is examined")
    mend: str = Field(description="Cách sửa · How to mend it")
    count: int
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
    "unknown_land_type": (
        Sort.ODD,
        "loại đất không phải mã hiện hành · land types that are no code of today",
        "ghi mã hiện hành · give the code of today: patch land_uses; GET /api/v1/codes/land_types",
    ),
    "uses_not_the_area": (
        Sort.ODD,
        "tổng diện tích mục đích khác diện tích pháp lý · areas of the uses that do not sum to the legal area",
        "xem giấy tờ, sửa · look at the papers; patch",
    ),
    "parcel_without_code": (
        Sort.ODD,
        "thửa chưa có mã định danh · parcels without a code",
        "ghi mã được cấp · enter the code that was given: patch parcel_code",
    ),
    "parcel_in_former_ward": (
        Sort.ODD,
        "thửa còn ở đơn vị hành chính cũ · parcels that are still in a former unit",
        "chuyển tờ bản đồ · move the sheet: act move",
    ),
    "id_borne_by_several": (
        Sort.ODD,
        "một số định danh, nhiều người trong phường · national ids that several holders of a ward bear",
        "xem ai là ai · see who is who: patch",
    ),
    "holder_of_nothing": (
        Sort.ODD,
        "người không có quyền nào · holders who hold nothing and never did",
        "ghi quyền · enter the right: act transfer, historic",
    ),
}

# What tells of persons needs what a filter by the same would: check → permission (`gisland.security.mask`).
NEEDS: Mapping[str, Permission] = {
    "id_borne_by_several": Permission.IDENTITY_READ,
    "holder_of_nothing": Permission.PERSON_READ,
}

FIND: LiteralString = """
    WITH found AS MATERIALIZED (SELECT * FROM ({check}) f WHERE %(ward)s::int IS NULL OR ward_id = %(ward)s)
    SELECT (SELECT count(*) FROM found), kind, id, ward_id, note FROM found ORDER BY id, note LIMIT %(examples)s
"""


def check(
    connection: Connection,
    land_types: list[str],
    *,
    ward_id: int | None = None,
    examples: int = EXAMPLES,
    held: Collection[str] = OF_PERSONS,
) -> list[Finding]:
    """Examine the registry, within the wards of the transaction.

    Args:
        connection: a transaction as `gisland_app`.
        land_types: the codes of today.
        ward_id: only this ward.
        examples: how many records are named of each finding.
        held: what whoever asks may see of persons there; checks that tell more are left out.

    Returns:
        One finding a check, in a fixed order, also of what is as it should be.
    """
    values = {"ward": ward_id, "examples": examples, "land_types": land_types}
    findings = []
    for name, (sort, title, mend) in CHECKS.items():
        if name in NEEDS and NEEDS[name] not in held:
            continue
        rows = connection.execute(FIND.format(check=SQL[name]).encode(), values).fetchall()
        cases = [Case(kind=kind, id=id_, ward_id=ward, note=note) for _, kind, id_, ward, note in rows]
        count = rows[0][0] if rows else 0
        findings.append(Finding(check=name, sort=sort, title=title, mend=mend, count=count, examples=cases))
    return findings


SQL = statements("gisland.registry", "sql/check.sql")
