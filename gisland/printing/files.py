"""Finished prints as files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def plain(code: str) -> str:
    """A code as a part of the name of a file, on whatever system."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in code).strip("-") or "x"


def write_private(out: Path, content: bytes, before: Callable[[], None] = lambda: None) -> None:
    """Write a file whole or not at all; it may hold names, so only its owner may read it.

    Args:
        out: where.
        content: of it.
        before: done when all is written and before the file is there by its name; where that fails there is none.
    """
    descriptor, part = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        before()
        Path(part).replace(out)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
