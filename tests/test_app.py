"""What the application does with what nobody else caught."""

from __future__ import annotations

import subprocess
import sys

import httpx

from gisland.settings import Settings
from tests.live import LiveServer

# A process of its own: what it logs is what a server would log.
BROKEN = """
import asyncio, httpx, psycopg
from gisland.app import create_app

app = create_app()

async def broken():
    raise RuntimeError("Key (id)=(999190000001) already exists")

async def lost():
    raise psycopg.errors.UndefinedTable("relation does not exist")

app.add_api_route("/broken", broken)
app.add_api_route("/api/v1/broken", lost)
app.add_api_route("/ogc/broken", lost)

async def ask():
    # An exception that left the application would be raised here.
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        for path in ("/broken", "/api/v1/broken", "/ogc/broken"):
            answer = await client.get(path)
            print(answer.status_code, answer.headers["content-type"], answer.text)

asyncio.run(ask())
"""


def test_unexpected_error_tells_nothing(settings: Settings) -> None:
    command = [sys.executable, "-c", BROKEN]
    done = subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True, check=True)
    # A table that is not there: a layer may be changing; elsewhere it is an error like any other.
    assert [line[:28] for line in done.stdout.splitlines()] == [
        f"{status} application/problem+json" for status in (500, 500, 503)
    ]
    assert '"error": "RuntimeError"' in done.stderr
    assert "999190000001" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_every_answer_has_safe_headers(live_server: LiveServer) -> None:
    for path in ("/", "/ogc?f=html", "/ogc/collections/parcels/items", "/api/v1/palette", "/nowhere"):
        headers = httpx.get(live_server.url + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "default-src" in headers["content-security-policy"], path
