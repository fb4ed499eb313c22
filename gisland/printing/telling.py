"""How far a print is: a part of 1, and what is being done, told page by page."""

from __future__ import annotations

from collections.abc import Callable

Told = Callable[[float, str], None]
"""Says how far a print is: a part of 1, and what is being done (Vietnamese · English, no personal data)."""

READ = "đọc dữ liệu · reading the data"
PLACE = "xếp các trang · placing the pages"
FINISH = "hoàn thiện tệp · finishing the file"


def quiet(part: float, message: str) -> None:
    """Tell nobody."""


def within(told: Told, begin: float, end: float, prefix: str = "") -> Told:
    """Tell of work that is a part of a larger one, from `begin` to `end` of it; `prefix` names the part."""

    def tell(part: float, message: str) -> None:
        if prefix:
            vi, _, en = message.partition(" · ")
            message = f"{prefix}: {vi} · {prefix}: {en or vi}"
        told(begin + part * (end - begin), message)

    return tell


def pages_of(told: Told, total: int) -> Callable[[int], None]:
    """Tell how many pages of so many are drawn."""

    def tell(done: int) -> None:
        told(done / max(total, 1), f"vẽ trang {done}/{total} · drawing page {done}/{total}")

    return tell
