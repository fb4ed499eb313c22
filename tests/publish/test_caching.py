"""Who may keep what: public answers bear tags that change with what they say, those of staff are kept nowhere."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from psycopg import Connection

from gisland.catalogue import load_catalogue
from gisland.database import run
from gisland.publish import layers
from gisland.publish.tables import FILE_FORMATS
from gisland.settings import Settings
from tests.factories import add_evidence
from tests.publish.conftest import Ward, serving
from tests.publish.test_reload import soon

LAYER = "/ogc/collections/parcels"
STAFF = "/ogc/collections/parcels-staff"
BOX = "bbox=106,20,107,21"
READ = [
    f"{LAYER}/items",
    f"{LAYER}/items?limit=1&{BOX}",
    f"{LAYER}/items?f=html",
    f"{LAYER}/items?sortby=parcel_no&lang=en",
    f"{LAYER}/items?filter=area_m2%3E1",
    f"{LAYER}/items/{{feature}}",
    f"{LAYER}/items/{{feature}}?f=html",
    *(f"{LAYER}/items?f={name}" for name in FILE_FORMATS),
    *(f"{LAYER}/export?f={name}" for name in FILE_FORMATS),
]
DOCUMENTS = [
    "/ogc",
    "/ogc?f=html",
    "/ogc/conformance",
    "/ogc/api",
    "/ogc/functions",
    "/ogc/collections",
    LAYER,
    f"{LAYER}?f=html",
    f"{LAYER}/queryables",
    f"{LAYER}/schema",
    f"{LAYER}/sortables",
    "/ogc/styles",
    "/ogc/styles/parcels?f=mapbox",
    "/ogc/styles/parcels/metadata",
    "/api/v1/palette",
]


@pytest.fixture
def feature(ward: Ward) -> int:
    """A parcel with a holder."""
    (feature,) = ward.add_parcels(1)
    ward.add_holder(feature)
    return feature


def again(client: httpx.Client, first: httpx.Response) -> httpx.Response:
    """The same, asked for by who has it."""
    return client.get(str(first.url), headers={"If-None-Match": first.headers["etag"]})


@pytest.mark.parametrize("path", [*READ, *DOCUMENTS])
def test_what_is_public_is_sent_once(reader: httpx.Client, shown: Ward, path: str) -> None:
    first = reader.get(path.format(feature=shown.parcels[0]))
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert {"Accept", "Authorization", "Cookie"} <= {each.strip() for each in first.headers["vary"].split(",")}
    second = again(reader, first)
    assert (second.status_code, second.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert second.headers[name] == first.headers[name]
    assert "content-type" not in second.headers
    other = reader.get(str(first.url), headers={"If-None-Match": '"other", W/"one"'})
    assert (other.status_code, other.headers["etag"]) == (200, first.headers["etag"])


def test_a_change_is_seen_by_who_has_the_old_state(
    settings: Settings, client: httpx.Client, ward: Ward, feature: int
) -> None:
    known = {path: client.get(path.format(feature=feature)) for path in READ}
    holder = ward.add_holder(feature)
    run(settings, lambda connection: verify(connection, holder))
    for path, first in known.items():
        second = again(client, first)
        assert second.status_code == 200, path
        assert second.headers["etag"] != first.headers["etag"], path


def verify(connection: Connection, holder: int) -> None:
    add_evidence(connection, holder, "verified")


def test_forms_and_languages_have_tags_of_their_own(reader: httpx.Client) -> None:
    url, tags = f"{LAYER}/items", set()
    accepted = ["application/geo+json", "text/html", *(each.media_type for each in FILE_FORMATS.values())]
    for accept in accepted:
        tags.add(reader.get(url, headers={"Accept": accept}).headers["etag"])
    assert len(tags) == len(accepted)
    first = reader.get(url, headers={"Accept": "text/html"})
    assert reader.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 200, "that was the page"


def test_as_of_a_version_it_stays_what_it_was(client: httpx.Client, ward: Ward, feature: int) -> None:
    assert feature
    version = client.get(f"{LAYER}/export?f=csv").headers["data-version"]
    paths = [f"{LAYER}/items?as-of={version}", f"{LAYER}/items/{feature}?as-of={version}"]
    found = [client.get(path) for path in paths]
    ward.add_parcels(1)
    assert [again(client, each).status_code for each in found] == [304, 304]


def test_another_definition_of_a_layer_is_another_answer(own_config: Settings, ward: Ward) -> None:
    """Also one that changes no row: the page of HTML shows titles."""
    ward.add_parcels(1)
    with serving(own_config) as client:
        first = client.get(f"{LAYER}/items?f=html&lang=en")
        yml = own_config.config_dir / "layers" / "parcels" / "layer.yml"
        edit(yml, "en: Area", "en: Surface")
        layers.apply_layers(own_config, load_catalogue(own_config))
        soon(lambda: again(client, first).status_code == 200)
        assert "Surface" in client.get(f"{LAYER}/items?f=html&lang=en").text


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_staff_see_is_kept_nowhere(client: httpx.Client, feature: int, admin: tuple[str, str]) -> None:
    paths = [f"{STAFF}/items", f"{STAFF}/items/{feature}", STAFF, f"{STAFF}/queryables", f"{STAFF}/schema"]
    paths += [f"{STAFF}/sortables", f"{STAFF}/items?f=html", "/ogc/collections", "/ogc/api"]
    for path in paths:
        for headers in ({}, {"If-None-Match": "*"}):
            answer = client.get(path, auth=admin, headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["cache-control"] == "private, no-store", path
            assert {"Authorization", "Cookie"} <= {each.strip() for each in answer.headers["vary"].split(",")}
            assert "etag" not in answer.headers, path
    taken = client.post(f"{STAFF}/export?f=csv", auth=admin, json={"reason": "look"})
    assert (taken.headers["cache-control"], "etag" in taken.headers) == ("private, no-store", False)


def test_errors_are_kept_nowhere(reader: httpx.Client) -> None:
    for path in (f"{LAYER}/items?unknown=1", f"{LAYER}/items/0", "/ogc/collections/none", STAFF):
        answer = reader.get(path, headers={"If-None-Match": "*"})
        assert answer.status_code >= 400
        assert "no-store" in answer.headers["cache-control"]
