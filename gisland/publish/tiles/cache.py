"""Tiles that were drawn, kept in files that all workers share.

A file says which state of the ground its tile shows. It is given out only while that is the state, so nothing has to be
deleted when the ground changes: the tile is drawn anew and takes the place of the old one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog

from gisland.kit.encoding import Encoding
from gisland.publish.tiles.claims import Claims
from gisland.publish.tiles.grid import Tile

log = structlog.get_logger()

# State of the ground, time when that was so (seconds since 1970), whether the body is in the encoding that was wanted.
HEAD = struct.Struct(">qd?")
# By the encoding that is wanted: a small body is kept as it is.
SUFFIXES: dict[Encoding, str] = {"": "mvt", "gzip": "mvt.gz", "br": "mvt.br"}
# Of the limit: after so much was written a worker looks whether there is too much, and how much it then leaves.
LOOK_AFTER, LEAVE = 1 / 16, 7 / 8
# The file of the claims of those who draw.
CLAIMS = "claims"


@dataclass(frozen=True)
class Kept:
    """A tile that was drawn."""

    state: int
    at: float
    """When the ground was in this state."""
    body: bytes
    encoding: Encoding = ""


class TileCache:
    """The files of tiles.

    Args:
        folder: where they are; made when the first is written.
        most_bytes: how much they may take together; 0 keeps none.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = str(folder)
        self._most = most_bytes
        self._written = 0
        # Processes of other machines may have the same number.
        self._drafts = (f"{os.urandom(8).hex()}.{number}" for number in count())
        self._looking = threading.Lock()
        self._claims = Claims(folder / CLAIMS)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._most > 0

    def read(self, drawing: str, tile: Tile, encoding: Encoding) -> Kept | None:
        """The tile as it was drawn last.

        Args:
            drawing: which layer, as it is defined and drawn.
            tile: which tile.
            encoding: in which the body is wanted; small ones are kept as they are.
        """
        if not self._most:
            return None
        try:
            with open(self._path(drawing, tile, encoding), "rb", buffering=0) as file:  # noqa: PTH123 - the hot path
                content = file.readall()
            state, at, as_wanted = HEAD.unpack_from(content)
        except (OSError, struct.error):
            return None
        return Kept(state, at, content[HEAD.size :], encoding if as_wanted else "")

    def write(self, drawing: str, tile: Tile, wanted: Encoding, kept: Kept) -> None:
        """Keep a tile. That it cannot be kept is told in the log, and is no error."""
        if not self._most:
            return
        path = self._path(drawing, tile, wanted)
        draft = f"{path}.{next(self._drafts)}"
        content = HEAD.pack(kept.state, kept.at, kept.encoding == wanted) + kept.body
        try:
            try:
                _write(draft, content)
            except FileNotFoundError:
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(draft, content)
            # A reader sees the old file or the new one, whole.
            os.replace(draft, path)  # noqa: PTH105 - the hot path
        except OSError as error:
            log.warning("a tile cannot be kept", reason=error.strerror)
            with contextlib.suppress(OSError):
                os.unlink(draft)  # noqa: PTH108 - a disk that is full must not keep what is half written
            return
        self._written += len(content)
        if self._written > self._most * LOOK_AFTER:
            self._written = 0
            threading.Thread(target=self.make_room, daemon=True).start()

    def claim(self, drawing: str, tile: Tile, encoding: Encoding) -> AbstractAsyncContextManager[bool]:
        """While it is held no other worker draws the tile. Gives whether one did, and was waited for."""
        return self._claims.claim(self._path(drawing, tile, encoding))

    def make_room(self) -> None:
        """Delete what was drawn longest ago, when there is too much."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            files = sorted(self._files())
            size = sum(each for _, each, _ in files)
            if size <= self._most:
                return
            for _, each, path in files:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - there are many
                size -= each
                if size <= self._most * LEAVE:
                    return
        finally:
            self._looking.release()

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """Time, size and path of each file; other workers may delete them meanwhile."""
        for folder, _, names in os.walk(self._folder):
            for name in names:
                if name == CLAIMS:
                    continue
                path = f"{folder}/{name}"
                with contextlib.suppress(OSError):
                    found = os.stat(path)  # noqa: PTH116 - there are many
                    yield found.st_mtime, found.st_blocks * 512, path

    def _path(self, drawing: str, tile: Tile, encoding: Encoding) -> str:
        return f"{self._folder}/{drawing}/{tile.zoom}/{tile.column}/{tile.row}.{SUFFIXES[encoding]}"


def _write(path: str, content: bytes) -> None:
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - the hot path
        # A disk that becomes full takes a part, and says nothing.
        if file.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
