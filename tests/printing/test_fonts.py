"""What gisland itself writes on paper, its font has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from gisland.printing.fonts import CHARACTERS, UNKNOWN, register
from gisland.settings import PROJECT_DIR

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def texts(file: Path) -> Iterator[str]:
    """The literals of a module that are no docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told = {
        id(each.value)
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED)
        for each in node.body
        if isinstance(each, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_each_character_that_is_written_is_in_the_font() -> None:
    known = set(map(chr, CHARACTERS)) | {"\n"}
    written = {
        (file.name, sign)
        for file in (PROJECT_DIR / "gisland/printing").glob("*.py")
        for text in texts(file)
        for sign in text
    }
    files = (PROJECT_DIR / "config/print").rglob("*.yml")
    written |= {(file.name, sign) for file in files for sign in file.read_text(encoding="utf-8")}
    assert len(written) > 1000
    assert not [each for each in written if each[1] not in known]


def test_the_font_has_what_is_kept_of_it() -> None:
    for font in register().values():
        assert not [chr(code) for code in CHARACTERS if code not in font.face.charToGlyph and chr(code) != UNKNOWN]
