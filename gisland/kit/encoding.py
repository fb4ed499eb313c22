"""Compressing answers: the encoding that a client takes, and the body in it."""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import Literal

import brotli

Encoding = Literal["br", "gzip", ""]
"""`""` is the body as it is."""

# Best first: brotli makes tiles some 15 % smaller than gzip.
OFFERED: tuple[Encoding, ...] = ("br", "gzip")
# Smaller ones fit into one packet anyway.
LEAST_BYTES = 600
# To compress larger ones keeps a worker from everything else for longer than a thread costs.
MOST_BYTES_AT_ONCE = 30_000
GZIP_LEVEL, BROTLI_QUALITY = 6, 5
# Of what is not kept: a page of 1,000 features takes 4 ms, and not 12.
FAST_GZIP_LEVEL, FAST_BROTLI_QUALITY = 1, 1


@lru_cache(maxsize=1000)
def chosen_encoding(accepted: str) -> Encoding:
    """The best of the encodings that the header Accept-Encoding allows."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        try:
            weights[name.strip()] = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weights[name.strip()] = 0
    others = weights.get("*", 0)
    best = max(OFFERED, key=lambda each: (weights.get(each, others), -OFFERED.index(each)))
    return best if weights.get(best, others) > 0 else ""


async def encoded(body: bytes, encoding: Encoding, *, fast: bool = False) -> tuple[bytes, Encoding]:
    """A body in an encoding, or as it is when it is too small to gain by it.

    Args:
        body: as it is.
        encoding: in which it is wanted.
        fast: it is compressed for one client only, and not kept.
    """
    if not encoding or len(body) < LEAST_BYTES:
        return body, ""
    if len(body) > MOST_BYTES_AT_ONCE:
        return await asyncio.to_thread(_compress, body, encoding, fast=fast), encoding
    return _compress(body, encoding, fast=fast), encoding


def _compress(body: bytes, encoding: Encoding, *, fast: bool) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=FAST_BROTLI_QUALITY if fast else BROTLI_QUALITY))
    return zlib.compress(body, FAST_GZIP_LEVEL if fast else GZIP_LEVEL, wbits=31)


class Stream:
    """Compresses a body that comes in pieces; they are sent when there is enough of them.

    Args:
        encoding: brotli or gzip.
    """

    def __init__(self, encoding: Encoding) -> None:
        if encoding == "br":
            compressor = brotli.Compressor(quality=FAST_BROTLI_QUALITY)
            self._take, self._end = compressor.process, compressor.finish
        else:
            gzip = zlib.compressobj(FAST_GZIP_LEVEL, wbits=31)
            self._take, self._end = gzip.compress, gzip.flush

    async def add(self, piece: bytes, *, last: bool) -> bytes:
        """What is to be sent next; it may be nothing yet, but for the last piece."""
        if len(piece) > MOST_BYTES_AT_ONCE:
            return await asyncio.to_thread(self._add, piece, last=last)
        return self._add(piece, last=last)

    def _add(self, piece: bytes, *, last: bool) -> bytes:
        found = bytes(self._take(piece))
        return found + bytes(self._end()) if last else found
