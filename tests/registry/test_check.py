"""The registry is examined: what is wrong and what is odd is found, named and countable; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from gisland.database import EVERYWHERE, Role, Scope, connect, current_scope, scope
from gisland.database.scope import SET_SCOPE
from gisland.kit.identifiers import NationalId, parse_organisation_id, parse_personal_id
from gisland.registry.check import CHECKS, SQL, Finding, Sort, check
from gisland.registry.codes import load_codes
from gisland.registry.kinds import KINDS
from gisland.registry.records import etag, read
from gisland.registry.writing import Clerk, patch
from gisland.security.crypto import IdVault
from tests.factories import VAULT, make_change, make_holder, make_holding, one
from tests.registry.conftest import Api
from tests.registry.land import HALVES, Land
from tests.registry.test_record_commands import Run, gisland

__all__ = ["gisland"]


def found(land: Land, ward: int | None = None) -> dict[str, Finding]:
    """What is the matter, by check."""
    # One session for all scopes: each new one plans all checks anew.
    with scope(EVERYWHERE):
        connection = land.reading(Role.APP)
    with connection.transaction():
        connection.execute(SET_SCOPE, current_scope().values())
        findings = check(connection, load_codes(land.settings), VAULT, ward_id=ward)
    assert [each.check for each in findings] == list(CHECKS)
    return {each.check: each for each in findings if each.count}


def add(land: Land, table: str, **values: Any) -> int:
    def work(connection: Connection) -> int:
        owned = {"created_by": make_change(connection, land.ward)} if table not in ("land_use", "restriction") else {}
        given = owned | values
        names, places = ", ".join(given), ", ".join(["%s"] * len(given))
        return int(
            one(connection, f"INSERT INTO registry.{table} ({names}) VALUES ({places}) RETURNING id", *given.values())
        )

    made: int = land.do(work)
    return made


def unguarded(land: Land, *statements: str) -> None:
    """What a session does that switched the triggers of a rule off."""
    with connect(land.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        rules = ["parcel.in_force", "certificate.in_force", "holding.shares", "holding.ends_as_corrected"]
        tables = [rule.split(".") for rule in rules]
        for table, trigger in tables:
            connection.execute(f"ALTER TABLE registry.{table} DISABLE TRIGGER {trigger}".encode())
        change = make_change(connection, land.ward, "retire")
        for statement in statements:
            connection.execute(statement.format(change=change).encode())
        for table, trigger in tables:
            connection.execute(f"ALTER TABLE registry.{table} ENABLE TRIGGER {trigger}".encode())


@pytest.fixture
def sound(land: Land) -> Land:
    """Land with which nothing is the matter."""
    with connect(land.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute("UPDATE registry.parcel SET parcel_code = ST_GeoHash(ST_Centroid(geom_4326), 12)")
    return land


def test_nothing_is_found_where_nothing_is_the_matter(sound: Land) -> None:
    assert found(sound) == {}
    sound.split(*HALVES, land_uses=())
    assert found(sound) == {}


def test_what_is_in_force_on_what_is_retired(sound: Land) -> None:
    mortgage = add(sound, "restriction", ward_id=sound.ward, parcel_id=sound.west, kind="mortgage")
    unguarded(sound, f"UPDATE registry.parcel SET retired_by = {{change}} WHERE id = {sound.west}")
    told = found(sound)
    assert told.keys() == {"right_on_retired", "restriction_on_retired"}
    assert all(each.sort is Sort.WRONG for each in told.values())
    (case,) = told["restriction_on_retired"].examples
    assert (case.kind, case.id, case.ward_id, case.note) == (
        "restriction",
        mortgage,
        sound.ward,
        f"parcel {sound.west}",
    )
    assert told["right_on_retired"].examples[0].kind == "holding"
    # What has ended by its own date is history.
    unguarded(sound, "UPDATE registry.restriction SET valid_to = '2020-01-01'")
    assert "restriction_on_retired" not in found(sound)


def test_shares_and_lost_lines(sound: Land) -> None:
    unguarded(sound, f"UPDATE registry.holding SET share_num = 1, share_den = 2 WHERE parcel_id = {sound.east}")
    sound.split(*HALVES, land_uses=())
    unguarded(sound, "DELETE FROM registry.parcel_lineage")
    told = found(sound)
    assert {name: [case.id for case in each.examples] for name, each in told.items()} == {
        "shares_not_whole": [sound.east],
        "line_is_lost": [sound.west],
    }


def certificate(land: Land, serial: str = "AA 00000001", key: str = "AA00000001") -> int:
    return add(land, "certificate", ward_id=land.ward, serial=serial, serial_key=key)


def odd_certificate(land: Land) -> int:
    paper = certificate(land)
    land.do(lambda c: c.execute("UPDATE registry.holding SET certificate_id = %s", [paper]))
    unguarded(land, f"UPDATE registry.certificate SET retired_by = {{change}} WHERE id = {paper}")
    return 1


def unfound_parcel(land: Land) -> int:
    query = "INSERT INTO registry.certificate_parcel (certificate_id, paper_parcel_no) VALUES (%s, '7')"
    paper = certificate(land)
    land.do(lambda c: c.execute(query, [paper]))
    return paper


def stale_certificate(land: Land) -> int:
    query = "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id) VALUES (%s, %s)"
    paper = certificate(land)
    land.do(lambda c: c.execute(query, [paper, land.west]))
    unguarded(
        land,
        "UPDATE registry.holding SET retired_by = {change}",
        f"UPDATE registry.parcel SET retired_by = {{change}} WHERE id = {land.west}",
    )
    return paper


def twin_serials(land: Land) -> int:
    certificate(land)
    return certificate(land) - 1


def expired(land: Land) -> int:
    """Its day was one to come when it was written."""
    query = "UPDATE registry.holding SET valid_to = current_date + 1 WHERE parcel_id = %s RETURNING id"
    right = int(land.do(lambda c: one(c, query, land.west)))
    unguarded(land, f"UPDATE registry.holding SET valid_to = current_date WHERE id = {right}")
    return right


def former_ward(land: Land) -> int:
    unguarded(land, "UPDATE registry.unit SET valid_to = current_date")
    return land.west


def one_id_for_two(land: Land) -> int:
    def work(connection: Connection) -> None:
        make_holding(connection, land.ward, land.east, make_holder(connection, land.ward, "Ai", "999190000001"))

    land.do(work)
    return land.holder


def without_code(land: Land) -> int:
    land.do(lambda c: c.execute("UPDATE registry.parcel SET parcel_code = NULL WHERE id = %s", [land.east]))
    return land.east


def unlike_areas(land: Land) -> int:
    """By less than what the map is accurate to."""
    land.do(lambda c: c.execute("UPDATE registry.parcel SET legal_area_m2 = 99 WHERE id = %s", [land.east]))
    return land.east


def area_of_another_survey(land: Land) -> int:
    """At 1:500, 100 m² may be off by 1.4 m²; where the scale is not known, by 1 m²."""
    land.do(lambda c: c.execute("DELETE FROM registry.land_use"))
    for legal, scale in (("98.7", 500), ("101.3", 500), ("101.0", 0), ("103.0", 1000), ("101.5", 500)):
        land.do(partial(Connection.execute, query="UPDATE registry.map_sheet SET scale = %s", params=[scale]))
        query = "UPDATE registry.parcel SET legal_area_m2 = %s WHERE id = %s"
        land.do(partial(Connection.execute, query=query, params=[legal, land.west]))
        assert found(land).keys() == ({"area_not_as_on_paper"} if legal == "101.5" else set())
    return land.west


def drawn_over(land: Land) -> int:
    """The eastern parcel reaches 5 cm into the western one; 1 cm is how two surveys draw one boundary."""
    query = "UPDATE registry.parcel SET geom = ST_Translate(geom, %s, 0) WHERE id = %s"
    for metres in (-0.01, -0.04):
        assert found(land) == {}
        land.do(partial(Connection.execute, query=query, params=[metres, land.east]))
    return land.west


def unknown_type(land: Land) -> int:
    add(land, "land_use", parcel_id=land.west, seq=2, land_type="Đất vườn")
    return land.west


def unknown_kind(land: Land) -> int:
    """A code, its name and another word for it are known; the name of a field of another program is not."""
    for text in ("HD", "Hợp đồng chuyển nhượng", "giấy chứng nhận"):
        add(land, "document", ward_id=land.ward, kind=text)
    add(land, "restriction", ward_id=land.ward, parcel_id=land.west, kind="Thế chấp")
    certificate(land)
    assert found(land) == {}
    return add(land, "document", ward_id=land.ward, kind="contract")


def stale_key(land: Land) -> int:
    """Somebody corrected a serial by SQL."""
    return certificate(land, "AA 00000009", "AA00000008")


def odd_serial(land: Land) -> int:
    return certificate(land, "A0 12345O", "A012345O")


def odd_certificate_code(land: Land) -> int:
    for code in ("", "T33100000123", "H2 31.00000124"):
        add(land, "certificate", ward_id=land.ward, gcn_code=code)
    return add(land, "certificate", ward_id=land.ward, gcn_code="T4 31 00000125")


def code_of_another_place(land: Land) -> int:
    """A code 30 m off is that of a boundary that moved; one 100 m off is another parcel's."""
    for parcel, metres in ((land.west, 30), (land.east, 110)):
        query = """
            UPDATE registry.parcel SET parcel_code = ST_GeoHash(ST_Translate(ST_Centroid(geom_4326), 0, %s / 111e3), 12)
             WHERE id = %s
        """
        land.do(partial(Connection.execute, query=query, params=(metres, parcel)))
    return land.east


def rural_code(land: Land) -> int:
    """A ward may be called without saying what it is: then nothing is said."""
    for name, code in (("Phường Thử", "ODT"), ("Đặc khu Thử", "ONT"), ("Thử", "ONT"), ("PHƯỜNG Thử", "ONT")):
        unguarded(
            land, f"UPDATE registry.unit SET name = '{name}'", f"UPDATE registry.land_use SET land_type = '{code}'"
        )
        if (name, code) != ("PHƯỜNG Thử", "ONT"):
            assert found(land) == {}
    return land.west


def odd_id(land: Land) -> int:
    """The id says a woman born in 1990."""
    query = "UPDATE registry.holder SET gender = %s, birth_year = %s"
    for gender, year in (("female", 1990), (None, None), ("male", 1990)):
        land.do(partial(Connection.execute, query=query, params=(gender, year)))
        if gender != "male":
            assert found(land) == {}
    return land.holder


def loose_flat(land: Land) -> int:
    flat = add(land, "asset", ward_id=land.ward, kind="apartment", number="305")
    query = "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)"
    land.do(lambda c: c.execute(query, [flat, land.west]))
    return flat


def part_of_what_is_gone(land: Land) -> int:
    house = add(land, "asset", ward_id=land.ward, kind="apartment_building")
    part = add(land, "asset", ward_id=land.ward, kind="apartment", parent_id=house)
    unguarded(land, f"UPDATE registry.asset SET retired_by = {{change}} WHERE id = {house}")
    return part


def wide_house(land: Land) -> int:
    house = add(land, "asset", ward_id=land.ward, kind="house", footprint_m2=500)
    link = "INSERT INTO registry.asset_parcel (asset_id, parcel_id) VALUES (%s, %s)"
    land.do(lambda c: c.execute(link, [house, land.west]))
    return house


def drawn_elsewhere(land: Land) -> int:
    """A group with an extent that the western parcel lies beyond, and the eastern one within."""

    def work(connection: Connection) -> None:
        for parcel, metres in ((land.west, 500), (land.east, 0)):
            query = """
                WITH drawn AS (
                    INSERT INTO registry.residential_group (ward_id, code, name, geom_4326)
                    SELECT ward_id, id::text, 'Tổ', ST_Multi(ST_Translate(geom_4326, %s / 111e3, 0))
                      FROM registry.parcel WHERE id = %s RETURNING id)
                UPDATE registry.parcel SET residential_group_id = drawn.id FROM drawn WHERE parcel.id = %s
            """
            connection.execute(query, [metres, parcel, parcel])

    land.do(work)
    return land.west


ODD: dict[str, Callable[[Land], int]] = {
    "right_under_retired_certificate": odd_certificate,
    "past_its_day": expired,
    "certificate_without_parcel": unfound_parcel,
    "certificate_of_retired_parcels": stale_certificate,
    "serial_repeated": twin_serials,
    "serial_unusual": odd_serial,
    "certificate_code_unusual": odd_certificate_code,
    "flat_without_building": loose_flat,
    "part_of_retired": part_of_what_is_gone,
    "asset_on_nothing": lambda land: add(land, "asset", ward_id=land.ward, kind="house"),
    "asset_larger_than_its_land": wide_house,
    "parcel_outside_its_group": drawn_elsewhere,
    "parcels_overlap": drawn_over,
    "unknown_land_type": unknown_type,
    "unknown_code": unknown_kind,
    "residential_of_another_unit": rural_code,
    "uses_not_the_area": unlike_areas,
    "area_not_as_on_paper": area_of_another_survey,
    "parcel_without_code": without_code,
    "code_off_its_parcel": code_of_another_place,
    "parcel_in_former_ward": former_ward,
    "id_unusual": odd_id,
    "id_borne_by_several": one_id_for_two,
    "key_stale": stale_key,
    "holder_of_nothing": lambda land: land.do(lambda c: make_holder(c, land.ward, "Ai đó")),
}


@pytest.mark.parametrize("name", ODD)
def test_what_reality_breaks_is_odd_and_nothing_else(sound: Land, name: str) -> None:
    record = ODD[name](sound)
    told = found(sound)
    assert told.keys() == {name}
    assert told[name].sort is Sort.ODD
    assert told[name].examples[0].id == record
    # Of another ward, and to whoever does not reach this one, it says nothing.
    assert found(sound, sound.ward + 1) == {}
    with scope(Scope(wards=frozenset({sound.ward + 1}))):
        assert found(sound) == {}


def test_each_text_with_a_code_list_is_examined(sound: Land) -> None:
    add(sound, "restriction", ward_id=sound.ward, parcel_id=sound.west, kind="pledge")
    add(sound, "certificate", ward_id=sound.ward, kind="sổ hồng")
    add(sound, "land_use", parcel_id=sound.west, seq=2, land_type="CLN", origin="cha truyền", use_form="Riêng")
    add(sound, "land_use", parcel_id=sound.west, seq=3, land_type="CLN", origin="CNQ-CTT", use_form="một mình")
    told = found(sound)
    assert {case.note for case in told["unknown_code"].examples} == {
        "restriction_kinds: pledge",
        "certificate_kinds: sổ hồng",
        "origins: cha truyền",
        "use_forms: một mình",
    }
    assert told["unknown_code"].count == 4


def test_a_key_is_made_anew_by_saying_the_text_again(land: Land) -> None:
    """Else the record is not found by what it says; nothing of the text stands in the finding."""
    rename = "UPDATE registry.holder SET full_name = 'Lê Thị Sửa' WHERE id = %s"
    land.do(lambda c: c.execute(rename, [land.holder]))
    (case,) = found(land)["key_stale"].examples
    assert (case.kind, case.id, case.note) == ("holder", land.holder, "name_key")
    kind, clerk = KINDS["holder"], Clerk("test", VAULT)
    current = land.do(lambda c: read(c, kind, land.holder))
    said = kind.patch.model_validate({"change": {"reason": "khoá cũ"}, "full_name": "Lê Thị Sửa"})
    written = land.do(lambda c: patch(c, kind, land.holder, said, clerk, if_match=etag(current)))
    assert written.record["version"] == current["version"] + 1
    assert "key_stale" not in found(land)
    # The same again changes nothing.
    again = land.do(lambda c: patch(c, kind, land.holder, said, clerk, if_match=etag(written.record)))
    assert again.version is None


HINTS = {"serial_unusual": "A0 12345O → AO 123450?", "unknown_land_type": "Đất vườn → CLN, HNK, ONT, ODT?"}


@pytest.mark.parametrize("name", HINTS)
def test_what_it_may_be_is_told(sound: Land, name: str) -> None:
    ODD[name](sound)
    assert found(sound)[name].examples[0].note == HINTS[name]


IDS = [
    # national id, gender, year of birth, organisation or not; what is odd
    ("999190000002", "male", 1991, False, "gender, birth_year"),
    ("999299000003", None, None, False, "future"),
    ("999070001", "female", 1950, False, ""),
    ("99907000", None, None, False, "shape"),
    ("0100112438", None, None, True, "check_digit"),
    ("0100112437-000", None, None, True, "branch"),
    ("0100112437", None, None, True, ""),
]


def test_ids_are_examined_and_not_told(sound: Land) -> None:
    """Those of persons and of organisations; in any number, the first of them are named."""
    expected = {}

    def work(connection: Connection) -> None:
        change = make_change(connection, sound.ward)
        for number, gender, year, organisation, odd in IDS:
            parsed = (parse_organisation_id if organisation else parse_personal_id)(number)
            assert parsed is not None
            sealed = VAULT.seal(parsed)
            query = """
                INSERT INTO registry.holder (ward_id, kind, full_name, name_key, id_kind, id_cipher, id_hash, id_masked,
                                             gender, birth_year, created_by)
                VALUES (%s, %s, 'Thử', 'thử', %s, %s, %s, %s, %s, %s, %s) RETURNING id
            """
            kind = "organisation" if organisation else "person"
            columns = [sound.ward, kind, sealed.kind, sealed.cipher, sealed.hash, sealed.masked, gender, year, change]
            holder = one(connection, query, *columns)
            if odd:
                expected[holder] = odd

    sound.do(work)
    told = found(sound)["id_unusual"]
    assert told.count == len(expected) == 5
    assert {case.id: case.note for case in told.examples} == expected
    text = told.model_dump_json()
    assert not any(number in text for number, *_ in IDS)


def test_an_id_that_does_not_open_is_told_and_hides_nothing(sound: Land) -> None:
    other = IdVault(bytes(range(32))).seal(NationalId("personal", "999070000001"))
    query = "UPDATE registry.holder SET id_cipher = %s WHERE id = %s"
    sound.do(lambda c: c.execute(query, [other.cipher, sound.holder]))
    told = found(sound)["id_unusual"]
    assert [(case.id, case.note) for case in told.examples] == [(sound.holder, "sealed")]


def test_every_check_is_tried_here() -> None:
    wrong = {"right_on_retired", "restriction_on_retired", "shares_not_whole", "line_is_lost"}
    assert CHECKS.keys() == SQL.keys() == ODD.keys() | wrong


def test_on_the_command_line(sound: Land, gisland: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "id.key"
    key.write_text(bytes(32).hex())
    key.chmod(0o600)
    monkeypatch.setenv("GISLAND_ID_KEY_FILE", str(key))
    assert gisland("check", "--strict").returncode == 0
    without_code(sound)
    odd = gisland("check", "--ward", "11311")
    assert (odd.returncode, "!       1  thửa chưa có mã định danh" in odd.stdout) == (0, True)
    assert f"parcel {sound.east}  (1/2)" in odd.stdout
    assert gisland("check", "--strict").returncode == 22
    unguarded(sound, f"UPDATE registry.parcel SET retired_by = {{change}} WHERE id = {sound.west}")
    wrong = gisland("check", "--json")
    assert wrong.returncode == 22
    assert {each["check"] for each in json.loads(wrong.stdout) if each["count"]} == {
        "right_on_retired",
        "parcel_without_code",
    }


def test_over_http(api: Api) -> None:
    ward = api.ward()
    holder = api.holder(ward)
    answer = api.client.get("findings", params={"ward_id": ward})
    assert answer.status_code == 200, answer.text
    assert [each["check"] for each in answer.json() if each["count"]] == ["holder_of_nothing"]
    parcel = api.parcel(ward)
    days = {"valid_from": str(date(1990, 1, 1)), "valid_to": str(date(2000, 1, 1))}
    api.post("holdings/historic", on={"parcel_id": parcel["id"]}, right={"holder_id": holder["id"]}, **days)
    assert [each for each in api.client.get("findings", params={"ward_id": ward}).json() if each["count"]] == []
    assert api.client.get("findings").status_code == 400
    assert api.client.get("findings", params={"ward_id": ward + 1000}).status_code == 404


def test_a_flat_is_entered_in_no_building_that_is_gone(api: Api) -> None:
    ward = api.ward()
    tower = api.make("assets", ward_id=ward, kind="apartment_building")
    flat = api.make("assets", ward_id=ward, kind="apartment")
    assert api.post(f"assets/{tower['id']}/retire", version=tower["version"]).status_code == 200
    refused = api.post("assets", ward_id=ward, kind="apartment", parent_id=tower["id"])
    assert (refused.status_code, refused.json()["asset"]) == (409, tower["id"])
    assert api.patch(f"assets/{flat['id']}", parent_id=tower["id"]).status_code == 409
