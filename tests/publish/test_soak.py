"""Ten minutes of readers and a writer: memory stays flat, and nobody waits much longer than most."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count
from statistics import median, quantiles

import httpx
import pytest
from psycopg import Connection

from gisland.bench.boxes import pick_boxes
from gisland.bench.machine import resident_mib
from gisland.catalogue import Catalogue
from gisland.database import Role, connect, run
from gisland.settings import Settings
from tests.live import LiveServer, start_server

CLIENTS = 16
SECONDS = 600
WARM_UP = 30
STATUSES = ("verified", "mismatch")


@pytest.fixture
def live(settings: Settings) -> Iterator[LiveServer]:
    with start_server(settings.model_copy(update={"workers": 2}), demo_parcels=3000) as live:
        yield live


def addresses(live: LiveServer, catalogue: Catalogue) -> list[str]:
    """Pages of several sizes and single features, as maps and QGIS ask for them."""
    layer = catalogue.layer("parcels")
    with connect(live.settings, Role.PUBLIC) as connection:
        boxes = pick_boxes(connection, layer, count=20, features=100)
    items = f"{live.url}/ogc/collections/parcels/items"
    return [f"{items}?limit={limit}&bbox={box}" for box in boxes for limit in (10, 100)]


def read(urls: list[str], start: int, until: float, waits: list[float], wrong: list[int]) -> None:
    """One client, who asks again as soon as it has an answer."""
    with httpx.Client(timeout=60) as client:
        for number in count(start):
            now = time.monotonic()
            if now > until:
                return
            status = client.get(urls[number % len(urls)]).status_code
            waits.append(time.monotonic() - now)
            if status != 200:
                wrong.append(status)


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
    urls = addresses(live, catalogue)
    begin = time.monotonic()
    until = begin + WARM_UP + SECONDS
    waits: list[list[float]] = [[] for _ in range(CLIENTS)]
    wrong: list[int] = []
    clients = [
        threading.Thread(target=read, args=(urls, 7 * number, until, waits[number], wrong)) for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(WARM_UP)
    before = resident_mib(live.pid)
    changes = change_statuses(live.settings, until)
    for client in clients:
        client.join()
    after = resident_mib(live.pid)
    every = [wait for each in waits for wait in each]
    told = (
        f"{len(every)} answers, {changes} changes, memory {before:.0f} → {after:.0f} MiB, median {median(every):.4f} s"
    )
    assert not wrong, told
    assert changes > SECONDS, told
    # Buffers of connections and allocators settle; a leak of one answer in a thousand would be ten times this.
    assert after < before * 1.1 + 10, told
    assert quantiles(every, n=100)[98] < 5 * median(every), told
