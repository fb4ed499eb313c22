"""Pages of features in the formats of files: what their bodies have no room for stands in the headers."""

from __future__ import annotations

import asyncio
import io

from fastapi import Response

from gisland.catalogue import Layer
from gisland.errors import UsageError
from gisland.publish.answer import FOR_ALL, FOR_ONE, GEOJSON, ROOT, Asked
from gisland.publish.items import Page
from gisland.publish.query import ItemsQuery, next_cursor
from gisland.publish.tables import FILE_FORMATS, FileFormat, text_of, write_file


def file_format_of(asked: Asked, layer: Layer) -> FileFormat | None:
    """The format of a file that is asked for: `f` decides, then the Accept header; None is GeoJSON or HTML.

    A file is taken away, page by page or whole: of a staff layer there is one as an export only, which has a reason.

    Raises:
        UsageError: `f` asks for a file of a staff layer.
    """
    if asked.chosen is not None:
        found = FILE_FORMATS.get(asked.chosen)
        if found is not None and not layer.public:
            raise UsageError(
                "tệp của lớp nội bộ cần lý do · a file of a staff layer needs a reason",
                hint=f'POST {ROOT}/collections/{layer.id}/export?f={found.name} {{"reason": "…"}}',
                parameter="f",
            )
        return found
    if not layer.public:
        return None
    accept = asked.request.headers.get("accept", "")
    if "+" not in accept and "csv" not in accept and "flatgeobuf" not in accept:
        return None
    by_type = {each.media_type: each for each in FILE_FORMATS.values()}
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip()
        if media_type in by_type:
            return by_type[media_type]
        if media_type in {GEOJSON, "application/json", "text/html"}:
            return None
    return None


def next_page(asked: Asked, layer: Layer, query: ItemsQuery, page: Page) -> str | None:
    """The address of the page that follows."""
    if not page.more:
        return None
    cursor = next_cursor(layer, query, page.last, page.way, page.keys)
    return asked.url(f"/collections/{layer.id}/items", cursor=cursor)


async def page_of_file(
    asked: Asked,
    layer: Layer,
    query: ItemsQuery,
    page: Page,
    file_format: FileFormat,
    version: int | None,
    tag: str | None,
) -> Response:
    """A page as a file."""
    body = await asyncio.to_thread(_body, file_format, layer, query, page)
    path = f"/collections/{layer.id}/items"
    links = [("self", asked.url(path, f=file_format.name), file_format.media_type)]
    links.append(("alternate", asked.url(path, f="json"), GEOJSON))
    links.append(("collection", f"{asked.root}/collections/{layer.id}", "application/json"))
    if (following := next_page(asked, layer, query, page)) is not None:
        links.append(("next", following, file_format.media_type))
    headers = {
        "Content-Crs": f"<{query.shown.crs.uri}>",
        # A comma within an address is encoded there.
        "Link": ", ".join(f'<{href}>; rel="{rel}"; type="{media_type}"' for rel, href, media_type in links),
        "OGC-NumberReturned": str(page.returned),
        "Content-Disposition": f'attachment; filename="{layer.id}.{file_format.name}"',
        **(FOR_ALL if layer.public else FOR_ONE),
    }
    if page.matched is not None:
        headers["OGC-NumberMatched"] = str(page.matched)
    if version is not None:
        headers["Data-Version"] = str(version)
    if tag is not None:
        headers["ETag"] = tag
    return Response(body, 200, headers, file_format.media_type)


def _body(file_format: FileFormat, layer: Layer, query: ItemsQuery, page: Page) -> bytes:
    pages = [page.rows] if page.rows else []
    if file_format.driver is None:
        return b"".join(text_of(file_format, layer, query.shown, pages))
    buffer = io.BytesIO()
    write_file(file_format, layer, query.shown, pages, buffer)
    return buffer.getvalue()
