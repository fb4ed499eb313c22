"""What the database refuses, in words: by the name of the constraint, with a mend, never with a value."""

from __future__ import annotations

import psycopg
from psycopg import errors

from gisland.errors import Conflict, GislandError, InputError

_PERIOD = ("ngày hết trước ngày bắt đầu · it ends before it begins", "valid_from ≤ valid_to")
_EMPTY = ("không được để trống · it must not be empty", "give it a text")
_NEGATIVE = ("không được âm · it must not be negative", "0 or more")
_LIST = (
    "không có giá trị này trong danh mục · there is no such value in the code list",
    "see the field's enum in /api/v1/openapi.json",
)
_TWICE = ("một dòng có hai lần trong danh sách · a row is there twice in a list", "name each once")
_SYSTEM = ("không thể như vậy · it cannot be so", "report this: the program should have refused it before")

# Unique constraints and indexes: it does not fit what is there.
TAKEN: dict[str, tuple[str, str]] = {
    "unit_current_code": (
        "mã đơn vị đang có hiệu lực · the code is a unit's that is in force",
        "GET /api/v1/units?code=…",
    ),
    "residential_group_ward_id_code_key": (
        "phường đã có tổ mang mã này · the ward has a group with this code",
        "GET /api/v1/groups?code=…",
    ),
    "map_sheet_ward_id_old_ward_code_sheet_no_scale_key": (
        "phường đã có tờ mang số và tỷ lệ này · the ward has a sheet with this number, scale and former ward",
        "GET /api/v1/sheets?sheet_no=…",
    ),
    "parcel_number_on_sheet": (
        "tờ đã có thửa mang số này · the sheet has a parcel with this number",
        "GET /api/v1/parcels?map_sheet_id=…&parcel_no=…",
    ),
    "parcel_parcel_code_key": (
        "mã định danh thửa đã có · another parcel bears this code",
        "GET /api/v1/parcels?parcel_code=…",
    ),
    "holding_once": ("quyền này đã được ghi · this right is entered already", "GET /api/v1/holdings?holder_id=…"),
    "document_content": (
        "phường đã có văn bản với nội dung này · the ward has a document with this content",
        "link the one there is",
    ),
    "land_use_parcel_id_seq_key": _TWICE,
    "parcel_number_parcel_id_series_old_ward_code_sheet_no_parce_key": _TWICE,
    "asset_parcel_asset_id_parcel_id_key": _TWICE,
    "certificate_asset_certificate_id_asset_id_key": _TWICE,
    "certificate_parcel_certificate_id_parcel_id_paper_sheet_no__key": _TWICE,
    "document_link_document_id_parcel_id_asset_id_holder_id_cert_key": _TWICE,
    "parcel_lineage_ancestor_id_descendant_id_key": _TWICE,
    "unit_successor_predecessor_id_successor_id_key": _TWICE,
    "parcel_id_ward_id_key": _SYSTEM,
    "map_sheet_id_srid_key": _SYSTEM,
    "map_sheet_id_ward_id_key": _SYSTEM,
    "residential_group_id_ward_id_key": _SYSTEM,
    "change_undoes_key": ("biến động này đã được hoàn tác · this change is undone already", "undo the undoing instead"),
}

# Raised by triggers: it does not fit what is there by now.
STANDING: dict[str, tuple[str, str]] = {
    "right_on_what_is_in_force": (
        "thửa, tài sản hoặc Giấy này đã hết hiệu lực · what the right or restriction is on is retired",
        "GET /api/v1/parcels/…/lineage: name what came of it; valid_to: what has ended may be on anything",
    ),
    "right_in_ward_of_its_thing": (
        "quyền, hạn chế phải cùng phường với thửa, tài sản, Giấy · it is in another ward than what it is on",
        "ward_id: that of the parcel, else of the asset, else of the certificate",
    ),
    "retired_thing_bears_nothing": (
        "còn quyền hoặc hạn chế trên đó · it bears rights or restrictions in force",
        "end them first",
    ),
}

# Checks: what makes no sense at all.
SENSELESS: dict[str, tuple[str, str]] = {
    "asset_check": (
        "tài sản không thể thuộc chính nó · an asset is no part of itself",
        "name its building, or nothing",
    ),
    "asset_floor_area_m2_check": _NEGATIVE,
    "asset_footprint_m2_check": _NEGATIVE,
    "asset_kind_check": _LIST,
    "certificate_check": ("Giấy không thể thay chính nó · a certificate does not replace itself", "name the newer one"),
    "change_check": _SYSTEM,
    "change_kind_check": _LIST,
    "document_content_hash_check": _SYSTEM,
    "document_kind_check": _EMPTY,
    "document_pages_check": ("số trang phải dương · there is at least one page", "1 or more, or nothing"),
    "document_size_bytes_check": _SYSTEM,
    "document_link_check": (
        "mỗi liên kết nói đến đúng một đối tượng · each link is about exactly one thing",
        "one of parcel_id, asset_id, holder_id, certificate_id",
    ),
    "holder_birth_year_check": ("năm sinh ngoài 1850–2150 · the year of birth is not in 1850–2150", "check the year"),
    "holder_check": _SYSTEM,
    "holder_full_name_check": _EMPTY,
    "holder_gender_check": _LIST,
    "holder_id_hash_check": _SYSTEM,
    "holder_id_kind_check": _LIST,
    "holder_kind_check": _LIST,
    "holding_check": _PERIOD,
    "holding_check1": ("phần sở hữu cần cả tử và mẫu · a share has two numbers", "share_num and share_den, or none"),
    "holding_check2": ("phần sở hữu phải trong (0, 1] · a share is above 0 and at most 1", "share_num ≤ share_den"),
    "holding_on_something": (
        "quyền phải trên một thửa, một tài sản, hoặc Giấy · a right is on a parcel, an asset, or a certificate",
        "parcel_id or asset_id, not both",
    ),
    "holding_party_check": _LIST,
    "holding_role_check": _LIST,
    "holding_shares_sum": (
        "tổng các phần không bằng 1 · the shares do not sum to 1",
        "give each holder a share, all in one act (transfer), or none",
    ),
    "land_use_area_m2_check": _NEGATIVE,
    "land_use_land_type_check": _EMPTY,
    "land_use_seq_check": _SYSTEM,
    "map_sheet_scale_check": _NEGATIVE,
    "map_sheet_sheet_no_check": _EMPTY,
    "parcel_area_m2_check": ("thửa không có diện tích · the parcel has no area", "check the coordinates"),
    "parcel_check": ("hình thể khác hệ toạ độ của tờ · the geometry is not in the CRS of the sheet", "check srid"),
    "parcel_check1": _PERIOD,
    "parcel_check2": _SYSTEM,
    "parcel_geom_check": (
        "hình thể rỗng hoặc tự cắt · the geometry is empty or crosses itself",
        "a valid polygon (ST_IsValid), in the CRS of the sheet",
    ),
    "parcel_label_angle_check": (
        "góc của nhãn ngoài (-90, 90] · the angle of a label is above -90 and at most 90",
        "degrees, counter-clockwise from east",
    ),
    "parcel_label_check": (
        "chỗ đặt nhãn cần cả hoành độ và tung độ · a label stands at an east and a north; an angle needs them",
        "label_east and label_north, or none; then label_angle: null, too",
    ),
    "parcel_label_within": (
        "chỗ đặt nhãn ngoài thửa · the label would stand outside of its parcel, as if it were another one's",
        "label_east, label_north: metres, east before north, in the CRS of the sheet (srid), within the parcel",
    ),
    "parcel_legal_area_m2_check": _NEGATIVE,
    "parcel_parcel_code_check": (
        "mã định danh thửa không phải GeoHash 12 ký tự · the parcel code is no GeoHash of 12 characters",
        "12 signs that begin with a letter, in Vietnam with w",
    ),
    "parcel_parcel_code_method_check": _SYSTEM,
    "parcel_parcel_no_check": _EMPTY,
    "parcel_lineage_check": (
        "thửa không thể là gốc của chính nó · a parcel is not its own ancestor",
        "name another one",
    ),
    "parcel_lineage_no_circle": ("nguồn gốc thửa thành vòng · the lineage would be a circle", "check the ancestors"),
    "parcel_number_confidence_check": (
        "độ tin cậy phải trong (0, 1] · a confidence is above 0 and at most 1",
        "0.01 – 1",
    ),
    "parcel_number_parcel_no_check": _EMPTY,
    "parcel_number_scale_check": _NEGATIVE,
    "parcel_number_series_check": _LIST,
    "residential_group_code_check": _EMPTY,
    "restriction_check": _PERIOD,
    "restriction_check1": (
        "hạn chế phải trên thửa, tài sản hoặc Giấy · a restriction is on a parcel, an asset or a certificate",
        "give one of parcel_id, asset_id, certificate_id",
    ),
    "restriction_kind_check": _EMPTY,
    "unit_area_km2_check": ("diện tích phải dương · the area must be positive", "km²"),
    "unit_check": _PERIOD,
    "unit_code_check": _EMPTY,
    "unit_geom_4326_check": ("ranh giới rỗng hoặc tự cắt · the boundary is empty or crosses itself", "a valid polygon"),
    "unit_level_check": _LIST,
    "unit_name_check": _EMPTY,
    "unit_no_district": (
        "từ 1/7/2025 không còn cấp huyện · there are no districts since 1/7/2025",
        "level: province or ward",
    ),
    "unit_successor_check": ("đơn vị không thể kế tục chính nó · a unit does not succeed itself", "name another one"),
    "unit_successor_part_check": _LIST,
}


def _unseen(error: InputError) -> InputError:
    error.unseen = True
    return error


def refusal(error: psycopg.Error) -> GislandError:
    """The error that a user sees for one of the database; it names table and constraint, never a value."""
    diag = error.diag
    name = diag.constraint_name or ""
    if isinstance(error, errors.UniqueViolation):
        what, mend = TAKEN.get(name, ("đã có · it is there already", ""))
        return Conflict(what, hint=mend, constraint=name)
    if isinstance(error, errors.InsufficientPrivilege):
        # Row-level security. What is another ward's looks like what is not there.
        return _unseen(
            InputError(
                "nói đến thứ không có, hoặc ở phường khác · it names what is not there, or is another ward's",
                hint="check the ids, ward_id first",
            )
        )
    if isinstance(error, errors.ForeignKeyViolation):
        field = name.removeprefix(f"{diag.table_name}_").removesuffix("_fkey")
        return _unseen(
            InputError(
                "nói đến thứ không có, hoặc ở phường khác · it names what is not there, or is another ward's",
                hint="check the ids",
                field=field,
                constraint=name,
            )
        )
    if name in STANDING:
        what, mend = STANDING[name]
        return Conflict(what, hint=mend, constraint=name)
    if isinstance(error, errors.CheckViolation):
        what, mend = SENSELESS.get(name, _SYSTEM)
        return InputError(what, hint=mend, constraint=name)
    if isinstance(error, errors.NotNullViolation):
        return InputError("thiếu giá trị · a value is missing", field=diag.column_name)
    if isinstance(error, psycopg.DataError):
        return InputError("giá trị ngoài phạm vi của cột · a value does not fit its column", hint="see the schema")
    return InputError(
        "hình thể không dùng được trong hệ toạ độ của nó · the geometry cannot be used in its CRS",
        hint="metres, east before north, in the CRS of the sheet; degrees, longitude before latitude, in WGS 84",
        field="geometry",
    )
