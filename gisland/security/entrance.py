"""What each request passes before anything is done for it: who asks, how large it is, how often they have asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

import numpy as np
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gisland.errors import HeadersTooLarge, TooLarge, TooSlow, UriTooLong, UsageError
from gisland.security.keys import check_no_token
from gisland.security.limits import VISIT, Limits, Visit
from gisland.security.proxies import TOLD_BY, TrustedProxies, is_loopback, network_of
from gisland.settings import Settings

log = structlog.get_logger()

# Of the objects and lists of a body; the deepest that there is has 9 of them (a MultiPolygon within an act).
MOST_DEPTH = 32
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")
_STRING = re.compile(rb'"[^"]*"?')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOLD = frozenset().union(*TOLD_BY.values())
_WITH_BODY = frozenset({b"content-length", b"transfer-encoding"})
# Supervisors ask by the address of the machine, and as often as they like.
_HEALTH = "/health/"


class Entrance:
    """ASGI middleware: puts the `Visit` into the scope and turns away what is too large or too much.

    What it raises becomes problem details outside of it, where requests are logged.
    """

    def __init__(self, app: ASGIApp, settings: Settings, limits: Limits) -> None:
        self._app = app
        self._settings = settings
        self._limits = limits
        self._proxies = TrustedProxies(settings.trusted_proxies, settings.proxy_headers)
        self._hosts = [host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip()]
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in.

        Raises:
            UriTooLong, HeadersTooLarge, TooLarge, TooSlow: it is too large, or does not arrive.
            UsageError: its address holds a token, its Host is none of ours, or its body is nested too deeply.
            TooManyRequests: its address asks too often.
            Busy: too much of bodies is held already.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        check_no_token(scope["path"], scope["query_string"])
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        names = {name for name, _ in headers}
        visit = scope[VISIT] = self._visit(scope, headers, names)
        self._check_size(scope, headers)
        if not scope["path"].startswith(_HEALTH):
            self._check_host(scope)
            self._limits.arrives(visit, with_credentials=b"authorization" in names or b"cookie" in names)
        try:
            if scope["method"] not in {"GET", "HEAD"} and not names.isdisjoint(_WITH_BODY):
                receive = _again(await self._body(visit, headers, receive), receive)
            await self._app(scope, receive, send)
        finally:
            self._limits.leaves(visit)

    def _check_size(self, scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> None:
        most = self._settings.url_max_bytes
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > most:
            raise UriTooLong("địa chỉ quá dài · the address is too long", hint=f"tối đa · at most {most} bytes")
        most = self._settings.headers_max_bytes
        if sum([len(name) + len(value) for name, value in headers]) > most:
            raise HeadersTooLarge("tiêu đề quá dài · the headers are too large", hint=f"tối đa · at most {most} bytes")

    def _visit(self, scope: Scope, headers: list[tuple[bytes, bytes]], names: set[bytes]) -> Visit:
        client = scope.get("client")
        peer = client[0] if client else ""
        if names.isdisjoint(_TOLD):
            return Visit(network_of(peer), limited=not is_loopback(peer))
        origin = self._proxies.origin(peer, headers)
        if origin.address != peer:
            scope["client"] = (origin.address, 0)
        if origin.scheme:
            scope["scheme"] = origin.scheme
        if origin.host:
            others = [each for each in headers if each[0] != b"host"]
            scope["headers"] = [*others, (b"host", origin.host.encode("latin-1"))]
        trusted = self._proxies.trusts(peer)
        if not trusted and not self._warned and is_loopback(peer):
            # All of its clients then look like this machine, which is not limited.
            self._warned = True
            log.warning("a proxy on this machine is not named in GISLAND_TRUSTED_PROXIES")
        # Whoever comes through a proxy is no neighbour, whatever address they claim.
        return Visit(network_of(origin.address), limited=trusted or not is_loopback(peer))

    def _check_host(self, scope: Scope) -> None:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if not given and scope["http_version"] == "1.0":
            return
        found = _HOST.fullmatch(given[0].decode("latin-1")) if len(given) == 1 else None
        if found is None:
            raise UsageError("tiêu đề Host sai · the Host header is wrong", hint="host[:port]")
        host = found["name"].lower()
        if self._hosts and not any(
            host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in self._hosts
        ):
            raise UsageError("máy chủ không mang tên này · this server does not go by that name", hint="Host")

    async def _body(self, visit: Visit, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes | None:
        """The whole body; None when the client has gone before its end.

        It is read before it is known who asks: a guard that waited for the rest of it would hold a slot meanwhile.
        """
        most = self._settings.body_max_bytes
        error = TooLarge("nội dung quá lớn · the body is too large", hint=f"tối đa · at most {most} bytes")
        if any(name == b"content-length" and int(value) > most for name, value in headers):
            raise error
        parts: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise error
                    self._limits.holds(visit, size)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise TooSlow("nội dung không đến · the body does not arrive", hint="send it at once") from None
        body = b"".join(parts)
        if depth_of(body) > MOST_DEPTH:
            raise UsageError(
                "nội dung lồng nhau quá sâu · the body is nested too deeply",
                hint=f"tối đa {MOST_DEPTH} cấp · at most {MOST_DEPTH} levels",
            )
        return body


def depth_of(body: bytes) -> int:
    """How deeply lists and objects of a JSON text lie within each other; what stands in strings does not count."""
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return 0
    plain = _STRING.sub(b"", body.replace(b"\\\\", b"").replace(b'\\"', b""))
    brackets = np.frombuffer(plain.translate(None, _NO_BRACKETS), dtype=np.uint8)
    opening = (brackets == ord("[")) | (brackets == ord("{"))
    return int(np.where(opening, 1, -1).cumsum().max(initial=0))


def _again(body: bytes | None, receive: Receive) -> Receive:
    """Gives a body that was read already, then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if body is None:
            return {"type": "http.disconnect"}
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
