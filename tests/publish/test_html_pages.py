"""Pages of HTML keep a worker busy for a moment only: few rows, and documents that are made before anybody asks."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.publish import documents, html, layers
from gisland.publish.html import ROWS
from gisland.publish.pygeoapi import make_documents
from gisland.settings import Settings
from tests.publish.conftest import Ward, serving
from tests.publish.test_items import ITEMS
from tests.publish.test_reload import add_folder, soon

MAKE = "gisland.publish.documents.make_documents"


def shown(page: str) -> list[int]:
    """The ids of the rows of a page."""
    return [int(each) for each in re.findall(r"/items/(\d+)\?f=html", page)]


def test_a_page_shows_few_rows_whatever_is_asked_for_and_leads_to_the_next(
    client: httpx.Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gisland.publish.features.ROWS", 3)
    parcels = ward.add_parcels(7)
    seen: list[int] = []
    url: str | None = f"{ITEMS}?f=html&limit=10000&sheet_no=12"
    pages = 0
    while url is not None:
        page = client.get(url)
        assert page.status_code == 200
        assert len(shown(page.text)) <= 3
        seen += shown(page.text)
        pages += 1
        following = re.search(r'<a rel="next" href="([^"]+)"', page.text)
        url = following[1].replace("&amp;", "&") if following else None
    assert (seen, pages) == (parcels, 3)
    # The others are as large as they were asked for.
    assert len(client.get(f"{ITEMS}?f=json&limit=10000").json()["features"]) == 7


def refuse(*_: Any, **_named: Any) -> None:
    raise AssertionError("a visitor waits for what could have been made before")


def test_templates_are_compiled_before_anybody_asks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    html._environment.cache_clear()
    with serving(settings) as client:
        monkeypatch.setattr(html._environment(), "compile", refuse)
        assert client.get("/ogc/?f=html").status_code == 200
    html._environment.cache_clear()


def test_the_document_of_the_api_says_how_many(client: httpx.Client) -> None:
    limit = client.get("/ogc/api").json()["components"]["parameters"]["limit"]
    assert str(ROWS) in limit["description"]


def test_no_visitor_waits_for_documents(
    own_config: Settings, ward: Ward, monkeypatch: pytest.MonkeyPatch, admin: tuple[str, str]
) -> None:
    ward.add_parcels(1)
    documents._documents.cache_clear()
    with serving(own_config) as client:
        monkeypatch.setattr(MAKE, refuse)
        for auth in (None, admin):
            for path in ("/ogc", "/ogc/collections", "/ogc/collections/parcels", "/ogc/collections/parcels/schema"):
                assert client.get(path, auth=auth).status_code == 200
        monkeypatch.setattr(MAKE, make_documents)
        # Nor is a layer served before its documents are made.
        add_folder(own_config)
        layers.apply_layers(own_config, load_catalogue(own_config))
        soon(lambda: client.get("/ogc/collections/sheets/items").status_code == 200)
        monkeypatch.setattr(MAKE, refuse)
        assert client.get("/ogc/collections/sheets").status_code == 200
