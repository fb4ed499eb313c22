"""Mistakes in `config/` are told at once: which file, which field, how to mend it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gisland.catalogue import load_catalogue
from gisland.errors import UsageError
from gisland.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(Settings().config_dir, tmp_path / "config")
    return tmp_path / "config"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "palette.yml",
            '"#c1272d"',
            "red",
            "config/palette.yml, field exact.not_found.color: String",
        ),
        (
            "palette.yml",
            "public: in_progress, label: {vi: Đã gửi",
            "public: progress, label: {vi: Đã gửi",
            "exact.sent",
        ),
        ("palette.yml", "public:\n", "publik:\n", "field public: Field required"),
        ("palette.yml", "hatch: diagonal-back", "hatch: striped", "exact.mismatch.hatch: 'striped' is none of the"),
        ("palette.yml", "lines: [135]", "lines: [130]", "hatches.diagonal-back.lines.0"),
        ("layers/parcels/layer.yml", "left: land_type", "left: land", "field label: there is no field 'land'"),
        ("layers/parcels/layer.yml", "{left: land_type, ", "{", "field label: Value error, give `text`, or all of"),
        ("layers/parcels/layer.yml", "title: {vi: Thửa đất, en: Parcels}", "title: Parcels", "field title"),
        ("layers/parcels/layer.yml", "public: true", "publc: true", "field public: Field required"),
        ("layers/parcels/layer.yml", "type: date,", "type: day,", "field fields.12.type"),
        ("layers/parcels/layer.yml", "datetime: valid_from", "datetime: valid_to", "'valid_to' is no date field"),
        ("layers/parcels-former/layer.yml", "ends: valid_to", "ends: successors", "'successors' is no date field"),
        ("layers/parcels-former/layer.yml", "ends: valid_to", "ends: valid_from", "it ends without a beginning"),
        ("layers/parcels-former/layer.yml", "without: [verif", "without: [nverif", "'parcels' has no field 'nverif"),
        ("layers/parcels-former/layer.yml", "without: [verification_status, label_angle]", "without:", "without"),
        ("layers/map-sheets/layer.yml", "public: true", "public: true\nwithout: [share]", "no fields of another layer"),
        ("layers/parcels/layer.yml", "extents_by: ward_code", "extents_by: ward", "there is no field 'ward'"),
        ("layers/parcels/layer.yml", "name: ward_code", "name: sheet_no", "the column 'sheet_no' is there twice"),
        ("layers/parcels/layer.yml", "name: ward_code", "name: Ward Code", "field fields.1.name: String should match"),
        ("layers/parcels/layer.yml", "feature: registry.parcel", "feature: parcel", "field feature: String should"),
        ("layers/parcels/layer.yml", "title: {vi", "title: {{vi", "this is no YAML"),
        (
            "layers/parcels-staff/layer.yml",
            "fields_of: parcels",
            "fields_of: parcel",
            "there is no other layer 'parcel'",
        ),
        ("layers/parcels-staff/layer.yml", "values: exact", "values: all", "field fields.14.values"),
    ],
)
def test_a_mistake_is_one_line_with_file_field_and_mend(config: Path, file: str, old: str, new: str, told: str) -> None:
    text = (config / file).read_text()
    assert old in text
    (config / file).write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        load_catalogue(Settings(config_dir=config))
    line = str(caught.value)
    assert told in line
    assert "\n" not in line
    assert " — " in line
    assert line.startswith("file ")


def test_a_missing_view_and_a_missing_palette_are_told(config: Path) -> None:
    (config / "layers/parcels/view.sql").unlink()
    with pytest.raises(UsageError, match=r"parcels/view\.sql: it is missing"):
        load_catalogue(Settings(config_dir=config))
    (config / "palette.yml").unlink()
    with pytest.raises(UsageError, match=r"palette\.yml: it cannot be read — check GISLAND_CONFIG_DIR"):
        load_catalogue(Settings(config_dir=config))


def test_the_project_s_own_catalogue_is_complete() -> None:
    catalogue = load_catalogue(Settings())
    public, staff = catalogue.layers["parcels"], catalogue.layers["parcels-staff"]
    assert public.public
    assert not staff.public
    assert [field.name for field in staff.fields[: len(public.fields)]] == [field.name for field in public.fields]
    assert len(catalogue.palette.exact) == 10
    assert {status.public for status in catalogue.palette.exact.values()} == set(catalogue.palette.public)
    assert catalogue.palette.order[0] == ("not_found", "action_needed")
