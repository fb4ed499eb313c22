"""The code lists are complete, agree with one another and with the database, and tell their mistakes at once."""

from __future__ import annotations

import re
import shutil
import typing
from enum import EnumType
from pathlib import Path

import pytest
from psycopg import Connection
from pydantic import BaseModel

from gisland.errors import NotFound, UsageError
from gisland.kit.text import clean_text
from gisland.registry.codes import CodeList, LegacyCode, load_codes
from gisland.registry.kinds import KINDS
from gisland.settings import Settings
from tests.factories import one

LISTS = load_codes(Settings()).lists
LAND = LISTS["land_types"]


def is_english(text: str) -> bool:
    """Whether no letter is one that English does not have."""
    return all(sign.isascii() for sign in text if sign.isalpha())


def entries(found: CodeList) -> list[typing.Any]:
    return [*found.codes, *found.legacy]


@pytest.mark.parametrize("name", LISTS)
def test_names_are_complete_in_both_languages(name: str) -> None:
    found = LISTS[name]
    assert is_english(found.title.en)
    for entry in entries(found):
        assert is_english(entry.en), entry.code
        assert clean_text(entry.vi) == entry.vi
        assert entry.note is None or is_english(entry.note.en), entry.code
    same = [entry.code for entry in found.codes if entry.vi == entry.en]
    # Names of provinces without accents are the same in both.
    assert not same or name == "id_provinces"


@pytest.mark.parametrize("name", LISTS)
def test_codes_are_unique_and_every_word_finds_its_entry(name: str) -> None:
    found = LISTS[name]
    codes = [entry.code for entry in entries(found)]
    assert len(codes) == len(set(codes))
    for entry in entries(found):
        assert all(found.look_up(word) is entry for word in entry.words), entry.code
        assert all(found.look_up(word.upper()) is entry for word in entry.words), entry.code


def test_legacy_codes_lead_to_codes_that_can_be_given() -> None:
    for old in LAND.legacy:
        assert all(LAND.get(code).selectable for code in old.current), old.code
        assert len(set(old.current)) == len(old.current)
        assert old.confidence in ("V", "V2", "R", "A")
        assert old.source or old.note, f"{old.code} does not say why"
    named = {"LUN", "BHK", "NHK", "DTS", "SKT", "SKX", "DSH", "DDT", "DDL", "DCK", "LNK", "RSN", "RST", "RSM"}
    assert named | {"2L", "1L", "T", "Vườn"} <= {old.code for old in LAND.legacy}


def test_nothing_ambiguous_is_mapped() -> None:
    for old in LAND.legacy:
        found = LAND.find(old.code)
        assert (found and found.code) == (old.current[0] if len(old.current) == 1 else None)
    mapped = {word for words in LAND.words.values() for word in words}
    for word in ("Đất vườn", "T", "DTS", "SKX", "Đất ở", "LUA", "Đất trồng lúa"):
        assert word not in mapped
    assert [code.code for code in LAND.candidates("Đất ở")] == ["ONT", "ODT"]
    assert [code.code for code in LAND.candidates("đất thổ cư")] == ["ONT", "ODT"]
    assert [code.code for code in LAND.candidates("CHN")] == ["LUC", "LUK", "HNK"]
    assert [code.code for code in LAND.candidates("BHK")] == ["HNK"]
    assert LAND.candidates("không có") == ()


def test_land_types_have_colours_and_groups() -> None:
    assert {code.code for code in LAND.codes if code.selectable and code.color is None} == set()
    assert {code.code for code in LAND.codes if code.group is None} == {"NNP", "PNN", "CSD"}
    groups = {code.group for code in LAND.codes} - {None}
    assert {code.code for code in LAND.codes if not code.selectable} == groups
    assert sum(code.selectable for code in LAND.codes) == 53
    assert isinstance(LAND.look_up("LUN"), LegacyCode)


def test_ids_of_other_systems() -> None:
    assert [code.code for code in LISTS["origins"].with_id("mplis", 12)] == ["CNQ-CTT"]
    assert {value for code in LISTS["origins"].codes for value in code.ids["mplis"]} == set(range(1, 17))
    kinds = {str(code.ids["mplis"][0]): code.code for code in LISTS["owner_kinds"].codes}
    assert kinds == {"0": "person", "1": "couple", "2": "household", "3": "organisation", "4": "community"}
    assert {value for code in LISTS["asset_kinds"].codes for value in code.ids["mplis"]} == set(range(7, 15))
    known = {1, 2, 3, 4, 5, 6, 7, 11, 17, 18, 19, 99}
    assert known <= {value for code in LISTS["certificate_kinds"].codes for value in code.ids["mplis"]}
    numbers = [code.ids["number"][0] for code in LISTS["verification_results"].codes]
    assert numbers == list(range(10))


def test_changes_without_a_kind_are_the_ones_known() -> None:
    covered = {value for code in LISTS["change_kinds"].codes for value in code.ids.get("change_codes", ())}
    left = {code.code for code in LISTS["change_codes"].codes} - covered
    assert left == {"CM", "TG", "GH"}
    assert [code.code for code in LISTS["change_kinds"].with_id("change_codes", "TN")] == ["split", "merge"]


def test_provinces_of_ids() -> None:
    provinces = LISTS["id_provinces"]
    assert len(provinces.codes) == 63
    assert provinces.get("031").vi == "Hải Phòng"
    assert [code.vi for code in provinces.with_id("province_2025", "31")] == ["Hải Dương", "Hải Phòng"]
    assert len({code.ids["province_2025"] for code in provinces.codes}) == 34


# Which column says a code of which list: the database refuses others, or `registry check` finds them.
REFUSED = {
    "asset_kinds": ("asset", "kind"),
    "change_kinds": ("change", "kind"),
    "owner_kinds": ("holder", "kind"),
    "parcel_number_series": ("parcel_number", "series"),
    "party_kinds": ("holding", "party"),
}
FOUND = {
    "certificate_kinds": ("certificate", "kind"),
    "document_kinds": ("document", "kind"),
    "land_types": ("land_use", "land_type"),
    "origins": ("land_use", "origin"),
    "restriction_kinds": ("restriction", "kind"),
    "use_forms": ("land_use", "use_form"),
}
# What other systems and forms say, results of a check, words of a form: no column of the registry.
NO_COLUMN = {"certificate_authorities", "change_codes", "id_provinces", "identifier_warnings", "land_user_classes"}
NO_COLUMN |= {"member_roles", "transfer_origins", "verification_results"}


def said_by(table: str) -> type[BaseModel]:
    """The class of what requests say of a table's rows."""
    classes = [each for kind in KINDS.values() for each in (kind.record, *kind.parts.values())]
    return next(each for each in classes if each.table == table)  # type: ignore[attr-defined]  # each names its table


def test_each_list_has_its_column_or_none() -> None:
    assert set(LISTS) == REFUSED.keys() | FOUND.keys() | NO_COLUMN


@pytest.mark.parametrize(("name", "table", "column"), [(name, *place) for name, place in REFUSED.items()])
def test_requests_take_these_codes(name: str, table: str, column: str) -> None:
    taken = said_by(table).model_fields[column].annotation
    codes = {each.value for each in taken} if isinstance(taken, EnumType) else set(typing.get_args(taken))
    assert codes == set(LISTS[name].by_code)


@pytest.mark.parametrize(("name", "table", "column"), [(name, *place) for name, place in (REFUSED | FOUND).items()])
def test_examples_say_codes(name: str, table: str, column: str) -> None:
    """What the document of the API shows is what there is."""
    examples = [(kind.record.table, kind.example) for kind in KINDS.values() if kind.writable]  # type: ignore[attr-defined]  # each names its table
    rows = {part.table: (kind, part_name) for kind in KINDS.values() for part_name, part in kind.parts.items()}
    examples += [(part, row) for part, (kind, said) in rows.items() for row in kind.example.get(said, [])]
    codes = [example[column] for where, example in examples if where == table and column in example]
    assert set(codes) <= set(LISTS[name].by_code)
    assert codes or name in {"change_kinds", "certificate_kinds", "party_kinds", "use_forms"}


@pytest.mark.parametrize(("name", "table", "column"), [(name, *place) for name, place in REFUSED.items()])
def test_the_database_takes_these_codes(app_connection: Connection, name: str, table: str, column: str) -> None:
    query = """SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = %s::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE %s"""
    rule = str(one(app_connection, query, f"registry.{table}", f"%(({column} = ANY%"))
    assert set(re.findall(r"'(\w+)'", rule)) == set(LISTS[name].by_code)


def test_evidence_takes_the_statuses_of_results(app_connection: Connection) -> None:
    query = """SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = 'verification.evidence'::regclass AND contype = 'c'
                  AND pg_get_constraintdef(oid) LIKE '%%((result = ANY%%'"""
    rule = str(one(app_connection, query))
    statuses = {value for code in LISTS["verification_results"].codes for value in code.ids["status"]}
    assert set(re.findall(r"'(\w+)'", rule)) == statuses - {"unsent"}


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(NotFound, match=r"no code 'LUX' — NNP, "):
        LAND.get("LUX")
    with pytest.raises(NotFound, match=r"no code list 'land' — asset_kinds, "):
        load_codes(Settings()).code_list("land")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("land_types.yml", "en: Agricultural land,", "", "codes/land_types.yml, field codes.0.en: Field required"),
        ("land_types.yml", "en: Agricultural land,", 'en: "",', "field codes.0.en: String should have at least 1"),
        ("land_types.yml", "{code: NNP,", "{code: NNP, colour: red,", "field codes.0.colour"),
        ("land_types.yml", '"#fffc8c"', "yellow", "field codes.3.color: String should match"),
        ("land_types.yml", "{code: LUK,", "{code: LUC,", "field LUC: a word of it also means LUC"),
        ("land_types.yml", "aliases: [Lúa, Đất lúa]", "aliases: [Đất an ninh]", "CAN: a word of it also means LUA"),
        ("land_types.yml", "group: LUA, color", "group: LUB, color", "LUC.group: there is no code 'LUB' before it"),
        ("land_types.yml", "group: NNP, selectable", "group: LUA, selectable", "field CHN.group: there is no code"),
        ("land_types.yml", "current: [LUK]", "current: [LUX]", "field LUN.current: there is no code 'LUX'"),
        ("land_types.yml", "current: [LUK]", "current: [LUA]", "field LUN.current: a group is no code"),
        ("land_types.yml", "current: [LUK]", "current: []", "field LUN.note: it has no current code"),
        ("land_types.yml", "confidence: R,", "confidence: sure,", "field legacy.0.confidence"),
        ("land_types.yml", "codes:\n", "codez:\n", "field codes: Field required"),
        ("change_kinds.yml", "[TN]", "[TZ]", "split.ids.change_codes: 'TZ' is no code there — see change_codes"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    folder = tmp_path / "codes"
    shutil.copytree(Settings().data_dir / "codes", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_codes(Settings(data_dir=tmp_path))
    assert told in str(caught.value)
    assert " — " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_lists_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GISLAND_DATA_DIR"):
        load_codes(Settings(data_dir=tmp_path))
