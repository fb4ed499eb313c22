"""Ten minutes of readers and a writer: memory stays flat, and nobody waits much longer than most."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from statistics import median, quantiles
from urllib.parse import quote

import httpx
import pytest
from psycopg import Connection

from gisland.bench.boxes import pick_boxes
from gisland.bench.machine import resident_mib
from gisland.catalogue import Catalogue
from gisland.database import Role, connect, run
from gisland.publish.tiles.grid import tile_over
from gisland.settings import Settings
from tests.live import LiveServer, start_server, worker_of
from tests.publish.tiles import address

CLIENTS = 16
SECONDS = 600
WARM_UP = 30
# After so many answers a client connects anew, as the browsers and QGIS of many people do.
PER_CONNECTION = 200
STATUSES = ("verified", "mismatch")
FILTER = quote("area_m2 > 100 AND verification_status <> 'verified'")


@pytest.fixture
def live(settings: Settings) -> Iterator[LiveServer]:
    with start_server(settings.model_copy(update={"workers": 2}), demo_parcels=3000) as live:
        yield live


@dataclass
class Seen:
    """What the clients saw: seconds of waiting by kind of request, workers, and answers that were none."""

    waits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    workers: set[int] = field(default_factory=set)
    wrong: list[tuple[str, int]] = field(default_factory=list)


def addresses(live: LiveServer, catalogue: Catalogue) -> dict[str, list[str]]:
    """What maps, QGIS and people ask for, by kind."""
    with connect(live.settings, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, catalogue.layer("parcels"), count=20, features=100)
        ids = [row[0] for row in connection.execute("SELECT id FROM published.parcels ORDER BY id LIMIT 40")]
    items = "/ogc/collections/parcels/items"
    middles = [((box.west + box.east) / 2, (box.south + box.north) / 2) for box in boxes]
    return {
        "page": [f"{items}?limit={limit}&bbox={box}" for box in boxes for limit in (10, 100)],
        "filter": [f"{items}?limit=100&bbox={box}&filter={FILTER}" for box in boxes],
        "sorted page": [f"{items}?limit=100&bbox={box}&sortby=-area_m2" for box in boxes],
        "feature": [f"{items}/{number}" for number in ids],
        **{f"tile z{zoom}": [address(tile_over(*middle, zoom)) for middle in middles] for zoom in (12, 14, 16, 18)},
        "HTML": [f"{items}?f=html&limit=10&bbox={box}" for box in boxes],
    }


def read(live: LiveServer, kinds: Mapping[str, Sequence[str]], first: int, until: float, seen: Seen) -> None:
    """One client, who asks again as soon as it has an answer, for something of each kind in turn."""
    numbers, names = count(first), list(kinds)
    while time.monotonic() < until:
        with httpx.Client(base_url=live.url, timeout=60) as client:
            for asked in range(PER_CONNECTION):
                number = next(numbers)
                kind = names[number % len(names)]
                paths = kinds[kind]
                begin = time.monotonic()
                if begin > until:
                    return
                answer = client.get(paths[number // len(names) % len(paths)])
                waited = time.monotonic() - begin
                # A tile that was kept is another work than one that is drawn, or waited for while another draws it.
                drawn = "; hit" not in answer.headers.get("Cache-Status", "; hit")
                seen.waits[f"{kind}, drawn" if drawn else kind].append(waited)
                if answer.status_code != 200:
                    seen.wrong.append((kind, answer.status_code))
                if not asked:
                    seen.workers.add(worker_of(live, answer))


def change_statuses(settings: Settings, until: float) -> int:
    """Results of the population database, one after the other, as they come in on a working day."""
    query = """
        INSERT INTO verification.evidence (holder_id, id_hash, source, result, accepted_by)
        SELECT id, id_hash, 'test', %s, 'test' FROM registry.holder WHERE id_hash IS NOT NULL
         ORDER BY id OFFSET %s LIMIT 1"""
    for number in count():
        if time.monotonic() > until:
            return number

        def work(connection: Connection, number: int = number) -> None:
            connection.execute(query, [STATUSES[number % 2], number % 500])

        run(settings, work)
        time.sleep(0.2)
    raise AssertionError("unreachable")


@pytest.mark.proof
def test_memory_stays_flat_and_nobody_waits_long(live: LiveServer, catalogue: Catalogue) -> None:
    kinds, seen = addresses(live, catalogue), Seen()
    until = time.monotonic() + WARM_UP + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(read, live, kinds, 7 * number, until, seen) for number in range(CLIENTS)]
        time.sleep(WARM_UP)
        before = resident_mib(live.pid)
        changes = change_statuses(live.settings, until)
        for client in clients:
            client.result()
    after = resident_mib(live.pid)
    # Of fewer answers the last hundredth is none.
    waits = {kind: each for kind, each in sorted(seen.waits.items()) if len(each) >= 100}
    assert waits.keys() >= kinds.keys()
    last = {kind: quantiles(each, n=100)[98] for kind, each in waits.items()}
    waited = {kind: f"{median(each):.4f} s, p99 {last[kind]:.4f} s of {len(each)}" for kind, each in waits.items()}
    told = (
        f"{sum(map(len, seen.waits.values()))} answers by {len(seen.workers)} workers, {changes} changes,"
        f" memory {before:.0f} → {after:.0f} MiB, median {waited}"
    )
    print(told)
    assert not seen.wrong, told
    assert len(seen.workers) == 2, told
    assert changes > SECONDS, told
    # Buffers of connections and allocators settle; a leak of one answer in a thousand would be ten times this.
    assert after < before * 1.1 + 10, told
    assert not [kind for kind, each in waits.items() if last[kind] >= 5 * median(each)], told
