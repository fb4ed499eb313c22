"""What users are told is in Vietnamese, and in English after it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from gisland import errors
from gisland.settings import PROJECT_DIR

KINDS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.GislandError)}
NEUTRAL = ("--", "dpi ")
"""How texts begin that only name what was given; the hint says what may be."""


def words(node: ast.expr) -> str | None:
    """The text of a literal, whatever is put into it left out; None: it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def told() -> Iterator[tuple[str, str]]:
    """The texts of all errors that a user may meet, and where they are. Benches are for developers."""
    for file in sorted((PROJECT_DIR / "gisland").rglob("*.py")):
        place = file.relative_to(PROJECT_DIR)
        if "bench" in place.parts or "node_modules" in place.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and called(node.func) in KINDS:
                text = words(node.args[0])
                if text is not None:
                    yield f"{place}:{node.lineno}", text


def called(function: ast.expr) -> str:
    """The name of a function or class."""
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def test_errors_are_told_in_both_languages() -> None:
    found = list(told())
    assert len(found) > 300
    assert not [each for each in found if " · " not in each[1] and not each[1].startswith(NEUTRAL)]
