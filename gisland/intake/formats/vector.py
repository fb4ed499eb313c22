"""GeoPackage, GeoJSON and Shapefile, read in batches through GDAL's Arrow stream: memory stays flat."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gisland.errors import InputError, UsageError
from gisland.kit.gdal import SUFFIXES, confined, source
from gisland.kit.uploads import check_upload

BATCH_ROWS = 20_000
Value = TypeVar("Value")


@dataclass(frozen=True)
class Batch:
    """Rows of a layer. Row numbers count from 1; `unreadable` marks geometries that are no geometry at all."""

    first_row: int
    geometries: np.ndarray[Any, Any]
    unreadable: np.ndarray[Any, Any]
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.geometries)


@dataclass(frozen=True)
class VectorFile:
    """One layer of a vector file. `crs` is what the file says of itself, None when it says nothing."""

    path: Path
    layer: str
    columns: list[str]
    crs: CRS | None
    rows: int

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """The rows in their order, with these columns.

        Raises:
            InputError: the file breaks off.
        """
        import pyogrio  # not for every command: half a second where pandas is installed, which it takes along
        from pyogrio.errors import DataLayerError, DataSourceError

        first_row = 1
        options: dict[str, Any] = {"columns": columns, "batch_size": BATCH_ROWS, "use_pyarrow": True}
        opened = pyogrio.open_arrow(source(self.path), layer=self.layer, **options)
        try:
            with warnings.catch_warnings(action="ignore"), confined(), opened as (meta, reader):
                geometry = meta["geometry_name"] or "wkb_geometry"
                for part in reader:
                    wkb = part.column(geometry).to_numpy(zero_copy_only=False)
                    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
                    given = np.array([blob is not None for blob in wkb], dtype=bool)
                    unreadable = given & shapely.is_missing(shapes)
                    yield Batch(first_row, shapes, unreadable, {name: part.column(name) for name in columns})
                    first_row += part.num_rows
        except (DataSourceError, DataLayerError, OSError):
            raise _unreadable(self.path) from None


def decode(
    column: Any, parse: Callable[[object], Value]
) -> tuple[list[Value | None], dict[int, tuple[str, ValueError]]]:
    """The cells of an Arrow column through `parse`, each distinct value once.

    Returns:
        The values, and per offset of a cell that `parse` refused (ValueError) its text and the reason.
    """
    encoded = column.dictionary_encode()
    parsed: list[Value | None] = []
    refused: dict[int, tuple[str, ValueError]] = {}
    for index, cell in enumerate(encoded.dictionary.to_pylist()):
        try:
            parsed.append(parse(cell))
        except ValueError as error:
            parsed.append(None)
            refused[index] = (str(cell), error)
    indices = encoded.indices.to_pylist()
    errors = {offset: refused[index] for offset, index in enumerate(indices) if index in refused} if refused else {}
    return [None if index is None else parsed[index] for index in indices], errors


def open_vector(path: Path, layer: str | None = None) -> VectorFile:
    """Look into a vector file.

    Raises:
        NotFound: there is no such file.
        InputError: it is none of the formats, unsafe, or cannot be read, or a part of a Shapefile is missing.
        UsageError: it has several layers and none was named, or not the one that was.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    check_upload(path, SUFFIXES)
    if path.suffix.lower() == ".shp":
        _check_shapefile(path)
    try:
        with warnings.catch_warnings(action="ignore"), confined():
            layers = [name for name, geometry in pyogrio.list_layers(source(path)) if geometry is not None]
            name = _choose_layer(layers, layer, path.name)
            info = pyogrio.read_info(source(path), layer=name, force_feature_count=True)
    except (DataSourceError, DataLayerError):
        raise _unreadable(path) from None
    return VectorFile(path, name, [str(field) for field in info["fields"]], _crs(info["crs"]), info["features"])


def _choose_layer(layers: list[str], wanted: str | None, file: str) -> str:
    names = ", ".join(layers)
    if wanted is not None and wanted not in layers:
        raise UsageError(f"không có lớp {wanted} · there is no layer {wanted}", hint=f"--layer {names}", file=file)
    if not layers:
        raise InputError("không có lớp bản đồ nào · there is no layer with geometry", file=file)
    if wanted is None and len(layers) > 1:
        raise UsageError("có nhiều lớp · there are several layers", hint=f"--layer {names}", file=file)
    return wanted or layers[0]


def _check_shapefile(path: Path) -> None:
    """A Shapefile is several files; GDAL opens one without its table and then shows no columns at all."""
    there = {each.suffix.lower() for each in path.parent.iterdir() if each.stem == path.stem}
    for suffix in (".dbf", ".shx"):
        if suffix not in there:
            raise InputError(
                f"thiếu tệp {path.stem}{suffix} · the file {path.stem}{suffix} is missing",
                hint="chép đủ .shp .shx .dbf .prj · copy all of them",
                file=path.name,
            )


def _crs(text: str | None) -> CRS | None:
    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return None
    # A GeoPackage may say 'undefined Cartesian': that is no CRS on the earth.
    return crs if crs.is_projected or crs.is_geographic else None


def _unreadable(path: Path) -> InputError:
    return InputError(
        "không đọc được, tệp hỏng hoặc không đúng định dạng · cannot be read, broken or not of this format",
        hint="mở thử và lưu lại bằng QGIS · open it in QGIS and save it anew",
        file=path.name,
    )
