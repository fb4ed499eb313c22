"""GDAL's OAPIF driver reads our layers."""

from __future__ import annotations

from pathlib import Path
from urllib.request import urlopen

import pyogrio
import shapely
from pyproj import CRS

from gisland.database import Role, connect
from gisland.kit.crs import transformer
from gisland.publish.tiles.grid import limits
from tests.clients.conftest import Expected
from tests.live import LiveServer


def test_gdal_lists_and_reads_all_parcels(expected: Expected) -> None:
    source = f"OAPIF:{expected.url}"
    assert [name for name, _ in pyogrio.list_layers(source)] == [
        "parcels",
        "parcels-former",
        "map-sheets",
        "residential-groups",
        "wards",
    ]
    info = pyogrio.read_info(
        source, layer="parcels", PAGE_SIZE="50", CRS="http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    )
    assert "CRS84" in info["crs"] or "4326" in info["crs"]
    frame = pyogrio.read_dataframe(source, layer="parcels", PAGE_SIZE="50", fid_as_index=True)
    assert set(frame.index) == expected.ids
    assert {"sheet_no", "parcel_no", "area_m2", "verification_status", "valid_from"} <= set(frame.columns)
    assert frame["area_m2"].min() > 0
    assert frame.geometry.is_valid.all()


def test_gdal_reads_a_bbox_and_a_filter(expected: Expected) -> None:
    source = f"OAPIF:{expected.url}"
    # By default in the CRS of the survey, and so is the box.
    box = transformer(CRS.from_epsg(4326), CRS.from_epsg(9210)).transform_bounds(*expected.bbox)
    frame = pyogrio.read_dataframe(source, layer="parcels", bbox=box, fid_as_index=True)
    assert frame.crs.to_epsg() == 9210
    assert set(frame.index) >= expected.ids_in_bbox
    degrees = pyogrio.read_dataframe(source, layer="parcels", bbox=expected.bbox, fid_as_index=True, CRS="OGC:CRS84")
    assert set(degrees.index) == expected.ids_in_bbox
    sheet = frame.iloc[0]["sheet_no"]
    of_sheet = pyogrio.read_dataframe(source, layer="parcels", where=f"sheet_no = '{sheet}'", fid_as_index=True)
    assert set(of_sheet["sheet_no"]) == {sheet}
    assert set(frame[frame["sheet_no"] == sheet].index) <= set(of_sheet.index) < expected.ids


def test_gdal_reads_the_coordinates_of_the_survey(expected: Expected, live_server: LiveServer) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{expected.url}", layer="parcels", fid_as_index=True)
    with connect(live_server.settings, Role.APP) as connection:
        rows = connection.execute(
            "SELECT id, ST_AsBinary(geom) FROM registry.parcel WHERE retired_by IS NULL"
        ).fetchall()
    surveyed = {number: shapely.from_wkb(bytes(wkb)) for number, wkb in rows}
    assert frame.crs.to_epsg() == 9210
    for number, shape in frame.geometry.items():
        assert (shapely.get_coordinates(shape) == shapely.get_coordinates(surveyed[number])).all()


def test_gdal_reads_a_vector_tile(expected: Expected, tmp_path: Path) -> None:
    west, south, east, north = expected.bbox
    around = limits((west, south, east, north))[15]
    found: set[int] = set()
    for row in range(around["minTileRow"], around["maxTileRow"] + 1):
        for column in range(around["minTileCol"], around["maxTileCol"] + 1):
            url = f"{expected.url}/collections/parcels/tiles/WebMercatorQuad/15/{row}/{column}"
            file = tmp_path / f"{row}-{column}.mvt"
            with urlopen(url) as answer:
                file.write_bytes(answer.read())
            if not file.stat().st_size:
                continue
            frame = pyogrio.read_dataframe(file, layer="parcels", X=column, Y=row, Z=15)
            assert frame.geometry.is_valid.all()
            assert set(frame["verification_status"]) <= {"verified", "in_progress", "action_needed", "none"}
            assert frame.crs.to_epsg() == 3857
            found |= {int(each) for each in frame["mvt_id"]}
    assert expected.ids_in_bbox <= found <= expected.ids
