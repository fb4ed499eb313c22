"""Reading map files that others made with GDAL, and nothing else than these files.

GDAL opens a file with whichever of its drivers thinks it can, whatever its suffix. Some of these follow names of other
files and addresses that they find in it (virtual datasets, descriptions of services), others run pipelines; and a
GeoJSON file may name its CRS by an address, which is then asked for. A file that somebody sent would make the server
read its own files, or ask its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}
# No network: all of it goes to a port where nobody listens. No code from the schema of a SQLite file.
_NOBODY = "127.0.0.1:1"
_CONFINED = {"GDAL_HTTP_PROXY": _NOBODY, "GDAL_HTTPS_PROXY": _NOBODY, "OGR_SQLITE_PRAGMA": "trusted_schema=OFF"}

SUFFIXES = {".gpkg", ".geojson", ".json", ".shp"}


def source(path: Path) -> str:
    """How GDAL is told to open a file with the driver of its suffix. Shapefiles it knows by their first bytes."""
    driver = _DRIVERS.get(path.suffix.lower())
    return f"{driver}:{path.absolute()}" if driver else str(path.absolute())


@contextmanager
def confined() -> Iterator[None]:
    """Within this block GDAL reaches no network and trusts no schema. The options are those of the whole process."""
    import pyogrio  # not for every command: half a second where pandas is installed, which it takes along

    pyogrio.set_gdal_config_options(_CONFINED)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(_CONFINED))
