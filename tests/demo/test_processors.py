"""A ward is the same whatever processor draws it, and however many of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest
import shapely

from gisland.demo.generate import draw_land

OLDER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable",
}
"""A processor without AVX2 and fused products: for BLAS, for numpy, for the C library (names of each release)."""
DRAW = """
import sys
from pathlib import Path
from gisland.demo.generate import generate
generate(1500, 1, Path(sys.argv[1]))
"""
LAST_BITS = """
import math
import numpy as np
x = np.random.default_rng(1).random(100_000)
print(hash(tuple(math.sin(each) for each in x)), hash((x.reshape(-1, 2) @ [0.3, 0.7]).tobytes()))
"""


def _run(script: str, *arguments: str | Path, **env: str) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    fixed = {"PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=os.environ | fixed | env, capture_output=True, text=True, check=True).stdout


def _content(folder: Path) -> dict[str, str]:
    """Rows of the parcels, bytes of all other files."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    meta, _, wkb, columns = pyogrio.raw.read(folder / "parcels.gpkg")
    rows = dict(zip(meta["fields"], columns, strict=True)) | {"geom": wkb}
    del files["parcels.gpkg"]
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} | {
        name: hashlib.sha256(repr(column.tolist()).encode()).hexdigest() for name, column in rows.items()
    }


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="settings of x86-64 and glibc")
def test_an_older_processor_draws_the_same_ward(tmp_path: Path) -> None:
    _run(DRAW, tmp_path / "here")
    _run(DRAW, tmp_path / "older", **OLDER)
    here, older = _content(tmp_path / "here"), _content(tmp_path / "older")
    assert {name for name in here if here[name] != older.get(name)} == set()
    assert here.keys() == older.keys()
    assert len(here) > 15


@pytest.mark.skipif(" avx2 " not in Path("/proc/cpuinfo").read_text(encoding="ascii"), reason="no AVX2 to be without")
def test_the_settings_are_those_of_another_processor() -> None:
    """Else the test above would say nothing."""
    here, older = _run(LAST_BITS).split(), _run(LAST_BITS, **OLDER).split()
    assert here[0] != older[0], "the C library"
    assert here[1] != older[1], "BLAS"


def test_processes_draw_the_same_ward_as_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gisland.demo.blocks.CHUNK", 4)
    many, pieces = draw_land(1500, 2, lambda _: None)
    for module in ("blocks", "faces"):
        monkeypatch.setattr(f"gisland.demo.{module}.in_order", map)
    alone, same = draw_land(1500, 2, lambda _: None)
    assert len(set(pieces.cell)) > 8, "there are several chunks"
    assert shapely.to_wkb(many.polygons).tolist() == shapely.to_wkb(alone.polygons).tolist()
    assert shapely.to_wkb(pieces.polygons).tolist() == shapely.to_wkb(same.polygons).tolist()
    assert (many.piece == alone.piece).all()
