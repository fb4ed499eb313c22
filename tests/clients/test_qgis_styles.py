"""QGIS 3.22 draws our styles: QML and SLD files, and what it finds beside a table of PostGIS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gisland.catalogue import Catalogue
from gisland.database import Role, connect, conninfo
from gisland.publish.layers import apply_layers
from gisland.publish.styles.model import LABEL_SCALE, THEMES, Style, Theme, style_of
from gisland.publish.styles.qml import qml
from gisland.publish.styles.sld import sld
from tests.clients.pictures import assert_alike, shares
from tests.live import LiveServer

SIDE = 0.0004  # degrees, about 40 m
Qgis = Callable[..., Any]


@pytest.fixture
def squares(catalogue: Catalogue, tmp_path: Path) -> Path:
    """A file with a square for each exact status, in one row; the sides of each are 9/10 of the one before."""
    features = []
    for number, name in enumerate(catalogue.palette.exact):
        west, side = 106.68 + number * SIDE * 1.2, SIDE * 0.9**number
        ring = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
        fields = {"exact_status": name, "parcel_no": str(number), "land_type": "ODT", "area_m2": 421.0}
        geometry = {"type": "Polygon", "coordinates": [[(west + x, 20.86 + y) for x, y in ring]]}
        features.append({"type": "Feature", "properties": fields, "geometry": geometry})
    file = tmp_path / "squares.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


def ask(squares: Path, style: Path, out: Path, **other: Any) -> str:
    extent = [106.6795, 20.8597, 106.6853, 20.8606]
    asked = {"layers": [{"source": str(squares), "style": str(style)}], "extent": extent, "crs": "EPSG:4326"}
    return json.dumps(asked | {"size": [1740, 270], "out": str(out), **other})


def wanted_shares(style: Style) -> dict[str, float]:
    areas = {rule.value: 0.81**number for number, rule in enumerate(style.rules)}
    return {name: area / sum(areas.values()) for name, area in areas.items()}


@pytest.mark.parametrize(
    ("theme", "kind"),
    [
        ("light", "qml"),
        ("dark", "sld"),
        pytest.param("light", "sld", marks=pytest.mark.proof),
        pytest.param("dark", "qml", marks=pytest.mark.proof),
    ],
)
def test_colours_by_area(
    qgis: Qgis, squares: Path, tmp_path: Path, catalogue: Catalogue, theme: Theme, kind: str
) -> None:
    style = style_of(catalogue.layers["parcels-staff"], catalogue.palette, theme)
    file, out = tmp_path / f"style.{kind}", tmp_path / "drawn.png"
    file.write_bytes(qml(style, "vi") if kind == "qml" else sld(style, "http://127.0.0.1:1/ogc", "vi"))
    found = qgis("qgis_draws.py", ask(squares, file, out, dpi=200))
    assert found["scale"] > LABEL_SCALE
    (layer,) = found["layers"]
    assert layer["legend"] == [[rule.label.vi, rule.color] for rule in style.rules]
    # White is the ground of the picture, too.
    rules = {rule.value: rule.color for rule in style.rules if rule.color != "#ffffff"}
    wanted = {name: share for name, share in wanted_shares(style).items() if name in rules}
    whole = sum(wanted.values())
    assert_alike(shares(out, rules), {name: share / whole for name, share in wanted.items()}, within=0.01)


def test_qml_names_fields_and_values(qgis: Qgis, squares: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "style.qml"
    file.write_bytes(qml(style_of(catalogue.layers["parcels-staff"], catalogue.palette), "vi"))
    (layer,) = qgis("qgis_draws.py", ask(squares, file, tmp_path / "drawn.png"))["layers"]
    assert layer["aliases"]["parcel_no"] == "Số thửa"
    assert layer["maps"]["exact_status"] == [{each.label.vi: name} for name, each in catalogue.palette.exact.items()]
    assert layer["labels"]


def test_labels_are_fractions_within_their_parcels(
    qgis: Qgis, squares: Path, tmp_path: Path, catalogue: Catalogue
) -> None:
    """Near, each square has ink in its middle row: the bar; too far for labels it has none."""
    style = style_of(catalogue.layers["parcels-staff"], catalogue.palette)
    file, out = tmp_path / "style.qml", tmp_path / "drawn.png"
    file.write_bytes(qml(style, "vi"))
    inked = {}
    for dpi in (96, 300):
        found = qgis("qgis_draws.py", ask(squares, file, out, dpi=dpi))
        pixels = np.asarray(Image.open(out).convert("RGB")).astype(int)
        # Square 0 is 120 pixels wide, from the pixel (150, 60) on.
        square = pixels[60:180, 150:270]
        ground = np.array([int(style.rules[0].color[i : i + 2], 16) for i in (1, 3, 5)])
        inked[round(found["scale"])] = (np.abs(square - ground).sum(axis=2) > 60)[10:-10, 10:-10]
    near, far = (inked[scale] for scale in sorted(inked))
    assert not far.any()
    rows = np.nonzero(near)[0]
    assert rows.size > 100
    # Three lines: the bar is the longest run of ink in any row.
    runs = near.sum(axis=1)
    assert runs.argmax() == pytest.approx(50, abs=6)
    assert runs.max() > 20
    assert rows.min() < runs.argmax() - 5
    assert rows.max() > runs.argmax() + 5


def test_print_style_has_hatches(qgis: Qgis, squares: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    style = style_of(catalogue.layers["parcels-staff"], catalogue.palette, "print")
    file, out = tmp_path / "style.qml", tmp_path / "drawn.png"
    file.write_bytes(qml(style, "vi"))
    qgis("qgis_draws.py", ask(squares, file, out, dpi=200))
    pixels = np.asarray(Image.open(out).convert("L"))
    for number, rule in enumerate(style.rules):
        left, side = 150 + number * 144, int(120 * 0.9**number)
        square = pixels[180 - side + 6 : 174, left + 6 : left + side - 6]
        dark = (square < 128).mean()
        assert (dark > 0.03) if rule.hatch else (dark == 0), (rule.value, dark)


@pytest.mark.parametrize("theme", THEMES)
def test_sld_says_what_the_standard_asks_for(catalogue: Catalogue, theme: Theme) -> None:
    from owslib.etree import etree

    for layer in catalogue.layers.values():
        style = style_of(layer, catalogue.palette, theme)
        root = etree.fromstring(sld(style, "http://h/ogc", "vi"))
        names = {
            "sld": "http://www.opengis.net/sld",
            "se": "http://www.opengis.net/se",
            "o": "http://www.opengis.net/ogc",
        }
        assert (root.tag, root.get("version")) == ("{http://www.opengis.net/sld}StyledLayerDescriptor", "1.1.0")
        order = [each.tag.rpartition("}")[2] for each in root.find(".//se:Rule", names)]
        # Without classes all features are drawn alike.
        assert order[:3] == (["Name", "Description", "Filter"] if style.rules else ["PolygonSymbolizer"])
        values = [each.text for each in root.findall(".//o:PropertyIsEqualTo/o:Literal", names)]
        assert values == [rule.value for rule in style.rules]
        pictures = root.findall(".//se:OnlineResource", names)
        assert len(pictures) == len([rule for rule in style.rules if rule.hatch])


def test_a_table_of_postgis_brings_its_style(
    qgis: Qgis, live_server: LiveServer, tmp_path: Path, catalogue: Catalogue
) -> None:
    settings = live_server.settings
    apply_layers(settings, catalogue)  # the database was cloned, and had another name
    style = style_of(catalogue.layers["parcels"], catalogue.palette)
    with connect(settings, Role.PUBLIC) as connection:
        areas: dict[str, float] = dict(
            connection.execute(
                "SELECT verification_status, sum(ST_Area(geom)) FROM published.parcels GROUP BY 1"
            ).fetchall()
        )
        row = connection.execute("SELECT ST_Extent(geom)::box3d FROM published.parcels").fetchone()
        assert row is not None
        box = [float(each) for each in row[0].removeprefix("BOX3D(").rstrip(")").replace(",", " ").split()]
        names = {each[0] for each in connection.execute("SELECT stylename FROM public.layer_styles")}
        assert names >= {"parcels", "parcels.dark", "parcels.print", "wards"}
        assert not any(name.startswith("parcels-staff") for name in names)
    uri = conninfo(settings, Role.PUBLIC).replace("connect_timeout", "connect_timeout")
    source = f'{uri} key=\'id\' table="published"."parcels" (geom)'
    out = tmp_path / "drawn.png"
    asked = {"layers": [{"source": source, "provider": "postgres"}], "crs": "EPSG:4326", "size": [1200, 900]}
    found = qgis("qgis_draws.py", json.dumps(asked | {"extent": [box[0], box[1], box[3], box[4]], "out": str(out)}))
    (layer,) = found["layers"]
    assert layer["valid"], layer
    assert layer["legend"] == [[rule.label.vi, rule.color] for rule in style.rules]
    colors = {rule.value: rule.color for rule in style.rules if rule.color != "#ffffff"}
    whole = sum(areas[name] for name in colors)
    assert_alike(shares(out, colors), {name: areas[name] / whole for name in colors}, within=0.03)


def test_styles_follow_the_palette_and_go_with_their_layer(catalogue: Catalogue, live_server: LiveServer) -> None:
    settings = live_server.settings
    query = "SELECT stylename, useasdefault, update_time, styleqml::text FROM public.layer_styles ORDER BY 1"

    def stored() -> list[tuple[Any, ...]]:
        with connect(settings, Role.STAFF) as connection:
            return connection.execute(query).fetchall()

    apply_layers(settings, catalogue)
    first = stored()
    assert [(name, default) for name, default, *_ in first if name.startswith("parcels-staff")] == [
        ("parcels-staff", True),
        ("parcels-staff.dark", False),
        ("parcels-staff.print", False),
    ]
    apply_layers(settings, catalogue)
    assert stored() == first
    verified = catalogue.palette.public["verified"].model_copy(update={"color": "#123456"})
    palette = catalogue.palette.model_copy(update={"public": {**catalogue.palette.public, "verified": verified}})
    apply_layers(settings, catalogue.model_copy(update={"palette": palette}))
    changed = stored()
    assert "18,52,86,255" in {row[0]: row[3] for row in changed}["parcels"]
    apply_layers(settings, catalogue)
    assert [(row[0], row[3]) for row in stored()] == [(row[0], row[3]) for row in first]
