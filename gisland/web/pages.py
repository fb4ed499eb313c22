"""The map page `/` and its static files.

The page is plain HTML in Vietnamese; scripts and styles are files of `static/dist`, made by `npm run build`, so the
browser may be told to run nothing else (Content-Security-Policy).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gisland.errors import GislandError
from gisland.security.guards import Require
from gisland.security.headers import MAP_PAGE
from gisland.security.permissions import Permission

WEB_DIR = Path(__file__).resolve().parent
STATIC_DIR = WEB_DIR / "static"
BUNDLE = ("app.js", "app.css", "account.js", "account.css", "preview.js", "preview.css")

HEADERS = {
    "Content-Security-Policy": MAP_PAGE,
    "Cache-Control": "public, max-age=0, must-revalidate",
}


router = APIRouter(dependencies=[Depends(Require(Permission.PUBLIC_READ))], include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def map_page() -> HTMLResponse:
    """The map page; it holds no data of its own, so anybody may have it."""
    return HTMLResponse(render_map_page(), headers=HEADERS)


def static_files() -> StaticFiles:
    """Icon, texts, bundle and the style of pages without script, to be mounted at `/static`."""
    return _Files(directory=STATIC_DIR)


class _Files(StaticFiles):
    """The same for everybody; kept, and asked for anew by their entity tags."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file as it is."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = HEADERS["Cache-Control"]
        return response


def render_map_page() -> str:
    """The HTML of the map page, in Vietnamese; the browser changes the language.

    Raises:
        GislandError: `static/dist` lacks the bundle.
    """
    templates = Environment(loader=FileSystemLoader(WEB_DIR / "templates"), autoescape=True, undefined=StrictUndefined)
    texts = json.loads((STATIC_DIR / "i18n" / "vi.json").read_text(encoding="utf-8"))
    return templates.get_template("map.html").render(t=texts, version=bundle_version(STATIC_DIR / "dist"))


def bundle_version(dist: Path) -> str:
    """A short hash of the bundle, put in its address so that no browser keeps an old one.

    Raises:
        GislandError: a file of the bundle is missing.
    """
    digest = hashlib.sha256()
    for name in BUNDLE:
        try:
            digest.update((dist / name).read_bytes())
        except FileNotFoundError:
            raise GislandError(
                f"chưa dựng trang bản đồ · the map page is not built: {name} is missing",
                hint="run `npm ci && npm run build` in gisland/web",
            ) from None
    return digest.hexdigest()[:12]
