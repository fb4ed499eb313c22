"""Cells of exported tables: what people typed stays text, and no spreadsheet computes it."""

from __future__ import annotations

import re

# What a spreadsheet takes for the begin of a formula, also in full width, also behind blanks (OWASP, CSV injection).
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠|%]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def safe_cell(value: object) -> object:
    """A value as it may stand in a cell of a CSV file or a workbook.

    A text that could be computed gets an apostrophe in front, which spreadsheets take for the mark of a text. All else
    stays as it is: numbers (also as texts), dates, nothing. In workbooks `strings_to_formulas` is to be off besides.
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
