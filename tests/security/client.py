"""The application behind a proxy: this machine is not limited, so tests ask as somebody from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gisland.settings import Settings
from tests.live import LiveServer, first_admin
from tests.publish.conftest import serving

PROXY = {"trusted_proxies": "127.0.0.0/8"}
SOMEBODY = {"X-Forwarded-For": "203.0.113.7"}


@contextmanager
def behind_proxy(settings: Settings, **changes: Any) -> Iterator[httpx.Client]:
    """A client whose requests come through a trusted proxy."""
    with serving(settings.model_copy(update={"workers": 1} | PROXY | changes)) as client:
        yield client


@contextmanager
def in_process(settings: Settings) -> Iterator[LiveServer]:
    """The application in a thread of this process, with its first administrator: where no test is about processes.

    A program of its own would import everything anew, which takes longer than most of what is asked of it.
    """
    admin = first_admin(settings)
    with serving(settings.model_copy(update={"log_level": "WARNING"})) as client:
        yield LiveServer(str(client.base_url).rstrip("/"), admin, settings)
