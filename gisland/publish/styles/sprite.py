"""The hatches of a style as sprite of a MapLibre style: one picture, and where in it each hatch lies."""

from __future__ import annotations

from typing import Any

from gisland.publish.styles.hatching import tile_shapes, tile_side
from gisland.publish.styles.legend import MILLIMETRE, as_png
from gisland.publish.styles.model import Rule, Style

# The side of a tile must be whole pixels; in so many of its periods the rounding is lost.
PERIODS = 4


def _tiles(style: Style) -> dict[str, tuple[Rule, int]]:
    """Per name of a hatch a rule that has it, and the side of its tile in pixels."""
    found = {rule.hatch_name: rule for rule in style.rules if rule.hatch is not None}
    return {name: (rule, _pixels(rule)) for name, rule in found.items()}


def _pixels(rule: Rule) -> int:
    assert rule.hatch is not None
    return round(tile_side(rule.hatch) * MILLIMETRE * PERIODS)


def sprite_index(style: Style, ratio: int) -> dict[str, Any]:
    """Where in the picture each hatch lies, at so many pixels a CSS pixel."""
    index, x = {}, 0
    for name, (_, side) in _tiles(style).items():
        index[name] = {"x": x * ratio, "y": 0, "width": side * ratio, "height": side * ratio, "pixelRatio": ratio}
        x += side
    return index


def sprite_png(style: Style, ratio: int) -> bytes:
    """The picture: hatches beside each other on transparent ground."""
    tiles = _tiles(style)
    width, height = sum(side for _, side in tiles.values()) or 1, max([side for _, side in tiles.values()] or [1])
    parts, x = [], 0
    for rule, side in tiles.values():
        assert rule.hatch is not None
        period = side / PERIODS
        size = f'width="{period:g}" height="{period:g}"'
        shapes = tile_shapes(rule.hatch, period, style.ground.ink, period / tile_side(rule.hatch))
        parts += [
            f'<svg x="{x + column * period:g}" y="{row * period:g}" {size}>{shapes}</svg>'
            for column in range(PERIODS)
            for row in range(PERIODS)
        ]
        x += side
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{"".join(parts)}</svg>'
    return as_png(svg, ratio)
