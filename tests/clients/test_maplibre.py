"""MapLibre GL JS, in Chromium and from another origin, draws our style from our tiles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from gisland.catalogue import Catalogue
from gisland.database import Role, connect
from gisland.web.pages import WEB_DIR
from gisland.web.screenshot import ARGUMENTS
from tests.clients.pictures import assert_alike, shares
from tests.live import LiveServer

LIBRARY = WEB_DIR / "node_modules" / "maplibre-gl" / "dist"
# Nothing listens there: what it serves comes from this test.
OTHER_ORIGIN = "http://127.0.0.1:1"
PAGE = """<!doctype html><title>map</title><style>html, body, #map {margin: 0; height: 100%}</style><div id="map"></div>
<script type="module">
import * as maplibre from './maplibre-gl.mjs';
const asked = new URLSearchParams(location.search);
window.wrong = [];
const map = new maplibre.Map({
  container: 'map', style: asked.get('style'), bounds: JSON.parse(asked.get('bounds')),
  interactive: false, attributionControl: false, fadeDuration: 0,
});
map.on('error', ({error}) => window.wrong.push(String(error)));
map.once('idle', () => { window.drawn = true; });
</script>"""


@pytest.fixture(scope="module")
def drawing(browser: Browser) -> Iterator[Browser]:
    """A browser that draws WebGL without a graphics card."""
    arguments = [each for each in ARGUMENTS if each != "--disable-gpu"]
    arguments += ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    # A page that a test makes up has no address, and so would not be let near this machine.
    arguments.append("--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessChecks")
    program = shutil.which("chromium")
    drawing = browser.browser_type.launch(executable_path=program, args=arguments)
    yield drawing
    drawing.close()


@pytest.fixture
def tab(drawing: Browser) -> Iterator[Page]:
    """A tab of it, with nothing remembered."""
    page = drawing.new_page(viewport={"width": 1200, "height": 900})

    def serve(route: Route) -> None:
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        if name == "index.html":
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            route.fulfill(path=LIBRARY / name, content_type="text/javascript")

    page.route(f"{OTHER_ORIGIN}/**", serve)
    yield page
    page.close()


def draw(tab: Page, style: str, bounds: list[float], out: Path) -> None:
    """Draw a style, fitted to bounds in degrees."""
    tab.goto(f"{OTHER_ORIGIN}/index.html?{urlencode({'style': style, 'bounds': json.dumps(bounds)})}")
    tab.wait_for_function("window.drawn || window.wrong.length", timeout=120_000)
    assert tab.evaluate("window.wrong") == []
    tab.screenshot(path=out)


def parcels(live_server: LiveServer) -> tuple[list[float], dict[str, float]]:
    """Bounds, and the area of each status."""
    with connect(live_server.settings, Role.PUBLIC) as connection:
        row = connection.execute("SELECT ST_Extent(geom)::box3d FROM published.parcels").fetchone()
        areas = connection.execute("SELECT verification_status, sum(ST_Area(geom)) FROM published.parcels GROUP BY 1")
        assert row is not None
        west, south, _, east, north, _ = map(float, row[0][6:-1].replace(",", " ").split())
        return [west, south, east, north], dict(areas.fetchall())


@pytest.mark.parametrize("form", ["mapbox", "mapbox-plain"])
def test_maplibre_draws_colours_by_area(
    tab: Page, live_server: LiveServer, catalogue: Catalogue, tmp_path: Path, form: str
) -> None:
    bounds, areas = parcels(live_server)
    out = tmp_path / "map.png"
    draw(tab, f"{live_server.url}/ogc/styles/parcels?f={form}", bounds, out)
    # White is the ground of the picture, too.
    colors = {name: each.color for name, each in catalogue.palette.public.items() if each.color != "#ffffff"}
    whole = sum(areas.get(name, 0) for name in colors)
    assert_alike(shares(out, colors), {name: areas.get(name, 0) / whole for name in colors}, within=0.03)


def test_maplibre_draws_hatches_and_far_tiles(
    tab: Page, live_server: LiveServer, catalogue: Catalogue, tmp_path: Path
) -> None:
    (west, south, east, north), areas = parcels(live_server)
    palette, out = catalogue.palette, tmp_path / "print.png"
    draw(tab, f"{live_server.url}/ogc/styles/parcels.print", [west, south, east, north], out)
    tints = {name: palette.tinted(each.color) for name, each in palette.public.items() if each.color != "#ffffff"}
    found, whole = shares(out, tints), sum(areas.get(name, 0) for name in tints)
    # Hatches cover much of each, and their edges are of neither colour.
    assert all(found[name] > areas[name] / whole / 10 for name in tints), (found, areas)
    # Lines and dots are darker than any surface under them.
    assert (np.asarray(Image.open(out).convert("L")) < 90).mean() > 0.02
    wide = [west - 0.1, south - 0.1, east + 0.1, north + 0.1]
    draw(tab, f"{live_server.url}/ogc/styles/parcels", wide, tmp_path / "far.png")
    verified = {"verified": palette.public["verified"].color, "paper": palette.paper}
    assert shares(tmp_path / "far.png", verified)["verified"] > 0.0001
