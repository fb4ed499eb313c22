"""Documents about tiles: lists of tile sets, tile sets, and the tile matrix set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Response

from gisland.catalogue import Language, Layer, Palette
from gisland.errors import NotFound
from gisland.publish.answer import READ, ROOT, Anyone, Asked
from gisland.publish.extent import read_extent
from gisland.publish.openapi import TILE as MVT
from gisland.publish.pygeoapi import JSON_TYPES
from gisland.publish.tiles import grid
from gisland.publish.tiles.far import statuses_of
from gisland.publish.tiles.near import fields_at

TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
SCHEMES = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
CONFORMANCE = [
    f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{each}"
    for each in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30")
]

Json = dict[str, Any]

router = APIRouter(prefix=ROOT, dependencies=[Depends(READ)])


def links_to_tiles(asked: Asked, path: str = "") -> list[Json]:
    """Links of the landing page, or of a collection (its path below the root), to its tiles."""
    t = _words(asked.language)
    links = [_link(asked, TILESETS, f"{path}/tiles", t("Mảnh vectơ", "Vector tiles"))]
    if not path:
        links.append(_link(asked, SCHEMES, "/tileMatrixSets", t("Hệ chia mảnh", "Tile matrix sets")))
    return links


@router.get("/tileMatrixSets")
async def matrix_sets(asked: Anyone) -> Response:
    """The tile matrix sets that tiles come in."""
    asked.check_no_parameters()
    t = _words(asked.language)
    link = _link(asked, "self", f"/tileMatrixSets/{grid.ID}", grid.ID)
    document = {
        "title": t("Hệ chia mảnh", "Tile matrix sets"),
        "description": t("Cách chia mặt đất thành mảnh", "How the ground is divided into tiles"),
        "tileMatrixSets": [{"id": grid.ID, "title": grid.ID, "uri": grid.URI, "crs": grid.CRS, "links": [link]}],
        "links": [*_of_document(asked), link | {"rel": "item"}],
    }
    return asked.answer(document, "landing")


@router.get("/tileMatrixSets/{matrix_set}")
async def matrix_set(asked: Anyone, matrix_set: str) -> Response:
    """The tile matrix set."""
    asked.check_no_parameters()
    _check(matrix_set)
    words = _words(asked.language)("Web Mercator, mỗi mức chia đôi cạnh", "Web Mercator; each zoom halves the sides")
    return asked.answer(grid.definition() | {"description": words, "links": _of_document(asked)}, "landing")


@router.get("/tiles")
async def dataset_tilesets(asked: Anyone) -> Response:
    """The tile sets of all public layers together."""
    return await _tilesets(asked, None)


@router.get("/tiles/{matrix_set}")
async def dataset_tileset(asked: Anyone, matrix_set: str) -> Response:
    """The tile set of all public layers together."""
    return await _tileset(asked, None, matrix_set)


@router.get("/collections/{layer_id}/tiles")
async def layer_tilesets(asked: Anyone, layer_id: str) -> Response:
    """The tile sets of a layer."""
    return await _tilesets(asked, await asked.layer(layer_id))


@router.get("/collections/{layer_id}/tiles/{matrix_set}")
async def layer_tileset(asked: Anyone, layer_id: str, matrix_set: str) -> Response:
    """The tile set of a layer."""
    return await _tileset(asked, await asked.layer(layer_id), matrix_set)


async def _tilesets(asked: Asked, layer: Layer | None) -> Response:
    asked.check_no_parameters()
    path = _path(layer)
    to_one = _link(asked, "self", f"{path}/{grid.ID}", _title(asked, layer))
    short = {
        "title": _title(asked, layer),
        "dataType": "vector",
        "crs": grid.CRS,
        "tileMatrixSetURI": grid.URI,
        "links": [to_one, _scheme(asked), _item(asked, path)],
    }
    document = {
        "title": _title(asked, layer),
        "description": _description(asked, layer),
        "tilesets": [short],
        "links": [*_of_document(asked), to_one | {"rel": "item"}],
    }
    return asked.answer(document, "landing", private=layer is not None and not layer.public)


async def _tileset(asked: Asked, layer: Layer | None, matrix_set: str) -> Response:
    asked.check_no_parameters()
    _check(matrix_set)
    layers = [layer] if layer is not None else [each for each in asked.layers() if each.public]
    document: Json = {
        "title": _title(asked, layer),
        "description": _description(asked, layer),
        "dataType": "vector",
        "crs": grid.CRS,
        "tileMatrixSetURI": grid.URI,
        "layers": [part for each in layers for part in _parts(each, asked.catalogue.palette, asked.language)],
        "links": [*_of_document(asked), _scheme(asked), _item(asked, _path(layer))],
    }
    box = await _box(asked, layers)
    if box is not None:
        document["tileMatrixSetLimits"] = grid.limits(box)
        corners = {"lowerLeft": list(box[:2]), "upperRight": list(box[2:])}
        document["boundingBox"] = corners | {"crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    return asked.answer(document, "tileset", private=layer is not None and not layer.public)


async def _box(asked: Asked, layers: Sequence[Layer]) -> grid.Box | None:
    """The box around what the reader sees of layers, in degrees."""
    boxes = []
    for layer in layers:
        async with asked.reading(layer) as connection:
            found = await read_extent(connection, layer, whole=layer.public or asked.scope.everywhere)
        boxes += found.boxes[:1]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _parts(layer: Layer, palette: Palette, language: Language) -> list[Json]:
    """The layers of a tile (MVT) that show a layer, each with its zooms and fields."""
    t, tiles, title = _words(language), layer.tiles, layer.title.to(language)
    first, last = tiles.drawn_from, grid.MAX_ZOOM
    near = {
        field.name: JSON_TYPES[field.type] | {"title": field.title.to(language)} for field in fields_at(layer, last)
    }
    parts = [_part(layer.id, title, None, first, last, near)]
    if tiles.label is not None:
        texts = min(tiles.label.text)
        words = {"text": {"type": "string"}} | ({"angle": {"type": "integer"}} if tiles.label.angle else {})
        parts.append(_part(f"{layer.id}-labels", f"{title}: {t('nhãn', 'labels')}", 0, max(texts, first), last, words))
    last_far = tiles.together_below - 1
    features = {"features": {"type": "integer", "title": t("Số đối tượng", "Features")}}
    names = [each for each in [tiles.status_of(layer)] if each]
    by_status = {name: {"type": "string"} for name in names} | features
    parts.append(_part(f"{layer.id}-status", f"{title}: {t('gộp', 'put together')}", 2, 0, last_far, by_status))
    if tiles.areas:
        labels = {**palette.progress_classes, **palette.exact, **palette.public}
        counted = {
            name: {"type": "integer", "title": labels[name].label.to(language)} for name in statuses_of(layer, palette)
        }
        by_area = {name: {"type": "string"} for name in tiles.areas} | features | counted
        parts.append(_part(f"{layer.id}-areas", f"{title}: {t('khu vực', 'areas')}", 2, 0, last_far, by_area))
    return parts


def _part(name: str, title: str, dimension: int | None, first: int, last: int, properties: Json) -> Json:
    return {
        "id": name,
        "title": title,
        "dataType": "vector",
        **({"geometryDimension": dimension} if dimension is not None else {}),
        "minTileMatrix": str(first),
        "maxTileMatrix": str(last),
        "propertiesSchema": {"type": "object", "properties": properties},
    }


def _words(language: Language) -> Any:
    return lambda vi, en: en if language == "en" else vi


def _title(asked: Asked, layer: Layer | None) -> str:
    t = _words(asked.language)
    name = layer.title.to(asked.language) if layer else t("Mọi lớp công khai", "All public layers")
    return f"{name}: {t('mảnh vectơ', 'vector tiles')} ({grid.ID})"


def _description(asked: Asked, layer: Layer | None) -> str:
    text: str = _words(asked.language)(
        "Mapbox Vector Tiles; xa: gộp theo tình trạng và khu vực (cũ nhất 10 giây, xem Data-Time), gần: từng đối tượng",
        "Mapbox Vector Tiles; far away by status and area (at most 10 s old, see Data-Time), near each feature",
    )
    return f"{layer.description.to(asked.language)}. {text}" if layer else text


def _path(layer: Layer | None) -> str:
    return f"/collections/{layer.id}/tiles" if layer else "/tiles"


def _link(asked: Asked, rel: str, path: str, title: str) -> Json:
    return {"rel": rel, "type": "application/json", "title": title, "href": asked.url(path, f="json")}


def _scheme(asked: Asked) -> Json:
    return _link(asked, SCHEME, f"/tileMatrixSets/{grid.ID}", grid.ID)


def _item(asked: Asked, path: str) -> Json:
    href = f"{asked.root}{path}/{grid.ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {"rel": "item", "type": MVT, "title": "MVT", "href": href, "templated": True}


def _of_document(asked: Asked) -> list[Json]:
    as_json = {"type": "application/json", "href": asked.here(f="json")}
    as_html = {"type": "text/html", "href": asked.here(f="html")}
    this, other = (as_html, as_json) if asked.format == "html" else (as_json, as_html)
    title = _words(asked.language)("Tài liệu này", "This document")
    return [{"rel": "self", "title": title} | this, {"rel": "alternate", "title": title} | other]


def _check(matrix_set: str) -> None:
    if matrix_set != grid.ID:
        raise NotFound("không có lưới mảnh này · there is no such tile matrix set", hint=f"tiles come in {grid.ID}")
