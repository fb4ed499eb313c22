"""A picture of the map page, made by the page itself in Chromium; needs the packages of the `test` extra."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gisland.errors import NotFound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZE = (1366, 820)
# Chromium's sandbox does not run as root, and it must neither use a graphics card nor look for updates.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless, driven by Playwright.

    Raises:
        NotFound: Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NotFound(
            "chưa cài Playwright · Playwright is not installed", hint="pip install 'gisland[test]'"
        ) from None
    program = shutil.which("chromium")
    if program is None:
        raise NotFound("chưa cài Chromium · Chromium is not installed", hint="apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def wait_until_drawn(page: Page, *, timeout_s: float = 60) -> None:
    """Wait until the parcels in view are loaded and drawn."""
    drawn = ", ".join(f"#map[data-state={state}]" for state in ("ready", "capped", "far"))
    page.wait_for_selector(drawn, timeout=timeout_s * 1000)
    page.evaluate(
        "new Promise((drawn) => { gisland.map.once('rendercomplete', () => drawn()); gisland.map.render(); })"
    )


def take_screenshot(url: str, out: Path, *, size: tuple[int, int] = SIZE) -> None:
    """Write a PNG of the map page as an anonymous visitor sees it: the whole ward with the legend.

    Args:
        url: of the page on a running server; `#zoom/lat/lon/parcel` shows a place and a parcel.
        out: the PNG file; its folder exists.
        size: width and height of the window, in pixels.
    """
    with chromium() as browser:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto(url)
        wait_until_drawn(page)
        page.screenshot(path=out)
