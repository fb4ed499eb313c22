"""Of several workers that want to draw the same tile one does; the others give out what it drew."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect
from gisland.publish.tiles import claims
from gisland.publish.tiles.cache import CLAIMS, Kept, TileCache
from gisland.publish.tiles.claims import Claims
from gisland.publish.tiles.drawing import drawing_of
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import state_statement
from gisland.settings import Settings
from tests.live import serve
from tests.publish.conftest import Ward
from tests.publish.tiles import address, tile_of

HOLD = """
import asyncio, pathlib, sys
from gisland.publish.tiles.claims import Claims

async def hold() -> None:
    async with Claims(pathlib.Path(sys.argv[1])).claim(sys.argv[2]):
        print("held", flush=True)
        sys.stdin.read()

asyncio.run(hold())
"""
# Long for a claim, short for whoever waits for this test.
WHILE = 0.3


@contextmanager
def another_worker(file: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds a claim until its input ends."""
    command = [sys.executable, "-c", HOLD, str(file), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


async def claimed(of: Claims, name: str) -> bool:
    async with of.claim(name) as waited:
        return waited


@pytest.mark.parametrize("end", ["done", "killed"])
def test_a_claim_is_held_until_it_ends_or_its_process_dies(tmp_path: Path, end: str) -> None:
    file = tmp_path / "tiles" / "claims"
    with another_worker(file, "a tile") as other, ThreadPoolExecutor(1) as pool:
        mine = Claims(file)
        assert asyncio.run(claimed(mine, "another tile")) is False
        waiting = pool.submit(asyncio.run, claimed(mine, "a tile"))
        time.sleep(WHILE)
        assert not waiting.done()
        if end == "killed":
            other.kill()
        else:
            assert other.stdin is not None
            other.stdin.close()
        assert waiting.result(30) is True
        # Nobody holds it any more.
        assert asyncio.run(claimed(mine, "a tile")) is False


def test_nobody_is_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "PATIENCE", WHILE)
    with another_worker(tmp_path / "claims", "a tile"):
        begin = time.monotonic()
        assert asyncio.run(claimed(Claims(tmp_path / "claims"), "a tile")) is True
        assert time.monotonic() - begin >= WHILE


def test_where_no_file_can_be_made_each_claim_is_granted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert asyncio.run(claimed(Claims(tmp_path / "file" / "claims"), "a tile")) is False


def test_claims_stay_where_tiles_have_to_go(tmp_path: Path) -> None:
    cache = TileCache(tmp_path, 10_000)
    asyncio.run(claimed(cache._claims, "a tile"))
    for number in range(10):
        cache.write("layer", Tile(16, number, 0), "", Kept(number, 0.0, bytes(8_000)))
    cache.make_room()
    assert (tmp_path / CLAIMS).exists()
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) < 4


@pytest.mark.parametrize("zoom", [12, 16])
def test_what_another_worker_draws_is_waited_for_and_given_out(settings: Settings, ward: Ward, zoom: int) -> None:
    parcel, *_ = ward.add_parcels(3)
    catalogue = load_catalogue(settings)
    layer, cache = catalogue.layer("parcels"), TileCache(settings.tile_cache_path, 2**20)
    with connect(settings, Role.PUBLIC) as connection:
        tile = tile_of(connection, parcel, zoom)
        statement, parameters = state_statement(layer, tile)
        (state,) = connection.execute(statement.encode(), parameters).fetchone() or (0,)
    drawing = drawing_of(layer, catalogue.palette)

    def get() -> tuple[bytes, str]:
        answer = httpx.get(live.url + address(tile), headers={"Accept-Encoding": "identity"}, timeout=60)
        return answer.content, answer.headers["Cache-Status"]

    with serve(settings) as live, ThreadPoolExecutor(2) as pool:
        with another_worker(settings.tile_cache_path / CLAIMS, cache._path(drawing, tile, "")):
            waiting = [pool.submit(get) for _ in range(2)]
            time.sleep(2 * WHILE)
            assert not any(each.done() for each in waiting)
            cache.write(drawing, tile, "", Kept(state, time.time(), b"drawn elsewhere"))
        assert {each.result() for each in waiting} == {(b"drawn elsewhere", "gisland; fwd=miss; collapsed")}
        assert get() == (b"drawn elsewhere", "gisland; hit")
        # After a commit it is given out by nobody any more, but far away for some seconds.
        ward.add_holder(parcel, "verified")
        content, status = get()
        assert (content == b"drawn elsewhere") == (zoom == 12)
        assert status == ("gisland; hit" if zoom == 12 else "gisland; fwd=miss")
