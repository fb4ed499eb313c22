"""Settings of the webhook are no way into the own network: which addresses are refused, and what is not followed."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from gisland.audit.alerts import deadline
from gisland.audit.alerts.outside import addresses_of, is_public, target_of
from gisland.audit.alerts.rules import load_rules
from gisland.audit.alerts.store import Told
from gisland.audit.alerts.ways import NotDelivered, Webhook
from gisland.errors import UsageError
from gisland.settings import Settings
from tests.audit.alerts.servers import certificate, web_server

RULES = load_rules(Settings())
TOLD = [Told(7, "refusals", "medium", 25, datetime(2026, 11, 25, 3, tzinfo=UTC))]


def webhook(url: str, **more: Any) -> Webhook:
    return Webhook(Settings(alert_webhook_url=url, **more))


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make every name mean these addresses. Returns the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        asked.append(host)
        return [each for address in addresses for each in real(address, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a00:1::",
        ),
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        # Site-local; IPv4 in the ways that are no longer used; NAT64 of a network's own.
        *("fec0::1", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b:1::1", "64:ff9b:1::7f00:1"),
    ],
)
def test_addresses_of_the_own_network(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert not is_public(ip_address(address))
    resolves(monkeypatch, address)
    with pytest.raises(UsageError, match="not public"):
        addresses_of(target_of("https://hook.example.vn/x", ""))
    assert addresses_of(target_of("https://hook.example.vn/x", "other, HOOK.example.vn"))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolves(monkeypatch, address)
    assert addresses_of(target_of("https://hook.example.vn", ""))


def test_one_inner_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(UsageError, match="not public"):
        addresses_of(target_of("https://hook.example.vn", ""))


@pytest.mark.parametrize(
    "url",
    [
        *("http://hook.example.vn/x", "ftp://hook.example.vn/x", "file:///etc/passwd", "gopher://x/", "//host/x", "x"),
        *("https:///x", "https://", "https://host:99999/", "https://u:p@host/", "https://host/a b", "https://host/#x"),
        *("https://host/\r\nHost: evil", "https://host\\@evil/", "javascript:alert(1)", "https://höst/x"),
    ],
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(UsageError) as error:
        addresses_of(target_of(url, ""))
    assert url not in str(error.value) or url in {"x", "https://"}, "it may hold a secret"


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "localhost"])
def test_other_writings_of_this_machine(host: str) -> None:
    with pytest.raises((UsageError, OSError)):
        addresses_of(target_of(f"https://{host}/", ""))


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    files = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    return files


def test_it_arrives_and_is_signed(tls: tuple[Path, Path]) -> None:
    with web_server(tls) as hook:
        url = f"https://localhost:{hook.port}/hook?key=abc"
        webhook(url, alert_inner_hosts="localhost", alert_webhook_secret="s", public_url="https://gis.example.vn").send(
            TOLD, RULES
        )
    ((path, headers, body),) = hook.taken
    assert path == "/hook?key=abc"
    assert headers["Host"] == f"localhost:{hook.port}"
    said = json.loads(body)
    assert said["page"] == "https://gis.example.vn/admin/alerts"
    assert said["alerts"][0]["title"]["vi"] == "Nhiều yêu cầu bị từ chối"
    assert set(said["alerts"][0]) == {"id", "rule", "title", "severity", "amount", "at"}
    signed = hmac.digest(b"s", headers["X-Gisland-Time"].encode() + b"." + body, hashlib.sha256).hex()
    assert headers["X-Gisland-Signature"] == f"sha256={signed}"
    assert abs(time.time() - int(headers["X-Gisland-Time"])) < 60


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another address when it is asked a second time (DNS rebinding) is not asked a second time."""
    with web_server() as hook:
        asked = resolves(monkeypatch, "127.0.0.1")
        webhook(f"http://inner.example:{hook.port}/", alert_inner_hosts="inner.example").send(TOLD, RULES)
        assert asked.count("inner.example") == 1
    assert len(hook.taken) == 1
    assert hook.taken[0][1]["Host"] == f"inner.example:{hook.port}"


def test_a_certificate_of_another_name_or_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = certificate(tmp_path, "other.example.vn")
    with web_server(files) as hook:
        for known in ("", str(files[0])):
            monkeypatch.setenv("SSL_CERT_FILE", known)
            with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
                webhook(f"https://localhost:{hook.port}/", alert_inner_hosts="localhost").send(TOLD, RULES)
    assert hook.taken == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with web_server() as hook, web_server() as secret:
        hook.status, hook.headers = status, {"Location": f"http://127.0.0.1:{secret.port}/secret"}
        with pytest.raises(NotDelivered, match=f"HTTP {status}"):
            webhook(f"http://127.0.0.1:{hook.port}/", alert_inner_hosts="127.0.0.1").send(TOLD, RULES)
    assert (len(hook.taken), secret.taken) == (1, [])


def test_a_refusal_is_told_without_a_secret() -> None:
    with web_server() as hook:
        hook.status = 500
        with pytest.raises(NotDelivered) as error:
            webhook(f"http://127.0.0.1:{hook.port}/?key=abc", alert_inner_hosts="127.0.0.1").send(TOLD, RULES)
    assert str(error.value) == "HTTP 500"


def test_a_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then would keep each single read within its time."""
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.1):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        start = time.monotonic()
        slow = webhook(f"http://127.0.0.1:{listener.getsockname()[1]}/", alert_inner_hosts="127.0.0.1")
        with pytest.raises(NotDelivered):
            slow.send(TOLD, RULES)
        assert time.monotonic() - start < 8
        ended.set()
        thread.join()


def test_nobody_listens() -> None:
    with web_server() as hook:
        port = hook.port
    with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
        webhook(f"http://127.0.0.1:{port}/", alert_inner_hosts="127.0.0.1").send(TOLD, RULES)


def test_a_look_up_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 0.5)
    ended = threading.Event()

    def lookup(*_: Any, **__: Any) -> list[Any]:
        ended.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    start = time.monotonic()
    with pytest.raises(NotDelivered, match="TimeoutError"):
        webhook("https://hook.example.vn/").send(TOLD, RULES)
    assert time.monotonic() - start < 5
    ended.set()


def test_of_many_addresses_some_are_tried_and_within_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def refuse(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(timeout)
        time.sleep(takes)
        raise ConnectionRefusedError(address)

    takes = 0.01
    monkeypatch.setattr(socket, "create_connection", refuse)
    resolves(monkeypatch, *(f"8.8.8.{number}" for number in range(1, 50)))
    with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
        webhook("https://hook.example.vn/").send(TOLD, RULES)
    assert len(tried) == deadline.MOST_ADDRESSES
    # Far enough apart for a machine that does other work, too.
    takes = 2
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 3)
    tried.clear()
    with pytest.raises(NotDelivered, match=r"TimeoutError|ConnectionRefusedError"):
        webhook("https://hook.example.vn/").send(TOLD, RULES)
    assert 0 < tried[-1] <= 3
    assert len(tried) == 2


def test_the_usual_port_is_not_named(tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(tls) as hook:
        real = socket.create_connection
        # Port 443 of this machine is not ours.
        monkeypatch.setattr(socket, "create_connection", lambda to, **more: real((to[0], hook.port), **more))
        resolves(monkeypatch, "127.0.0.1")
        webhook("https://localhost/hook", alert_inner_hosts="localhost").send(TOLD, RULES)
    assert hook.taken[0][1]["Host"] == "localhost"


def test_a_name_that_can_be_none_is_not_delivered_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: Any, **__: Any) -> Any:
        return "hook..vn".encode("idna")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(NotDelivered, match="UnicodeError"):
        webhook("https://hook.example.vn/").send(TOLD, RULES)
