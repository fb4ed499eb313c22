"""Lists of sheets, parcels and groups count as people do (1, 2, 10, 10A), in every statement there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from gisland.settings import PROJECT_DIR

NATURAL = "COLLATE registry.vietnamese_numbers"
FILES = sorted(
    path
    for folder in ("gisland", "config")
    for kind in ("*.sql", "*.py")
    for path in (PROJECT_DIR / folder).rglob(kind)
    if "node_modules" not in path.parts
)
# What is ordered ends with its statement, its bracket, or the words that may follow.
ORDERED = re.compile(r"\bORDER BY\s+(.*?)(?=\)|;|\"|--|\bLIMIT\b|\bFOR\b|\bON CONFLICT\b|\Z)", re.DOTALL)
NUMBER = re.compile(r"(?:\w+\.)?(?:sheet_no|parcel_no|group_code|number)")
CODE = re.compile(r"(?:(?:of_group|residential_group|g)\.)?code")
PADDED = re.compile(r"lpad\(\s*[\w.]*(?:sheet_no|parcel_no|code)\b")


def plain_orders(text: str) -> Iterator[str]:
    """What a text of statements orders as letters: numbers of sheets and parcels, codes of groups."""
    for statement in re.split(r"^-- name:|\"\"\"|^\$\$;?|\bUNION ALL\b", text, flags=re.MULTILINE):
        for clause in ORDERED.findall(statement):
            for term in clause.split(","):
                word = " ".join(term.split()).removesuffix(" DESC")
                of_groups = "residential_group" in statement and "registry.unit" not in statement
                if NUMBER.fullmatch(word) or (CODE.fullmatch(word) and ("." in word or of_groups)):
                    yield word
    yield from PADDED.findall(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT_DIR)))
def test_no_statement_orders_numbers_as_letters(path: Path) -> None:
    assert list(plain_orders(path.read_text(encoding="utf-8"))) == [], f"say {NATURAL}"


def test_such_orders_are_seen() -> None:
    assert list(plain_orders("SELECT 1 ORDER BY p.ward_id, sheet.sheet_no, p.id")) == ["sheet.sheet_no"]
    assert list(plain_orders("SELECT code FROM registry.residential_group ORDER BY code")) == ["code"]
    assert list(plain_orders("SELECT max(x ORDER BY of_group.code) FROM y")) == ["of_group.code"]
    assert list(plain_orders("ORDER BY lpad(sheet.sheet_no, 12, '0')")) == ["lpad(sheet.sheet_no"]
    assert list(plain_orders(f"SELECT 1 ORDER BY sheet_no {NATURAL}")) == []
    assert list(plain_orders("SELECT code FROM registry.unit ORDER BY code")) == []


def test_numbers_count(app_connection: Connection) -> None:
    query = f"SELECT array_agg(n ORDER BY n {NATURAL}) FROM unnest(%s::text[]) n"
    given = ["10", "2", "10A", "1", "TDP 12", "TDP 2", "0002A", "3"]
    row = app_connection.execute(query.encode(), [given]).fetchone()
    assert row is not None
    assert row[0] == ["1", "2", "0002A", "3", "10", "10A", "TDP 2", "TDP 12"]
