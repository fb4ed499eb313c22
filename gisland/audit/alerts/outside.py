"""Asking a server outside, by an address that was looked at: settings must not become a way into the own network.

The name is looked up once, all of its addresses must be public, and the connection goes to one of those very addresses:
a name that means something else a moment later (DNS rebinding) is of no use. Redirects are not followed. Hosts of the
own network are named by the setting GISLAND_ALERT_INNER_HOSTS; to no other may a message go in clear.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from gisland.errors import UsageError

SECONDS = 10.0
# Of all that is done for one message, however slowly the other side answers.
DEADLINE_SECONDS = 30.0
_NAT64 = ip_network("64:ff9b::/96")
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
    return address.is_global and not address.is_multicast


def addresses_of(target: Target) -> list[str]:
    """The addresses to connect to, looked up and looked at.

    Raises:
        UsageError: one of them is not public, and the host is none of the own network.
        OSError: the name is not known.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
    if not target.inner and not all(is_public(ip_address(each)) for each in addresses):
        raise UsageError(f"{WEBHOOK}: địa chỉ nội bộ · its address is not public", hint=f"name the host in {INNER}")
    return addresses


def post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """Send a message. Returns the status of the answer; what the answer says is not read.

    Raises:
        UsageError: the target must not be asked.
        OSError: it does not answer, or its certificate is not good.
        http.client.HTTPException: what it answers is no HTTP.
    """
    connection = _connect(target, addresses_of(target))
    # A server that sends a byte now and then keeps nobody.
    late = threading.Event()
    timer = threading.Timer(DEADLINE_SECONDS, _cut, [connection.sock, late])
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, headers)
        status = connection.getresponse().status
        if late.is_set():
            # What was cut off may look like a whole answer.
            raise TimeoutError
        return status
    finally:
        timer.cancel()
        connection.close()


def _connect(target: Target, addresses: list[str]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(target.host, target.port, timeout=SECONDS)
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            sock = socket.create_connection((address, target.port), timeout=SECONDS)
        except OSError as failed:
            error = failed
            continue
        if target.scheme == "https":
            try:
                # The certificate must be that of the name, whatever the address.
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
            except OSError:
                sock.close()
                raise
        connection.sock = sock
        return connection
    raise error


def _cut(sock: socket.socket | None, late: threading.Event) -> None:
    late.set()
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
