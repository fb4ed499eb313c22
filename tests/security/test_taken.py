"""What is taken in another ward is refused like what is free there, for each unique key of the registry.

A key that comes new has no entry here and fails. A unique index is asked before a foreign key is: a policy has to be
asked before both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest

from gisland.database import Role, Scope, conninfo, run
from gisland.registry.refusals import TAKEN
from tests.registry.conftest import square
from tests.security import test_matrix
from tests.security.test_matrix import WHY, Place, World
from tests.security.test_matrix_kinds import alike

world = test_matrix.world

FREE = "77"
FOREIGN = "wzzzzzzzzzz0"


class Probe(NamedTuple):
    """What a registrar of ward A asks for, about what is taken in ward B and about what is free there."""

    path: str
    taken: dict[str, Any]
    free: dict[str, Any]


def _units(_: Place, other: Place) -> list[Probe]:
    unit = {"level": "ward", "name": "Thử", "srid": 9210}
    return [Probe("units", unit | {"code": other.code}, unit | {"code": "29999"})]


def _groups(_: Place, other: Place) -> list[Probe]:
    group = {"ward_id": other.ward, "name": "Tổ thử"}
    return [Probe("groups", group | {"code": other.group_code}, group | {"code": FREE})]


def _sheets(own: Place, other: Place) -> list[Probe]:
    sheet = {"ward_id": other.ward, "scale": 500, "srid": 9210}
    moved = {"version": 1, "ward_code": other.code}
    return [
        Probe("sheets", sheet | {"sheet_no": "7"}, sheet | {"sheet_no": FREE}),
        Probe(f"sheets/{own.sheet}/move", moved | {"sheet_no": "7"}, moved | {"sheet_no": FREE}),
    ]


def _numbers(_: Place, other: Place) -> list[Probe]:
    parcel = {"map_sheet_id": other.sheet, "geometry": square(596_000)}
    return [Probe("parcels", parcel | {"parcel_no": "1"}, parcel | {"parcel_no": FREE})]


def _codes(_: Place, other: Place) -> list[Probe]:
    parcel = {"map_sheet_id": other.sheet, "parcel_no": FREE, "geometry": square(596_000)}
    return [Probe("parcels", parcel | {"parcel_code": FOREIGN}, parcel | {"parcel_code": FOREIGN.replace("0", "1")})]


def _holdings(own: Place, other: Place) -> list[Probe]:
    right = {"parcel_id": other.parcel, "holder_id": other.holder}
    return [
        Probe(
            "holdings",
            right | {"ward_id": place.ward, "role": "certificate_holder"},
            right | {"ward_id": place.ward, "role": "current_user"},
        )
        for place in (own, other)
    ]


def _undone(_: Place, other: Place) -> list[Probe]:
    return [Probe(f"changes/{other.change}/undo", {}, {}), Probe(f"changes/{other.change + 999_999}/undo", {}, {})]


ONE_RECORD = "the rows of a record's own list, which is asked for by its id"
OWN_ID = "it begins with the record's own id, which nobody chooses"
# Asked of the database, as the application might: no request says a hash. What numbers and codes parcels, sheets and
# groups have is in the public layers.
STATEMENTS: dict[str, list[str]] = {
    "document_content": [
        (
            "INSERT INTO registry.document (ward_id, kind, content_hash, created_by)"
            " VALUES ({other.ward}, 'contract', '{hash}', {own.change})"
        ),
        "UPDATE registry.document SET ward_id = {other.ward}, content_hash = '{hash}' WHERE id = {own.document}",
    ],
    "holding_once": [
        (
            "INSERT INTO registry.holding (ward_id, parcel_id, holder_id, role, created_by)"
            " VALUES ({own.ward}, {other.parcel}, {other.holder}, '{role}', {own.change})"
        ),
        (
            "UPDATE registry.holding SET ward_id = {other.ward}, parcel_id = {other.parcel}, holder_id ="
            " {other.holder}, role = '{role}' WHERE id = {own.holding}"
        ),
    ],
}
VALUES = [
    {"hash": r"\x" + "ab" * 32, "role": "certificate_holder"},
    {"hash": r"\x" + "cd" * 32, "role": "current_user"},
]
PROBES: dict[str, Callable[[Place, Place], list[Probe]] | str] = {
    "unit_current_code": _units,
    "residential_group_ward_id_code_key": _groups,
    "map_sheet_ward_id_old_ward_code_sheet_no_scale_key": _sheets,
    "parcel_number_on_sheet": _numbers,
    "parcel_parcel_code_key": _codes,
    "holding_once": _holdings,
    "document_content": "see STATEMENTS",
    "change_undoes_key": _undone,
    "land_use_parcel_id_seq_key": ONE_RECORD,
    "parcel_number_parcel_id_series_old_ward_code_sheet_no_parce_key": ONE_RECORD,
    "asset_parcel_asset_id_parcel_id_key": ONE_RECORD,
    "certificate_asset_certificate_id_asset_id_key": ONE_RECORD,
    "certificate_parcel_certificate_id_parcel_id_paper_sheet_no__key": ONE_RECORD,
    "document_link_document_id_parcel_id_asset_id_holder_id_cert_key": ONE_RECORD,
    "parcel_lineage_ancestor_id_descendant_id_key": ONE_RECORD,
    "unit_successor_predecessor_id_successor_id_key": ONE_RECORD,
    "parcel_id_ward_id_key": OWN_ID,
    "map_sheet_id_srid_key": OWN_ID,
    "map_sheet_id_ward_id_key": OWN_ID,
    "residential_group_id_ward_id_key": OWN_ID,
}


def test_every_unique_key_has_its_entry() -> None:
    assert PROBES.keys() == TAKEN.keys()
    assert STATEMENTS.keys() <= PROBES.keys()


@pytest.fixture(scope="module", autouse=True)
def taken(world: World) -> None:
    """A code, a content and an undoing in ward B."""
    other = world.places["B1"]

    def fill(connection: psycopg.Connection) -> None:
        connection.execute(
            "UPDATE registry.parcel SET parcel_code = %s, parcel_code_method = NULL WHERE id = %s",
            [FOREIGN, other.parcel],
        )
        connection.execute(
            "UPDATE registry.document SET content_hash = %s WHERE id = %s", [VALUES[0]["hash"], other.document]
        )
        connection.execute(
            "INSERT INTO registry.change (ward_id, kind, reason, by, undoes) SELECT ward_id, 'undo', reason, by, id"
            " FROM registry.change WHERE id = %s",
            [other.change],
        )

    run(world.settings, fill)


@pytest.mark.parametrize("who", ["registrar", "mixed"])
@pytest.mark.parametrize("key", [key for key, probes in PROBES.items() if callable(probes)])
def test_what_is_taken_elsewhere_is_answered_like_what_is_free(world: World, key: str, who: str) -> None:
    find = PROBES[key]
    assert callable(find)
    client = world.clients[who]

    def ask(path: str, body: dict[str, Any]) -> httpx.Response:
        return client.post(f"/api/v1/{path}", json={"change": WHY} | body)

    answers = []
    for probe in find(world.places["A1"], world.places["B1"]):
        hidden, free = ask(probe.path, probe.taken), ask(probe.path, probe.free)
        assert hidden.status_code in {403, 404, 422}, hidden.text
        assert alike(hidden, free), (hidden.text, free.text)
        answers.append(hidden)
    if find is _undone:
        assert alike(*answers)


@pytest.mark.parametrize("key", STATEMENTS)
def test_the_database_refuses_what_is_taken_elsewhere_like_what_is_free(world: World, key: str) -> None:
    own, other = world.places["A1"], world.places["B1"]
    scope = Scope(wards=frozenset({own.ward}))
    for statement in STATEMENTS[key]:
        refused = []
        for values in VALUES:
            with psycopg.connect(conninfo(world.settings, Role.APP, scope=scope)) as connection:
                with pytest.raises(psycopg.Error) as error:
                    connection.execute(statement.format(own=own, other=other, **values).encode())
                connection.rollback()
            refused.append((error.value.sqlstate, error.value.diag.message_primary))
        assert refused[0] == refused[1], statement


def test_whoever_sees_both_is_told(world: World) -> None:
    """The keys above are taken: who may know it hears of it."""
    admin, (own, other) = world.clients["admin"], (world.places["A1"], world.places["B1"])
    for key in ("map_sheet_ward_id_old_ward_code_sheet_no_scale_key", "parcel_number_on_sheet", "holding_once"):
        find = PROBES[key]
        assert callable(find)
        probe = find(own, other)[-1 if key == "holding_once" else 0]
        answer = admin.post(f"/api/v1/{probe.path}", json={"change": WHY} | probe.taken)
        assert (answer.status_code, answer.json()["constraint"]) == (409, key), answer.text
