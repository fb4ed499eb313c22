"""What `gisland layer …` changes, by programs of their own, while readers read from a server of two workers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from gisland.publish.tiles.grid import Tile
from gisland.settings import Settings
from tests import commands
from tests.live import LiveServer, start_server, worker_of
from tests.publish.conftest import Ward
from tests.publish.test_reload import VIEW, add_folder, edit
from tests.publish.test_tiles import place
from tests.publish.tiles import address, features

PARCELS, PAUSE = 20, 0.5
SHEETS = "/ogc/collections/sheets/items"
ITEMS = "/ogc/collections/parcels/items"


def told(settings: Settings, *words: str, code: int = 0) -> str:
    """What `gisland layer …` says that changes nothing: within this process, for to start another one takes longer."""
    done = commands.gisland(settings, "layer", *words)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def layer(settings: Settings, *words: str) -> str:
    """Run `gisland layer …` as a program of its own; what it says."""
    command = [sys.executable, "-m", "gisland", "layer", *words]
    done = subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def on_both(live: LiveServer, holds: Callable[[httpx.Client], bool]) -> None:
    """Wait until it holds with each of the two workers."""
    deadline = time.monotonic() + 60
    workers: set[int] = set()
    while len(workers) < 2:
        assert time.monotonic() < deadline, workers
        with httpx.Client(base_url=live.url, timeout=60) as client:
            worker = worker_of(live, client.get("/health/live"))
            if holds(client):
                workers.add(worker)


class Readers:
    """They read all the time, each time over a connection of its own; `wrong` is what they should not have got."""

    def __init__(self, live: LiveServer, tile: Tile) -> None:
        self.live, self.tile = live, address(tile)
        # Its side may run through them.
        self.on_tile = features(httpx.get(live.url + self.tile)).keys()
        assert self.on_tile
        self.wrong: list[str] = []
        self.read = 0
        self.sheets = {404}
        """Answers that may come for the layer that comes and goes."""
        self._ended = threading.Event()

    @contextmanager
    def reading(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._read) for _ in range(3)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._ended.set()
            for each in threads:
                each.join()

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                with httpx.Client(base_url=self.live.url, timeout=60) as client:
                    self._look(client)
            except (httpx.HTTPError, AssertionError) as error:
                self.wrong.append(repr(error))
            self.read += 1
            # The commands need the cores, too.
            time.sleep(PAUSE)

    def _look(self, client: httpx.Client) -> None:
        for path in (ITEMS, f"{ITEMS}?sortby=-area_m2&limit=1000", f"{ITEMS}?bbox=-180,-90,180,90"):
            answer = client.get(path)
            if answer.status_code != 200 or len(answer.json()["features"]) != PARCELS:
                self.wrong.append(f"{path}: {answer.status_code} {answer.text[:300]}")
        assert features(client.get(self.tile)).keys() == self.on_tile
        # Before it is asked: meanwhile it may be that it may not be there any more.
        may = self.sheets
        answer = client.get(SHEETS)
        if answer.status_code not in may | self.sheets:
            self.wrong.append(f"{SHEETS}: {answer.status_code} {answer.text[:300]}")
        if answer.status_code == 200 and answer.json()["numberMatched"] != PARCELS:
            self.wrong.append(f"half a layer: {answer.text[:300]}")


@pytest.mark.timeout(900)
def test_commands_while_readers_read(own_config: Settings, ward: Ward) -> None:
    ward.add_parcels(PARCELS, size=2)
    settings = own_config.model_copy(update={"workers": 2, "pool_size": 4})
    with start_server(settings) as live:
        readers = Readers(live, place(settings, ward.parcels[PARCELS // 2], 14))
        with readers.reading():
            run_commands(settings, live, readers)
    assert readers.wrong == []
    assert readers.read > 20


def run_commands(settings: Settings, live: LiveServer, readers: Readers) -> None:
    add_folder(settings)
    view = settings.config_dir / "layers" / "sheets" / "view.sql"
    view.write_text(VIEW.replace("p.geom_4326", "p.nothing"), encoding="utf-8")
    # It says what is wrong, in both languages, and changes nothing.
    assert "nothing" in told(settings, "check", code=2)
    view.write_text(VIEW, encoding="utf-8")
    assert "sheets" in told(settings, "check")
    assert told(settings, "sql", "sheets").strip() == VIEW.strip()
    assert httpx.get(live.url + SHEETS).status_code == 404

    readers.sheets = {200, 404}
    assert f"{PARCELS}" in layer(settings, "apply", "sheets")
    on_both(live, lambda client: client.get(SHEETS).status_code == 200)
    readers.sheets = {200}

    # A layer that is read gets a field more.
    parcels = settings.config_dir / "layers" / "parcels" / "view.sql"
    parcels.write_text(parcels.read_text().replace("SELECT p.id,", "SELECT p.id,\n 'x'::text AS extra,", 1))
    edit(
        settings,
        "fields:\n",
        "fields:\n  - {name: extra, type: string, queryable: true, title: {vi: Thêm, en: Extra}}\n",
    )
    assert layer(settings, "rebuild", "parcels").startswith(f"parcels: {PARCELS}")
    on_both(live, lambda client: client.get(f"{ITEMS}?extra=x").status_code == 200)

    readers.sheets = {200, 404}
    layer(settings, "drop", "sheets")
    on_both(live, lambda client: client.get(SHEETS).status_code == 404)
    readers.sheets = {404}
