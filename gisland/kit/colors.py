"""Colours as `#rrggbb`: their parts, and how well two can be told apart."""

from __future__ import annotations


def rgb(color: str) -> bytes:
    """Red, green and blue of a colour, 0 to 255."""
    return bytes.fromhex(color[1:])


def contrast(one: str, other: str) -> float:
    """How well two colours can be told apart by their lightness: 1 to 21 (WCAG 2 contrast ratio)."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (x / 255 for x in rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
