"""What a person should hear of a form besides its errors: rows to look at, and whatever of it is not kept."""

from __future__ import annotations

from gisland.intake.form_rows import Notes
from gisland.intake.report import CORRECTED, MEND, examples
from gisland.intake.tables import Table

# What rows of one form may say differently of one thing. Rows that were accepted before are not applied again.
CONTRADICTIONS = {
    "issue_date": "một GCN, nhiều ngày cấp · different issue dates of one certificate",
    "book_no": "một GCN, nhiều số vào sổ · different book numbers of one certificate",
    "birth": "một người, nhiều ngày sinh · different birth dates of one person",
    "land_use": "một thửa, mục đích sử dụng ghi khác nhau · different land uses of one parcel",
    "parcel_address": "một thửa, nhiều địa chỉ · different addresses of one parcel",
    "asset": "một tài sản, thông tin ghi khác nhau · different facts of one asset",
}
# What rows say that is not kept, or not yet. Nothing is dropped without a word.
_KINDS = (
    "sửa ô này hoặc data/codes/asset_kinds.yml, rồi nhận lại · mend the cell or the list, then take the form in again"
)
TOLD = {
    "unknown_asset": (
        "loại tài sản không có trong danh mục, chưa nhận tài sản · unknown kind of asset, which was not taken in",
        _KINDS,
    ),
    "asset_without_kind": ("tài sản thiếu loại, chưa nhận · an asset without its kind was not taken in", _KINDS),
    "apartment_alone": ("căn hộ không ghi nhà chung cư · an apartment without its building", ""),
    "issue_date": ("ngày cấp thiếu ngày, không lưu · an issue date without its day is not kept", "dd/mm/yyyy"),
    "deputy": (
        "người đại diện tổ chức: chỉ lưu họ tên · of an organisation's deputy only the name is kept",
        "",
    ),
    "party": ("có tên tổ chức nên ghi là tổ chức · taken for an organisation, as it is named", ""),
    "user": (
        "người sử dụng hiện tại thiếu họ tên, không nhận · a current user without name was not taken in",
        "ghi họ tên rồi nhận lại · give the name, then take the form in again",
    ),
    "land_use": (
        "nguồn gốc, hình thức, thời hạn thiếu loại đất, không nhận · origin, form or term without land type",
        "ghi loại đất rồi nhận lại · give the land type, then take the form in again",
    ),
    "address": ("địa chỉ thửa khác trong CSDL, giữ nguyên · another address of the parcel is there, left alone", MEND),
    "code": (
        "mã định danh không nhận: có mã khác, hoặc sai · parcel codes not taken in: another is there, or it is wrong",
        MEND,
    ),
}
UNREAD = "cột không nhận, dữ liệu không vào CSDL · columns that were not taken in"
FIRST_COUNTS = "lấy dòng mới đầu tiên · the first new row counts"


def remarks(
    notes: Notes,
    tables: list[Table],
    open_rows: list[tuple[str, int]],
    conflicts: list[str],
    unlike: list[tuple[int, str, bool, bool]],
    contradictions: list[tuple[str, list[str]]],
) -> list[str]:
    """The lists of rows that a person should look at, and of columns that were not taken in; no names, no values.

    Args:
        notes: what was noted while the rows were read.
        tables: the sheets that were read.
        open_rows: rows without their parcel, each with the number of parcels that bear its numbers.
        conflicts: rows that say otherwise than what somebody has corrected.
        unlike: per row, its number and place, and whether its address or its code of the parcel is not taken, as the
            registry has another one.
        contradictions: what rows of the form say differently (see `CONTRADICTIONS`), with these rows.
    """
    told = notes.told | {
        "address": [place for _, place, address, _ in unlike if address],
        "code": [place for _, place, _, code in unlike if code],
    }
    lists = [
        (
            "chưa gắn được thửa: không có thửa này · no such parcel",
            [place for place, found in open_rows if found == 0],
            "",
        ),
        (
            "chưa gắn được thửa: số tờ ở nhiều tỷ lệ · ambiguous number",
            [place for place, found in open_rows if found > 1],
            "",
        ),
        (CORRECTED, conflicts, MEND),
        ("số định danh không dùng được · unusable ids", notes.odd_ids, ""),
        ("mã phường cũ · code of a former ward", notes.old_ward, ""),
        ("dòng lặp lại trong tệp · repeated rows", notes.repeated, ""),
    ]
    lists += [(text, told.get(what, []), mend) for what, (text, mend) in TOLD.items()]
    lists += [
        (f"{text}; {FIRST_COUNTS}", [" ≠ ".join(places) for found, places in contradictions if found == what], "")
        for what, text in CONTRADICTIONS.items()
    ]
    lines = [
        f"{text} ({len(places)}): dòng · row {examples(places)}" + (f"; {mend}" if mend else "")
        for text, places, mend in lists
        if places
    ]
    unread = dict.fromkeys(name for table in tables for name in table.names(notes.filled[table.sheet.name]))
    if unread:
        where = f"config/intake/{tables[0].match.layout.name}.yml"
        lines.append(f"{UNREAD} ({len(unread)}): {examples(list(unread), len(unread))}; {where}")
    return lines
