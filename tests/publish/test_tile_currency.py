"""No tile shows what was before a change that is committed, whichever worker gives it; and what is kept is shared."""

from __future__ import annotations

import asyncio
import re
import resource
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from psycopg import AsyncConnection, Connection

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, conninfo, run
from gisland.publish.layers import rebuild_layer
from gisland.publish.tiles.cache import HEAD, Kept, TileCache
from gisland.publish.tiles.drawing import Drawing, Drawn
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import state_statement, tile_statement
from gisland.settings import Settings
from tests.factories import add_evidence, make_change
from tests.live import LiveServer, serve, worker_of
from tests.publish.conftest import Ward
from tests.publish.tiles import address, features, tile_of

ITEMS = "/ogc/collections/parcels/items"
READERS, CHANGES = 16, 20
# Of each address and of each worker; and how long a busy machine is waited for.
ENOUGH, SECONDS = 8, 60
# Numbers that no other parcel has.
FIRST = 100_000
VERIFIED = "verification_status = 'verified'"


@pytest.fixture
def two_workers(settings: Settings) -> Iterator[LiveServer]:
    """A server with two workers."""
    with serve(settings.model_copy(update={"workers": 2})) as live:
        yield live


class Register:
    """A parcel that is changed again and again: its number says how often, its status whether that is even."""

    def __init__(self, settings: Settings, ward: Ward) -> None:
        self.begun = self.done = 0
        self._settings = settings
        self.ward = ward
        self.parcel, *_ = ward.add_parcels(3)
        self.holder = ward.add_holder(self.parcel, "verified")
        self.change()

    def change(self) -> None:
        self.begun += 1

        def work(connection: Connection) -> None:
            make_change(connection, self.ward.ward, "correct")
            query = "UPDATE registry.parcel SET parcel_no = %s WHERE id = %s"
            connection.execute(query, [str(FIRST + self.begun), self.parcel])
            add_evidence(connection, self.holder, "mismatch" if self.begun % 2 else "verified")

        run(self._settings, work)
        self.done = self.begun

    def tile(self, zoom: int) -> Tile:
        with connect(self._settings, Role.PUBLIC) as connection:
            return tile_of(connection, self.parcel, zoom)

    def addresses(self) -> list[str]:
        """All ways to read the parcel: tiles, single items and pages, as data and to look at."""
        with connect(self._settings, Role.PUBLIC) as connection:
            query = "SELECT _west, _south, _east, _north FROM published.parcels WHERE id = %s"
            box = connection.execute(query, [self.parcel]).fetchone()
        assert box is not None
        bbox = f"bbox={','.join(map(repr, box))}"
        either = "filter=" + quote("verification_status IN ('verified', 'action_needed')")
        return [
            *(address(self.tile(zoom)) for zoom in (14, 16, 18)),
            address(self.tile(16), "/ogc/tiles/WebMercatorQuad"),
            *(f"{ITEMS}/{self.parcel}{form}" for form in ("", "?f=html")),
            *(f"{ITEMS}?{asked}" for asked in (bbox, either, "sortby=-parcel_no&limit=1", f"{bbox}&f=html")),
            # It is on this page after every other change only.
            *(f"{ITEMS}?{asked}" for asked in ("verification_status=verified", f"{bbox}&filter={quote(VERIFIED)}")),
        ]


class Reader:
    """Asks for one thing again and again, with the entity tag of what it has."""

    def __init__(self, client: httpx.Client, register: Register, path: str) -> None:
        self._client, self._register, self._path = client, register, path
        self._tag: dict[str, str] = {}
        self._seen: set[int] = set()

    def ask(self) -> tuple[httpx.Response, bool]:
        """The answer, and whether it shows what was when it was asked for, or later."""
        done = self._register.done
        answer = self._client.get(self._path, headers=self._tag)
        if answer.status_code != 304:
            self._seen = self._fitting(answer)
            self._tag = {"If-None-Match": answer.headers["etag"]} if "etag" in answer.headers else {}
        return answer, max(self._seen, default=0) >= done

    def _fitting(self, answer: httpx.Response) -> set[int]:
        """After which changes the parcel may have been as it is shown."""
        assert answer.status_code == 200, answer.text
        found = self._shown(answer)
        if found is None:
            return self._states(odd=True)
        if "parcel_no" in found:
            return {int(found["parcel_no"]) - FIRST}
        return self._states(odd=found["verification_status"] == "action_needed")

    def _states(self, *, odd: bool) -> set[int]:
        return {each for each in range(self._register.begun + 1) if (each % 2 == 1) == odd}

    def _shown(self, answer: httpx.Response) -> dict[str, str] | None:
        """The properties of the parcel; None where it is not."""
        kind = answer.headers["content-type"].partition(";")[0]
        if kind == "text/html":
            (number,) = set(re.findall(r">\s*(1\d{5})\s*<", answer.text))
            return {"parcel_no": number}
        if kind != "application/geo+json":
            properties: dict[str, str] = features(answer)[self._register.parcel]
            return properties
        page = answer.json()
        shown = {each["id"]: each["properties"] for each in page.get("features", [page])}
        return shown.get(self._register.parcel)


def test_nobody_sees_what_was_before_a_commit(two_workers: LiveServer, settings: Settings, ward: Ward) -> None:
    register = Register(settings, ward)
    paths = register.addresses()
    # Address and worker of each answer, and whether it was right.
    answers: list[tuple[str, int, bool]] = []
    ended = threading.Event()

    def read(first: int) -> None:
        for number in count(first):
            path = paths[number % len(paths)]
            # A connection stays with its worker: new ones come to the other one, too.
            with httpx.Client(base_url=two_workers.url, timeout=60) as client:
                reader, worker = Reader(client, register, path), 0
                for _ in range(5):
                    if ended.is_set():
                        return
                    answer, right = reader.ask()
                    worker = worker or worker_of(two_workers, answer)
                    answers.append((path, worker, right))

    def enough() -> bool:
        seen = Counter((path, worker) for path, worker, _ in answers)
        return len(seen) == 2 * len(paths) and min(seen.values()) >= ENOUGH

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, number) for number in range(READERS)]
        try:
            until = time.monotonic() + SECONDS
            while register.done <= CHANGES or not (enough() or time.monotonic() > until):
                register.change()
                time.sleep(0.02)
                if any(each.done() for each in readers):
                    break
        finally:
            ended.set()
        for each in readers:
            each.result(60)
    assert not [path for path, _, right in answers if not right]
    assert enough(), Counter((path, worker) for path, worker, _ in answers)


def test_workers_share_what_is_kept(two_workers: LiveServer, settings: Settings, ward: Ward) -> None:
    register = Register(settings, ward)
    path = address(register.tile(16))

    def answers() -> set[bytes]:
        # Each on a connection of its own: they come to both workers.
        plain = {"Accept-Encoding": "identity"}
        return {httpx.get(two_workers.url + path, headers=plain, timeout=60).content for _ in range(12)}

    (drawn,) = answers()
    (file,) = [each for each in settings.tile_cache_path.rglob("*.mvt") if each.parent.parent.name == "16"]
    content = file.read_bytes()
    assert content[HEAD.size :] == drawn
    file.write_bytes(content[: HEAD.size] + b"kept")
    assert answers() == {b"kept"}
    register.change()
    assert b"kept" not in answers()


def test_a_layer_that_is_made_anew_is_drawn_anew(settings: Settings, ward: Ward) -> None:
    Register(settings, ward)
    before = stamps(settings)
    catalogue = load_catalogue(settings)
    rebuild_layer(settings, catalogue, "parcels")
    after = stamps(settings)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def stamps(settings: Settings) -> dict[tuple[int, int], int]:
    with connect(settings, Role.PUBLIC) as connection:
        rows = connection.execute("SELECT x, y, stamp FROM published.tile_region WHERE layer = 'parcels'").fetchall()
    return {(x, y): stamp for x, y, stamp in rows}


def test_a_feature_over_too_many_regions_renews_the_whole_layer(settings: Settings, ward: Ward) -> None:
    ward.add_parcels(1)
    before = stamps(settings)
    assert (-1, -1) not in before
    (large,) = ward.add_parcels(1, size=30_000)
    found = stamps(settings)
    assert (-1, -1) in found
    # Wherever it is drawn: the tile of a region that it only covers.
    with connect(settings, Role.PUBLIC) as connection:
        middle = tile_of(connection, large, 16)
        assert (middle.column, middle.row) not in found
        statement, parameters = tile_statement(load_catalogue(settings).layer("parcels"), middle, with_state=True)
        row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    assert row[0] is not None
    assert row[1]
    # Also on the tile of the world, whose margin begins west and north of the first region.
    layer = load_catalogue(settings).layer("parcels")
    plain = layer.model_copy(update={"tiles": layer.tiles.model_copy(update={"areas": ()})})
    ward.add_holder(large, "verified")
    renewed = stamps(settings)
    assert {place for place, stamp in renewed.items() if found.get(place) != stamp} == {(-1, -1)}
    with connect(settings, Role.PUBLIC) as connection:
        statement, parameters = state_statement(plain, Tile(0, 0, 0))
        (state,) = connection.execute(statement.encode(), parameters).fetchone() or (0,)
    everything = 0
    for stamp in renewed.values():
        everything ^= stamp
    assert state == everything


def test_nobody_waits_for_more_than_two_drawings(
    settings: Settings, ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though something changes while each of them is drawn: the second one began after all had come."""
    register, catalogue = Register(settings, ward), load_catalogue(settings)
    draws, drawn, right = Drawing(TileCache(tmp_path, 2**20), catalogue), [0], Drawing._draw
    layer, tile = catalogue.layer("parcels"), register.tile(16)

    async def changing(*given: Any, **more: Any) -> Any:
        drawn[0] += 1
        found = await right(*given, **more)
        await asyncio.to_thread(register.change)
        return found

    @asynccontextmanager
    async def public() -> AsyncIterator[AsyncConnection]:
        async with await AsyncConnection.connect(conninfo(settings, Role.PUBLIC)) as connection:
            yield connection

    async def readers() -> list[Drawn]:
        return await asyncio.gather(*(draws.public(public, layer, tile, "") for _ in range(6)))

    monkeypatch.setattr(Drawing, "_draw", changing)
    first, *others = asyncio.run(readers())
    assert drawn == [2]
    assert {each.state for each in others} != {first.state}
    assert len({(each.state, each.body) for each in others}) == 1


def test_the_cache_stays_within_its_limit(tmp_path: Path) -> None:
    cache = TileCache(tmp_path / "tiles", 400_000)
    for number in range(100):
        cache.write("layer", Tile(16, number, 0), "", Kept(number, float(number), bytes(8_000)))
    until = time.monotonic() + 10
    while _size(tmp_path) > 400_000 and time.monotonic() < until:
        cache.make_room()
    assert 200_000 < _size(tmp_path) <= 400_000
    # The newest are there.
    kept = cache.read("layer", Tile(16, 99, 0), "")
    assert kept is not None
    assert (kept.state, kept.at, kept.body) == (99, 99.0, bytes(8_000))
    assert cache.read("layer", Tile(16, 0, 0), "") is None
    assert not list(tmp_path.rglob("*.mvt.*"))


def test_a_tile_that_became_small_takes_the_place_of_the_large_one(tmp_path: Path) -> None:
    cache, tile = TileCache(tmp_path, 400_000), Tile(3, 1, 1)
    cache.write("layer", tile, "br", Kept(1, 1.0, bytes(5_000), "br"))
    small = Kept(2, 2.0, b"small")
    cache.write("layer", tile, "br", small)
    assert cache.read("layer", tile, "br") == small
    assert len(list(tmp_path.rglob("*.mvt*"))) == 1


def test_of_a_full_disk_no_half_tile_is_kept(tmp_path: Path) -> None:
    cache, tile = TileCache(tmp_path, 400_000), Tile(3, 1, 1)
    cache.write("layer", tile, "", Kept(1, 1.0, b"whole"))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, most))
    try:
        cache.write("layer", tile, "", Kept(2, 2.0, bytes(5_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert cache.read("layer", tile, "") == Kept(1, 1.0, b"whole")
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 1


def _size(folder: Path) -> int:
    return sum(each.stat().st_blocks * 512 for each in folder.rglob("*") if each.is_file())


def test_a_file_that_is_cut_off_or_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    cache, tile = TileCache(tmp_path / "tiles", 400_000), Tile(3, 1, 1)
    cache.write("layer", tile, "", Kept(1, 1.0, b"tile"))
    (file,) = tmp_path.rglob("*.mvt")
    file.write_bytes(b"cut")
    assert cache.read("layer", tile, "gzip") is None
    (tmp_path / "file").write_text("")
    nowhere = TileCache(tmp_path / "file" / "tiles", 400_000)
    nowhere.write("layer", tile, "", Kept(1, 1.0, b"tile"))
    assert nowhere.read("layer", tile, "") is None
    none = TileCache(tmp_path / "none", 0)
    none.write("layer", tile, "", Kept(1, 1.0, b"tile"))
    assert not (tmp_path / "none").exists()
