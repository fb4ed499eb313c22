"""Alerts by e-mail, to a real SMTP server: encrypted, signed in, to everybody who is named."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gisland.audit.alerts import deadline
from gisland.audit.alerts.rules import Title, load_rules
from gisland.audit.alerts.store import Told
from gisland.audit.alerts.ways import Mail, NotDelivered, ways_of
from gisland.errors import UsageError
from gisland.settings import Settings
from tests.audit.alerts.servers import Post, certificate, mail_server

RULES = load_rules(Settings())
TOLD = [
    Told(7, "refusals", "medium", 25, datetime(2026, 11, 25, 3, tzinfo=UTC)),
    Told(8, "password-guessing", "high", 10, datetime(2026, 11, 25, 4, tzinfo=UTC)),
]


def settings(post: Post, **more: Any) -> Settings:
    given: dict[str, Any] = {
        "alert_mail_to": "an@example.vn, binh@example.vn",
        "smtp_host": "127.0.0.1",
        "smtp_port": post.port,
        "smtp_security": "none",
    }
    return Settings(**(given | more))


def test_it_arrives() -> None:
    with mail_server() as post:
        Mail(settings(post, public_url="https://gis.example.vn/")).send(TOLD, RULES)
    (message,) = post.taken
    assert post.to == [["an@example.vn", "binh@example.vn"]]
    assert message["Subject"] == "[gisland] 2 cảnh báo · alerts: Đăng nhập sai nhiều lần vào một tài khoản"
    assert message["From"] == "an@example.vn"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "#7  vừa · medium  25/11/2026 10:00" in text
    assert "Many requests refused: 25" in text
    assert "https://gis.example.vn/admin/alerts" in text


# Of the server, which does not see that it speaks TLS from the beginning.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("password", ["invented", "wrong"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, password: str) -> None:
    files = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with mail_server(files, at_once=security == "tls", login=True) as post:
        own = settings(post, smtp_host="localhost", smtp_security=security, smtp_user="gisland", smtp_password=password)
        if password == "invented":
            Mail(own).send(TOLD, RULES)
        else:
            with pytest.raises(NotDelivered, match=r"^SMTPAuthenticationError$"):
                Mail(own).send(TOLD, RULES)
    assert len(post.taken) == (1 if password == "invented" else 0)


def test_a_certificate_that_nobody_knows(tmp_path: Path) -> None:
    with mail_server(certificate(tmp_path)) as post, pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        Mail(settings(post, smtp_security="starttls")).send(TOLD, RULES)
    assert post.taken == []


def test_a_server_without_encryption_gets_nothing(tmp_path: Path) -> None:
    with mail_server() as post, pytest.raises(NotDelivered, match="SMTPNotSupportedError"):
        Mail(settings(post, smtp_security="starttls")).send(TOLD, RULES)
    assert post.taken == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"alert_mail_to": "nobody"},
        {"alert_mail_to": "an@example.vn\r\nBcc: x@example.vn"},
        {"alert_mail_to": "An <an@example.vn>"},
        {"alert_mail_from": "a@b\n"},
        {"smtp_host": ""},
        {"smtp_host": "mail.example.vn"},
        {"smtp_host": "10.0.0.1"},
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        ways_of(settings(Post(), **wrong))


def test_a_server_of_the_own_network_may_be_named() -> None:
    (way,) = ways_of(settings(Post(), smtp_host="mail.lan", alert_inner_hosts="mail.lan"))
    assert way.name == "mail"


# Of the server, which does not see that it speaks TLS from the beginning.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_that_cannot_be_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with mail_server(files, at_once=True, login=True) as post:
        own = settings(post, smtp_host="localhost", smtp_security="tls", smtp_user="gisland", smtp_password="mật khẩu")
        with pytest.raises(NotDelivered, match="UnicodeEncodeError"):
            Mail(own).send(TOLD, RULES)


def test_a_host_that_can_be_none() -> None:
    with pytest.raises(NotDelivered, match="UnicodeError"):
        Mail(settings(Post(), smtp_host="mail..vn", smtp_security="tls")).send(TOLD, RULES)


def test_a_title_of_two_lines_is_a_failed_delivery() -> None:
    """`config/alerts.yml` cannot say one; whatever else brings it, the sender goes on."""
    title = Title.model_construct(vi="a\nBcc: x@example.vn", en="b")
    rule = RULES.rules["refusals"].model_copy(update={"title": title})
    rules = RULES.model_copy(update={"rules": {"refusals": rule}})
    with mail_server() as post, pytest.raises(NotDelivered, match="ValueError"):
        Mail(settings(post)).send(TOLD[:1], rules)
    assert post.taken == []


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_a_mail_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 1.0)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                if security == "starttls":
                    connection.sendall(b"220 x\r\n")
                    connection.recv(100)
                    connection.sendall(b"250-x\r\n250 STARTTLS\r\n")
                    connection.recv(100)
                    connection.sendall(b"220 go on\r\n")
                # The beginning of a TLS record that is long, or of a long line.
                connection.sendall(b"\x16\x03\x03\x3f\xff" if security != "none" else b"220-")
                while not ended.wait(0.1):
                    try:
                        connection.sendall(b"\x02")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        start = time.monotonic()
        post = Post(listener.getsockname()[1])
        with pytest.raises(NotDelivered):
            Mail(settings(post, smtp_security=security)).send(TOLD, RULES)
        assert time.monotonic() - start < 8
        ended.set()
        thread.join()


def test_nobody_is_named() -> None:
    assert ways_of(Settings()) == []
