"""No tile shows what was before a change that is committed, whichever worker gives it; and what is kept is shared."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.database import Role, connect, flush
from gisland.publish.layers import rebuild_layer
from gisland.publish.tiles.cache import HEAD, Kept, TileCache
from gisland.publish.tiles.grid import Tile
from gisland.publish.tiles.statements import state_statement, tile_statement
from gisland.settings import Settings
from tests.factories import add_evidence, make_change
from tests.live import serve
from tests.publish.conftest import Ward
from tests.publish.tiles import address, features, tile_of

ITEMS = "/ogc/collections/parcels/items"
READERS, CHANGES = 16, 40
# Numbers that no other parcel has.
FIRST = 10_000


@pytest.fixture
def two_workers(settings: Settings) -> Iterator[str]:
    """The address of a server with two workers."""
    with serve(settings.model_copy(update={"workers": 2})) as live:
        yield live.url


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
        with connect(self._settings, Role.APP) as connection:
            make_change(connection, self.ward.ward, "correct")
            query = "UPDATE registry.parcel SET parcel_no = %s WHERE id = %s"
            connection.execute(query, [str(FIRST + self.begun), self.parcel])
            add_evidence(connection, self.holder, "mismatch" if self.begun % 2 else "verified")
            flush(connection)
        self.done = self.begun

    def tile(self, zoom: int) -> Tile:
        with connect(self._settings, Role.PUBLIC) as connection:
            return tile_of(connection, self.parcel, zoom)


class Reader:
    """Asks for one thing again and again, with the entity tag of what it has."""

    def __init__(self, client: httpx.Client, register: Register, path: str) -> None:
        self._client, self._register, self._path = client, register, path
        self._tag: dict[str, str] = {}
        self._seen: set[int] = set()

    def ask(self) -> bool:
        """Whether what is given may be as it was when it was asked for, or later."""
        done = self._register.done
        answer = self._client.get(self._path, headers=self._tag)
        if answer.status_code != 304:
            self._seen = self._fitting(answer)
            self._tag = {"If-None-Match": answer.headers["etag"]} if "etag" in answer.headers else {}
        return max(self._seen, default=0) >= done

    def _fitting(self, answer: httpx.Response) -> set[int]:
        """After which changes the parcel may have been as it is shown."""
        items = answer.headers["content-type"] == "application/geo+json"
        found = answer.json()["properties"] if items else features(answer)[self._register.parcel]
        if "parcel_no" in found:
            return {int(found["parcel_no"]) - FIRST}
        odd = found["verification_status"] == "action_needed"
        return {each for each in range(self._register.begun + 1) if (each % 2 == 1) == odd}


def test_nobody_sees_what_was_before_a_commit(two_workers: str, settings: Settings, ward: Ward) -> None:
    register = Register(settings, ward)
    paths = [address(register.tile(zoom)) for zoom in (14, 16, 18)] + [f"{ITEMS}/{register.parcel}"]
    answers: list[tuple[str, bool]] = []
    ended = threading.Event()

    def read(path: str) -> None:
        # A connection stays with its worker: new ones now and then come to the other one.
        while not ended.is_set():
            with httpx.Client(base_url=two_workers, timeout=60) as client:
                reader = Reader(client, register, path)
                answers.extend((path, reader.ask()) for _ in range(5))

    threads = [threading.Thread(target=read, args=[paths[number % 4]]) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(CHANGES):
            register.change()
            time.sleep(0.02)
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)
    assert not [path for path, right in answers if not right]
    assert all(len([each for each, _ in answers if each == path]) > 20 for path in paths)


def test_workers_share_what_is_kept(two_workers: str, settings: Settings, ward: Ward) -> None:
    register = Register(settings, ward)
    path = address(register.tile(16))

    def answers() -> set[bytes]:
        # Each on a connection of its own: they come to both workers.
        plain = {"Accept-Encoding": "identity"}
        return {httpx.get(two_workers + path, headers=plain, timeout=60).content for _ in range(12)}

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
