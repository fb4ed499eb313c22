"""What the pages of the racing servers hold: looked at before their speed, for a wrong page may well be a fast one."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from psycopg import Connection, sql

from gisland.bench.boxes import Box
from gisland.bench.servers import Server
from gisland.bench.table import GISLAND
from gisland.catalogue import Layer
from gisland.errors import GislandError

MOST = 10_000  # features on a page, as every server here is set up to allow


def compare(
    connection: Connection, layer: Layer, servers: Sequence[Server], box: Box, limits: Sequence[int]
) -> list[str]:
    """Ask all servers for pages of one box. Returns what is to be known about them.

    Raises:
        GislandError: a page has not as many features as asked for, or gisland gives others than the database.
    """
    statement = sql.SQL("SELECT id FROM {} WHERE ST_Intersects({}, ST_MakeEnvelope(%s, %s, %s, %s, 4326))").format(
        sql.Identifier(layer.target_schema, layer.table), sql.Identifier(layer.geometry)
    )
    truth = {str(row[0]) for row in connection.execute(statement, box)}
    notes = []
    for server in servers:
        for limit in limits:
            found = len(get(server.page(limit, box))["features"])
            if found != limit:
                raise GislandError(f"{server.name} gives {found} features on a page of {limit}")
        # Pages smaller than the box are comparable in number only: not all servers sort.
        ids = {str(feature["id"]) for feature in get(server.page(MOST, box))["features"]}
        if ids != truth:
            what = f"{server.name} finds {len(ids)} features in a box where there are {len(truth)}"
            if server.name == GISLAND:
                raise GislandError(what)
            notes.append(what)
    same = [server.name for server in servers if not any(note.startswith(server.name) for note in notes)]
    size = max(limits)
    sizes = ", ".join(f"{server.name} {len(get_bytes(server.page(size, box))) / 1000:.0f} kB" for server in servers)
    return [f"the same {len(truth)} features in one box: {', '.join(same)}", *notes, f"a page of {size}: {sizes}"]


def walk(items: str, features: int, limit: int) -> str:
    """Read a whole layer by `next` links. Returns the address of its last full page of `limit` features.

    Raises:
        GislandError: not every feature came exactly once.
    """
    seen: set[Any] = set()
    total = 0
    url: str | None = with_limit(items, MOST)
    last = with_limit(items, limit)
    while url is not None:
        if total + limit <= features:
            last = url
        page = get(url)
        total += len(page["features"])
        seen.update(feature["id"] for feature in page["features"])
        url = next_link(page)
    if total != features or len(seen) != features:
        raise GislandError(f"`next` links gave {total} features, {len(seen)} of them different, of {features}")
    last = with_limit(last, limit)
    while (following := next_link(get(last))) and len(get(following)["features"]) == limit:
        last = following
    return last


def next_link(page: dict[str, Any]) -> str | None:
    """The address of the following page."""
    return next((link["href"] for link in page["links"] if link["rel"] == "next"), None)


def with_limit(url: str, limit: int) -> str:
    """The same address with pages of another size."""
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query)) | {"limit": str(limit)}
    return urlunsplit(parts._replace(query=urlencode(parameters)))


def get_bytes(url: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own servers
        body: bytes = answer.read()
    return body


def get(url: str) -> dict[str, Any]:
    """The body of an answer, as JSON."""
    content: dict[str, Any] = json.loads(get_bytes(url))
    return content
