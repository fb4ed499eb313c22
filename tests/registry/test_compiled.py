"""Machine code of the search for poles: kept where it can be, made anew when its sources change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
import shapely

from gisland.demo.generate import draw_land
from gisland.registry.pole import compiled, poles

PLACES = """
import sys
import numpy as np
import shapely
from gisland.registry.pole import poles
sys.stdout.write(poles(shapely.from_wkb(np.load(sys.argv[1], allow_pickle=True))).tobytes().hex())
"""


def test_folder_is_named_by_what_the_sources_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "HERE", tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    (tmp_path / "walls.py").write_text("a = 1\n", encoding="utf-8")
    first = compiled.folder()
    assert first == compiled.folder()
    assert first is not None
    assert first.parent == tmp_path / "__pycache__"
    (tmp_path / "walls.py").write_text("a = 2\n", encoding="utf-8")
    assert compiled.folder() != first


def test_folder_where_little_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a file is no folder to write in, for any user."""
    monkeypatch.setattr(compiled, "HERE", tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    (tmp_path / "__pycache__").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = compiled.folder()
    assert found is not None
    assert found.is_relative_to(tmp_path / "home/.cache/gisland")
    monkeypatch.setenv("HOME", str(tmp_path / "__pycache__"))
    assert compiled.folder() is None


@pytest.mark.proof
def test_an_older_processor_finds_the_same_places(tmp_path: Path) -> None:
    """Nor does it matter that nothing can be kept."""
    land = draw_land(3000, 4, lambda _step: None)[0].polygons
    np.save(tmp_path / "land.npy", shapely.to_wkb(land), allow_pickle=True)
    older = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "land.npy"),
        "HOME": os.devnull,
    }
    command = [sys.executable, "-c", PLACES, str(tmp_path / "land.npy")]
    told = subprocess.run(command, env=os.environ | older, capture_output=True, text=True, check=True).stdout
    assert told == poles(land).tobytes().hex()
