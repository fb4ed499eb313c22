"""Excel workbooks (.xlsx, .xls, .ods), read with calamine: sheets as grids, headers over merged rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from gisland.errors import InputError
from gisland.kit.identifiers import mask_ids
from gisland.kit.text import clean_text
from gisland.kit.uploads import WORKBOOKS, check_upload

# Headers of forms are merged over up to this many rows.
HEADER_ROWS = 5


@dataclass(frozen=True)
class Sheet:
    """A sheet as a grid of cells; row and column numbers count from 0 here and from 1 in messages."""

    name: str
    grid: list[list[object]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]]

    def headers(self, bottom: int) -> list[tuple[str, ...]]:
        """Per column, the texts of the header that ends in row `bottom`, from the group down to its own text.

        A merged cell counts for each of its columns; a cell merged downwards counts once.
        """
        top = max(0, bottom - HEADER_ROWS + 1)
        block = [list(row) for row in self.grid[top : bottom + 1]]
        for (row, column), (last_row, last_column) in self.merged:
            if top <= row <= bottom:
                for each in block[row - top : last_row - top + 1]:
                    each[column : last_column + 1] = [self.grid[row][column]] * (last_column - column + 1)
        width = max((len(row) for row in block), default=0)
        return [_path([row[column] for row in block if column < len(row)]) for column in range(width)]


def _path(cells: Sequence[object]) -> tuple[str, ...]:
    texts = [clean_text(cell) for cell in cells]
    return tuple(text for index, text in enumerate(texts) if text and (index == 0 or text != texts[index - 1]))


def open_workbook(path: Path) -> list[Sheet]:
    """The sheets of a workbook.

    Raises:
        NotFound: there is no such file.
        InputError: it is no workbook, or protected by a password, or made to do harm.
    """
    check_upload(path, WORKBOOKS)
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
        return [_sheet(workbook, name) for name in names]
    except (CalamineError, OSError, ValueError):
        raise InputError(
            "không phải tệp Excel, hoặc bị hỏng hay đặt mật khẩu · is no workbook, or broken, or protected",
            hint="mở bằng Excel và lưu lại dạng .xlsx · save it as .xlsx",
            file=path.name,
        ) from None


def _sheet(workbook: CalamineWorkbook, name: str) -> Sheet:
    sheet = workbook.get_sheet_by_name(name)
    grid: list[list[object]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    return Sheet(mask_ids(name), grid, list(sheet.merged_cell_ranges or []))


def column_letter(index: int) -> str:
    """A, B, … Z, AA, … as Excel names its columns."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
