"""Search finds by any number, serial, id and name, says why, and keeps to its wards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from gisland.errors import UsageError
from gisland.registry import search_queries
from gisland.registry.search import SESSION, Hit, Kind, Match, plan, search
from gisland.security.mask import OF_PERSONS
from tests.factories import VAULT, make_change, make_holder, make_parcel, make_sheet, make_ward, one


@dataclass(frozen=True)
class City:
    """Two wards with a sheet 54 each."""

    connection: Connection
    ward: int
    other: int
    parcels: tuple[int, int]

    def find(self, text: str, **options: Any) -> list[tuple[Match, int]]:
        return [(hit.match, hit.id) for hit in self.hits(text, **options)]

    def hits(self, text: str, **options: Any) -> list[Hit]:
        return search(self.connection, text, VAULT, **{"held": OF_PERSONS} | options)

    def certificate(self, serial: str, parcel: int | None, sheet_no: str = "", parcel_no: str = "") -> int:
        query = """
            INSERT INTO registry.certificate (ward_id, serial, serial_key, created_by)
            VALUES (%s, %s, replace(%s, ' ', ''), %s) RETURNING id
        """
        change = make_change(self.connection, self.ward)
        made = int(one(self.connection, query, self.ward, serial, serial, change))
        self.connection.execute(
            "INSERT INTO registry.certificate_parcel (certificate_id, parcel_id, paper_sheet_no, paper_parcel_no)"
            " VALUES (%s, %s, %s, %s)",
            [made, parcel, sheet_no, parcel_no],
        )
        return made


@pytest.fixture
def city(undone_connection: Connection) -> City:
    wards = make_ward(undone_connection), make_ward(undone_connection, "11312")
    here, there = (
        make_parcel(undone_connection, ward, make_sheet(undone_connection, ward, "54"), "34") for ward in wards
    )
    return City(undone_connection, *wards, (here, there))


def test_a_parcel_by_its_number_in_each_ward(city: City) -> None:
    here, there = city.parcels
    assert city.find("tờ 54 thửa 34") == [(Match.EXACT, here), (Match.EXACT, there)]
    assert city.find("thửa 34") == [(Match.EXACT, here), (Match.EXACT, there)]
    assert city.find("thửa 35 tờ 54") == []
    assert city.hits("54/34")[0].label == "Tờ 54, thửa 34"


def test_sheets_of_one_number_are_told_apart(city: City) -> None:
    """By their scale and former ward, whichever number a parcel is found by; the label of others stays short."""
    here, there = city.parcels
    add = """
        INSERT INTO registry.map_sheet (ward_id, sheet_no, scale, old_ward_code, srid)
        VALUES (%s, '54', %s, %s, 9210) RETURNING id
    """
    for scale, former in ((1000, ""), (500, "11299")):
        sheet = int(one(city.connection, add, city.ward, scale, former))
        make_parcel(city.connection, city.ward, sheet, "34")
    city.certificate("AB 123456", here, "12", "7")
    labels = {hit.label for hit in city.hits("tờ 54 thửa 34", ward_id=city.ward)}
    assert labels == {f"Tờ 54, thửa 34 ({of})" for of in ("1:500", "1:1000", "1:500, 11299")}
    assert [hit.label for hit in city.hits("12/7")] == ["Tờ 54, thửa 34 (1:500)"]
    assert [hit.label for hit in city.hits("54/34", ward_id=city.other)] == ["Tờ 54, thửa 34"]
    assert there in [hit.id for hit in city.hits("54/34", ward_id=city.other)]


def test_numbers_and_parcels_are_many_to_many(city: City) -> None:
    """A parcel of two old ones, and an old one that became both of them."""
    here, there = city.parcels
    add = """
        INSERT INTO registry.parcel_number (ward_id, parcel_id, series, sheet_no, parcel_no, confidence)
        VALUES (%s, %s, 'map_299', '3', %s, %s)
    """
    for ward, parcel, number, confidence in (
        (city.ward, here, "120", 1),
        (city.ward, here, "121", 1),
        (city.other, there, "121", 0.5),
    ):
        city.connection.execute(add, [ward, parcel, number, confidence])
    assert city.find("tờ 3 thửa 120") == [(Match.OLD_NUMBER, here)]
    assert city.find("tờ 3 thửa 121") == [(Match.OLD_NUMBER, here), (Match.OLD_NUMBER, there)]


def test_two_numbers_in_the_other_order_are_listed_and_said_to_be(city: City) -> None:
    reverse = make_parcel(city.connection, city.ward, make_sheet(city.connection, city.ward, "34"), "54")
    assert city.find("54/34", ward_id=city.ward) == [(Match.EXACT, city.parcels[0]), (Match.OTHER_ORDER, reverse)]
    assert city.find("tờ 54 thửa 34", ward_id=city.ward) == [(Match.EXACT, city.parcels[0])]


@pytest.mark.parametrize("text", ["tờ 54 thửa 34", "thửa 34", "12/7", "nguyễn văn thử", "AB 123456", "999085000123"])
def test_wards_out_of_scope_are_never_shown(city: City, text: str) -> None:
    make_holder(city.connection, city.ward, national_id="999085000123")
    city.certificate("AB 123456", city.parcels[0], "12", "7")
    assert city.hits(text, ward_ids=[city.ward])
    assert {hit.ward_id for hit in city.hits(text, ward_ids=[city.ward])} == {city.ward}
    assert {hit.ward_id for hit in city.hits(text, ward_ids=[city.other])} <= {city.other}
    assert city.hits(text, ward_ids=[]) == []
    assert city.hits(text, ward_ids=[city.other], ward_id=city.ward) == []


def test_a_parcel_by_each_of_its_numbers_with_source_and_confidence(city: City) -> None:
    here, there = city.parcels
    city.connection.execute(
        "INSERT INTO registry.parcel_number"
        "       (ward_id, parcel_id, series, sheet_no, parcel_no, scale, source, confidence)"
        " VALUES (%s, %s, 'map_299', '3', '120', 1000, 'sổ mục kê', 0.6),"
        "        (%s, %s, 'map_1994', '3', '120', 0, '', 0.9)",
        [city.ward, here, city.other, there],
    )
    first, second = city.hits("tờ 3 thửa 120")
    assert (first.match, first.id, first.source, first.confidence) == (Match.OLD_NUMBER, there, "map_1994", 0.9)
    assert (second.id, second.source, second.confidence) == (here, "map_299 · 1:1000 · sổ mục kê", 0.6)
    assert second.label == "Tờ 54, thửa 34"
    assert city.find("thửa 120") == [(Match.OLD_NUMBER, there), (Match.OLD_NUMBER, here)]


def test_a_parcel_by_the_number_on_paper_or_the_certificate_while_it_is_not_found(city: City) -> None:
    city.certificate("AB 123456", city.parcels[0], "12", "7")
    lost = city.certificate("AB 123457", None, "12", "7")
    found = {(hit.match, hit.kind, hit.id, hit.source) for hit in city.hits("12/7")}
    assert found == {
        (Match.PAPER_NUMBER, Kind.PARCEL, city.parcels[0], "AB 123456"),
        (Match.PAPER_NUMBER, Kind.CERTIFICATE, lost, "AB 123457"),
    }


def test_a_parcel_found_by_two_of_its_numbers_is_listed_once_by_the_surer(city: City) -> None:
    city.certificate("AB 123456", city.parcels[0], "54", "34")
    assert city.find("54/34", ward_id=city.ward) == [(Match.EXACT, city.parcels[0])]


def test_a_retired_parcel_is_found_and_said_to_be_retired(city: City) -> None:
    here, there = city.parcels
    city.connection.execute("UPDATE registry.parcel SET retired_by = created_by WHERE id = %s", [here])
    assert [(hit.id, hit.retired) for hit in city.hits("tờ 54 thửa 34")] == [(there, False), (here, True)]


def test_a_parcel_by_its_code(city: City) -> None:
    code = "UPDATE registry.parcel SET parcel_code = 'w7er4grxv4kb' WHERE id = %s"
    city.connection.execute(code, [city.parcels[1]])
    assert city.find("W7ER4GRXV4KB") == [(Match.EXACT, city.parcels[1])]


def test_a_certificate_by_its_serial_however_typed(city: City) -> None:
    plain = city.certificate("DH 123456", None)
    stroked = city.certificate("ĐH 123456", None)
    assert city.find("đh123456") == [(Match.EXACT, stroked), (Match.ACCENTLESS, plain)]
    assert city.find("dh 123 456") == [(Match.EXACT, plain), (Match.ACCENTLESS, stroked)]
    assert city.find("DH 123457") == []


def test_a_holder_by_id_shown_masked(city: City) -> None:
    holder = make_holder(city.connection, city.ward, national_id="999085000123")
    (hit,) = city.hits("999 085 000 123")
    assert (hit.match, hit.id) == (Match.EXACT, holder)
    assert hit.label == "Nguyễn Văn Thử · 999*****0123"
    assert city.find("999085000124") == []


def test_zeros_that_a_spreadsheet_lost_are_said_to_be_added(city: City) -> None:
    holder = make_holder(city.connection, city.ward, national_id="009990000001")
    assert city.find("9990000001") == [(Match.PADDED, holder)]


def test_an_id_within_a_name_is_masked(city: City) -> None:
    make_holder(city.connection, city.ward, "Nguyễn Văn Thử 999085000123")
    assert "085000" not in city.hits("nguyen van thu")[0].label


def test_names_come_surest_first_and_in_the_order_of_the_alphabet(city: City) -> None:
    def add(name: str) -> int:
        return make_holder(city.connection, city.ward, name)

    typo, part, prefix, accents = add("Trần Thị Lam"), add("Lê Trần Thị Lan"), add("Trần Thị Lanh"), add("Trần Thị Lân")
    exact, others = add("Trần Thị Lan"), [add("Trần Thị Lấn"), add("Trần Thị Lán")]
    assert city.find("Bà TRẦN THỊ LAN") == [
        (Match.EXACT, exact),
        (Match.ACCENTLESS, others[1]),
        (Match.ACCENTLESS, accents),
        (Match.ACCENTLESS, others[0]),
        (Match.PART, part),
        (Match.PART, prefix),
        (Match.TYPO, typo),
    ]


@pytest.mark.parametrize(
    ("typed", "match"),
    [
        ("Nguyễn Văn Thử", Match.EXACT),
        ("nguyễn văn thử", Match.EXACT),
        ("Ông Nguyễn Văn Thử", Match.EXACT),
        ("nguyen van thu", Match.ACCENTLESS),
        ("Nguyễn Văn Thứ", Match.ACCENTLESS),
        ("nguyenvanthu", Match.ACCENTLESS),
        ("nguyen vanthu", Match.ACCENTLESS),
        ("thử", Match.PART),
        ("van thu", Match.PART),
        ("nguyen van t", Match.PART),
        ("ngyuen van thu", Match.TYPO),
        ("nguyen van thi", Match.TYPO),
        ("nguyenn van thu", Match.TYPO),
        ("nguyen vn thu", Match.TYPO),
    ],
)
def test_a_name_however_typed(city: City, typed: str, match: Match) -> None:
    holder = make_holder(city.connection, city.ward, "Nguyễn Văn Thử")
    assert city.find(typed) == [(match, holder)]


@pytest.mark.parametrize("typed", ["ngyuen vn thu", "trần văn thử", "nguyen van thanh"])
def test_two_typos_are_another_name(city: City, typed: str) -> None:
    make_holder(city.connection, city.ward, "Nguyễn Văn Thử")
    assert city.find(typed) == []


def test_a_name_changed_by_hand_is_found_anew_and_never_called_exact_by_its_old_key(city: City) -> None:
    holder = make_holder(city.connection, city.ward, "Nguyễn Văn Thử")
    city.connection.execute("UPDATE registry.holder SET full_name = 'Đặng Quốc Ấn' WHERE id = %s", [holder])
    assert city.find("dang quoc an") == [(Match.ACCENTLESS, holder)]
    assert city.find("Nguyễn Văn Thử") == []
    city.connection.execute("UPDATE registry.holder SET name_key = 'đặng quốc an' WHERE id = %s", [holder])
    assert city.find("Đặng Quốc An") == [(Match.ACCENTLESS, holder)]


def test_only_the_kinds_that_are_wanted_and_no_more_than_the_limit(city: City) -> None:
    city.certificate("AB 123457", None, "54", "34")
    assert {hit.kind for hit in city.hits("54/34")} == {Kind.PARCEL, Kind.CERTIFICATE}
    assert {hit.kind for hit in city.hits("54/34", kinds=[Kind.CERTIFICATE])} == {Kind.CERTIFICATE}
    assert city.hits("54/34", kinds=[Kind.HOLDER]) == []
    assert len(city.hits("54/34", limit=1)) == 1


def test_a_search_that_takes_too_long_is_refused(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "SELECT pg_sleep(3) {ward}"
    monkeypatch.setattr(search_queries, "HOLDER_BY_NAME", slow)
    with pytest.raises(UsageError, match="too broad"):
        city.hits("nguyen van thu")


def test_no_statement_reads_a_table_from_end_to_end(undone_connection: Connection) -> None:
    undone_connection.execute(SESSION)
    texts = ["tờ 54 thửa 34", "54/34", "thửa 34", "AB 123456", "w7er4grxv4kb", "999085000123", "nguyen van thu"]
    for text in texts:
        for lookup in plan(text, VAULT, [1], frozenset(Kind), 20, OF_PERSONS):
            explain = f"EXPLAIN {lookup.statement}".encode()
            told = "\n".join(line for (line,) in undone_connection.execute(explain, lookup.parameters))
            assert "Seq Scan" not in told


def test_the_application_cannot_touch_the_names(undone_connection: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        undone_connection.execute("DELETE FROM search.name")
