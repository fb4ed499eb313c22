"""HTML pages of the OGC API. They need nothing from the internet: no script, no remote style, no font."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gisland.catalogue import Language


@cache
def _environment() -> Environment:
    folder = Path(__file__).with_name("templates")
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def render(template: str, language: Language, root: str, here: Callable[..., str], document: dict[str, Any]) -> str:
    """Render a document as HTML.

    Args:
        template: name without `.html`.
        root: URL of the landing page.
        here: makes the URL of this very document with other parameters.
        document: the JSON document.
    """

    def t(vi: str, en: str) -> str:
        return en if language == "en" else vi

    page = _environment().get_template(f"{template}.html")
    return page.render(document, document=document, language=language, root=root, here=here, t=t)
