"""Pages in Chromium, one for a test run. Each test fails on a console error or on a request that leaves the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from gisland.web.screenshot import chromium, wait_until_drawn
from tests.live import LiveServer

DESKTOP = (1366, 850)
# On a machine that does other work, too, a page may take its time; one that is right is not waited for.
expect.set_options(timeout=60_000)


@dataclass
class MapPage:
    """A tab on the map page, what it said and whom it asked."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, fragment: str = "") -> None:
        """Load the page and wait for the parcels."""
        self.page.goto(f"{self.url}/{fragment}")
        wait_until_drawn(self.page)

    def text(self, selector: str) -> str:
        """The text a reader sees."""
        return self.page.inner_text(selector)

    def search(self, words: str) -> None:
        """Fill the search box and press Enter."""
        self.page.fill("#search-text", words)
        self.page.press("#search-text", "Enter")

    def sign_in(self, name: str, secret: str) -> None:
        """Fill the dialog and press Enter."""
        self.page.click("#session")
        self.page.fill("#sign-in [name=name]", name)
        self.page.fill("#sign-in [name=secret]", secret)
        self.page.press("#sign-in [name=secret]", "Enter")

    def legend(self) -> dict[str, int]:
        """Status → count, as the legend shows them (Vietnamese: 8.369)."""
        entries = self.page.locator("#legend-list button").all()
        return {
            entry.get_attribute("data-status") or "": int(entry.locator(".count").inner_text().replace(".", ""))
            for entry in entries
        }

    def features(self) -> list[dict[str, str]]:
        """Properties of the parcels on the map, with their `id` and `size` (square metres), the largest first."""
        found: list[dict[str, str]] = self.page.evaluate(
            "gisland.layer.getSource().getFeatures().map((f) => {"
            "  const {geometry, ...properties} = f.getProperties();"
            "  return {...properties, id: f.getId(), size: geometry.getArea()};"
            "}).sort((a, b) => b.size - a.size)"
        )
        return found

    def look_at(self, fid: str, *, resolution: float) -> tuple[float, float]:
        """Bring a parcel to the middle; returns where an inner point of it is in the window (pixels)."""
        self.page.evaluate(
            "async ([fid, resolution]) => {"
            "  const view = gisland.map.getView();"
            "  const inside = gisland.layer.getSource().getFeatureById(fid).getGeometry().getInteriorPoint();"
            "  view.setCenter(inside.getCoordinates().slice(0, 2));"
            "  view.setResolution(resolution);"
            "  gisland.map.renderSync();"
            "}",
            [fid, resolution],
        )
        wait_until_drawn(self.page)
        box = self.page.locator("#map").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def written(self, fid: str, *, resolution: float) -> set[str]:
        """The texts that are drawn on the canvas when a parcel comes to the middle."""
        self.page.evaluate(
            "(() => {"
            "  const pen = CanvasRenderingContext2D.prototype;"
            "  window.drawn = {texts: new Set(), fillText: pen.fillText};"
            "  pen.fillText = function (text, ...place) {"
            "    drawn.texts.add(text);"
            "    return drawn.fillText.call(this, text, ...place);"
            "  };"
            "})()"
        )
        self.look_at(fid, resolution=resolution)
        found: list[str] = self.page.evaluate(
            "(() => {  CanvasRenderingContext2D.prototype.fillText = drawn.fillText;  return [...drawn.texts];})()"
        )
        return set(found)

    def middle_colour(self) -> str:
        """Colour of the canvas in the middle of the map, `#rrggbb`."""
        colour: str = self.page.evaluate(
            "(() => {"
            "  const canvas = document.querySelector('#map canvas');"
            "  const [x, y] = gisland.map.getPixelFromCoordinate(gisland.map.getView().getCenter());"
            "  const [r, g, b, a] = canvas.getContext('2d').getImageData(x, y, 1, 1).data;"
            "  return a ? '#' + [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('') : '';"
            "})()"
        )
        return colour

    def colours(self, canvas: str = "#map canvas") -> set[str]:
        """All colours of a canvas that cover their pixel, `#rrggbb`."""
        found: list[str] = self.page.evaluate(
            "((selector) => {"
            "  const canvas = document.querySelector(selector);"
            "  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
            "  const found = new Set();"
            "  for (let i = 0; i < data.length; i += 4)"
            "    if (data[i + 3] === 255) found.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);"
            "  return [...found].map((colour) => '#' + colour.toString(16).padStart(6, '0'));"
            "})",
            canvas,
        )
        return set(found)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as browser:
        yield browser


Free = dict[tuple[int, int], list[BrowserContext]]


@pytest.fixture(scope="session")
def contexts() -> Free:
    """Contexts without a tab, by the size of their windows; nothing is remembered in them."""
    return {}


@pytest.fixture
def open_tab(browser: Browser, contexts: Free) -> Iterator[Callable[..., MapPage]]:
    """Opens tabs with nothing remembered; what they did is checked at the end."""
    tabs: list[tuple[MapPage, list[BrowserContext]]] = []

    def open_tab(url: str, *, width: int = DESKTOP[0], height: int = DESKTOP[1]) -> MapPage:
        free = contexts.setdefault((width, height), [])
        page = (free.pop() if free else _new_context(browser, width, height)).new_page()
        tab = MapPage(page, url)

        def on_console(message: ConsoleMessage) -> None:
            # Reading pixels is what the tests do, not the page.
            if message.type in {"error", "warning"} and "willReadFrequently" not in message.text:
                tab.errors.append(message.text)

        page.on("console", on_console)
        page.on("pageerror", lambda error: tab.errors.append(str(error)))
        page.on("request", lambda request: tab.requests.append(request.url))
        tabs.append((tab, free))
        return tab

    yield open_tab
    for tab, free in tabs:
        free.append(_forgotten(tab))
        assert tab.errors == []
        assert {each.hostname for each in _asked(tab)} <= {"127.0.0.1"}


def _new_context(browser: Browser, width: int, height: int) -> BrowserContext:
    """A context with an empty page, which stays: its process draws all tabs, and takes as long to start as a tab."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
    context.new_page()
    return context


def _asked(tab: MapPage) -> list[SplitResult]:
    """Whom a tab asked, beside itself."""
    return [urlsplit(request) for request in tab.requests if not request.startswith(("data:", "blob:"))]


def _forgotten(tab: MapPage) -> BrowserContext:
    """The context of a tab that is closed, with all that was kept in it forgotten: cache, storage and cookies."""
    context = tab.page.context
    kept, *opened = context.pages
    with_context = context.new_cdp_session(kept)
    with_context.send("Network.clearBrowserCache")
    for page in opened:
        page.close()
    for origin in {f"{each.scheme}://{each.netloc}" for each in _asked(tab)}:
        with_context.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    with_context.detach()
    context.clear_cookies()
    return context


@pytest.fixture
def tab(open_tab: Callable[..., MapPage], live_server: LiveServer) -> MapPage:
    """A tab on the demo ward, loaded."""
    tab = open_tab(live_server.url)
    tab.open()
    return tab
