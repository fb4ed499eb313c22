"""The code of a page: read back as it was printed, refused when it was altered."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

import pytest

from gisland.errors import InputError
from gisland.printing import code
from gisland.printing.code import PageCode, drawn_by, load_print_key, print_id, read_code, read_short
from gisland.settings import Settings

KEY = bytes(32)
CODE = PageCode("M3", 12, "ABCDEFGH", "11311", 123, 2031, "A3L", 500, 9210, 596576.55, 2308288.24)


def test_it_comes_back() -> None:
    text = CODE.text(KEY)
    assert read_code(text, KEY) == CODE
    page = dataclasses.replace(CODE, page="L4", scale=0, east=None, north=None)
    assert read_code(page.text(KEY), KEY) == page
    # It stays in the alphabet of QR codes that takes the least room.
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_every_altered_sign_is_seen() -> None:
    text = CODE.text(KEY)
    for index, sign in enumerate(text):
        other = text[:index] + ("A" if sign != "A" else "B") + text[index + 1 :]
        with pytest.raises(InputError):
            read_code(other, KEY)
    with pytest.raises(InputError, match="altered"):
        read_code(text, bytes([1] * 32))
    for nonsense in ("", "GL1", "*" * 12, "https://example.vn/", text[:-1], text + "*"):
        with pytest.raises(InputError):
            read_code(nonsense, KEY)


@pytest.mark.parametrize("after", ["\n", "\nanything", " ", "\r\n*"])
def test_nothing_may_follow_the_seal(after: str) -> None:
    with pytest.raises(InputError):
        read_code(CODE.text(KEY) + after, KEY)


def test_signs_of_no_code_are_refused_as_any_other() -> None:
    text, short = CODE.text(KEY), CODE.short(KEY)
    for wrong in (text[:-1] + "Đ", text[:-1] + "\ud800", text.replace("11311", "Đ1311"), text.replace("M3", "M٣")):
        with pytest.raises(InputError):
            read_code(wrong, KEY)
    for wrong in (short[:-1] + "Đ", short + "Đ", "Đ" + short[1:]):
        with pytest.raises(InputError):
            read_short(wrong, KEY)


def test_what_a_code_cannot_say_is_refused_when_it_is_made() -> None:
    with pytest.raises(InputError, match="print_id"):
        dataclasses.replace(CODE, print_id="AB*C").text(KEY)
    with pytest.raises(InputError, match="ward"):
        dataclasses.replace(CODE, ward="phường").text(KEY)


def test_the_short_form_is_for_typing() -> None:
    short = CODE.short(KEY)
    assert read_short(f" {short.lower()} ", KEY) == ("ABCDEFGH", "M3")
    for wrong in (short.replace("M3", "M4"), short[:-1] + ("A" if short[-1] != "A" else "B"), "ABCDEFGH-M3"):
        with pytest.raises(InputError):
            read_short(wrong, KEY)


def test_same_facts_same_id() -> None:
    assert print_id("a", 1) == print_id("a", 1) != print_id("a", 2)


def test_another_version_of_a_package_is_another_print(monkeypatch: pytest.MonkeyPatch) -> None:
    before = print_id("a", 1)
    for package in ("reportlab", "pikepdf"):
        newer = {package: f"{version(package)}.1"}
        drawn_by.cache_clear()
        monkeypatch.setattr(code, "version", lambda name, newer=newer: newer.get(name) or version(name))
        assert print_id("a", 1) != before
        monkeypatch.undo()
    drawn_by.cache_clear()
    assert print_id("a", 1) == before


def test_the_key_is_made_once(settings: Settings) -> None:
    assert load_print_key(settings) == load_print_key(settings)
    assert settings.print_key_path.stat().st_mode & 0o077 == 0
