"""A file as other programs see it: qpdf, poppler, GDAL, and a checker of PDF/A that approves only what it knows."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
from numpy.typing import NDArray

from gisland.kit.crs import to_wgs84
from gisland.printing.finish import check
from tests.printing.pdf_text import MM
from tests.printing.seen import Bounds, viewport


def told(*command: str | Path) -> str:
    """What a program says."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_file(content: bytes, folder: Path, *words: str) -> Path:
    """The file is sound, an archive, has all fonts in it, and gives its Vietnamese text back as it is written.

    Args:
        content: the file.
        folder: an empty folder.
        words: some that must come back.
    """
    path = folder / "print.pdf"
    path.write_bytes(content)
    assert "No syntax or stream encoding errors found" in told("qpdf", "--check", path)
    assert check(content) == []
    fonts = told("pdffonts", path).splitlines()[2:]
    assert fonts
    for font in fonts:
        assert re.search(r"[A-Z]{6}\+GislandSans\S*\s+TrueType\s+\S+\s+yes yes yes", font), font
    text = told("pdftotext", "-layout", path, "-")
    assert text == unicodedata.normalize("NFC", text)
    assert not [word for word in words if word not in text]
    return path


def corners_by_gdal(path: Path, page: int, paper: tuple[float, float], frame: Bounds, srid: int) -> NDArray[Any]:
    """Where GDAL sees the corners of a frame: lower left, upper left, upper right, lower right; metres.

    Args:
        path: of the file.
        page: its number, from 1.
        paper: width and height, mm.
        frame: west, south, east and north, mm.
        srid: the plane.
    """
    # GDAL rounds the frame to whole dots of its picture of the page: with many of them that is a millimetre.
    info = json.loads(told("gdalinfo", "-json", "-oo", "DPI=7200", f"PDF:{page}:{path}"))
    assert "WGS 84" in info["coordinateSystem"]["wkt"]
    wide, high = info["size"]
    geo = info["geoTransform"]
    west, south, east, north = frame
    at = np.array([(west, south), (west, north), (east, north), (east, south)])
    column, row = at[:, 0] * wide / paper[0], (paper[1] - at[:, 1]) * high / paper[1]
    lon, lat = (geo[part] + column * geo[part + 1] + row * geo[part + 2] for part in (0, 3))
    return np.column_stack(to_wgs84(srid).transform(lon, lat, direction="INVERSE"))


def check_position(path: Path, wanted: Sequence[float], srid: int, page: int = 1, most: float = 0.01) -> None:
    """The frame of a page lies where it should, by its viewport to a centimetre, and so GDAL opens it.

    Args:
        path: of the file.
        wanted: west, south, east and north of its frame on the ground, metres.
        srid: the plane.
        page: its number, from 1.
        most: how far GDAL may be off: it takes a map for an affine picture, which a large one is not.
    """
    with pikepdf.open(path) as pdf:
        frame, corners = viewport(pdf.pages[page - 1], srid)
        _, _, wide, high = (float(each) * MM for each in pdf.pages[page - 1].MediaBox)
    west, south, east, north = wanted
    right = np.array([(west, south), (west, north), (east, north), (east, south)])
    assert np.abs(corners - right).max() < 0.01
    off = np.abs(corners_by_gdal(path, page, (wide, high), frame, srid) - right).max()
    assert off < most, off
