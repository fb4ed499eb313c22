"""Texts that all may keep are sent compressed to who takes them so (RFC 9110 §12.5.3)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gisland.kit.encoding import Encoding, Stream, chosen_encoding, encoded

# Smaller ones gain less than they cost.
LEAST_BYTES = 2_000
# Of a body whose parts come one by one, and whose length is known: up to here it is compressed as a whole.
MOST_WHOLE = 32_000_000


class CompressedAnswers:
    """ASGI middleware for texts (JSON, HTML, XML, CSV …) whose Cache-Control begins with `public`.

    What only one may see stays as it is: from the length of compressed data that repeat what a request says, others
    could find out what else is in them (BREACH). So does what has a strong entity tag: it is the same byte for byte.
    That answers differ by Accept-Encoding all of them say (`security.headers.VARY`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        encoding = _wanted(scope) if scope["type"] == "http" else ""
        await self._app(scope, receive, _Answer(encoding, send) if encoding else send)


def _wanted(scope: Scope) -> Encoding:
    if scope["method"] != "GET":
        return ""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return chosen_encoding(value.decode("latin-1"))
    return ""


class _Answer:
    """Takes the messages of one answer and sends them on."""

    def __init__(self, encoding: Encoding, send: Send) -> None:
        self._encoding = encoding
        self._send = send
        self._start: Message | None = None
        """What is held back until it is known how the body comes."""
        self._length: int | None = None
        self._parts: list[bytes] = []
        self._stream: Stream | None = None

    async def __call__(self, message: Message) -> None:
        """Take a message."""
        if message["type"] == "http.response.start":
            self._length = _length(message)
            if not _gains(message, self._length):
                await self._send(message)
                return
            self._start = message
        elif self._stream is not None:
            await self._send_piece(self._stream, message)
        elif self._start is None:
            await self._send(message)
        else:
            await self._take(self._start, message)

    async def _take(self, start: Message, message: Message) -> None:
        more = message.get("more_body", False)
        if more and (self._length is None or self._length > MOST_WHOLE):
            self._stream = Stream(self._encoding)
            await self._send(_changed(start, self._encoding, None))
            await self._send_piece(self._stream, message)
            return
        self._parts.append(message.get("body", b""))
        if more:
            return
        self._start = None
        body = b"".join(self._parts)
        if len(body) < LEAST_BYTES:
            await self._send(start)
        else:
            body, used = await encoded(body, self._encoding, fast=True)
            await self._send(_changed(start, used, len(body)))
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send_piece(self, stream: Stream, message: Message) -> None:
        more = message.get("more_body", False)
        piece = await stream.add(message.get("body", b""), last=not more)
        if piece or not more:
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})


def _length(start: Message) -> int | None:
    return next((int(value) for name, value in start["headers"] if name == b"content-length"), None)


def _gains(start: Message, length: int | None) -> bool:
    """Whether an answer is compressed, as far as its headers say."""
    if start["status"] != 200 or (length is not None and length < LEAST_BYTES):
        return False
    headers = dict(start["headers"])
    return (
        headers.get(b"cache-control", b"").startswith(b"public")
        and b"content-encoding" not in headers
        and not headers.get(b"etag", b"").startswith(b'"')
        and _is_text(headers.get(b"content-type", b""))
    )


def _is_text(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip()
    return kind.startswith(b"text/") or kind.endswith((b"json", b"json-seq", b"xml", b"qml"))


def _changed(start: Message, encoding: Encoding, length: int | None) -> Message:
    headers = [each for each in start["headers"] if each[0] != b"content-length"]
    headers.append((b"content-encoding", encoding.encode()))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return {**start, "headers": headers}
