"""The words of a field of a layout may be those of a code list; nothing that may be several codes is among them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gisland.errors import GislandError
from gisland.intake.layouts import load_layouts
from gisland.kit.text import plain_key
from gisland.settings import Settings


def test_words_of_code_lists() -> None:
    (layout,) = load_layouts(Settings(), "form")
    codes = layout.codes["land_type"]
    told = {
        "Đất ở tại đô thị": "ODT",
        "đất ở nông thôn": "ONT",
        "BHK": "HNK",
        "Đất chuyên trồng lúa nước": "LUC",
        "Đất trồng lúa nước còn lại": "LUK",
        "Đất nuôi trồng thuỷ sản": "NTS",
        "ĐẤT THƯƠNG MẠI, DỊCH VỤ": "TMD",
        "Đất cơ sở tôn giáo": "TON",
    }
    assert {word: codes.get(plain_key(word)) for word in told} == told
    for word in ("Đất vườn", "T", "Đất ở", "LUA", "SKX"):
        assert plain_key(word) not in codes
    assert layout.codes["party"][plain_key("Hai vợ chồng")] == "couple"
    assert layout.codes["gender"][plain_key("Bà")] == "female"


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    shutil.copytree(Settings().config_dir, tmp_path / "config")
    file = tmp_path / "config" / "intake" / "pl3-01.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("{list: land_types}", "{list: soils}"), encoding="utf-8")
    with pytest.raises(GislandError, match=r"there is no code list 'soils'") as caught:
        load_layouts(Settings(config_dir=tmp_path / "config"), "form")
    assert "pl3-01.yml" in str(caught.value)
