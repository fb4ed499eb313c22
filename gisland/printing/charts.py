"""Small charts beside maps."""

from __future__ import annotations

from gisland.palette import Palette
from gisland.printing.fonts import CAP_HEIGHT
from gisland.printing.hatches import draw_sample
from gisland.printing.ink import BLACK, GREY, Ink
from gisland.printing.model import decimal, thousands
from gisland.printing.paper import Box
from gisland.printing.words import Words

LINE = 4.6
"""Height of a line of legends and charts, mm."""
SAMPLE = (8.0, 3.5)
WIDE = 85.0
"""A chart as wide as this says the shares, too."""


def sample_box(box: Box, y: float) -> Box:
    """The sample of a line of a legend."""
    return Box(box.x, y, *SAMPLE)


def sample_text(ink: Ink, box: Box, y: float, said: str, room: float | None = None) -> None:
    """What the sample of a line means."""
    ink.fill_with(BLACK)
    low = y + SAMPLE[1] / 2 - 2.5 * CAP_HEIGHT / 2
    ink.text(box.x + SAMPLE[0] + 2, low, said, 2.5, room=room or box.width - SAMPLE[0] - 2)


def status_chart(ink: Ink, palette: Palette, counts: dict[str, int], words: Words, box: Box) -> float:
    """Parcels by status from the top of a box: sample, name, number and a bar; it is the legend of parcels, too.

    Returns:
        Where it ends.
    """
    total, most = sum(counts.values()), max(counts.values(), default=1)
    wide = box.width >= WIDE
    number, bars = box.x + (52 if wide else 47), box.x + (64 if wide else 49)
    y = box.top
    for status, count in counts.items():
        y -= LINE
        draw_sample(ink, palette, status, sample_box(box, y))
        sample_text(ink, box, y, palette.exact[status].label.to(words.language), number - box.x - 19)
        low = y + SAMPLE[1] / 2 - 2.5 * CAP_HEIGHT / 2
        ink.text(number, low, thousands(count), 2.5, align="right")
        if wide:
            ink.text(bars - 1.5, low, f"{decimal(count / total * 100)} %", 2.2, align="right", paint=GREY)
        bar = Box(bars, y + 0.3, (box.right - bars) * count / most, 2.9)
        if bar.width > 0.1:
            draw_sample(ink, palette, status, bar)
    return y
