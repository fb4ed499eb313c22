"""The OGC's own examples: all are read, and an expression is the same tree as text and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from gisland.errors import UsageError
from gisland.publish.cql2.json_form import parse_json
from gisland.publish.cql2.nodes import Node, Operation, Property, Text
from gisland.publish.cql2.text import parse_text


def trees(folder: Path, kind: str) -> dict[str, Node]:
    parse = parse_text if kind == "text" else parse_json
    return {file.stem: parse(file.read_text(encoding="utf-8")) for file in sorted((folder / kind).iterdir())}


def test_all_examples_are_read_and_twins_agree(shared_data: Path) -> None:
    texts, documents = (trees(shared_data / "cql2-examples", kind) for kind in ("text", "json"))
    assert (len(texts), len(documents)) == (120, 109)
    alternatives = 0
    for name, tree in texts.items():
        twin = name.partition("-")[0]
        alternatives += name != twin
        assert tree == documents[twin], name
    assert alternatives == 11


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("", "character 1", "name"),
        ("sheet_no = ", "character 12", "'text'"),
        ("sheet_no = 'a' ANDD id = 1", "character 16", "AND"),
        ("sheet_no == 'a'", "character 11", "name"),
        ("(id = 1", "character 8", ")"),
        ("id = 1)", "character 7", "end"),
        ("sheet_no = 'a", "character 12", "name"),
        ("sheet_no LIKE 'a' ESCAPE '!'", "character 19", "AND"),
        ("id BETWEEN 1 OR 2", "character 14", "AND"),
        ("S_INTERSECTS(geometry, POINT(1))", "character 31", "number"),
        ("S_INTERSECTS(geometry, POINT EMPTY)", "character 30", ")"),
        ("id = 1; DROP TABLE x", "character 7", "AND"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, at: str, expected: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_text(text)
    assert told.value.where["at"] == at
    assert expected in told.value.hint


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ('{"op": "=", "args": [', "character 22"),
        ('{"op": "=", "args": 1}', "/"),
        ('{"op": "and", "args": [true, {"op": "=", "args": [{"property": 1}, 2]}]}', "/args/1/args/0"),
        ('{"op": "=", "args": [{"date": "2026-02-30"}, 2]}', "/args/0"),
        ('{"op": "=", "args": [{"date": "2026-02-01", "x": 1}, 2]}', "/args/0"),
        ('{"op": "s_within", "args": [{"type": "Point", "coordinates": ["1", 2]}, 2]}', "/args/0"),
        ('{"op": "s_within", "args": [{"type": "Point", "coordinates": [[1, 2]]}, 2]}', "/args/0"),
        ('{"op": "s_within", "args": [{"type": "Curve", "coordinates": [1, 2]}, 2]}', "/args/0"),
        ('{"op": "s_within", "args": [{"bbox": [1, 2, 3]}, 2]}', "/args/0"),
        ("NaN", None),
        ("null", "/"),
    ],
)
def test_what_is_wrong_in_json_is_told_where_it_stands(document: str, at: str | None) -> None:
    with pytest.raises(UsageError) as told:
        parse_json(document)
    assert told.value.where.get("at") == at


def test_a_value_is_never_quoted_in_an_answer() -> None:
    for text in ("holder_names = 'Nguyễn Văn Thử' 'x'", "id = 999190000001 999190000002", "'Nguyễn' = 'Nguyễn"):
        with pytest.raises(UsageError) as told:
            parse_text(text)
        assert "Nguyễn" not in str(told.value)
        assert "9991" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a = 1 and b = 2 or c = 3", "((a = 1 AND b = 2) OR c = 3)"),
        ("not a = 1 and b = 2", "(NOT (a = 1)) AND b = 2"),
        ("a + 2 * 3 ^ 2 = 1", "(a + (2 * (3 ^ 2))) = 1"),
        ("a - 1 - 2 = 1", "((a - 1) - 2) = 1"),
        ("a-1 = -1", "a - 1 = - 1"),
        ("a = -b ^ 2", "a = ((-1 * b) ^ 2)"),
        ("a = +1.50", "a = 1.5"),
        ("a = .5e1", "a = 5"),
        ("a = 1.", "a = 1"),
        ('"a" = 1', "a = 1"),
        ("cAsEi(a) lIkE cAsEi('x%')", "CASEI(a) LIKE CASEI('x%')"),
        (r"a = 'it''s'", r"a = 'it\'s'"),
        ("a\t=\n'x'", "a = 'x'"),
        ("a = 'e\u0301'", "a = '\u00e9'"),
        ("S_INTERSECTS(geometry, POINT Z (1 2 3))", "s_intersects(geometry,POINT(1 2 3))"),
        ("S_INTERSECTS(g, MULTIPOINT(1 2, 3 4))", "S_INTERSECTS(g, MULTIPOINT((1 2), (3 4)))"),
        ("A_CONTAINS(a, ('x'))", "a_contains(a,( 'x' ))"),
    ],
)
def test_the_same_in_other_words(text: str, same: str) -> None:
    assert parse_text(text) == parse_text(same)


def test_names_that_begin_like_keywords_are_names() -> None:
    names = [
        "android",
        "order",
        "notes",
        "inside",
        "isle",
        "likeness",
        "divider",
        "true_name",
        "point",
        "date",
        "z",
        "AND:x",
    ]
    for name in names:
        assert parse_text(f"{name} = 1") == Operation("=", (Property(name), parse_text("1")))


def test_controls_and_backslashes() -> None:
    assert parse_text(r"'\a\b\t\n\v\f\r\\\'x\%'") == Text("\a\b\t\n\v\f\r\\'x\\%")
    assert parse_json(r'"\u0007\\%"') == Text("\a\\%")


def test_depth_is_bounded() -> None:
    for nested in ("NOT " * 2000 + "a = 1", "f(" * 2000 + ")" * 2000, "1" + "+1" * 2000 + " = 1"):
        with pytest.raises(UsageError, match="deep"):
            parse_text(nested)
    # Parentheses mean nothing by themselves.
    assert parse_text("(" * 3000 + "a = 1" + ")" * 3000) == parse_text("a = 1")


@pytest.mark.parametrize(
    "nested",
    [
        "[" * 100_000,
        '{"op":"not","args":[' * 400 + "true" + "]}" * 400,
        "[" * 900 + "]" * 900,
        '{"op":"s_within","args":[{"type":"Polygon","coordinates":' + "[" * 800 + "]" * 800 + "},1]}",
    ],
)
def test_depth_of_json_is_bounded(nested: str) -> None:
    with pytest.raises(UsageError):
        parse_json(nested)


@pytest.mark.parametrize(
    "number", ["1e999999999", "1" * 200, "0." + "0" * 100 + "1", "1e-9999999999999999999", "9" * 5000]
)
def test_numbers_are_bounded(number: str) -> None:
    for parse in (parse_text, parse_json):
        with pytest.raises(UsageError):
            parse(number)


def test_texts_that_the_database_cannot_hold_are_refused() -> None:
    for document in (r'"\u0000"', r'"\ud800"', r'{"property": "\udfff"}', r'{"op": "\ud800", "args": []}'):
        with pytest.raises(UsageError):
            parse_json(document)
