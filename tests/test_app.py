"""What the application does with what nobody else caught."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from gisland.app import create_app
from gisland.settings import Settings


def test_unexpected_error_tells_nothing(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    app = create_app(settings)

    async def broken() -> None:
        raise RuntimeError("Key (id)=(999190000001) already exists")

    app.add_api_route("/broken", broken)
    with TestClient(app) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    said = "".join(capfd.readouterr())
    assert "999190000001" not in answer.text + said
    assert '"error": "RuntimeError"' in said
    assert "Traceback" not in said


def test_every_answer_has_safe_headers(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        for path in ("/", "/ogc?f=html", "/ogc/collections/parcels/items", "/api/v1/palette", "/nowhere"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert "default-src" in headers["content-security-policy"], path
