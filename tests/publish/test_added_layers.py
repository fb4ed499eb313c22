"""Layers in a folder of one's own, beside those that come with gisland; the example is the one of the README."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from gisland.catalogue import load_catalogue
from gisland.cli import command_line
from gisland.errors import UsageError
from gisland.publish import layers
from gisland.settings import CONFIG_DIR, PROJECT_DIR, Settings
from tests.publish.conftest import Ward, serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the layer of the README and nothing else."""
    text = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    yml, view = re.findall(
        r"^```(?:yaml|sql)\n((?:# layer\.yml|-- view\.sql)\n.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    layer = tmp_path / "own" / "layers" / "sheets"
    layer.mkdir(parents=True)
    (layer / "layer.yml").write_text(yml, encoding="utf-8")
    (layer / "view.sql").write_text(view, encoding="utf-8")
    return tmp_path / "own"


def added(settings: Settings, folder: Path) -> Settings:
    found = Settings(**{**settings.model_dump(), "config_dir": folder})
    assert found.config_dir == CONFIG_DIR
    return found


def items(client: httpx.Client, **asked: str) -> httpx.Response:
    return client.get("/ogc/collections/sheets/items", params=asked)


def test_the_example_of_the_readme_is_a_layer(settings: Settings, ward: Ward, folder: Path) -> None:
    own = added(settings, folder)
    parcels = ward.add_parcels(2)
    catalogue = load_catalogue(own)
    assert set(catalogue.layers) == {*load_catalogue(settings).layers, "sheets"}
    layers.check_layers(own, catalogue)
    layers.apply_layers(own, catalogue)
    with serving(own) as client:
        found = items(client, sortby="-area_m2", q="12", crs="http://www.opengis.net/def/crs/EPSG/0/9210", f="gpkg")
        assert found.headers["ogc-numbermatched"] == "2"
        parcels += ward.add_parcels(1)
        assert [each["id"] for each in items(client, sheet_no="12").json()["features"]] == parcels


def test_one_of_the_same_name_takes_the_place_of_the_whole_layer(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder / "layers" / "parcels"
    shutil.copytree(CONFIG_DIR / "layers" / "parcels", own)
    text = (own / "layer.yml").read_text(encoding="utf-8")
    (own / "layer.yml").write_text(text.replace("en: Parcels}", "en: Our parcels}", 1), encoding="utf-8")
    (folder / "README.md").write_text("What these layers are for.", encoding="utf-8")
    assert load_catalogue(added(settings, folder)).layers["parcels"].title.en == "Our parcels"
    for name, value in (settings.as_environment() | {"GISLAND_CONFIG_DIR": str(folder)}).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(command_line("layer"), ["layer", "list"], catch_exceptions=False)
    told = {line.split("\t")[0]: line.split("\t")[-1] for line in done.output.splitlines()}
    assert {name: place for name, place in told.items() if name in {"parcels", "parcels-staff", "sheets"}} == {
        "parcels": f"{own} (thay · instead of {CONFIG_DIR}/layers/parcels)",
        "parcels-staff": str(CONFIG_DIR / "layers" / "parcels-staff"),
        "sheets": str(folder / "layers" / "sheets"),
    }


def test_what_would_not_be_read_is_told(settings: Settings, folder: Path) -> None:
    """A folder that holds more than layers is a configuration of its own, and has to be whole."""
    (folder / "alerts.yml").write_text("rules: []", encoding="utf-8")
    with pytest.raises(UsageError, match=r"own/palette\.yml: it cannot be read — check GISLAND_CONFIG_DIR"):
        load_catalogue(Settings(**{**settings.model_dump(), "config_dir": folder}))
    (folder / "alerts.yml").unlink()
    with pytest.raises(ValidationError, match="give one of them"):
        Settings(config_dir=folder, layers_dir=folder / "layers")
    with pytest.raises(UsageError, match="there is no layer"):
        load_catalogue(settings.model_copy(update={"layers_dir": folder}))
