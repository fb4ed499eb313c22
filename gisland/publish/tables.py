"""Features as files for other programs: CSV, GeoJSON text sequences, FlatGeobuf, GeoPackage.

Rows come from the database as one text each (`shown.feature_text`) and are made to tables some thousand at a time, so
what is held in memory does not grow with the layer. The columns are the layer's fields as its reader sees them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import shapely
from pyarrow import json as arrow_json

from gisland.catalogue import Language, Layer, Text
from gisland.kit.cells import safe_cell
from gisland.publish.crs import OfferedCrs
from gisland.publish.shown import Shown

# Texts that a record of a GeoJSON text sequence begins and ends with (RFC 8142).
RECORD, END = b"\x1e", b"\n"
GEOMETRY = "geometry"
ARROW_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}
GEOMETRY_TYPES = {"point": "MultiPoint", "line": "MultiLineString", "polygon": "MultiPolygon", None: "Unknown"}


@dataclass(frozen=True)
class FileFormat:
    """A format of files, besides GeoJSON and HTML."""

    name: str
    media_type: str
    title: Text
    driver: str | None = None
    """That of GDAL; None for what is written line by line."""

    @property
    def form(self) -> Literal["geojson", "table"]:
        """In which form its rows come from the database."""
        return "geojson" if self.name == "geojsonseq" else "table"


FILE_FORMATS = {
    each.name: each
    for each in (
        FileFormat("csv", "text/csv", Text(vi="CSV (bảng tính)", en="CSV (spreadsheets)")),
        FileFormat("geojsonseq", "application/geo+json-seq", Text(vi="Chuỗi GeoJSON", en="GeoJSON text sequence")),
        FileFormat("fgb", "application/flatgeobuf", Text(vi="FlatGeobuf", en="FlatGeobuf"), "FlatGeobuf"),
        FileFormat("gpkg", "application/geopackage+sqlite3", Text(vi="GeoPackage", en="GeoPackage"), "GPKG"),
    )
}


def file_links(root: str, language: Language, layer: Layer) -> list[dict[str, str]]:
    """Links of a collection to its features in these formats: pages and the whole; of a staff layer there are none."""
    if not layer.public:
        # Without a reason nobody is given a file, and a link gives none.
        return []
    path = f"{root}/collections/{layer.id}"
    links = []
    for each in FILE_FORMATS.values():
        of = {"type": each.media_type, "title": each.title.to(language)}
        links.append({"rel": "items", **of, "href": f"{path}/items?f={each.name}"})
        links.append({"rel": "enclosure", **of, "href": f"{path}/export?f={each.name}"})
    return links


def fields_of(layer: Layer, shown: Shown) -> list[tuple[str, str]]:
    """Names and types of the columns, without id and geometry."""
    return [
        (field.name, field.type) for field in layer.fields if shown.properties is None or field.name in shown.properties
    ]


def text_of(file_format: FileFormat, layer: Layer, shown: Shown, pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """The pieces of a file that is written line by line. A CSV begins with the mark that Excel needs for Vietnamese.

    Args:
        file_format: CSV or GeoJSON text sequence.
        layer: whose features they are.
        shown: what is shown of them.
        pages: their rows, as the database gave them.
    """
    if file_format.name == "geojsonseq":
        for rows in pages:
            yield b"".join(RECORD + row + END for row in rows)
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [name for name, _ in fields_of(layer, shown)]
    buffer.write("\ufeff")
    writer.writerow(["id", *names, *([GEOMETRY] if shown.geometry else [])])
    for rows in pages:
        ids, shapes, properties = _parts(rows)
        texts = _well_known(shapes, shown.crs) if shown.geometry else []
        for number, each in enumerate(json.loads(f"[{','.join(properties)}]")):
            cells = [safe_cell(each.get(name)) for name in names]
            writer.writerow([ids[number], *cells, *texts[number : number + 1]])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def write_file(
    file_format: FileFormat,
    layer: Layer,
    shown: Shown,
    pages: Iterable[list[bytes]],
    target: Path | io.BytesIO,
    *,
    indexed: bool = True,
) -> None:
    """Write a file that GDAL writes.

    Args:
        file_format: FlatGeobuf or GeoPackage.
        layer: whose features they are.
        shown: what is shown of them.
        pages: their rows, as the database gave them; what they raise is raised here.
        target: where it is written to.
        indexed: whether a FlatGeobuf has its spatial index, which is made in memory (some 500 bytes a feature).
    """
    import pyogrio  # not for every command: half a second where pandas is installed, which it takes along

    schema = _schema(layer, shown)
    failure: list[BaseException] = []

    def batches() -> Iterator[pa.RecordBatch]:
        # GDAL tells only that there was an error.
        try:
            for rows in pages:
                yield _batch(schema, shown, rows)
        except BaseException as error:
            failure.append(error)
            raise

    options = {"SPATIAL_INDEX": "YES" if indexed else "NO"} if file_format.driver == "FlatGeobuf" else {"FID": "id"}
    try:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches()),
            target,
            layer=layer.id,
            driver=file_format.driver,
            geometry_name=GEOMETRY if shown.geometry else None,
            geometry_type=GEOMETRY_TYPES[layer.geometry_type] if shown.geometry else None,
            crs=shown.crs.authority if shown.geometry else None,
            **options,
        )
    except Exception:
        if failure:
            raise failure[0] from None
        raise


def _schema(layer: Layer, shown: Shown) -> pa.Schema:
    fields = [pa.field("id", pa.int64()), *(pa.field(name, ARROW_TYPES[of]) for name, of in fields_of(layer, shown))]
    if shown.geometry:
        fields.append(pa.field(GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}))
    return pa.schema(fields)


def _batch(schema: pa.Schema, shown: Shown, rows: list[bytes]) -> pa.RecordBatch:
    ids, shapes, properties = _parts(rows)
    columns: list[Any] = [pa.array(ids, pa.int64())]
    named = [field for field in schema if field.name not in {"id", GEOMETRY}]
    if named:
        # Arrow's reader knows no dates: they come as texts and are cast.
        texts = [field if field.type in {pa.int64(), pa.float64()} else field.with_type(pa.string()) for field in named]
        read = arrow_json.read_json(
            io.BytesIO("\n".join(properties).encode()),
            arrow_json.ReadOptions(use_threads=False, block_size=1 << 28),
            arrow_json.ParseOptions(explicit_schema=pa.schema(texts), unexpected_field_behavior="ignore"),
        )
        columns += [column.combine_chunks() for column in read.cast(pa.schema(named)).columns]
    if shown.geometry:
        columns.append(pa.array(shapes, pa.binary()))
    columns = [column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for column in columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _parts(rows: list[bytes]) -> tuple[list[int], list[bytes], list[str]]:
    """Ids, shapes (WKB) and properties (JSON texts) of rows in the form `table`."""
    ids, shapes, properties = [], [], []
    for row in rows:
        head, brace, rest = row.partition(b"{")
        number, _, shape = head.partition(b" ")
        ids.append(int(number))
        shapes.append(bytes.fromhex(shape.decode()))
        properties.append((brace + rest).decode())
    return ids, shapes, properties


def _well_known(shapes: list[bytes], crs: OfferedCrs) -> list[str]:
    """Shapes as texts (WKT), in the order of the axes of the CRS; those of the survey to the last bit."""
    found = shapely.from_wkb(shapes)
    if crs.flipped:
        found = shapely.transform(found, lambda xy: xy[:, ::-1])
    decimals = -1 if crs.plane else crs.decimals
    return [str(text) for text in shapely.to_wkt(found, rounding_precision=decimals, trim=True)]
