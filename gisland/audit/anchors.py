"""Anchors: heads of the chain in a file outside the database.

Whoever may write the database may make the whole chain anew; not what was written elsewhere before. A line says

    2026-01 123456 <hash in hex> 2026-01-31T16:59:59Z
    month   position              when it was written

The file only grows and is its owner's only. Copies of it elsewhere (a log server, paper) make it stronger.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from gisland.audit.chain import Head
from gisland.kit.keys import sync_folder

_LINE = re.compile(rb"(\d{4})-(0[1-9]|1[0-2]) (\d{1,18}) ([0-9a-f]{64}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


@dataclass(frozen=True)
class Anchor:
    """A head of the chain, and when it was written down."""

    head: Head
    at: datetime

    def line(self) -> bytes:
        """The line of the file."""
        head = self.head
        return f"{head.month:%Y-%m} {head.position} {head.hash.hex()} {self.at:%Y-%m-%dT%H:%M:%SZ}\n".encode()


@dataclass(frozen=True)
class Anchors:
    """What a file of anchors says."""

    lines: list[Anchor]
    unreadable: list[int]
    """Numbers of lines that are no anchors; not of a last one without its end, which a power cut left."""

    @property
    def newest(self) -> Anchor | None:
        """The last one that was written."""
        return self.lines[-1] if self.lines else None

    def hold(self, head: Head) -> bool:
        """Whether this head is one of them."""
        return any(each.head == head for each in reversed(self.lines))


def read_anchors(path: Path) -> Anchors:
    """Read the file; one that is not there holds no anchors."""
    found = Anchors([], [])
    if not path.exists():
        return found
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            anchor = _parse(line.removesuffix(b"\n"))
            if anchor is not None and line.endswith(b"\n"):
                found.lines.append(anchor)
            elif line.endswith(b"\n"):
                found.unreadable.append(number)
    return found


def newest_anchor(path: Path) -> Anchor | None:
    """The last anchor of the file, read from its end: the file may be long. Lines that are none are stepped over."""
    try:
        with path.open("rb") as file:
            begin = max(0, path.stat().st_size - 400)
            file.seek(begin)
            tail = file.read()
    except FileNotFoundError:
        return None
    # Whole lines only: neither the first one, whose beginning may be missing, nor what follows the last end of a line.
    lines = tail.split(b"\n")[1 if begin else 0 : -1]
    found = next(filter(None, map(_parse, reversed(lines))), None)
    return read_anchors(path).newest if found is None and begin else found


def _parse(line: bytes) -> Anchor | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    year, month, position, digest, at = (each.decode() for each in match.groups())
    try:
        head = Head(date(int(year), int(month), 1), int(position), bytes.fromhex(digest))
        return Anchor(head, datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
    except ValueError:
        return None


def append_anchor(path: Path, head: Head) -> Anchor:
    """Write a head down so that it outlives a power cut; the first one makes the file (0600) and its folder (0700)."""
    anchor = Anchor(head, datetime.now(UTC).replace(microsecond=0))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _cut_half_a_line(descriptor)
        os.write(descriptor, anchor.line())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)
    return anchor


def _cut_half_a_line(descriptor: int) -> None:
    """Take away the beginning of a line that a power cut left at the end: it never was an anchor."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, 200, max(0, size - 200))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)


@contextmanager
def only_writer(path: Path) -> Iterator[bool]:
    """Whether this process is the one that writes this file while the block runs; a killed one is so no more."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
