"""The matrix of the registry, driven from its lists: every kind of record and every act, by every role.

A kind or act that comes new has no entry here and fails. What lies elsewhere is answered like what nobody has.
"""

from __future__ import annotations

import httpx
import pytest

from gisland.registry.acts import ACTS
from gisland.registry.kinds import KINDS, Kind
from tests.security import test_matrix
from tests.security.acts import SAID, body_of, path_of
from tests.security.test_matrix import (
    ABSENT,
    PEOPLE,
    READ,
    WHY,
    WRITE,
    Place,
    World,
    _without_numbers,
    may,
    refused,
)

world = test_matrix.world

# For each kind the field of a place that has its id.
ID = {name: name for name in KINDS} | {"unit": "ward"}
# Acts on a record of which an own one would change the world for the tests that follow.
LASTING = {"undo", "historic"}


def alike(hidden: httpx.Response, absent: httpx.Response) -> bool:
    """Whether two answers say the same: status, body and headers."""
    same = hidden.status_code == absent.status_code and hidden.headers.keys() == absent.headers.keys()
    return same and _without_numbers(hidden) == _without_numbers(absent)


def reads(who: str) -> bool:
    return any(may(who, READ, name) for name in test_matrix.REACH["admin"])


def test_every_kind_and_every_act_has_its_entry() -> None:
    assert {kind for kind in KINDS if not hasattr(ABSENT, ID[kind])} == set()
    assert SAID.keys() == ACTS.keys()


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", ACTS)
def test_each_act(world: World, who: str, name: str) -> None:
    """Whoever may do it hears that the record was changed meanwhile: no version is theirs. Others hear nothing."""
    client = world.clients[who]
    writes = any(may(who, WRITE, place) for place in world.places)
    absent = client.post(path_of(name, ABSENT), json=body_of(name, ABSENT))
    assert absent.status_code == (404 if writes else refused(who)), absent.text
    for where, place in world.places.items():
        if may(who, WRITE, where) and name in LASTING:
            continue
        answer = client.post(path_of(name, place), json=body_of(name, place))
        if not writes:
            assert answer.status_code == refused(who)
        elif may(who, WRITE, where):
            assert answer.status_code == 412, answer.text
        else:
            assert alike(answer, absent), (answer.text, absent.text)


PATCHED = [kind for kind in KINDS.values() if kind.writable]


@pytest.mark.parametrize("kind", PATCHED, ids=lambda kind: kind.name)
def test_a_patch_tells_nothing_of_another_ward(world: World, kind: Kind) -> None:
    """With and without the state that was seen, and whatever state it is; what all may read they may not change."""
    client = world.clients["registrar"]
    address = f"/api/v1/{kind.path}/{getattr(world.places['B1'], ID[kind.name])}"
    seen = client.get(address)
    if seen.status_code == 200:
        body = {"change": WHY, "name": "Khác"}
        answer = client.patch(address, json=body, headers={"If-Match": seen.headers["ETag"]})
        assert answer.status_code == 422, answer.text
        assert client.get(address).json() == seen.json()
        return
    for headers in ({}, {"If-Match": '"1-00000000"'}, {"If-Match": "*"}):

        def patch(place: Place, headers: dict[str, str] = headers) -> httpx.Response:
            path = f"/api/v1/{kind.path}/{getattr(place, ID[kind.name])}"
            return client.patch(path, json={"change": WHY}, headers=headers)

        assert alike(patch(world.places["B1"]), patch(ABSENT))


def test_a_reveal_and_a_document_tell_nothing_of_another_ward(world: World) -> None:
    client, own = world.clients["registrar"], world.places["A1"]

    def reveal(place: Place) -> httpx.Response:
        return client.post(f"/api/v1/holders/{place.holder}/reveal", json=WHY)

    def resting_on(place: Place) -> httpx.Response:
        body = body_of("renumber", own, document_id=place.document)
        body["version"] = client.get(f"/api/v1/parcels/{own.parcel}").json()["version"]
        return client.post(path_of("renumber", own), json=body)

    for ask in (reveal, resting_on):
        hidden, absent = ask(world.places["B1"]), ask(ABSENT)
        assert hidden.status_code == 404, hidden.text
        assert alike(hidden, absent)
