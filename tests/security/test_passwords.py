"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import unicodedata

import pytest

from gisland.errors import InputError
from gisland.security.names import check_name, is_name
from gisland.security.passwords import HASHER, NOBODYS_HASH, check_password, fits, hash_password


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("mười một k.", "12"),
        ("x" * 257, "256"),
        ("Nguyen.An2026!!", "name"),
        ("999198765432", "national id"),
        ("123456789012", "common"),
        ("Password2026!!", "common"),
        ("P@ssword@1234", "common"),
        ("Mật khẩu 2026!", "common"),
        ("QwertyUiop1234", "common"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("abababababab", "common"),
    ],
)
def test_what_is_guessed_early_is_refused(secret: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as refused:
        check_password(secret, "nguyen.an")
    assert secret not in str(refused.value)


@pytest.mark.parametrize("secret", ["chữ thường", "sông cầu chảy", "only lower case", "ONLY CAPITALS", "8372910465182"])
def test_no_rule_says_what_it_is_made_of(secret: str) -> None:
    check_password(secret.ljust(12, "~"), "an")


def test_a_short_name_may_be_in_it() -> None:
    check_password("an uống điều độ", "an")


def test_twelve_characters_are_counted_as_people_see_them() -> None:
    eleven = "ệệệệ ộộộ ửử!"[:11]
    with pytest.raises(InputError):
        check_password(unicodedata.normalize("NFD", eleven), "an")


def test_it_fits_however_the_keyboard_writes_it() -> None:
    secret = "sông Cấm chảy về đâu"
    kept = hash_password(unicodedata.normalize("NFC", secret))
    assert kept.startswith("$argon2id$")
    assert fits(kept, unicodedata.normalize("NFD", secret))
    assert not fits(kept, secret.casefold())


def test_nobodys_hash_costs_what_others_cost() -> None:
    assert not HASHER.check_needs_rehash(NOBODYS_HASH)
    assert not fits(NOBODYS_HASH, "")


@pytest.mark.parametrize("name", ["an", "tran.b@ward", "to-12"])
def test_a_name_is_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "An", "-an", "an b", "a\n", "an\x00", "a" * 65, "999190000001", "an.999190000001"]
)
def test_a_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        check_name(name)


def test_names_of_before_with_numbers_stay_names() -> None:
    assert is_name("999190000001")
    assert not is_name("a\n")
