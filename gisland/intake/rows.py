"""Errors of rows: collected, so that a file is mended in one go, and printed one line each."""

from __future__ import annotations

from typing import Any

from gisland.errors import InputError
from gisland.kit.identifiers import mask_ids

MOST = 20


class RowErrors(InputError):
    """Several rows that cannot be taken in."""

    def __init__(self, errors: list[InputError], *, more: bool) -> None:
        super().__init__(errors[0].detail, hint=errors[0].hint, **errors[0].where)
        self.errors = errors
        self.more = more

    def __str__(self) -> str:
        """One line per row."""
        lines = [str(error) for error in self.errors]
        if self.more:
            lines.append(f"… chỉ nêu {len(self.errors)} lỗi đầu · only the first {len(self.errors)} errors are shown")
        return "\n".join(lines)

    def problem(self) -> dict[str, Any]:
        """Problem details with the list of errors."""
        return super().problem() | {"errors": [error.problem() for error in self.errors]}


class Collector:
    """Gathers the errors of the rows of one file; raises when there are enough, or at the end."""

    def __init__(self, file: str, **where: str | int) -> None:
        self.file = mask_ids(file)
        self.where = where
        self.errors: list[InputError] = []

    def add(self, row: int, detail: str, *, column: str | None = None, hint: str = "") -> None:
        """Note an error.

        Raises:
            RowErrors: there are many already; reading on would not help.
        """
        if len(self.errors) == MOST:
            raise RowErrors(self.errors, more=True)
        self.errors.append(InputError(detail, hint=hint, file=self.file, **self.where, row=row, column=column))

    def check(self) -> None:
        """Refuse the file when any row was wrong.

        Raises:
            InputError: one row was wrong.
            RowErrors: several were.
        """
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise RowErrors(self.errors, more=False)
