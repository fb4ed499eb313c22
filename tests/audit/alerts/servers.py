"""Servers that take messages: of the real sort, on loopback."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.live import free_port


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate of its own authority. Returns the files of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file, key_file


@dataclass
class Hook:
    """A web server that takes what is posted, and answers what the test says."""

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def web_server(tls: tuple[Path, Path] | None = None) -> Iterator[Hook]:
    """Serve on loopback; with a certificate by TLS."""
    hook = Hook()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.taken.append((self.path, dict(self.headers), body))
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the library
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken connections are what is tested
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Post:
    """A mail server, and what it took."""

    port: int = 25
    taken: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)


class _Postman:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - of the library
        message = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        self._post.taken.append(message)
        self._post.to.append(list(envelope.rcpt_tos))
        return "250 taken"


def _sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"gisland", b"invented")
    # Not handled: the server is to answer, also that it is wrong.
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(tls: tuple[Path, Path] | None = None, *, at_once: bool = False, login: bool = False) -> Iterator[Post]:
    """Take mail on loopback: in clear, by STARTTLS, or by TLS at once."""
    port = free_port()
    post = Post(port)
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
    options: dict[str, Any] = {"auth_required": True, "authenticator": _sign_in} if login else {}
    if at_once:
        # The library does not count TLS from the beginning.
        options |= {"auth_require_tls": False}
    elif context is not None:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        _Postman(post), hostname="127.0.0.1", port=port, ssl_context=context if at_once else None, **options
    )
    controller.start()
    try:
        yield post
    finally:
        controller.stop()
