"""Layers change under load: all workers follow without restart, and no request fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gisland.catalogue import load_catalogue
from gisland.database import conninfo
from gisland.publish import layers, reload
from gisland.publish.reload import applied_of
from gisland.settings import Settings
from tests.publish.conftest import Ward, serving

NEW = """
title: {vi: Tờ bản đồ, en: Sheets}
description: {vi: Thửa đất theo tờ, en: Parcels by sheet}
public: true
feature: registry.parcel
fields:
  - {name: sheet_no, type: string, sortable: true, title: {vi: Tờ, en: Sheet}}
touched_by:
  registry.parcel: SELECT id FROM changed
"""
VIEW = """
SELECT p.id, (SELECT sheet_no FROM registry.map_sheet WHERE id = p.map_sheet_id) AS sheet_no, p.geom_4326 AS geom
  FROM registry.parcel p WHERE p.retired_by IS NULL
"""


def add_folder(settings: Settings) -> None:
    folder = settings.config_dir / "layers" / "sheets"
    folder.mkdir()
    (folder / "layer.yml").write_text(NEW, encoding="utf-8")
    (folder / "view.sql").write_text(VIEW, encoding="utf-8")


def soon(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_layers_come_change_and_go_under_load(own_config: Settings, ward: Ward) -> None:
    ward.add_parcels(20)
    with serving(own_config) as client, serving(own_config) as other:
        failed: list[str] = []
        ended = threading.Event()

        def read(base: httpx.URL) -> None:
            paths = ("?limit=5", "?sheet_no=12", "?sortby=-area_m2&limit=3", "/1", "?bbox=-180,-90,180,90")
            with httpx.Client(base_url=base, timeout=60) as reader:
                while not ended.is_set():
                    for path in paths:
                        answer = reader.get(f"/ogc/collections/parcels/items{path}")
                        if answer.status_code != 200:
                            failed.append(f"{path}: {answer.status_code} {answer.text}")

        readers = [threading.Thread(target=read, args=(each.base_url,)) for each in (client, other, client)]
        for thread in readers:
            thread.start()
        try:
            sheets = "/ogc/collections/sheets/items?sortby=sheet_no"
            assert client.get(sheets).status_code == 404
            add_folder(own_config)
            time.sleep(0.2)
            assert client.get(sheets).status_code == 404, "what is not applied is not served"
            layers.apply_layers(own_config, load_catalogue(own_config))
            for each in (client, other):
                soon(lambda each=each: each.get(sheets).status_code == 200)  # type: ignore[misc]
                assert each.get(sheets).json()["numberMatched"] == 20
            # A layer that is read changes: a field more.
            for name in ("parcels", "parcels-former", "parcels-staff"):
                view = own_config.config_dir / "layers" / name / "view.sql"
                view.write_text(view.read_text().replace("SELECT p.id,", "SELECT p.id,\n 'x'::text AS extra,", 1))
            yml = own_config.config_dir / "layers" / "parcels" / "layer.yml"
            field = "fields:\n  - {name: extra, type: string, queryable: true, title: {vi: Thêm, en: Extra}}\n"
            yml.write_text(yml.read_text().replace("fields:\n", field, 1))
            layers.apply_layers(own_config, load_catalogue(own_config))
            asked = "/ogc/collections/parcels/items?extra=x"
            for each in (client, other):
                soon(lambda each=each: each.get(asked).status_code == 200)  # type: ignore[misc]
            layers.drop_layer(own_config, "sheets")
            for each in (client, other):
                soon(lambda each=each: each.get(sheets).status_code == 404)  # type: ignore[misc]
        finally:
            ended.set()
            for thread in readers:
                thread.join()
        assert failed == []


def test_what_is_served_is_what_was_applied(own_config: Settings) -> None:
    served = load_catalogue(own_config)
    hashes = {name: layer.definition_hash(served.palette) for name, layer in served.layers.items()}
    view = own_config.config_dir / "layers" / "parcels" / "view.sql"
    view.write_text(view.read_text() + " AND true")
    add_folder(own_config)
    defined = load_catalogue(own_config)
    found = applied_of(defined, served, hashes)
    assert found.layers == served.layers
    assert applied_of(defined, served, {}).layers == {}
    new = defined.layers["parcels"]
    changed = applied_of(defined, served, hashes | {"parcels": new.definition_hash(defined.palette)})
    assert changed.layers["parcels"] == new


def edit(settings: Settings, old: str, new: str) -> None:
    """Edit how the layer of parcels is defined."""
    yml = settings.config_dir / "layers" / "parcels" / "layer.yml"
    text = yml.read_text(encoding="utf-8")
    assert old in text
    yml.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_changes_no_table_is_told_too(own_config: Settings, ward: Ward) -> None:
    ward.add_parcels(1)
    path = "/ogc/collections/parcels"
    with serving(own_config) as client:
        before = client.get(path, params={"lang": "en"}).json()["title"]
        edit(own_config, f"en: {before}", "en: Other parcels")
        done = layers.apply_layers(own_config, load_catalogue(own_config))
        assert not any(each.changed for each in done), "its definition is as it was"
        soon(lambda: client.get(path, params={"lang": "en"}).json()["title"] == "Other parcels")


def test_a_rebuilt_layer_is_told_too(own_config: Settings, ward: Ward) -> None:
    ward.add_parcels(1)
    with serving(own_config) as client:
        view = own_config.config_dir / "layers" / "parcels" / "view.sql"
        view.write_text(view.read_text().replace("SELECT p.id,", "SELECT p.id,\n 'x'::text AS extra,", 1))
        field = "fields:\n  - {name: extra, type: string, queryable: true, title: {vi: Thêm, en: Extra}}\n"
        edit(own_config, "fields:\n", field)
        layers.rebuild_layer(own_config, load_catalogue(own_config), "parcels")
        soon(lambda: client.get("/ogc/collections/parcels/items?extra=x").status_code == 200)


def test_what_is_applied_before_the_worker_listens_is_served(
    own_config: Settings, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.add_parcels(1)

    def late(*given: Any) -> str:
        """Between the reading of the catalogue and the first LISTEN somebody applies a layer."""
        if not (own_config.config_dir / "layers" / "sheets").exists():
            add_folder(own_config)
            layers.apply_layers(own_config, load_catalogue(own_config))
        return conninfo(*given)

    monkeypatch.setattr(reload, "conninfo", late)
    with serving(own_config) as client:
        soon(lambda: client.get("/ogc/collections/sheets/items").status_code == 200)
