"""All people in this project are invented: their national ids begin with 999, which no province has."""

from __future__ import annotations

import re

from gisland.settings import PROJECT_DIR

FOLDERS = ("gisland", "tests", "config", "data", "migrations")
SUFFIXES = {".py", ".sql", ".yml", ".md", ".html", ".js", ".json", ".txt"}
# A number of twelve digits by itself: not within a word, a UUID or a coordinate.
ID = re.compile(r"(?<![\w.-])[0-9]{12}(?![\w.-])", re.ASCII)
OTHERS = {
    "099070000001",  # 99070000001, of which a spreadsheet lost the zero
    "009990000001",  # 9990000001, likewise
    "123456789012",  # a password that is too common
}


def test_national_ids_begin_with_999() -> None:
    found = set()
    for folder in FOLDERS:
        for path in (PROJECT_DIR / folder).rglob("*"):
            built = {"node_modules", "dist"} & set(path.parts)
            if path.suffix in SUFFIXES and not built and path.name != "common_passwords.txt":
                found |= {(path.name, each) for each in ID.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 50
    assert not [each for each in found if not each[1].startswith("999") and each[1] not in OTHERS]
