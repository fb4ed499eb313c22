"""HTML pages of the OGC API. They need nothing from the internet: no remote script, style or font.

Only pages about features have a script, which draws a map of them (`web/src/preview.js`); they say all without it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gisland.catalogue import Language, Layer, LayerField, Palette
from gisland.security.headers import MAP_PAGE

# Pages with a map.
MAPS = frozenset({"collection", "items", "item"})
# Features on a page at most, whatever `limit` says: while a page is made its worker serves nobody else.
ROWS = 500


@cache
def _environment() -> Environment:
    folder = Path(__file__).with_name("templates")
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def compile_pages() -> None:
    """Make programs of all templates: whoever asks a new worker for its first page need not wait for that."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def html_page(
    template: str,
    language: Language,
    root: str,
    here: Callable[..., str],
    document: dict[str, Any],
    headers: Mapping[str, str],
) -> Response:
    """A document as an HTML page.

    Args:
        template: name without `.html`.
        language: of the page.
        root: URL of the landing page.
        here: makes the URL of this very document with other parameters.
        document: the JSON document.
        headers: of the answer.
    """

    def t(vi: str, en: str) -> str:
        return en if language == "en" else vi

    made = _environment().get_template(f"{template}.html")
    text = made.render(document, document=document, language=language, root=root, here=here, t=t)
    own = {"Content-Security-Policy": MAP_PAGE} if template in MAPS else {}
    return Response(text, 200, {**headers, **own}, "text/html")


def with_words(document: dict[str, Any], layer: Layer, palette: Palette, language: Language) -> dict[str, Any]:
    """The document of a feature or of several, with the names of fields and values as people read them."""
    writers = [(field.name, _writer(field, palette, language)) for field in layer.fields]
    for feature in document.get("features", [document]):
        values = feature["properties"]
        feature["cells"] = ["" if (value := values.get(name)) is None else write(value) for name, write in writers]
    columns = [(field.name, field.title.to(language)) for field in layer.fields]
    return document | {"title": layer.title.to(language), "columns": columns, "layer": layer.id}


def _writer(field: LayerField, palette: Palette, language: Language) -> Callable[[Any], str]:
    """How the values of a field are written: found out once for all rows of a page."""
    if field.values is not None:
        labels = {value: status.label.to(language) for value, status in palette.statuses(field.values).items()}
        return lambda value: labels.get(value) or str(value)
    if field.type == "datetime":
        return lambda value: f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if field.type == "number" and language == "vi":
        return lambda value: str(value).replace(".", ",")
    return str
