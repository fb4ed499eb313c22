"""OGC API – Styles at `/ogc/styles`: which styles there are, the style in each of its encodings, its legend.

Styles are read only: they follow from `config/palette.yml`. Those of staff layers are seen by staff.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from gisland.catalogue import Language, Layer
from gisland.errors import NotFound, UsageError
from gisland.publish.answer import FOR_ALL, FOR_ONE, Anyone, Asked
from gisland.publish.html import html_page
from gisland.publish.styles.documents import collection_styles_document, metadata_document, styles_document
from gisland.publish.styles.formats import LEGENDS, STYLESHEETS, Encoding
from gisland.publish.styles.hatching import tile_svg
from gisland.publish.styles.legend import MILLIMETRE, legend_svg
from gisland.publish.styles.model import Style, layer_of, style_of
from gisland.publish.styles.sprite import sprite_index, sprite_png

SPRITES = {f"sprite{size}.{kind}": (ratio, kind) for size, ratio in (("", 1), ("@2x", 2)) for kind in ("json", "png")}
HTML = "html"


def add_to(router: APIRouter) -> None:
    """Add the routes."""
    router.add_api_route("/styles", styles, methods=["GET"])
    router.add_api_route("/styles/{style_id}", style, methods=["GET"])
    router.add_api_route("/styles/{style_id}/metadata", metadata, methods=["GET"])
    router.add_api_route("/styles/{style_id}/legend", legend, methods=["GET"])
    router.add_api_route("/styles/{style_id}/{name}", resource, methods=["GET"])
    router.add_api_route("/collections/{layer_id}/styles", collection_styles, methods=["GET"])


async def styles(asked: Anyone) -> Response:
    """The styles of the layers that the subject may see."""
    asked.check_no_parameters()
    document = styles_document(asked.layers(), asked.state.catalogue.palette, asked.root, asked.language)
    return asked.answer(document, "styles", private=asked.staff)


async def collection_styles(asked: Anyone, layer_id: str) -> Response:
    """The styles of a layer."""
    layer = await asked.layer(layer_id)
    asked.check_no_parameters()
    document = collection_styles_document(layer, asked.state.catalogue.palette, asked.root, asked.language)
    return asked.answer(document, "styles", private=not layer.public)


async def style(asked: Anyone, style_id: str) -> Response:
    """A style in the encoding that is asked for, or as a page that shows its legend."""
    found = await _style(asked, style_id)
    chosen = _encoding(asked, STYLESHEETS)
    if chosen is None:
        return _page(asked, found)
    made = STYLESHEETS[chosen].write(found, asked.root, asked.language)
    return Response(made, 200, _headers(found.layer), STYLESHEETS[chosen].media_type)


async def metadata(asked: Anyone, style_id: str) -> Response:
    """What the style is for, its encodings, and what the layer must hold that it is put on."""
    found = await _style(asked, style_id)
    asked.check_no_parameters()
    document = metadata_document(found, asked.root, asked.language)
    return (
        asked.answer(document, "style", private=not found.layer.public)
        if asked.format == "json"
        else _page(asked, found)
    )


async def legend(asked: Anyone, style_id: str) -> Response:
    """The legend as PNG, SVG or page."""
    found = await _style(asked, style_id)
    chosen = _encoding(asked, LEGENDS)
    if chosen is None:
        return _page(asked, found)
    return Response(
        LEGENDS[chosen].write(found, asked.root, asked.language), 200, _headers(found.layer), LEGENDS[chosen].media_type
    )


async def resource(asked: Anyone, style_id: str, name: str) -> Response:
    """The hatches of a style: `sprite.json`, `sprite.png`, the same with `@2x`, and `<hatch>.svg`."""
    found = await _style(asked, style_id)
    asked.check_no_parameters()
    hatches = {f"{rule.hatch_name}.svg": rule.hatch for rule in found.rules if rule.hatch is not None}
    made: str | bytes
    if name in SPRITES and hatches:
        ratio, kind = SPRITES[name]
        made = json.dumps(sprite_index(found, ratio)) if kind == "json" else sprite_png(found, ratio)
        return Response(made, 200, _headers(found.layer), "application/json" if kind == "json" else "image/png")
    if name not in hatches:
        raise NotFound("không có tài nguyên này của kiểu vẽ · there is no such resource of a style")
    made = tile_svg(hatches[name], found.ground.ink, MILLIMETRE)
    return Response(made, 200, _headers(found.layer), "image/svg+xml")


async def _style(asked: Asked, style_id: str) -> Style:
    layer_id, theme = layer_of(style_id)
    return style_of(await asked.layer(layer_id), asked.state.catalogue.palette, theme)


def _encoding(asked: Asked, known: Mapping[str, Encoding]) -> str | None:
    """The name of the encoding that is asked for by `f` or else by the Accept header; None for a page.

    Raises:
        UsageError: there is no such encoding, or there are parameters beside it that are not known.
    """
    # `f` has other values here than elsewhere.
    replace(asked, given=[each for each in asked.given if each[0] != "f"]).check_no_parameters()
    wanted = [value for name, value in asked.given if name == "f"]
    if len(wanted) > 1:
        raise UsageError("có hai lần · it is there twice", hint="give it once", parameter="f")
    if wanted:
        if wanted[0] not in {*known, HTML}:
            raise UsageError(
                "không có lựa chọn này · this is not offered",
                hint=f"one of: {', '.join([*known, HTML])}",
                parameter="f",
            )
        return None if wanted[0] == HTML else wanted[0]
    for each in asked.request.headers.get("accept", "").split(","):
        kind = each.partition(";")[0].strip()
        if kind == "text/html":
            return None
        for name, encoding in known.items():
            if kind == encoding.media_type.partition(";")[0]:
                return name
    return next(iter(known))


def _page(asked: Asked, found: Style) -> Response:
    language: Language = asked.language
    document: dict[str, Any] = metadata_document(found, asked.root, language)
    document["legend"] = legend_svg(found, language)
    path = asked.request.url.path

    def here(**changes: str) -> str:
        # The page itself has values of `f` of its own.
        return f"{asked.origin}{path}?f={changes.get('f', 'html')}&lang={changes.get('lang', language)}"

    return html_page("style", language, asked.root, here, document, _headers(found.layer))


def _headers(layer: Layer) -> dict[str, str]:
    return FOR_ALL if layer.public else FOR_ONE
