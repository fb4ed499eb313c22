"""Rows of form PL3-01 as they are staged: one row of the form is one right of the holder, and one of the current user.

National ids are sealed here, before anything is staged, logged or compared.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from fractions import Fraction

from psycopg.types.json import Jsonb

from gisland.intake import form_assets, normalise
from gisland.intake.form_assets import NOTHING, read_asset
from gisland.intake.normalise import When
from gisland.intake.rows import Collector
from gisland.intake.staging import Column
from gisland.intake.tables import Row
from gisland.kit.certificate_numbers import normalise_serial
from gisland.kit.identifiers import (
    NationalId,
    map_number,
    mask_ids,
    parse_organisation_id,
    parse_personal_ids,
    serial_key,
)
from gisland.kit.text import clean_text, name_key, plain_key
from gisland.security.crypto import IdVault

# A row that says none of these is a title, a blank or a sub-total.
TELLING = ["serial", "book_no", "org_name", "holder_name", "sheet_no", "parcel_no", "paper_sheet", "paper_parcel"]
LAND_TYPES = 3
NO_DATE = When()
_COUPLE = ("vavo", "vachong")

COLUMNS = {
    "row_no": Column("int4"),
    "place": Column("text"),
    "content_hash": Column("bytea"),
    "serial": Column("text"),
    "serial_key": Column("text"),
    "book_no": Column("text"),
    "issue_date": Column("date"),
    "scan_file": Column("text"),
    "paper_sheet": Column("text"),
    "paper_parcel": Column("text"),
    "paper_area": Column("float8"),
    "sheet_no": Column("text"),
    "parcel_no": Column("text"),
    "old_ward_code": Column("text"),
    "holder_name_key": Column("text"),
    "land_uses": Column("jsonb"),
    "role": Column("text"),
    "kind": Column("text"),
    "full_name": Column("text"),
    "name_key": Column("text"),
    "birth_date": Column("date"),
    "birth_year": Column("int2"),
    "gender": Column("text"),
    "id_kind": Column("text"),
    "id_cipher": Column("bytea"),
    "id_hash": Column("bytea"),
    "id_masked": Column("text"),
    "address": Column("text"),
    "party": Column("text"),
    "member_role": Column("text"),
    "reason": Column("text"),
    "share_num": Column("int4"),
    "share_den": Column("int4"),
    "parcel_address": Column("text"),
    "parcel_code": Column("text"),
    "complete": Column("bool"),
} | form_assets.COLUMNS


@dataclass
class Notes:
    """What a person should hear of a form besides its errors; places are row numbers."""

    rows: int = 0
    repeated: list[str] = field(default_factory=list)
    old_ward: list[str] = field(default_factory=list)
    odd_ids: list[str] = field(default_factory=list)
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What of a row is not kept, see `forms.TOLD`."""
    filled: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Per sheet, the columns that no field is read from, and that say something."""
    shares: dict[tuple[str, ...], list[tuple[int, Fraction | None]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Person:
    """Somebody with a right, as the form says it."""

    role: str
    kind: str
    name: str
    national_id: NationalId | None
    address: str
    birth: When = NO_DATE
    gender: str | None = None
    party: str = "individual"
    member_role: str = ""
    reason: str = ""
    share: Fraction | None = None
    written: tuple[str, ...] = ()
    """The name and what stands beside it, as the cells have it: titles and remarks included."""

    def content(self) -> list[object]:
        """What the hash of the row is made of; the number itself is in it, so the hash is keyed.

        Of the name it is what is written, not what our rules make of it: a rule that is mended makes no row new.
        """
        number = self.national_id and f"{self.national_id.kind}:{self.national_id.number}"
        birth = [self.birth.date, self.birth.year]
        rest = [self.gender, self.party, self.member_role, self.share]
        return [self.role, *self.written, number, self.address, *birth, *rest]

    def staged(self, vault: IdVault) -> tuple[object, ...]:
        """The columns from `role` to `share_den`."""
        sealed = vault.seal(self.national_id) if self.national_id else None
        identity = (sealed.kind, sealed.cipher, sealed.hash, sealed.masked) if sealed else (None,) * 4
        share = (self.share.numerator, self.share.denominator) if self.share else (None, None)
        who = (self.role, self.kind, self.name, name_key(self.name), self.birth.date, self.birth.year, self.gender)
        return (*who, *identity, self.address, self.party, self.member_role, self.reason, *share)


def staged_rows(
    rows: Iterable[Row], ward: str, former: frozenset[str], vault: IdVault, notes: Notes, *, several: bool
) -> Iterator[tuple[object, ...]]:
    """The rights of all rows of a form. Rows that are wrong are noted in their collectors instead.

    Args:
        rows: the rows of all its sheets.
        ward: code that column B must have.
        former: codes of former wards that column B may have as well.
        vault: seals the national ids.
        notes: gathers what should be told.
        several: whether there are several sheets, so that a row's number alone does not tell it.
    """
    seen: set[bytes] = set()
    for row in rows:
        notes.rows += 1
        place = f"{row.table.sheet.name}!{row.number}" if several else str(row.number)
        notes.filled[row.table.sheet.name] |= row.unread()
        shared, people = _certificate(row, ward, former, notes, place), _people(row, notes, place)
        asset, of_parcel = read_asset(row, notes.told, place), (row.text("parcel_address"), row.text("parcel_code"))
        # What rows say that were accepted before these columns were read stays what it was.
        further = [astuple(asset), of_parcel] if asset != NOTHING or any(of_parcel) else []
        said = [_written(shared, row), [person.content() for person in people], *further]
        content = json.dumps(said, default=str, ensure_ascii=False)
        digest = vault.content_hash(content.encode())
        if digest in seen:
            notes.repeated.append(place)
            continue
        seen.add(digest)
        land_uses = shared.pop("land_uses")
        main_key = name_key(people[0].name) if people else ""
        head = (notes.rows, place, digest, *shared.values(), main_key)
        for person in people:
            group = (str(shared["serial_key"] or shared["book_no"] or main_key), *_numbers(shared), person.role)
            notes.shares[*group, *asset.flat].append((row.number, person.share))
            told = (*of_parcel, asset == NOTHING or asset.kind is not None)
            yield (*head, Jsonb(land_uses) if land_uses else None, *person.staged(vault), *told, *asset.staged())


def _written(shared: dict[str, object], row: Row) -> dict[str, object]:
    """What a row says of certificate and parcel, with the serial as it is written and without its key."""
    return {name: value for name, value in shared.items() if name != "serial_key"} | {"serial": row.text("serial")}


def _numbers(shared: dict[str, object]) -> tuple[str, str]:
    return str(shared["sheet_no"]), str(shared["parcel_no"])


def _certificate(row: Row, ward: str, former: frozenset[str], notes: Notes, place: str) -> dict[str, object]:
    """Certificate and parcel of a row, in the order of the staged columns; `land_uses` comes last."""
    paper = (map_number(row.text("paper_sheet")), map_number(row.text("paper_parcel")))
    cadastral = (map_number(row.text("sheet_no")), map_number(row.text("parcel_no")))
    # Numbers of the cadastral map (columns 21, 22) when both are there, else those on the certificate (19, 20).
    used = cadastral if all(cadastral) else paper
    on_paper = paper if all(paper) else cadastral
    code = map_number(row.text("ward_code"))
    old_ward_code = ""
    if code and code != map_number(ward):
        if code in former:
            old_ward_code = code
            notes.old_ward.append(place)
        else:
            row.refuse(
                "ward_code",
                f"mã {code} không phải {ward} · {code} is not {ward}",
                hint=f"nếu là phường cũ đã nhập vào · if it is a former ward of it: --former-ward {code}",
            )
    serial = normalise_serial(row.text("serial"))
    issued = row.read("issue_date", normalise.when, NO_DATE)
    if issued.year and not issued.date:
        notes.told["issue_date"].append(place)
    return {
        "serial": serial,
        "serial_key": serial_key(serial),
        "book_no": row.text("book_no"),
        "issue_date": issued.date,
        "scan_file": row.text("scan_file"),
        "paper_sheet": on_paper[0],
        "paper_parcel": on_paper[1],
        "paper_area": row.read("area", normalise.area, None),
        "sheet_no": used[0],
        "parcel_no": used[1],
        "old_ward_code": old_ward_code,
        "land_uses": _land_uses(row, notes, place),
    }


def _land_uses(row: Row, notes: Notes, place: str) -> list[dict[str, object]]:
    codes = row.table.match.layout.codes.get("land_type", {})
    uses: list[dict[str, object]] = []
    for number in range(1, LAND_TYPES + 1):
        word = row.text(f"land_type_{number}")
        land_type = codes.get(plain_key(word), word)
        area = row.read(f"land_area_{number}", normalise.area, None)
        rest = {name: row.text(f"land_{name}_{number}") for name in ("origin", "form", "term")}
        if land_type:
            uses.append({"land_type": land_type, "area": area, **rest})
        elif area is not None:
            row.refuse(f"land_type_{number}", "có diện tích nhưng thiếu loại đất · an area without land type")
        elif any(rest.values()):
            notes.told["land_use"].append(place)
    return uses


def _people(row: Row, notes: Notes, place: str) -> list[Person]:
    """The holder on the certificate and, where the form names one, the current user."""
    people = []
    holder = _organisation(row, notes, place) if row.text("org_name") else _holder(row, notes, place)
    if holder is None:
        row.refuse("holder_name", "thiếu họ tên chủ · the holder has no name")
    else:
        people.append(holder)
    name, remark = normalise.person_name(row.text("user_name"))
    if name:
        reason = "; ".join(part for part in (row.text("user_reason"), remark) if part)
        national_id = _personal_id(row, "user_id", notes, place)
        written = (row.text("user_name"), row.text("user_reason"))
        user = Person(
            "current_user", "person", name, national_id, row.text("user_address"), reason=reason, written=written
        )
        people.append(user)
    elif any(row.text(field) for field in ("user_name", "user_id", "user_address", "user_reason")):
        notes.told["user"].append(place)
    return people


def _organisation(row: Row, notes: Notes, place: str) -> Person:
    # The person in column H stands for the organisation and holds nothing.
    deputy, _ = normalise.person_name(row.text("holder_name"))
    if any(row.text(field) for field in ("birth", "gender", "holder_id")):
        notes.told["deputy"].append(place)
    word = plain_key(row.text("party"))
    if word and row.table.match.layout.codes["party"].get(word) != "organisation":
        notes.told["party"].append(place)
    return Person(
        "certificate_holder",
        "organisation",
        row.text("org_name"),
        parse_organisation_id(row.cell("org_id")),
        row.text("holder_address"),
        party="organisation",
        member_role=row.text("member_role"),
        reason=f"Người đại diện: {deputy}" if deputy else "",
        share=row.read("share", normalise.share, None),
        written=(row.text("org_name"), row.text("holder_name")),
    )


def _holder(row: Row, notes: Notes, place: str) -> Person | None:
    raw = clean_text(row.cell("holder_name"))
    name, remark = normalise.person_name(mask_ids(raw))
    party = row.code("party") or "individual"
    member_role = row.text("member_role")
    if not name:
        return None
    kind = "person"
    if party == "community":
        kind = "community"
    elif any(word in plain_key(name) for word in _COUPLE):
        kind = "couple"
    elif party == "household" and plain_key(member_role) in ("", "chuho"):
        kind = "household"
    elif party == "organisation":
        kind = "organisation"
    return Person(
        "certificate_holder",
        kind,
        name,
        parse_organisation_id(row.cell("holder_id"))
        if kind == "organisation"
        else _personal_id(row, "holder_id", notes, place),
        row.text("holder_address"),
        birth=row.read("birth", normalise.when, NO_DATE),
        gender=row.code("gender"),
        party=party,
        member_role=member_role,
        reason=remark,
        share=row.read("share", normalise.share, None),
        written=(row.text("holder_name"),),
    )


def _personal_id(row: Row, column: str, notes: Notes, place: str) -> NationalId | None:
    """The one id in a cell. Two numbers, or what a spreadsheet left of one, are told and not guessed at."""
    cell = row.cell(column)
    found = parse_personal_ids(cell)
    if len(found) != 1:
        if clean_text(cell):
            notes.odd_ids.append(place)
        return None
    if found[0].kind == "other":
        notes.odd_ids.append(place)
    return found[0]


def check_shares(notes: Notes, collector: Collector) -> None:
    """The shares of one right on one parcel sum to 1, or nobody has one."""
    for holders in notes.shares.values():
        given = [share for _, share in holders if share is not None]
        if given and (len(given) < len(holders) or sum(given) != 1):
            rows = ", ".join(str(number) for number, _ in holders)
            collector.add(
                holders[0][0],
                f"phần quyền của các dòng {rows} không cộng thành 1 · the shares of these rows do not sum to 1",
                hint="ghi đủ phần quyền cho mọi người hoặc để trống hết · give each a share, or none",
            )
