"""How fast parcel codes are made: against a fixed rate, and against GEOS finding the same circles."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context
from statistics import median

import numpy as np
import shapely

from gisland.bench.table import grid, verdict
from gisland.demo.generate import draw_land
from gisland.registry.parcel_code import parcel_codes

SRID = 9210
SEED = 1
WORKERS = 2
WANTED = 30_000
"""Codes per second on two cores."""
FASTER_THAN_GEOS = 20
"""Codes per second of one process ÷ circles per second of GEOS."""
PEER_PARCELS = 500
"""GEOS is asked for this many, drawn by chance: it takes its time."""
TOLERANCE = 0.001
BATCHES = 8


@dataclass(frozen=True)
class Rates:
    """Parcels per second, one for each round."""

    one: list[float]
    two: list[float]
    geos: list[float]


def run(parcels: int, rounds: int, say: Callable[[str], None]) -> Rates:
    """Make the codes of the demo's parcels, given as WKB, in one process and in two, and let GEOS find the circles."""
    say("thửa đất · parcels")
    polygons = draw_land(parcels, SEED, lambda _step: None)[0].polygons
    wkb = list(shapely.to_wkb(polygons))
    sample = np.random.default_rng(SEED).permutation(polygons)[:PEER_PARCELS]
    size = -(-len(wkb) // BATCHES)
    batches = [wkb[start : start + size] for start in range(0, len(wkb), size)]
    code = partial(parcel_codes, srid=SRID)
    rates = Rates([], [], [])
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(code, [wkb[:100]] * 2 * WORKERS))
        for number in range(1, rounds + 1):
            rates.one.append(_rate(len(wkb), lambda: code(wkb)))
            rates.two.append(_rate(len(wkb), lambda: list(chain.from_iterable(pool.map(code, batches)))))
            rates.geos.append(_rate(len(sample), lambda: shapely.maximum_inscribed_circle(sample, TOLERANCE)))
            say(f"vòng · round {number}/{rounds}")
    return rates


def _rate(parcels: int, work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return parcels / (time.perf_counter() - begin)


def markdown(rates: Rates, parcels: int) -> str:
    """The table: each rate, and its ratio to the limit."""
    one, two, geos = (median(each) for each in (rates.one, rates.two, rates.geos))
    head = ["codes of parcels", "per second (lowest–highest)", "÷ limit"]
    rows = [
        ["gisland, two processes", _spread(rates.two), f"÷ {WANTED:,}: {verdict(two / WANTED, 1)}"],
        ["gisland, one process", _spread(rates.one), f"÷ GEOS: {verdict(one / geos, FASTER_THAN_GEOS)}"],
        [f"GEOS {shapely.geos_version_string}, circles to 1 mm", _spread(rates.geos), ""],
    ]
    facts = f"cores {os.cpu_count()} · parcels {parcels:,} · load average after {os.getloadavg()[0]:.1f}"
    return f"{facts}\n\n{grid(head, rows)}\n"


def _spread(rates: Sequence[float]) -> str:
    return f"{median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
