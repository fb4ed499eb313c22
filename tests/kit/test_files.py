"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gisland.kit.files import FOR_ALL, written_whole


def test_a_file_is_whole_and_for_its_owner_whatever_the_umask(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    before = os.umask(0)
    try:
        with written_whole(target) as draft:
            assert draft.suffix == ".txt"
            assert draft.parent.stat().st_mode & 0o077 == 0
            draft.write_text("whole")
    finally:
        os.umask(before)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("whole", 0o600)
    with written_whole(target, mode=FOR_ALL, ending=".gpkg") as draft:
        assert draft.suffix == ".gpkg"
        draft.write_text("anew")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("anew", 0o644)


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write() -> None:
        with written_whole(target) as draft:
            draft.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
