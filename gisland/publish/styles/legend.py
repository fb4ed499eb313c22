"""The legend of a style as SVG and PNG."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from gisland.catalogue import Language
from gisland.publish.styles.hatching import pattern
from gisland.publish.styles.model import Rule, Style

# In pixels; a millimetre of hatch is drawn as so many.
MILLIMETRE = 96 / 25.4
MARGIN, ROW, SWATCH, GAP = 12, 26, (40, 18), 10
TITLE_SIZE, TEXT_SIZE = 15, 14
FONTS = "Noto Sans, DejaVu Sans, Segoe UI, Arial, sans-serif"
# No font among those has wider letters on average, in shares of the size.
WIDEST = 0.66


def legend_svg(style: Style, language: Language) -> str:
    """The legend: title, and a swatch with its label for each rule."""
    title = style.legend_title.to(language)
    rows = [(rule, rule.label.to(language)) for rule in style.rules]
    text_width = max(
        [len(title) * TITLE_SIZE * WIDEST, *((SWATCH[0] + GAP + len(text) * TEXT_SIZE * WIDEST) for _, text in rows)]
    )
    width, height = round(2 * MARGIN + text_width), 2 * MARGIN + ROW * (len(rows) + 1)
    ground = style.ground
    size = f'width="{width}" height="{height}"'
    head = f'x="{MARGIN}" y="{MARGIN + 16}" font-size="{TITLE_SIZE}" font-weight="600" fill="{ground.ink}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONTS}">',
        f"<title>{escape(style.title.to(language))}</title>",
        f"<defs>{''.join(_pattern(style, rule) for rule in style.rules)}</defs>",
        f'<rect {size} fill="{ground.paper}"/>',
        f"<text {head}>{escape(title)}</text>",
    ]
    for number, (rule, text) in enumerate(rows, start=1):
        top = MARGIN + ROW * number + (ROW - SWATCH[1]) / 2
        parts.append(swatch(style, rule, MARGIN, top))
        x, y = MARGIN + SWATCH[0] + GAP, top + SWATCH[1] - 4
        parts.append(f'<text x="{x}" y="{y:g}" font-size="{TEXT_SIZE}" fill="{ground.ink}">{escape(text)}</text>')
    return "".join([*parts, "</svg>"])


def swatch(style: Style, rule: Rule, x: float, y: float) -> str:
    """The SVG elements of a surface that looks like the features of a rule."""
    place = f'x="{x:g}" y="{y:g}" width="{SWATCH[0]}" height="{SWATCH[1]}"'
    fills = [rule.color] + ([f"url(#{_name(style, rule)})"] if rule.hatch is not None else [])
    surfaces = "".join(f'<rect {place} fill="{fill}"/>' for fill in fills)
    return f'{surfaces}<rect {place} fill="none" stroke="{style.ground.stroke}"/>'


def _pattern(style: Style, rule: Rule) -> str:
    if rule.hatch is None:
        return ""
    return pattern(_name(style, rule), rule.hatch, style.ground.ink, MILLIMETRE)


def _name(style: Style, rule: Rule) -> str:
    return f"{style.id.replace('.', '-')}-{rule.value}"


@lru_cache(maxsize=100)
def as_png(svg: str, zoom: int = 1) -> bytes:
    """An SVG drawn as PNG, so many times larger."""
    from resvg_py import svg_to_bytes  # its fonts are read once, at the first picture

    drawn: bytes = svg_to_bytes(svg_string=svg, zoom=zoom)
    return drawn
