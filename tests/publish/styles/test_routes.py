"""OGC API – Styles as clients meet it."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
from PIL import Image

from gisland.catalogue import Catalogue
from gisland.kit.colors import rgb
from gisland.publish.styles.documents import REL
from gisland.publish.styles.formats import LEGENDS, STYLESHEETS
from tests.publish.conftest import Ward

THEMES = ["parcels", "parcels.dark", "parcels.print"]


def document(client: httpx.Client, path: str, auth: tuple[str, str] | None = None) -> Any:
    answer = client.get(path, auth=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


def validate(folder: Path, styles: list[Any]) -> list[list[str]]:
    """What MapLibre's validator has against each style."""
    files = []
    for number, style in enumerate(styles):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(style))
    command = ["node", str(Path(__file__).with_name("validate.mjs")), *map(str, files)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found: list[list[str]] = json.loads(told)
    return found


def test_every_maplibre_style_validates(reader: httpx.Client, keeper: tuple[str, str], tmp_path: Path) -> None:
    listed = document(reader, "/ogc/styles", keeper)["styles"]
    assert [style["id"] for style in listed if style["id"].startswith("parcels-staff")]
    links = [link for style in listed for link in style["links"] if link["type"].endswith("mapbox.style+json")]
    styles = [document(reader, link["href"], keeper) for link in links]
    assert len(styles) == 2 * len(listed)
    assert validate(tmp_path, styles) == [[]] * len(styles)
    broken = {**styles[0], "layers": [{**styles[0]["layers"][1], "paint": {"fill-colour": "red"}}]}
    assert validate(tmp_path, [broken]) != [[]]


def test_the_styles_of_the_public_and_of_staff(reader: httpx.Client, keeper: tuple[str, str]) -> None:
    listed = document(reader, "/ogc/styles")
    assert ([each["id"] for each in listed["styles"]][:3], listed["default"]) == (THEMES, "parcels")
    staff = [each["id"] for each in document(reader, "/ogc/styles", keeper)["styles"]]
    assert staff[:3] == THEMES
    assert "parcels-staff.print" in staff
    assert reader.get("/ogc/styles", auth=keeper).headers["cache-control"] == "private, no-store"
    for path in ("", "/metadata", "/legend", "/legend?f=html", "?f=html"):
        refused = reader.get(f"/ogc/styles/parcels-staff{path}")
        assert refused.status_code == 401, path
        seen = reader.get(f"/ogc/styles/parcels-staff{path}", auth=keeper)
        assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-store"), path
    assert reader.get("/ogc/collections/parcels-staff/styles").status_code == 401


@pytest.mark.parametrize("path", ["/ogc", "/ogc/collections/parcels"])
def test_styles_are_found_from_landing_page_and_collection(reader: httpx.Client, path: str) -> None:
    (link,) = (each for each in document(reader, path)["links"] if each["rel"] == REL)
    assert [each["id"] for each in document(reader, link["href"])["styles"]][:3] == THEMES


def test_all_links_lead_to_what_they_say(reader: httpx.Client, keeper: tuple[str, str]) -> None:
    waiting, seen = ["/ogc/styles", "/ogc/collections/parcels/styles", "/ogc/collections/parcels-staff/styles"], set()
    while waiting:
        found = document(reader, waiting.pop(), keeper)
        links = [*found.get("links", []), *(link for each in found.get("styles", []) for link in each["links"])]
        links += [each["link"] for each in found.get("stylesheets", [])]
        for link in links:
            if link["href"] in seen:
                continue
            seen.add(link["href"])
            answer = reader.get(link["href"], auth=keeper)
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link
            if link["type"] == "application/json":
                waiting.append(link["href"])
    assert len(seen) > 30


def test_the_encoding_is_negotiated(reader: httpx.Client) -> None:
    for name, encoding in STYLESHEETS.items():
        by_name = reader.get("/ogc/styles/parcels", params={"f": name})
        assert by_name.headers["content-type"] == encoding.media_type
        if name != "mapbox-plain":
            by_type = reader.get("/ogc/styles/parcels", headers={"Accept": encoding.media_type})
            assert by_type.content == by_name.content
    for name, encoding in LEGENDS.items():
        by_name = reader.get("/ogc/styles/parcels/legend", params={"f": name})
        by_type = reader.get("/ogc/styles/parcels/legend", headers={"Accept": f"{encoding.media_type},*/*;q=0.8"})
        assert by_type.content == by_name.content
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/ogc/styles", "/ogc/styles/parcels", "/ogc/styles/parcels/legend", "/ogc/styles/parcels/metadata"):
        page = reader.get(path, headers=browser)
        assert page.headers["content-type"] == "text/html; charset=utf-8", path
        for tag in ("<script", "<img", "@import", "style="):
            assert tag not in page.text, path


@pytest.mark.parametrize("path", ["", "/parcels", "/parcels/metadata", "/parcels/legend", "/parcels.print/sprite.json"])
def test_what_is_not_understood_is_refused(reader: httpx.Client, path: str) -> None:
    for query in ("unknown=1", "f=pdf", "lang=fr"):
        answer = reader.get(f"/ogc/styles{path}?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), query
        assert answer.json()["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["nothing", "parcels.light", "parcels.", "parcels.dark.print", "parcels/sprite.json"])
def test_a_style_that_is_not_there(reader: httpx.Client, path: str) -> None:
    assert reader.get(f"/ogc/styles/{path}").status_code == 404


def test_plain_and_rich_form_show_the_colours_of_the_palette(
    reader: httpx.Client, keeper: tuple[str, str], catalogue: Catalogue
) -> None:
    for style_id, part in (("parcels", catalogue.palette.public), ("parcels-staff", catalogue.palette.exact)):
        wanted = {name: status.color for name, status in part.items()}
        plain = document(reader, f"/ogc/styles/{style_id}?f=mapbox-plain", keeper)
        for source in (style_id, f"{style_id}-status"):
            found = {
                layer["filter"][2]: layer["paint"]["fill-color"]
                for layer in plain["layers"]
                if layer.get("source-layer") == source and layer["type"] == "fill"
            }
            assert found == wanted
        # Nothing that QGIS would have to evaluate.
        assert not {"match", "get", "interpolate", "case", "step"} & set(words(plain["layers"]))
        rich = document(reader, f"/ogc/styles/{style_id}", keeper)
        (match,) = (layer["paint"]["fill-color"] for layer in rich["layers"] if layer["id"] == style_id)
        assert dict(zip(match[2:-1:2], match[3:-1:2], strict=True)) == wanted


def words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [word for each in parts for word in words(each)]


def test_the_legend_as_picture(reader: httpx.Client, catalogue: Catalogue) -> None:
    for style_id, ground in (("parcels", catalogue.palette.light), ("parcels.dark", catalogue.palette.dark)):
        svg = ET.fromstring(reader.get(f"/ogc/styles/{style_id}/legend?f=svg&lang=en").content)
        texts = [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")]
        assert texts == ["Verification status", *(each.label.en for each in catalogue.palette.public.values())]
        png = Image.open(io.BytesIO(reader.get(f"/ogc/styles/{style_id}/legend?lang=en").content)).convert("RGB")
        assert png.size == (2 * int(svg.attrib["width"]), 2 * int(svg.attrib["height"]))
        colors = {color for _, color in png.getcolors(png.width * png.height) or []}
        shown = {
            status.dark if ground != catalogue.palette.light and status.dark else status.color
            for status in catalogue.palette.public.values()
        }
        assert {tuple(rgb(each)) for each in [*shown, ground.ink, ground.paper]} <= colors


def test_a_page_shows_the_legend_in_its_language(reader: httpx.Client) -> None:
    assert "Đã xác minh" in reader.get("/ogc/styles/parcels?f=html").text
    page = reader.get("/ogc/styles/parcels?f=html&lang=en").text
    assert "Verified" in page
    assert "Đã xác minh" not in page


def test_the_sprite_of_the_printed_style(reader: httpx.Client) -> None:
    style = document(reader, "/ogc/styles/parcels.print")
    for suffix, ratio in (("", 1), ("@2x", 2)):
        index = document(reader, f"{style['sprite']}{suffix}.json")
        picture = Image.open(io.BytesIO(reader.get(f"{style['sprite']}{suffix}.png").content))
        used = {layer["paint"]["fill-pattern"] for layer in style["layers"] if "fill-pattern" in layer.get("paint", {})}
        assert used == set(index) == {"cross", "diagonal", "dots"}
        for place in index.values():
            right, bottom = place["x"] + place["width"], place["y"] + place["height"]
            assert right <= picture.width
            assert bottom <= picture.height
            part = picture.crop((place["x"], place["y"], right, bottom))
            covered = np.asarray(part.getchannel("A"))
            assert covered.min() == 0
            assert covered.max() > 150
            assert place["pixelRatio"] == ratio


def test_metadata_says_what_the_layer_must_hold(client: httpx.Client, ward: Ward) -> None:
    found = document(client, "/ogc/styles/parcels/metadata?lang=en")
    assert found["id"] == "parcels"
    assert [sheet["link"]["type"] for sheet in found["stylesheets"]] == [e.media_type for e in STYLESHEETS.values()]
    (layer,) = found["layers"]
    ward.add_parcels(1)
    properties = document(client, "/ogc/collections/parcels/items")["features"][0]["properties"]
    assert set(layer["propertiesSchema"]["properties"]) <= set(properties)
    assert {"verification_status", "parcel_no"} <= set(layer["propertiesSchema"]["properties"])


def test_a_layer_without_statuses_has_a_style_too(catalogue: Catalogue, tmp_path: Path) -> None:
    from gisland.publish.styles.maplibre import maplibre_style
    from gisland.publish.styles.model import styles_of

    layer = catalogue.layers["parcels"].model_copy(update={"fields": (), "label": None})
    styles = styles_of(layer, catalogue.palette)
    made = [maplibre_style(style, "http://h/ogc", "vi", plain=plain) for style in styles for plain in (True, False)]
    assert validate(tmp_path, made) == [[]] * len(made)
    assert {each["type"] for each in made[0]["layers"]} == {"background", "line", "circle"}


def test_conformance_names_what_is_tested_here(reader: httpx.Client) -> None:
    classes = document(reader, "/ogc/conformance")["conformsTo"]
    found = {each.rpartition("/")[2] for each in classes if "ogcapi-styles-1" in each}
    # core and html: the lists, pages and links above; the encodings: validated, and drawn by MapLibre and QGIS.
    assert found == {"core", "html", "mapbox-styles", "sld-11"}


def test_resources_of_other_encodings(reader: httpx.Client) -> None:
    sld = ET.fromstring(reader.get("/ogc/styles/parcels.print?f=sld11").content)
    pictures = [
        each.attrib["{http://www.w3.org/1999/xlink}href"] for each in sld.iter() if "OnlineResource" in each.tag
    ]
    assert len(pictures) == 3
    for picture in pictures:
        answer = reader.get(picture)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert ET.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"
    qml = ET.fromstring(reader.get("/ogc/styles/parcels?f=qml").content)
    assert qml.tag == "qgis"
