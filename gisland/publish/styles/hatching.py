"""Hatches as SVG: a tile that repeats without a seam."""

from __future__ import annotations

from math import sqrt

from gisland.catalogue import Hatch


def tile_side(hatch: Hatch) -> float:
    """The side of the square after which the hatch repeats, in millimetres."""
    return hatch.spacing * sqrt(2) if any(angle % 90 for angle in hatch.lines) else hatch.spacing


def tile_shapes(hatch: Hatch, side: float, ink: str, unit: float) -> str:
    """The SVG elements of a tile.

    Args:
        hatch: what to draw.
        side: of the tile, in user units.
        ink: colour of lines and dots.
        unit: user units in a millimetre.
    """
    if not hatch.lines:
        return f'<circle cx="{side / 2:g}" cy="{side / 2:g}" r="{hatch.width * unit / 2:g}" fill="{ink}"/>'
    half, over = side / 2, side / 4
    # Diagonals go beyond the corners, and those of the neighbours come in at the other two.
    lines: dict[int, list[tuple[float, float, float, float]]] = {
        0: [(0, half, side, half)],
        90: [(half, 0, half, side)],
        45: [
            (-over, over, over, -over),
            (-over, side + over, side + over, -over),
            (side - over, side + over, side + over, side - over),
        ],
        135: [
            (-over, -over, side + over, side + over),
            (side - over, -over, side + over, over),
            (-over, side - over, over, side + over),
        ],
    }
    paths = "".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for angle in hatch.lines for x1, y1, x2, y2 in lines[angle])
    return f'<path d="{paths}" stroke="{ink}" stroke-width="{hatch.width * unit:g}" fill="none"/>'


def pattern(name: str, hatch: Hatch, ink: str, unit: float) -> str:
    """An SVG pattern, to be filled with by `url(#name)`."""
    side = tile_side(hatch) * unit
    shapes = tile_shapes(hatch, side, ink, unit)
    size = f'width="{side:g}" height="{side:g}"'
    return f'<pattern id="{name}" {size} patternUnits="userSpaceOnUse">{shapes}</pattern>'


def tile_svg(hatch: Hatch, ink: str, unit: float) -> str:
    """A tile as a picture of its own."""
    side = tile_side(hatch) * unit
    size = f'width="{side:g}" height="{side:g}" viewBox="0 0 {side:g} {side:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{tile_shapes(hatch, side, ink, unit)}</svg>'
