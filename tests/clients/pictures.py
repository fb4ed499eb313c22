"""What a picture shows: the share of each colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gisland.kit.colors import rgb


def shares(picture: Path, colors: dict[str, str]) -> dict[str, float]:
    """The shares of the pixels that have exactly one of these colours, among themselves."""
    pixels = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
    counts = {name: int((pixels == list(rgb(color))).all(axis=1).sum()) for name, color in colors.items()}
    return {name: count / max(sum(counts.values()), 1) for name, count in counts.items()}


def assert_alike(seen: dict[str, float], wanted: dict[str, float], *, within: float) -> None:
    """Shares that differ by more than `within` are told, all of them."""
    assert set(seen) == set(wanted)
    apart = {
        name: (round(seen[name], 4), round(wanted[name], 4)) for name in seen if abs(seen[name] - wanted[name]) > within
    }
    assert not apart
