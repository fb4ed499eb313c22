"""The ways by which people are told of alerts: a webhook, e-mail. What is sent says nothing of whom it is about."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import timedelta, timezone
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from typing import Protocol

from gisland.audit.alerts.deadline import SECONDS, Deadline
from gisland.audit.alerts.outside import INNER, names_of, post, target_of
from gisland.audit.alerts.rules import Rules
from gisland.audit.alerts.store import Told
from gisland.errors import GislandError, UsageError
from gisland.settings import Settings

PAGE = "/admin/alerts"
ZONE = timezone(timedelta(hours=7))
SEVERITIES = {"high": ("CAO", "high"), "medium": ("vừa", "medium"), "low": ("thấp", "low")}


class NotDelivered(GislandError):
    """A message did not go out; the text says why, and holds no secret."""


class Way(Protocol):
    """A way to tell people."""

    name: str

    def send(self, alerts: Sequence[Told], rules: Rules) -> None:
        """Tell of these alerts in one message.

        Raises:
            NotDelivered: it did not go out.
        """


def ways_of(settings: Settings) -> list[Way]:
    """The ways that the settings name; none: alerts are in the table and the log only.

    Raises:
        UsageError: a setting is wrong.
    """
    ways: list[Way] = []
    if settings.alert_webhook_url:
        ways.append(Webhook(settings))
    if settings.alert_mail_to:
        ways.append(Mail(settings))
    return ways


class Webhook:
    """A message by POST, as JSON."""

    name = "webhook"

    def __init__(self, settings: Settings) -> None:
        self._target = target_of(settings.alert_webhook_url, settings.alert_inner_hosts)
        self._secret = settings.alert_webhook_secret.encode()
        self._page = _page(settings)

    def send(self, alerts: Sequence[Told], rules: Rules) -> None:
        """Send them; with a secret also a signature: HMAC-SHA-256 of "<time>.<body>".

        Raises:
            NotDelivered: the server did not take it.
        """
        told = [
            {
                "id": each.id,
                "rule": each.rule,
                "title": {language: rules.title(each.rule, language) for language in ("vi", "en")},
                "severity": each.severity,
                "amount": each.amount,
                "at": each.last_at.isoformat(),
            }
            for each in alerts
        ]
        body = json.dumps({"alerts": told, "page": self._page}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "gisland"}
        if self._secret:
            now = str(int(time.time()))
            digest = hmac.digest(self._secret, now.encode() + b"." + body, hashlib.sha256).hex()
            headers |= {"X-Gisland-Time": now, "X-Gisland-Signature": f"sha256={digest}"}
        try:
            status = post(self._target, body, headers)
        except UsageError as error:
            raise NotDelivered(str(error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotDelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"HTTP {status}")


class Mail:
    """A message by SMTP."""

    name = "mail"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._to = [each.strip() for each in settings.alert_mail_to.split(",") if each.strip()]
        self._from = settings.alert_mail_from or self._to[0]
        self._page = _page(settings)
        if not all(_is_address(each) for each in (*self._to, self._from)):
            raise UsageError("GISLAND_ALERT_MAIL_TO, _FROM: không phải địa chỉ · not an address", hint="an@example.vn")
        if not settings.smtp_host:
            raise UsageError("GISLAND_SMTP_HOST: chưa đặt · it is not set", hint="the server that sends mail")
        if settings.smtp_security == "none" and not _is_near(settings):
            raise UsageError(
                "GISLAND_SMTP_SECURITY: thư đi không mã hoá · mail would travel in clear",
                hint=f"starttls or tls; or name the server in {INNER}",
            )

    def send(self, alerts: Sequence[Told], rules: Rules) -> None:
        """Send them as one mail.

        Raises:
            NotDelivered: the server did not take it for anybody.
        """
        try:
            self._hand_over(self._message(alerts, rules))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # The text of an SMTP error quotes addresses and what the server said. A ValueError: what cannot be sent
            # as it is (a password that is not ASCII).
            raise NotDelivered(type(error).__name__) from None

    def _message(self, alerts: Sequence[Told], rules: Rules) -> EmailMessage:
        message = EmailMessage()
        worst = min(alerts, key=lambda each: list(SEVERITIES).index(each.severity))
        message["Subject"] = f"[gisland] {len(alerts)} cảnh báo · alerts: {rules.title(worst.rule, 'vi')}"
        message["From"], message["To"] = self._from, ", ".join(self._to)
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="gisland.local")
        message["Auto-Submitted"] = "auto-generated"
        lines = []
        for each in alerts:
            severity = " · ".join(SEVERITIES[each.severity])
            at = each.last_at.astimezone(ZONE).strftime("%d/%m/%Y %H:%M")
            title = f"{rules.title(each.rule, 'vi')} · {rules.title(each.rule, 'en')}"
            lines.append(f"#{each.id}  {severity}  {at}\n    {title}: {each.amount}")
        lines.append(f"Ai, ở đâu: xem sau khi đăng nhập · Of whom: after signing in\n    {self._page}")
        message.set_content("\n\n".join(lines) + "\n")
        return message

    def _hand_over(self, message: EmailMessage) -> None:
        settings = self._settings
        context = ssl.create_default_context()
        host, port = settings.smtp_host, settings.smtp_port
        deadline = Deadline()
        made = deadline.connect(deadline.look_up(host, port), port)
        with made, deadline.cutting(made):
            sock = context.wrap_socket(made, server_hostname=host) if settings.smtp_security == "tls" else made
            with sock, _Smtp(sock, host, port) as server:
                if settings.smtp_security == "starttls":
                    server.starttls(context=context)
                if settings.smtp_user:
                    server.login(settings.smtp_user, settings.smtp_password)
                server.send_message(message, self._from, self._to)


class _Smtp(smtplib.SMTP):
    """SMTP over a connection that is there already."""

    def __init__(self, sock: socket.socket, host: str, port: int) -> None:
        self._made = sock
        super().__init__(host, port, timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - of the library
        return self._made


def _page(settings: Settings) -> str:
    return settings.public_url.rstrip("/") + PAGE


def _is_address(text: str) -> bool:
    name, _, host = text.rpartition("@")
    return bool(name and host) and text.isascii() and not any(sign <= " " or sign in '<>,;"\\' for sign in text)


def _is_near(settings: Settings) -> bool:
    host = settings.smtp_host.lower()
    try:
        return host == "localhost" or host in names_of(settings.alert_inner_hosts) or ip_address(host).is_loopback
    except ValueError:
        return False
