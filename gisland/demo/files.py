"""What a ward receives: parcels.gpkg and ward.geojson, the same bytes each time."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gisland.demo.outline import CRS, Geometries

WARD_CODE, WARD_NAME = "11311", "Hồng Bàng"
MOMENT = "2025-09-15T00:00:00.000Z"
"""The time written into files, so that equal content gives equal bytes."""


@contextmanager
def _fixed_time() -> Iterator[None]:
    """Let GDAL write ``MOMENT`` instead of the present."""
    import pyogrio  # not for every command: half a second where pandas is installed, which it takes along

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": MOMENT})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_parcels(path: Path, polygons: Geometries, columns: dict[str, NDArray[Any]]) -> None:
    """Write the layer ``thua_dat`` (EPSG:9210) as a real office exports it. An existing file is replaced."""
    import pyogrio

    path.unlink(missing_ok=True)
    with _fixed_time():
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(polygons),
            field_data=list(columns.values()),
            fields=list(columns),
            field_mask=[np.isnan(c) if c.dtype.kind == "f" else None for c in columns.values()],
            geometry_type="Polygon",
            crs=CRS,
            driver="GPKG",
            layer="thua_dat",
            layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
        )


def write_ward(path: Path, border: Polygon) -> None:
    """Write the ward's border (CRS84, nine decimals)."""
    to_degrees = pyproj.Transformer.from_crs(CRS, "OGC:CRS84", always_xy=True)
    border = shapely.transform(
        border, lambda xy: np.round(np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])), 9)
    )
    feature = {
        "type": "Feature",
        "properties": {"code": WARD_CODE, "name": WARD_NAME},
        "geometry": shapely.geometry.mapping(shapely.orient_polygons(border)),
    }
    path.write_text(json.dumps(feature, ensure_ascii=False) + os.linesep, encoding="utf-8")
