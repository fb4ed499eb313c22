"""Who asks, and under which address they think to have asked: what a reverse proxy says of it, if it is a trusted one.

Anybody can send these headers. They are believed from the proxies that the settings name and from nobody else, and of a
chain of addresses the rightmost that is no trusted proxy counts: what is left of it was written by the client.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

Headers = Sequence[tuple[bytes, bytes]]
Family = Literal["x-forwarded", "forwarded"]

TOLD_BY: dict[Family, frozenset[bytes]] = {
    "x-forwarded": frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}),
    "forwarded": frozenset({b"forwarded"}),
}
MOST_KEPT = 300  # bytes

# RFC 7239 §4: pairs, parted by semicolons within a proxy's element and by commas between elements.
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,;"]*)\s*([;,]|$)')


@dataclass(frozen=True)
class Hop:
    """What one proxy says of the connection that came to it."""

    client: str
    scheme: str = ""
    host: str = ""


@dataclass(frozen=True)
class Origin:
    """Who asks, and how; empty texts say that no proxy told anything else than the connection does."""

    address: str
    scheme: str = ""
    host: str = ""


class TrustedProxies:
    """The proxies that are believed.

    Args:
        networks: addresses and networks, parted by commas.
        family: which headers they set; the other ones are a client's own and count for nothing.

    Raises:
        ValueError: one is no address and no network.
    """

    def __init__(self, networks: str, family: Family = "x-forwarded") -> None:
        self._networks = [ip_network(each.strip(), strict=False) for each in networks.split(",") if each.strip()]
        self._family = family
        self._names = TOLD_BY[family]
        self.trusts = lru_cache(maxsize=4096)(self._trusts)
        self._known = lru_cache(maxsize=4096)(self._origin)

    def _trusts(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)

    def origin(self, peer: str, headers: Headers) -> Origin:
        """Who asks.

        Args:
            peer: address of the other end of the connection.
            headers: of the request.
        """
        if not self._networks or not self.trusts(peer):
            return Origin(peer)
        told = tuple([each for each in headers if each[0] in self._names])
        # One client says the same each time. What is long is not kept: it may be anything.
        short = sum([len(value) for _, value in told]) < MOST_KEPT
        return (self._known if short else self._origin)(peer, told)

    def _origin(self, peer: str, headers: tuple[tuple[bytes, bytes], ...]) -> Origin:
        address, told = peer, Hop("")
        for hop in reversed(_forwarded(headers) if self._family == "forwarded" else _x_forwarded(headers)):
            told = Hop(hop.client, hop.scheme or told.scheme, hop.host or told.host)
            found = _address(hop.client)
            if found is None:  # unknown, hidden or no address at all: the last one that is known counts
                break
            address = str(found)
            if not self.trusts(address):
                break
        scheme = told.scheme.lower()
        return Origin(address, scheme if scheme in {"http", "https"} else "", told.host)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address if found is None else str(found)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether it is an address of this very machine."""
    found = _address(address)
    return found is not None and found.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without port; an IPv4 address in the clothes of IPv6 is itself."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _x_forwarded(headers: Headers) -> list[Hop]:
    def values(name: bytes) -> list[str]:
        lines = [value.decode("latin-1") for each, value in headers if each == name]
        return [part.strip() for line in lines for part in line.split(",") if part.strip()]

    clients = values(b"x-forwarded-for")
    schemes, hosts = values(b"x-forwarded-proto"), values(b"x-forwarded-host")
    if not clients:  # it keeps to itself whom it speaks for
        return [Hop("", *(found[-1] if found else "" for found in (schemes, hosts)))]

    # Many proxies append to the first list and replace the others: these are then what the last proxy says.
    def of_hop(found: list[str], number: int) -> str:
        return found[number] if len(found) == len(clients) else found[-1] if found else ""

    return [Hop(client, of_hop(schemes, number), of_hop(hosts, number)) for number, client in enumerate(clients)]


def _forwarded(headers: Headers) -> list[Hop]:
    line = ",".join(value.decode("latin-1") for name, value in headers if name == b"forwarded")
    hops: list[Hop] = []
    pairs: dict[str, str] = {}
    at = 0
    while at < len(line):
        found = _PAIR.match(line, at)
        if found is None:
            return []  # of what cannot be read nothing is believed
        name, value, end = found.groups()
        pairs[name.lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        if end != ";":
            hops.append(Hop(pairs.get("for", ""), pairs.get("proto", ""), pairs.get("host", "")))
            pairs = {}
        at = found.end()
    return hops
