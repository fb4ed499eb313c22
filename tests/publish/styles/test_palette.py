"""The palette serves everybody: each kind of colour-blindness, dark paper, and a black-and-white copier."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from PIL import Image

from gisland.catalogue import PARTS, Catalogue, Hatch, Part
from gisland.kit.colors import contrast, rgb
from gisland.publish.styles.hatching import pattern, tile_shapes, tile_side
from gisland.publish.styles.legend import as_png
from gisland.publish.styles.model import THEMES, Theme, style_of

SIGHT = {"normal": None, "no red": "protanomaly", "no green": "deuteranomaly", "no blue": "tritanomaly"}
# Distances in CAM02-UCS, where one is just noticed beside each other. Ten colours cannot lie as far apart as four.
APART: dict[Part, float] = {"public": 18, "exact": 12}
COPIER_DPI = 200


def seen(color: str, sight: str | None) -> np.ndarray:
    """A colour as somebody with this sight sees it."""
    plain = np.array(list(rgb(color))) / 255
    if sight is None:
        return plain
    space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
    changed: np.ndarray = np.clip(cspace_convert(plain, space, "sRGB1"), 0, 1)
    return changed


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_differ_for_every_sight(catalogue: Catalogue, theme: Theme, part: Part, sight: str) -> None:
    layer = catalogue.layers["parcels" if part == "public" else "parcels-staff"]
    colors = {rule.value: rule.color for rule in style_of(layer, catalogue.palette, theme).rules}
    assert set(colors) == set(catalogue.palette.statuses(part))
    for (one, its), (other, others) in combinations(colors.items(), 2):
        distance = deltaE(seen(its, SIGHT[sight]), seen(others, SIGHT[sight]), input_space="sRGB1")
        assert distance >= APART[part], (one, other, float(distance))


@pytest.mark.parametrize("part", PARTS)
def test_no_two_statuses_have_the_same_hatch(catalogue: Catalogue, part: Part) -> None:
    hatches = [status.hatch for status in catalogue.palette.statuses(part).values()]
    assert len(set(hatches)) == len(hatches)


def copied(hatch: Hatch | None, color: str, ink: str) -> np.ndarray:
    """Two square centimetres of a surface, drawn, printed in grey and copied in black and white. True is black."""
    unit, side = COPIER_DPI / 25.4, round(20 * COPIER_DPI / 25.4)
    drawn = f"<defs>{pattern('h', hatch, ink, unit)}</defs>" if hatch else ""
    cover = f'<rect width="{side}" height="{side}" fill="url(#h)"/>' if hatch else ""
    ground = f'<rect width="{side}" height="{side}" fill="{color}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}">{drawn}{ground}{cover}</svg>'
    return np.asarray(Image.open(io.BytesIO(as_png(svg))).convert("L")) < 128


@pytest.mark.parametrize("part", PARTS)
def test_hatches_survive_a_black_and_white_copier(catalogue: Catalogue, part: Part) -> None:
    palette = catalogue.palette
    layer = catalogue.layers["parcels" if part == "public" else "parcels-staff"]
    copies = {
        rule.value: copied(rule.hatch, rule.color, palette.ink) for rule in style_of(layer, palette, "print").rules
    }
    for name, copy in copies.items():
        hatched = palette.hatch_of(palette.statuses(part)[name]) is not None
        # The surface itself turns white, the hatch stays, and leaves room for numbers.
        assert (0.03 < copy.mean() < 0.45) if hatched else copy.mean() == 0, name
    for one, other in combinations(copies, 2):
        spectra = [np.abs(np.fft.fft2(copies[each] - copies[each].mean())) for each in (one, other)]
        norms = [np.linalg.norm(each) for each in spectra]
        # Alike would be 1: the same lines at the same distance, wherever they begin. A blank has no spectrum.
        alike = (spectra[0] * spectra[1]).sum() / (norms[0] * norms[1]) if all(norms) else 0
        assert alike < 0.8, (one, other, alike)


def test_diagonals_go_through_the_corners_of_tiles(catalogue: Catalogue) -> None:
    for name, hatch in catalogue.palette.hatches.items():
        for angle in set(hatch.lines) & {45, 135}:
            side = 64
            tile = tile_shapes(hatch.model_copy(update={"lines": (angle,)}), side, "#000000", side / tile_side(hatch))
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}">{tile}</svg>'
            drawn = np.asarray(Image.open(io.BytesIO(as_png(svg))).getchannel("A")).astype(int)
            # Moved along the line, the tile that goes round its edges is the same.
            moved = np.roll(drawn, (-20, 20) if angle == 45 else (20, 20), axis=(0, 1))
            assert np.abs(drawn - moved).max() <= 3, name


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(catalogue: Catalogue, theme: Theme) -> None:
    for layer in catalogue.layers.values():
        style = style_of(layer, catalogue.palette, theme)
        assert contrast(style.ground.ink, style.ground.paper) > 7
        # Shares have their greens in print, too, and letters on them shine.
        tinted = theme == "print" and style.field != "progress"
        assert all(contrast(rule.ink, rule.color) >= 4.5 for rule in style.rules if tinted), layer.id
        assert all(contrast(rule.ink, rule.color) >= 3.4 for rule in style.rules), layer.id
