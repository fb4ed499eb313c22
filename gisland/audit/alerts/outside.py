"""Asking a server outside, by an address that was looked at: settings must not become a way into the own network.

The name is looked up once, all of its addresses must be public, and the connection goes to one of those very addresses:
a name that means something else a moment later (DNS rebinding) is of no use. Redirects are not followed. Hosts of the
own network are named by the setting GISLAND_ALERT_INNER_HOSTS; to no other may a message go in clear.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from gisland.audit.alerts.deadline import Deadline
from gisland.errors import UsageError

_NAT64 = ip_network("64:ff9b::/96")
# All that is given out of IPv6 to the internet.
_UNICAST = ip_network("2000::/3")
WEBHOOK = "GISLAND_ALERT_WEBHOOK_URL"
INNER = "GISLAND_ALERT_INNER_HOSTS"


@dataclass(frozen=True)
class Target:
    """Where a message goes."""

    scheme: str
    host: str
    port: int
    path: str
    inner: bool
    """A host of the own network, which the settings name."""


def names_of(hosts: str) -> frozenset[str]:
    """The hosts of a list by commas."""
    return frozenset(host.strip().strip("[]").lower() for host in hosts.split(",") if host.strip())


def target_of(url: str, inner_hosts: str) -> Target:
    """Where a URL leads.

    Raises:
        UsageError: it is no URL for messages, or not encrypted. It may hold a secret and is not quoted.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise UsageError(f"{WEBHOOK}: không phải URL · it is no URL", hint="https://host/path") from None
    if parts.scheme not in {"http", "https"} or not host or not url.isascii() or any(sign <= " " for sign in url):
        raise UsageError(f"{WEBHOOK}: không phải URL · it is no URL", hint="https://host/path")
    if parts.username is not None or parts.fragment:
        raise UsageError(f"{WEBHOOK}: không có tên, mật khẩu, # · no user name, password or # in it", hint="a header")
    inner = host in names_of(inner_hosts)
    if parts.scheme == "http" and not inner:
        raise UsageError(f"{WEBHOOK}: phải là https · it must be https", hint=f"https://…, or {INNER}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path, inner)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet, also of what it is wrapped into."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if within is None and address in _NAT64:
            within = IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_public(within)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


def addresses_of(target: Target, deadline: Deadline | None = None) -> list[str]:
    """The addresses to connect to, looked up and looked at.

    Raises:
        UsageError: one of them is not public, and the host is none of the own network.
        OSError: the name is not known, or not in time.
        UnicodeError: it can be no name.
    """
    addresses = (deadline or Deadline()).look_up(target.host, target.port)
    if not target.inner and not all(is_public(ip_address(each)) for each in addresses):
        raise UsageError(f"{WEBHOOK}: địa chỉ nội bộ · its address is not public", hint=f"name the host in {INNER}")
    return addresses


def post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """Send a message. Returns the status of the answer; what the answer says is not read.

    Raises:
        UsageError: the target must not be asked.
        OSError: it does not answer, or its certificate is not good.
        http.client.HTTPException: what it answers is no HTTP.
        ValueError: the name of the host can be none.
    """
    deadline = Deadline()
    encrypted = target.scheme == "https"
    # Of their kind: only another port than the usual one is named in `Host`.
    connection: http.client.HTTPConnection
    connection = (http.client.HTTPSConnection if encrypted else http.client.HTTPConnection)(target.host, target.port)
    sock = deadline.connect(addresses_of(target, deadline), target.port)
    try:
        with deadline.cutting(sock):
            if encrypted:
                # The certificate must be that of the name, whatever the address.
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
            connection.sock = sock
            connection.request("POST", target.path, body, headers)
            return connection.getresponse().status
    finally:
        connection.close()
        sock.close()
