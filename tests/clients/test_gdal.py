"""GDAL's OAPIF driver reads our layers."""

from __future__ import annotations

import pyogrio

from tests.clients.conftest import Expected


def test_gdal_lists_and_reads_all_parcels(expected: Expected) -> None:
    source = f"OAPIF:{expected.url}"
    assert [name for name, _ in pyogrio.list_layers(source)] == ["parcels"]
    info = pyogrio.read_info(source, layer="parcels", PAGE_SIZE="50")
    assert "CRS84" in info["crs"]
    frame = pyogrio.read_dataframe(source, layer="parcels", PAGE_SIZE="50", fid_as_index=True)
    assert set(frame.index) == expected.ids
    assert {"sheet_no", "parcel_no", "area_m2", "verification_status", "valid_from"} <= set(frame.columns)
    assert frame["area_m2"].min() > 0
    assert frame.geometry.is_valid.all()


def test_gdal_reads_a_bbox_and_a_filter(expected: Expected) -> None:
    source = f"OAPIF:{expected.url}"
    frame = pyogrio.read_dataframe(source, layer="parcels", bbox=expected.bbox, fid_as_index=True)
    assert set(frame.index) == expected.ids_in_bbox
    sheet = frame.iloc[0]["sheet_no"]
    of_sheet = pyogrio.read_dataframe(source, layer="parcels", where=f"sheet_no = '{sheet}'", fid_as_index=True)
    assert set(of_sheet["sheet_no"]) == {sheet}
    assert set(frame[frame["sheet_no"] == sheet].index) <= set(of_sheet.index) < expected.ids
