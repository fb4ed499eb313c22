"""The provider that pygeoapi loads by name; it tells the fields of a layer and never reads a row."""

from __future__ import annotations

from typing import Any

from pygeoapi.provider.base import BaseProvider

from gisland.publish.pygeoapi import fields_of


class LayerProvider(BaseProvider):  # type: ignore[misc]  # pygeoapi ships no types
    """A layer of the catalogue."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.layer = provider_def["layer"]
        self._fields = self.get_fields()

    def get_fields(self) -> dict[str, dict[str, Any]]:
        """The fields as JSON schema types."""
        return fields_of(self.layer)
