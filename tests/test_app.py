"""What the application does with what nobody else caught."""

from __future__ import annotations

import subprocess
import sys

import httpx

from gisland.settings import Settings
from tests.live import LiveServer

# A process of its own: what it logs is what a server would log.
BROKEN = """
import asyncio, httpx
from gisland.app import create_app

app = create_app()

async def broken():
    raise RuntimeError("Key (id)=(999190000001) already exists")

app.add_api_route("/broken", broken)

async def ask():
    # An exception that left the application would be raised here.
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        answer = await client.get("/broken")
    print(answer.status_code, answer.headers["content-type"], answer.text)

asyncio.run(ask())
"""


def test_unexpected_error_tells_nothing(settings: Settings) -> None:
    command = [sys.executable, "-c", BROKEN]
    done = subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True, check=True)
    assert done.stdout.startswith("500 application/problem+json")
    assert '"error": "RuntimeError"' in done.stderr
    assert "999190000001" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_every_answer_has_safe_headers(live_server: LiveServer) -> None:
    for path in ("/", "/ogc?f=html", "/ogc/collections/parcels/items", "/api/v1/palette", "/nowhere"):
        headers = httpx.get(live_server.url + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "default-src" in headers["content-security-policy"], path
