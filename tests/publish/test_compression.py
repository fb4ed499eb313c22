"""Public texts come compressed to who takes them so, and are the same then; nothing else does."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import brotli
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from gisland.kit.compressing import CompressedAnswers
from gisland.kit.encoding import chosen_encoding
from tests.publish.conftest import Ward
from tests.publish.test_items import ITEMS

LAYER = "/ogc/collections/parcels"
PATHS = (
    f"{ITEMS}?limit=1000",
    f"{ITEMS}?limit=1000&f=html",
    f"{ITEMS}?limit=1000&f=csv",
    "/ogc/api",
    "/ogc/conformance",
    f"{LAYER}/schema",
    "/ogc/styles/parcels?f=mapbox-plain",
    "/ogc/styles/parcels?f=sld11",
    "/ogc/styles/parcels?f=qml",
    f"{LAYER}/schema?f=html",
)
ENDLESS = f"{LAYER}/export?f="
HEAD = ("content-type", "vary", "etag", "cache-control")


def raw(client: httpx.Client, path: str, accepted: str | None, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer and its body as it came."""
    given = headers | ({"Accept-Encoding": accepted} if accepted is not None else {})
    request = client.build_request("GET", path, headers=given)
    if accepted is None:
        del request.headers["Accept-Encoding"]
    answer = client.send(request, stream=True)
    body = b"".join(answer.iter_raw())
    answer.close()
    assert answer.status_code in {200, 304}, body
    return answer, body


def plain(body: bytes, encoding: str) -> bytes:
    return brotli.decompress(body) if encoding == "br" else gzip.decompress(body)


@pytest.mark.parametrize("accepted", ["br", "gzip", "gzip, deflate, br", "gzip;q=1, br;q=0.1"])
def test_texts_are_the_same_and_shorter(reader: httpx.Client, accepted: str) -> None:
    for path in PATHS:
        as_it_is, body = raw(reader, path, None)
        assert "content-encoding" not in as_it_is.headers, path
        answer, sent = raw(reader, path, accepted)
        encoding = answer.headers["content-encoding"]
        assert encoding == chosen_encoding(accepted), path
        assert plain(sent, encoding) == body, path
        assert len(sent) < len(body) / 2
        assert answer.headers["content-length"] == str(len(sent))
        for name in HEAD:
            assert answer.headers.get(name) == as_it_is.headers.get(name), (path, name)
        assert "Accept-Encoding" in answer.headers["vary"]
        # Whoever has the one has the other.
        if "etag" in answer.headers:
            assert answer.headers["etag"].startswith('W/"')
            known, nothing = raw(reader, path, "br", **{"If-None-Match": as_it_is.headers["etag"]})
            assert (known.status_code, nothing) == (304, b""), path
            assert "content-encoding" not in known.headers
            assert known.headers["vary"] == answer.headers["vary"]


def test_whole_layers_are_compressed_as_they_come(client: httpx.Client, ward: Ward) -> None:
    ward.add_parcels(1)
    ward.copy_parcels(2500)
    for name in ("csv", "geojsonseq"):
        _, body = raw(client, ENDLESS + name, "identity")
        for accepted in ("br", "gzip"):
            answer, sent = raw(client, ENDLESS + name, accepted)
            assert answer.headers["content-encoding"] == accepted
            assert "content-length" not in answer.headers
            assert plain(sent, accepted) == body
            assert len(body) > 500_000 > 3 * len(sent)


def test_what_is_small_or_refused_or_no_text_comes_as_it_is(reader: httpx.Client, shown: Ward) -> None:
    for path in (
        f"{ITEMS}/{shown.parcels[0]}",
        f"{ITEMS}?limit=1",
        f"{ITEMS}?f=gpkg",
        "/static/ogc.css",
        ENDLESS + "fgb",
    ):
        answer, body = raw(reader, path, "br, gzip")
        assert "content-encoding" not in answer.headers, path
        assert body
    for accepted in ("identity", "*;q=0", "br;q=0, gzip;q=0", "zstd"):
        answer, body = raw(reader, "/ogc/api", accepted)
        assert "content-encoding" not in answer.headers, accepted
        assert body.startswith(b"{")


def test_what_only_one_may_see_is_not_compressed(client: httpx.Client, ward: Ward, admin: tuple[str, str]) -> None:
    ward.add_parcels(20)
    client.auth = admin
    for path in ("/ogc/collections/parcels-staff/items?limit=100", "/ogc/api", "/ogc/collections"):
        answer = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert answer.headers["cache-control"].startswith("private"), path
        assert "content-encoding" not in answer.headers, path


def test_what_breaks_off_is_no_whole_body() -> None:
    """Whoever reads a compressed stream sees by itself that its end never came."""
    sent: list[bytes] = []

    async def breaking(_: Scope, __: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/csv"), (b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"1,2\n" * 10_000, "more_body": True})
        raise RuntimeError

    async def keep(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def nothing() -> Message:
        raise AssertionError

    scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}
    with pytest.raises(RuntimeError):
        asyncio.run(CompressedAnswers(breaking)(scope, nothing, keep))
    whole = zlib.decompressobj(31)
    whole.decompress(b"".join(sent))
    assert not whole.eof
