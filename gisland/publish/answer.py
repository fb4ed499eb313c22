"""What all answers of the OGC API share: format, language, links, and who may see which layer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request, Response
from psycopg import AsyncConnection

from gisland import __version__
from gisland.catalogue import Catalogue, Language, Layer
from gisland.database import Role, Scope
from gisland.errors import UsageError
from gisland.kit.conditional import matches
from gisland.publish.crs import KnownPlanes, Planes
from gisland.publish.documents import shown_to
from gisland.publish.html import html_page
from gisland.publish.items import newest_version
from gisland.publish.query import COMMON, check_parameters
from gisland.security.guards import Require
from gisland.security.headers import PRIVATE, PUBLIC
from gisland.security.mask import held
from gisland.security.permissions import Permission
from gisland.security.subject import Subject
from gisland.state import State, state_of

ROOT = "/ogc"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"

Format = Literal["json", "html"]

_NO_FILTER = frozenset({"cursor", *COMMON})
# Nothing in it would end a link.
_PLAIN = re.compile("[A-Za-z0-9._~%+:/*,=&-]*")

FOR_ALL, FOR_ONE = PUBLIC, PRIVATE

READ = Require(Permission.PUBLIC_READ)
STAFF_LAYER = Require(Permission.STAFF_LAYER_READ)


@dataclass(frozen=True)
class Asked:
    """A request as all resources see it."""

    request: Request
    subject: Subject
    state: State
    given: list[tuple[str, str]]

    @classmethod
    def of(cls, request: Request, subject: Subject) -> Asked:
        """The request of a subject."""
        try:
            given = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise UsageError(
                "chuỗi truy vấn không phải UTF-8 · the query string is no UTF-8", hint="percent-encode it as UTF-8"
            ) from None
        return cls(request, subject, state_of(request), given)

    @property
    def staff(self) -> bool:
        """Whether the staff layers are shown."""
        return Permission.STAFF_LAYER_READ in self.subject.permissions

    @cached_property
    def origin(self) -> str:
        """Scheme and host as the client sees them."""
        url = self.state.settings.public_url
        return url.rstrip("/") or f"{self.request.scope['scheme']}://{self.request.headers.get('host', 'localhost')}"

    @cached_property
    def root(self) -> str:
        """URL of the landing page."""
        return self.origin + ROOT

    @cached_property
    def chosen(self) -> str | None:
        """The format that `f` says."""
        return dict(self.given).get("f")

    @cached_property
    def format(self) -> Format:
        """`f` decides, then the Accept header; JSON when neither asks for HTML."""
        if self.chosen is not None:
            return "html" if self.chosen == "html" else "json"
        accept = self.request.headers.get("accept", "")
        html, json_ = accept.find("text/html"), accept.find("json")
        return "html" if html >= 0 and (json_ < 0 or html < json_) else "json"

    @property
    def language(self) -> Language:
        """Vietnamese unless `lang=en`."""
        return "en" if ("lang", "en") in self.given else "vi"

    @cached_property
    def _filter(self) -> str:
        # Commas are encoded: QGIS < 4 takes one for the end of a link.
        raw: str = self.request.scope["query_string"].decode("latin-1")
        names = [pair.partition("=")[0] for pair in raw.split("&")]
        if _PLAIN.fullmatch(raw) and "%" not in "".join(names):
            # As it came, which is most often as it would be encoded.
            pairs = zip(names, raw.split("&"), strict=True)
            return "&".join(pair for name, pair in pairs if pair and name not in _NO_FILTER).replace(",", "%2C")
        return urlencode([(name, value) for name, value in self.given if name not in _NO_FILTER])

    def url(self, path: str, **changes: str) -> str:
        """The URL of a resource below the root, with the filter, format and language of this request.

        Args:
            path: below the root.
            changes: parameters with another value than in this request; a cursor is not kept.
        """
        common = _encoded(*({name: value for name, value in self.given if name in COMMON} | changes).items())
        query = f"{self._filter}&{common}" if self._filter and common else self._filter or common
        return f"{self.root}{path}?{query}" if query else f"{self.root}{path}"

    def here(self, **changes: str) -> str:
        """The URL of this very resource, with other parameters."""
        return self.url(self.request.scope["path"].removeprefix(ROOT), **changes)

    def check_no_parameters(self) -> None:
        """Refuse parameters that the resource does not have.

        Raises:
            UsageError: there is one.
        """
        check_parameters(self.given)

    async def layer(self, layer_id: str) -> Layer:
        """The layer, when the subject may see it.

        Raises:
            NotFound: there is none.
            Unauthorized, Forbidden: it is for staff only.
        """
        layer = self.state.catalogue.layer(layer_id)
        if layer.public:
            # It has no field that somebody may not see.
            return layer
        await STAFF_LAYER(self.request)
        return self.catalogue.layer(layer_id)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The layers with the fields that the subject may see."""
        return shown_to(self.state.catalogue, held(self.subject, self.scope))

    def layers(self) -> list[Layer]:
        """The layers that the subject may see."""
        return [layer for layer in self.catalogue.layers.values() if layer.public or self.staff]

    @asynccontextmanager
    async def reading(self, layer: Layer) -> AsyncIterator[AsyncConnection]:
        """A connection that sees the features of a layer which the subject may see."""
        pools = self.state.pools
        if layer.public:
            async with pools.public.connection() as connection:
                yield connection
        else:
            async with pools.within(self.scope, Role.STAFF) as connection:
                yield connection

    async def planes(self, layer: Layer, wanted: frozenset[str] = frozenset()) -> Planes:
        """The planes of a layer, at most a minute old.

        Args:
            layer: the layer.
            wanted: URIs of CRSs that were asked for; where one is not among the known, it is looked again.
        """
        # Made in the lifespan of `app.py`, anew whenever layers change.
        known: KnownPlanes = self.request.app.state.planes
        found = known.find(layer, wanted)
        if found is not None:
            return found
        async with self.reading(layer) as connection:
            return await known.read(connection, layer)

    @property
    def scope(self) -> Scope:
        """Which features of staff layers the subject may see."""
        return self.subject.scope(Permission.STAFF_LAYER_READ)

    def tag(self, layer: Layer, version: int, form: str) -> str:
        """The entity tag of what is read of a public layer, as long as a data version is the newest.

        Weak: how it is sent may differ. Whatever else it depends on, its address says or `form` (format).
        """
        return f'W/"{version:x}-{_fingerprint(self.state.catalogue, layer.id, self.root)}-{form}"'

    async def known(self, layer: Layer, connection: AsyncConnection, version: int | None, form: str) -> Response | None:
        """The answer to who has it already, who is known without reading it; None for others.

        Args:
            layer: that is read.
            connection: as whoever reads it.
            version: the data version as of which it is; None is now.
            form: the format.
        """
        given = self.request.headers.get("if-none-match", "*")
        if given == "*" or not layer.public:
            # Whether there is anything at all must be looked for.
            return None
        tag = self.tag(layer, await newest_version(connection) if version is None else version, form)
        return Response(None, 304, FOR_ALL | {"ETag": tag}) if matches(given.encode(), tag.encode()) else None

    def answer(
        self, content: dict[str, Any], template: str, *, media_type: str = "application/json", private: bool = False
    ) -> Response:
        """A document as JSON or HTML, whichever was asked for."""
        headers = FOR_ONE if private else FOR_ALL
        if self.format == "html":
            return html_page(template, self.language, self.root, self.here, content, headers)
        return Response(json.dumps(content, ensure_ascii=False).encode(), 200, headers, media_type)


@lru_cache(maxsize=1000)
def _encoded(*parameters: tuple[str, str]) -> str:
    return urlencode(parameters)


@lru_cache(maxsize=100)
def _fingerprint(catalogue: Catalogue, layer_id: str, root: str) -> str:
    """Differs when the same rows would be told otherwise."""
    said = [catalogue.layers[layer_id].model_dump_json(), catalogue.palette.model_dump_json(), root, __version__]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=6).hexdigest()


async def anyone(request: Request, subject: Annotated[Subject, Depends(READ)]) -> Asked:
    """The request, when its subject may read what is public."""
    return Asked.of(request, subject)


Anyone = Annotated[Asked, Depends(anyone)]
