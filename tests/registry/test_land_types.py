"""Labels with land types are read where they are sure; what may be several types is told, never chosen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.registry.codes import load_codes
from gisland.registry.land_types import read_land_label, residential_code
from gisland.settings import Settings

LAND = load_codes(Settings()).code_list("land_types")


@pytest.mark.parametrize(
    ("label", "codes"),
    [
        ("ODT", ["ODT"]),
        ("ONT+CLN", ["ONT", "CLN"]),
        ("ont + cln", ["ONT", "CLN"]),
        ("BHK", ["HNK"]),
        ("2L", ["LUC"]),
        ("Đất thương mại, dịch vụ, CLN", ["TMD", "CLN"]),
        ("Đất nghĩa trang, nhà tang lễ, cơ sở hỏa táng; đất cơ sở lưu trữ tro cốt; CLN", ["NTD", "CLN"]),
        ("Đất ở tại đô thị; Đất vườn", ["ODT", None]),
        ("T", [None]),
        ("LUA", [None]),
        ("lô A1", [None]),
        ("", []),
        (None, []),
    ],
)
def test_labels(label: object, codes: list[str | None]) -> None:
    assert [sign.code for sign in read_land_label(label, LAND)] == codes


def test_the_present_use_stands_in_brackets() -> None:
    (sign,) = read_land_label("LUC (NTS)", LAND)
    assert (sign.code, sign.temporary and sign.temporary.code) == ("LUC", "NTS")


def test_what_it_may_be_is_told() -> None:
    signs = read_land_label("T+Vườn+LUA+lô A1", LAND)
    assert [sign.candidates for sign in signs] == [("ONT", "ODT"), ("CLN", "HNK", "ONT", "ODT"), ("LUC", "LUK"), ()]
    assert [sign.written for sign in signs] == ["T", "Vườn", "LUA", "lô A1"]


@given(st.lists(st.sampled_from([word for code in LAND.codes for word in code.words]), min_size=1, max_size=4))
def test_joined_names_come_apart_again(words: list[str]) -> None:
    signs = read_land_label("+".join(words), LAND)
    assert [LAND.look_up(sign.written) for sign in signs] == [LAND.look_up(word) for word in words]


@given(st.text(alphabet="LUCNTSODĐấtở ();,+", max_size=30))
def test_any_text_is_read(text: str) -> None:
    for sign in read_land_label(text, LAND):
        assert sign.code is None or sign.candidates == (sign.code,)


def test_residential_land_follows_the_unit() -> None:
    assert residential_code("ward") == "ODT"
    assert residential_code("commune") == residential_code("special_zone") == "ONT"
    assert residential_code("commune", new_urban_area=True) == "ODT"
