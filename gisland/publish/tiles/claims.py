"""One worker draws a tile that several want at the same time: claims that all workers of a machine see."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# Of a worker that draws: one that takes longer is not waited for.
PATIENCE = 10.0
# How often it is looked whether it is done.
PAUSE = 0.005
# Places of the file that may be claimed.
PLACES = 2**62


class Claims:
    """Claims on things with names, as locks on places of one file: the system ends those of a process that dies.

    Args:
        file: made with its folder when something is claimed first. Without it (a disk that is full or cannot be
            written) each claim is granted.
    """

    def __init__(self, file: Path) -> None:
        self._path = file
        # Kept open: with any handle on a file that a process closes the system ends all of its claims there.
        self._file: int | None = None

    @asynccontextmanager
    async def claim(self, name: str) -> AsyncIterator[bool]:
        """Hold a claim. Gives whether another process had it and was waited for.

        Within a process nobody is kept from a second claim on the same thing.
        """
        file, place = self._opened(), int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % PLACES
        if file is None:
            yield False
            return
        deadline, waited = time.monotonic() + PATIENCE, False
        while not (held := _locked(file, place)) and time.monotonic() < deadline:
            waited = True
            await asyncio.sleep(PAUSE)
        try:
            yield waited
        finally:
            if held:
                fcntl.lockf(file, fcntl.LOCK_UN, 1, place)

    def _opened(self) -> int | None:
        if self._file is None:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:
                return None
        return self._file


def _locked(file: int, place: int) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError:
        return False
    return True
