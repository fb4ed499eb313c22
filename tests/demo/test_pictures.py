"""The pictures of printed pages in the README are made by the project itself."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageOps

from gisland.catalogue import Catalogue
from gisland.demo import pictures
from gisland.settings import Settings
from tests.conftest import clone_of


def test_three_pages_of_the_demo_ward(demo_ward: Settings, tmp_path: Path) -> None:
    script = f"""
import sys
from gisland.demo import pictures
pictures.GROUP = "01"
from gisland.__main__ import main
sys.argv = ["gisland", "demo", "pictures", "--out", {str(tmp_path)!r}]
main()
"""
    with clone_of(demo_ward) as settings:
        env = settings.as_environment()
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sizes = {}
    for file in tmp_path.glob("*.png"):
        with Image.open(file) as drawn:
            sizes[file.stem] = drawn.size
            # Black lines, white paper, and colours between them.
            assert len(set(drawn.convert("L").tobytes())) > 16
        assert file.stat().st_size < 250_000
    assert set(sizes) == {"print-atlas", "print-overview", "print-extract"}
    assert sizes["print-extract"] == (596, 842)  # A4 at 72 dpi
    assert {size for name, size in sizes.items() if name != "print-extract"} <= {(1191, 842), (842, 1191)}


def test_rare_colors_stay(catalogue: Catalogue) -> None:
    """Each colour of the palette on a page where 64 shades of grey fill the rest."""
    page = ImageOps.posterize(Image.linear_gradient("L").resize((500, 500)), 6).convert("RGB")
    colors = [status.color for status in catalogue.palette.exact.values()]
    for place, color in enumerate(colors):
        page.paste(color, (20 * place, 0, 20 * place + 16, 16))
    content = io.BytesIO()
    page.save(content, "PNG")
    drawn = pictures.small(content.getvalue()).convert("RGB")
    # Nowhere is it another colour than it was.
    off = ImageChops.difference(drawn, page)
    assert np.asarray(off).max() <= 16
    for place, color in enumerate(colors):
        found = drawn.getpixel((20 * place + 8, 8))
        assert found == pytest.approx(ImageColor.getrgb(color), abs=8), color


def test_hatched_samples_keep_their_colors(catalogue: Catalogue) -> None:
    """As in a legend: a hatch of thin lines, whose edges are many colours, over a pale tint."""
    page = Image.new("RGB", (900, 600), "white")
    draw = ImageDraw.Draw(page)
    for place, status in enumerate(catalogue.palette.exact.values()):
        x = 40 + 80 * place
        tint = catalogue.palette.tinted(status.color)
        draw.rectangle((x, 40, x + 24, 50), fill=tint)
        for step in range(0, 24, 5):
            draw.line((x + step, 50, x + step + 4, 40), fill=status.color)
    large = page.resize((1800, 1200), Image.Resampling.LANCZOS).resize((900, 600), Image.Resampling.BOX)
    # Many greens, as of an overview.
    large.paste(Image.linear_gradient("L").resize((900, 300)).convert("RGB"), (0, 300))
    content = io.BytesIO()
    large.save(content, "PNG")
    off = ImageChops.difference(pictures.small(content.getvalue()).convert("RGB"), large)
    assert np.asarray(off).max() <= 24
