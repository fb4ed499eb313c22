"""Tables within workbooks: where the header is, which layout it fits, and which rows are data.

Columns are found by their header text, never by their number: the same form goes round with 38, 43 and 49 columns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gisland.errors import InputError, UsageError
from gisland.intake.formats.workbook import Sheet, column_letter, open_workbook
from gisland.intake.layouts import Layout, Match, matches, missing_columns
from gisland.intake.normalise import Unreadable
from gisland.intake.report import Advance, no_progress
from gisland.intake.rows import Collector
from gisland.kit.identifiers import map_number, mask_ids
from gisland.kit.text import clean_text, plain_key

LAST_HEADER_ROW = 30
# Titles, sub-totals and the sign block fill a few cells only.
FEW_CELLS = 6
STEP = 20  # rows between two steps of the progress bar
Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """A row of data. `number` is that of the sheet, as Excel shows it."""

    table: Table
    number: int
    cells: list[object]
    collector: Collector

    def cell(self, field: str) -> object:
        """The cell of a field; None when the file has no such column or the cell says nothing ('-', 'không rõ')."""
        index = self.table.match.columns.get(field)
        value = self.cells[index] if index is not None and index < len(self.cells) else None
        return None if isinstance(value, str) and plain_key(value) in self.table.match.layout.empty_keys else value

    def text(self, field: str) -> str:
        """A cell as clean text; national ids that strayed into it are masked."""
        value = self.cell(field)
        if isinstance(value, dt.date):
            return value.strftime("%d/%m/%Y")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return mask_ids(clean_text(value), code=field == "book_no")

    def read(self, field: str, parse: Callable[[object], Value], nothing: Value) -> Value:
        """A cell through `parse`; what cannot be read is noted, without its value: it may be personal."""
        try:
            return parse(self.cell(field))
        except Unreadable as reason:
            self.refuse(field, str(reason))
            return nothing

    def code(self, field: str) -> str | None:
        """The code that stands for the word in a cell; None when it is empty, noted when it is unknown."""
        text = self.text(field)
        codes = self.table.match.layout.codes[field]
        found = codes.get(plain_key(text))
        if plain_key(text) and found is None:
            words = ", ".join(words[0] for words in self.table.match.layout.words[field].values() if words and words[0])
            self.refuse(field, f"“{text[:60]}” không có trong danh mục · is not in the list: {words}")
        return found

    def unread(self) -> set[int]:
        """The columns that say something but stand for no field."""
        known, empty = self.table.match.columns.values(), self.table.match.layout.empty_keys
        return {index for index, cell in enumerate(self.cells) if index not in known and plain_key(cell) not in empty}

    def refuse(self, field: str, detail: str, hint: str = "") -> None:
        """Note that a cell is wrong."""
        index = self.table.match.columns.get(field)
        label = self.table.match.layout.name_of(field)
        column = label if index is None else f"{column_letter(index)} ({label})"
        self.collector.add(self.number, detail, column=column, hint=hint)


@dataclass(frozen=True)
class Table:
    """A sheet whose header fits a layout."""

    file: str
    sheet: Sheet
    match: Match
    header_row: int

    def rows(self, collector: Collector, telling: list[str]) -> Iterator[Row]:
        """The rows of data: those that say something in one of the `telling` fields, up to the sign block."""
        layout = self.match.layout
        for index in range(self.header_row + 1, len(self.sheet.grid)):
            cells = self.sheet.grid[index]
            filled = [cell for cell in cells if cell is not None and cell != ""]
            if index == self.header_row + 1 and _is_number_row(filled):
                continue
            if len(filled) <= FEW_CELLS:
                keys = [plain_key(cell) for cell in filled]
                if any(matches(pattern, key) for pattern in layout.stop for key in keys):
                    return
                if any(matches(pattern, key) for pattern in layout.skip for key in keys[:2]):
                    continue
            row = Row(self, index + 1, cells, collector)
            if any(row.text(field) for field in telling):
                yield row

    def names(self, columns: set[int]) -> list[str]:
        """Columns by letter and header, but for those that are no data ('Số TT')."""
        headers = dict(enumerate(self.sheet.headers(self.header_row)))
        texts = {index: mask_ids(headers[index][-1]) if headers.get(index) else "" for index in sorted(columns)}
        ignored = self.match.layout.ignore
        return [
            f"{column_letter(index)} ({text[:60]})" if text else column_letter(index)
            for index, text in texts.items()
            if not any(matches(pattern, plain_key(text)) for pattern in ignored)
        ]


def find_tables(path: Path, layouts: list[Layout]) -> list[Table]:
    """The sheets of a workbook that fit one of the layouts.

    Raises:
        InputError: it is no workbook, or no sheet fits; says what is missing in the one that comes nearest.
        UsageError: its sheets fit different layouts.
    """
    nearest = [_nearest(path.name, sheet, layouts) for sheet in open_workbook(path)]
    tables = [table for table in nearest if table.match.score]
    fitting = [table for table in tables if not table.match.layout.missing(table.match.columns)]
    if not tables:
        titles = "; ".join(layout.title for layout in layouts)
        raise InputError(f"không thấy hàng tiêu đề · no header row was found: {titles}", file=path.name)
    if not fitting:
        best = max(tables, key=lambda table: table.match.score)
        raise missing_columns(best.match, path.name, sheet=best.sheet.name)
    if len({table.match.layout.name for table in fitting}) > 1:
        raise UsageError("các trang tính theo nhiều mẫu · the sheets are of several layouts", file=path.name)
    return fitting


def read_rows(
    tables: list[Table], collectors: list[Collector], telling: list[str], advance: Advance = no_progress
) -> Iterator[Row]:
    """The rows of data of several sheets, one after the other.

    Args:
        tables: the sheets.
        collectors: for each sheet, what gathers its errors.
        telling: a row is data when it says something in one of these fields.
        advance: told, while the rows are being worked on, how many are done.
    """
    found = [row for table, collector in zip(tables, collectors, strict=True) for row in table.rows(collector, telling)]
    for done, row in enumerate(found, start=1):
        yield row
        if done % STEP == 0 or done == len(found):
            advance(done, len(found))


def _nearest(file: str, sheet: Sheet, layouts: list[Layout]) -> Table:
    """The row and layout under which most fields are found; of equal ones the lower row, where merged cells end."""
    best = Table(file, sheet, Match(layouts[0], {}), 0)
    for bottom in range(min(LAST_HEADER_ROW, len(sheet.grid))):
        headers = sheet.headers(bottom)
        for layout in layouts:
            match = Match(layout, layout.columns(headers))
            if match.score and match.score >= best.match.score:
                best = Table(file, sheet, match, bottom)
    return best


def _is_number_row(cells: list[object]) -> bool:
    """The row of column numbers under a header: 1, 2, 3 …, maybe in brackets or with letters before them."""
    keys = [plain_key(map_number(cell)) for cell in cells]
    numbers = [int(key) for key in keys if key.isdigit()]
    return len(numbers) >= max(3, len(keys) - 3) and numbers == sorted(set(numbers))
