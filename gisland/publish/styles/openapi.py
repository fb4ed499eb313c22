"""The paths of styles in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from gisland.catalogue import Layer, Palette
from gisland.publish.styles.formats import LEGENDS, STYLESHEETS, Encoding
from gisland.publish.styles.model import styles_of

Json = dict[str, Any]
JSON = ["application/json"]


def styles_paths(layers: list[Layer], palette: Palette) -> dict[str, Json]:
    """Those of the styles of these layers."""
    ids = [style.id for layer in layers for style in styles_of(layer, palette)]
    style_id = {"name": "styleId", "in": "path", "required": True, "schema": {"type": "string", "enum": ids}}
    one = "/styles/{styleId}"
    paths = {
        "/styles": _operation("getStyles", "Styles", JSON),
        one: _operation("getStyle", "A style", _types(STYLESHEETS), [style_id], [*STYLESHEETS, "html"]),
        f"{one}/metadata": _operation("getStyleMetadata", "What a style is for", JSON, [style_id]),
        f"{one}/legend": _operation("getLegend", "Legend", _types(LEGENDS), [style_id], [*LEGENDS, "html"]),
    }
    for layer in layers:
        name = "".join(part.capitalize() for part in layer.id.split("-"))
        path = f"/collections/{layer.id}/styles"
        paths[path] = _operation(f"get{name}Styles", f"Styles of {layer.title.en}", JSON)
        if not layer.public:
            paths[path]["get"]["security"] = [{"basic": []}]
    return paths


def _types(encodings: dict[str, Encoding]) -> list[str]:
    return list(dict.fromkeys(each.media_type for each in encodings.values()))


def _operation(
    operation_id: str,
    summary: str,
    media_types: list[str],
    parameters: list[Json] | None = None,
    formats: list[str] | None = None,
) -> Json:
    f: Json = {"$ref": "#/components/parameters/f"}
    if formats is not None:
        schema = {"type": "string", "enum": formats, "default": formats[0]}
        f = {"name": "f", "in": "query", "required": False, "style": "form", "explode": False, "schema": schema}
    content: Json = {each: {"schema": {}} for each in media_types}
    content["text/html"] = {"schema": {"type": "string"}}
    return {
        "get": {
            "operationId": operation_id,
            "summary": summary,
            "parameters": [*(parameters or []), f, {"$ref": "#/components/parameters/lang"}],
            "responses": {
                "200": {"description": summary, "content": content},
                "default": {"$ref": "#/components/responses/Problem"},
            },
        }
    }
