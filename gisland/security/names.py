"""Names of accounts."""

from __future__ import annotations

import re

from gisland.errors import InputError
from gisland.kit.identifiers import mask_ids

LONGEST = 64
PATTERN = r"^[a-z0-9][a-z0-9._@-]*$"
_NAME = re.compile(PATTERN)


def is_name(text: str) -> bool:
    """Whether an account may be called so."""
    return len(text) <= LONGEST and _NAME.fullmatch(text) is not None


def check_name(text: str) -> None:
    """Refuse what cannot be the name of a new account: names stand in logs, so that an id would be in clear there.

    Raises:
        InputError: it is no name, or holds a number as long as an id.
    """
    if not is_name(text):
        raise InputError(
            "tên đăng nhập không hợp lệ · this cannot be the name of an account",
            hint=f"a–z 0–9 . _ @ -, ≤ {LONGEST}",
            field="name",
        )
    if mask_ids(text) != text:
        raise InputError(
            "tên đăng nhập không được chứa số định danh · the name must not hold a national id",
            hint="tên người hoặc chức danh · the name of a person or office",
            field="name",
        )
