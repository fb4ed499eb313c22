"""Answers that all may keep bear an entity tag, and who has them already gets 304 instead (RFC 9110 §13)."""

from __future__ import annotations

import hashlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of a larger body no tag is made: that it is read and written costs less than that it is hashed.
MOST_BYTES = 2_000_000
# What describes a body that is not sent.
_OF_BODY = frozenset({b"content-length", b"content-type", b"content-encoding", b"content-disposition"})


class ConditionalAnswers:
    """ASGI middleware for answers to GET whose Cache-Control begins with `public`.

    One that has an ETag keeps it; one that is sent at once gets the hash of its body for one; what comes in parts
    without a tag stays as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        known = False

        async def answer(message: Message) -> None:
            nonlocal start, known
            if message["type"] == "http.response.start" and _kept(message):
                start = message
                return
            if start is not None:
                begun, start = _tagged(start, message), None
                known = _has(scope, begun)
                await send(_not_modified(begun) if known else begun)
                if known:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            if not known:
                await send(message)

        await self._app(scope, receive, answer)


def matches(given: bytes, tag: bytes) -> bool:
    """Whether `If-None-Match` names a tag, weakly compared; no tag of ours has a comma in it."""
    return any(each.strip().removeprefix(b"W/") in {tag.removeprefix(b"W/"), b"*"} for each in given.split(b","))


def _kept(start: Message) -> bool:
    return start["status"] == 200 and any(
        name == b"cache-control" and value.startswith(b"public") for name, value in start["headers"]
    )


def _tagged(start: Message, first: Message) -> Message:
    body = first.get("body", b"")
    if first.get("more_body", False) or len(body) > MOST_BYTES or _tag(start) is not None:
        return start
    # Weak: it may be sent compressed.
    tag = b'W/"%s"' % hashlib.blake2b(body, digest_size=9).hexdigest().encode()
    return {**start, "headers": [*start["headers"], (b"etag", tag)]}


def _tag(start: Message) -> bytes | None:
    return next((value for name, value in start["headers"] if name == b"etag"), None)


def _has(scope: Scope, start: Message) -> bool:
    tag = _tag(start)
    given = [value for name, value in scope["headers"] if name == b"if-none-match"]
    return tag is not None and bool(given) and matches(b",".join(given), tag)


def _not_modified(start: Message) -> Message:
    return {**start, "status": 304, "headers": [each for each in start["headers"] if each[0] not in _OF_BODY]}
