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


async def encoded(body: bytes, encoding: Encoding) -> tuple[bytes, Encoding]:
    """A body in an encoding, or as it is when it is too small to gain by it."""
    if not encoding or len(body) < LEAST_BYTES:
        return body, ""
    if len(body) > MOST_BYTES_AT_ONCE:
        return await asyncio.to_thread(_compress, body, encoding), encoding
    return _compress(body, encoding), encoding


def _compress(body: bytes, encoding: Encoding) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
    return zlib.compress(body, GZIP_LEVEL, wbits=31)
