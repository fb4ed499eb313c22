"""SQL that stands in files of its own."""

from __future__ import annotations

from importlib import resources
from typing import LiteralString


def statements(package: str, name: str) -> dict[str, LiteralString]:
    """The statements of an SQL file in a package, by the names that stand before them (`-- name: …`)."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    parts = (part.split("\n", 1) for part in text.split("-- name: ")[1:])
    return {title.strip(): body for title, body in parts}
