"""The files of the page: languages complete, no inline code, no colour in scripts, a lock file without addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from gisland.errors import GislandError
from gisland.web.pages import WEB_DIR, bundle_version
from tests.live import LiveServer

TEXTS = {language: json.loads((WEB_DIR / "static/i18n" / f"{language}.json").read_text()) for language in ("vi", "en")}
SCRIPTS = {path.name: path.read_text() for path in sorted((WEB_DIR / "src").glob("*.js"))}
TEMPLATE = (WEB_DIR / "templates/map.html").read_text()


def test_english_is_complete() -> None:
    assert list(TEXTS["en"]) == list(TEXTS["vi"])
    assert all(text.strip() for texts in TEXTS.values() for text in texts.values())


def test_both_languages_fill_in_the_same_values() -> None:
    holes = {
        lang: {key: set(re.findall(r"{\w+}", text)) for key, text in texts.items()} for lang, texts in TEXTS.items()
    }
    assert holes["vi"] == holes["en"]


def test_every_text_that_the_page_asks_for_is_there() -> None:
    asked = set(re.findall(r"""\bt\(\s*'([\w.]+)'""", "".join(SCRIPTS.values())))
    asked |= set(re.findall(r'data-t(?:-label|-placeholder)?="([\w.]+)"', TEMPLATE))
    asked |= set(re.findall(r't\["([\w.]+)"\]', TEMPLATE))
    assert len(asked) > 30
    assert asked <= set(TEXTS["vi"])


def test_scripts_hold_no_colour() -> None:
    for name, script in SCRIPTS.items():
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b['\"`]|rgba?\(", script), name


def test_the_page_runs_no_inline_code(live_server: LiveServer) -> None:
    answer = httpx.get(live_server.url)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", answer.text)


def test_a_bundle_that_is_not_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(GislandError, match="npm run build"):
        bundle_version(tmp_path)


def test_the_lock_file_names_no_registry() -> None:
    lock = (WEB_DIR / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    package = json.loads((WEB_DIR / "package.json").read_text())
    pinned = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
