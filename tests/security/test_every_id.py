"""Every id at every door (OWASP API1): an officer of one ward is given what lies there, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.security import test_matrix
from tests.security.test_matrix import World

world = test_matrix.world
IDS = range(1, 13)


def doors(client: httpx.Client, method: str) -> list[str]:
    """The addresses of the API that have an id in them."""
    paths = client.get("/api/v1/openapi.json", timeout=60).json()["paths"]
    found = [path for path, each in paths.items() if method in each and re.search(r"\{\w*id\w*\}", path)]
    return [path if path.startswith("/api") else f"/api/v1{path}" for path in found]


def wards_of(body: Any) -> set[int]:
    """All wards that a record, or a list of them, says that it is of."""
    if isinstance(body, dict):
        own = {body["ward_id"]} if isinstance(body.get("ward_id"), int) else set()
        return own.union(*map(wards_of, body.values()))
    return set().union(*map(wards_of, body)) if isinstance(body, list) else set()


@pytest.mark.parametrize(
    "who", ["officer", "viewer", "registrar", "police", "group_head", "auditor", "nothing", "anonymous"]
)
def test_reading(world: World, who: str) -> None:
    client, admin = world.clients[who], world.clients["admin"]
    reached = {world.places["A1"].ward} if who in {"officer", "viewer", "registrar"} else set()
    # Units, groups and sheets are no secret, and changes of the whole service tell of nobody.
    open_to_staff = re.compile(r"/(units|groups|sheets|changes)/")
    found = doors(admin, "get")
    assert len(found) > 10
    for path in found:
        for number in IDS:
            url = re.sub(r"\{\w*id\w*\}", str(number), path)
            answer = client.get(url)
            assert answer.status_code in {200, 400, 401, 403, 404}, url
            if answer.status_code == 200 and not open_to_staff.search(url):
                assert wards_of(answer.json()) <= reached, url


def test_writing(world: World) -> None:
    """Whatever the registrar of ward A tries on whatever id changes nothing of ward B."""
    registrar, admin = world.clients["registrar"], world.clients["admin"]
    theirs = [place for name, place in world.places.items() if name.startswith("B")]
    kinds = ("parcels", "holders", "holdings", "certificates", "assets")

    def state() -> list[tuple[int, str]]:
        records = [(f"/api/v1/{kind}/{getattr(place, kind.removesuffix('s'))}") for place in theirs for kind in kinds]
        return [(answer.status_code, answer.headers.get("etag", "")) for answer in map(admin.get, records)]

    before = state()
    assert {status for status, _ in before} == {200}
    for method in ("post", "patch", "delete"):
        for path in doors(admin, method):
            if "/sessions/" in path or "/tokens/" in path:
                continue
            for number in IDS:
                url = re.sub(r"\{\w*id\w*\}", str(number), path)
                body = {"change": {"reason": "thử"}, "version": 1, "ward_id": theirs[0].ward, "note": "thử"}
                answer = registrar.request(method.upper(), url, json=body, headers={"If-Match": '"1-0"'})
                assert answer.status_code < 500, (method, url, answer.text)
    assert state() == before
