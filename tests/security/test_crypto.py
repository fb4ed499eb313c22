"""National ids are sealed; the key is made once and lies in a file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisland.errors import GislandError
from gisland.kit.identifiers import NationalId
from gisland.security.crypto import IdVault, load_vault
from gisland.settings import Settings

ID = NationalId("personal", "999190000001")


@given(number=st.text(st.sampled_from("0123456789"), min_size=9, max_size=13))
def test_opens_what_it_sealed(number: str) -> None:
    vault = IdVault(bytes(32))
    sealed = vault.seal(NationalId("personal", number))
    assert vault.open(sealed.cipher) == number
    assert number.encode() not in sealed.cipher
    assert number not in sealed.masked


def test_same_id_has_one_hash_and_many_ciphers() -> None:
    vault = IdVault(bytes(32))
    first, second = vault.seal(ID), vault.seal(ID)
    assert first.hash == second.hash
    assert first.cipher != second.cipher


def test_other_key_neither_finds_nor_opens() -> None:
    vault, other = IdVault(bytes(32)), IdVault(b"x" * 32)
    assert vault.hash(ID) != other.hash(ID)
    with pytest.raises(GislandError, match="does not open"):
        other.open(vault.seal(ID).cipher)


def test_a_changed_cipher_does_not_open() -> None:
    vault = IdVault(bytes(32))
    cipher = bytearray(vault.seal(ID).cipher)
    cipher[-1] ^= 1
    with pytest.raises(GislandError):
        vault.open(bytes(cipher))


def test_neither_repr_nor_error_tells_the_number() -> None:
    assert ID.number not in repr(ID)


def test_key_is_made_once_by_whoever_comes_first(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    hashes: list[bytes] = []
    threads = [threading.Thread(target=lambda: hashes.append(load_vault(settings).hash(ID))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 8
    assert len(set(hashes)) == 1
    assert settings.id_key_path.stat().st_mode & 0o077 == 0


def test_named_key_file_is_never_made(tmp_path: Path) -> None:
    # A typing error in the name would otherwise start a second key, and nobody would be found any more.
    with pytest.raises(GislandError, match="cannot be read"):
        load_vault(Settings(state_dir=tmp_path, id_key_file=tmp_path / "absent.key"))


@pytest.mark.parametrize("content", ["", "zz", "00" * 31])
def test_broken_key_is_refused(tmp_path: Path, content: str) -> None:
    key = tmp_path / "id.key"
    key.write_text(content)
    with pytest.raises(GislandError):
        load_vault(Settings(state_dir=tmp_path, id_key_file=key))
