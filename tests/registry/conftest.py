"""A server of its own that tests of the registry may write to, and small verbs to do so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import httpx
import pytest

from gisland.settings import Settings
from tests import emptied
from tests.conftest import clone_of
from tests.emptied import Emptied
from tests.factories import EAST, NORTH
from tests.live import LiveServer
from tests.registry.land import Land, make_land
from tests.security.client import in_process

_numbers = count(1)
WHY = {"reason": "kiểm thử"}
reused = emptied.reused
settings = emptied.settings
app_connection = emptied.app_connection


@pytest.fixture(scope="session")
def registry_server(server: Settings) -> Iterator[LiveServer]:
    """The application in a thread of this process, with an empty registry; each test makes a ward of its own."""
    with clone_of(server) as settings, in_process(settings) as live:
        yield live


class Api:
    """What a client of `/api/v1` does."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.client.post(path, json={"change": WHY} | values)

    def make(self, path: str, **values: Any) -> dict[str, Any]:
        """A new record."""
        answer = self.post(path, **values)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def tag(self, path: str) -> str:
        return self.client.get(path).headers["etag"]

    def patch(self, path: str, tag: str | None = None, **values: Any) -> httpx.Response:
        """Change a record as it is now, or as it was when it had the tag."""
        return self.client.patch(path, json={"change": WHY} | values, headers={"If-Match": tag or self.tag(path)})

    def ward(self) -> int:
        code = f"9{next(_numbers):04}"
        return int(self.make("units", level="ward", code=code, name="Phường Thử", srid=9210)["id"])

    def parcel(self, ward: int, **values: Any) -> dict[str, Any]:
        """A parcel of 10 m by 10 m on a sheet of its own."""
        number = next(_numbers)
        sheet = self.make("sheets", ward_id=ward, sheet_no=str(number), scale=500, srid=9210)
        given = {"map_sheet_id": sheet["id"], "parcel_no": "1", "geometry": square(EAST + 20 * number)}
        return self.make("parcels", **given | values)

    def holder(self, ward: int, **values: Any) -> dict[str, Any]:
        return self.make("holders", **{"ward_id": ward, "kind": "person", "full_name": "Nguyễn Văn Thử"} | values)


def polygon(*corners: list[float]) -> dict[str, Any]:
    """GeoJSON of a polygon without holes."""
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def square(west: float, size: float = 10) -> dict[str, Any]:
    """A square in metres, in the CRS of the sheet."""
    east, south, north = west + size, NORTH, NORTH + size
    return polygon([west, south], [east, south], [east, north], [west, north])


@pytest.fixture
def api(registry_server: LiveServer) -> Iterator[Api]:
    """The API as the administrator."""
    base = f"{registry_server.url}/api/v1/"
    with httpx.Client(base_url=base, auth=registry_server.admin, timeout=30) as client:
        yield Api(client)


@pytest.fixture
def land(reused: Emptied, settings: Settings) -> Land:
    """A sheet of two parcels, read in sessions that stay: each new one plans all statements anew."""
    return replace(make_land(settings), opened=reused.opened, sessions=reused.sessions)
