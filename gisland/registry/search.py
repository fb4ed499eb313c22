"""Search: a typed text → parcels, certificates and holders, each with the reason why it was found.

What a text may mean is listed, never guessed. Hints (without accents, a part, a typo) come after what is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from psycopg import AsyncConnection, Connection
from psycopg.errors import QueryCanceled
from pydantic import Field

from gisland.errors import Forbidden, UsageError
from gisland.kit.identifiers import mask_ids
from gisland.kit.text import name_key
from gisland.registry import search_queries as queries
from gisland.registry.search_terms import Identity, Name, ParcelCode, ParcelNumber, Serial, Term, spellings, understand
from gisland.security.crypto import IdVault
from gisland.security.permissions import Permission

LIMIT, MOST = 20, 100


class Kind(StrEnum):
    """What can be found."""

    PARCEL = "parcel"
    CERTIFICATE = "certificate"
    HOLDER = "holder"


class Match(StrEnum):
    """Why something was found, the surest reason first."""

    EXACT = "exact"
    OLD_NUMBER = "old_number"
    """A number that the crosswalk gives, with its source and confidence."""
    PAPER_NUMBER = "paper_number"
    """A number that a certificate gives."""
    PADDED = "padded"
    """An id with the zeros before it that spreadsheets lose."""
    OTHER_ORDER = "other_order"
    """Of two numbers without words, the first was read as the parcel's."""
    ACCENTLESS = "accentless"
    """A name or serial that differs by accents, Đ or spaces."""
    PART = "part"
    """A name that begins with what was typed, or holds all its words."""
    TYPO = "typo"
    """A name that differs by one letter more, less, other or moved."""


RANK = {match: rank for rank, match in enumerate(Match)}


@dataclass(frozen=True)
class Hit:
    """Something that was found. The label shows no national id; `retired` says that it is in force no more."""

    kind: Annotated[Kind, Field(description="Loại bản ghi · kind of record")]
    id: Annotated[int, Field(description="Mã nội bộ của bản ghi · id of the record")]
    label: Annotated[str, Field(description="Tên để hiện · what it is called")]
    ward_id: Annotated[int, Field(description="Phường · the ward")]
    match: Annotated[Match, Field(description="Vì sao tìm thấy · why it was found")]
    source: Annotated[str, Field(description="Số nào, từ đâu · which number it was, and where it is from")] = ""
    confidence: Annotated[float | None, Field(description="Độ tin cậy của số cũ · how sure a former number is")] = None
    retired: Annotated[bool, Field(description="Đã hết hiệu lực · whether it is in force no more")] = False


@dataclass(frozen=True, repr=False)
class Lookup:
    """One statement of a search; its parameters may be personal data."""

    statement: str
    parameters: dict[str, Any]


# Short statements: what compiling or parallel workers cost is never won back. A plan for parameters unseen would be for
# names that are neither frequent nor rare, and whatever the statistics say, no table is read from end to end. Work is
# bounded by limits; the timeout is for a server in trouble.
SESSION = """
    SELECT set_config('statement_timeout', '2s', true), set_config('jit', 'off', true),
           set_config('max_parallel_workers_per_gather', '0', true),
           set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true)
"""


def search(
    connection: Connection,
    text: str,
    vault: IdVault,
    *,
    held: frozenset[str],
    ward_id: int | None = None,
    ward_ids: Sequence[int] | None = None,
    kinds: Iterable[Kind] = Kind,
    limit: int = LIMIT,
) -> list[Hit]:
    """Find parcels, certificates and holders by a number, a code, a serial, an id or a name.

    Args:
        connection: a transaction; its statements are bound to two seconds each from now on.
        text: what was typed, such as “tờ 54 thửa 34”, “54/34”, “BK 123456”, an id or a name.
        vault: the key under which ids are found.
        held: what the one who asks may see of persons where they seek (`masking.held_where`): what is not shown cannot
            be sought either. Without names no holder is found; without ids none is found by one, nor shown with it.
        ward_id: only in this ward.
        ward_ids: only in these wards: the scope of the one who asks; None is everywhere.
        kinds: only these.
        limit: most hits; of a word or number that many share, not all bearers are looked at.

    Returns:
        The surest first; names of one sureness in the order of the Vietnamese alphabet.

    Raises:
        UsageError: it takes too long.
        Forbidden: only holders are sought, by somebody who may not see persons.
    """
    lookups = plan(text, vault.in_use(connection), _scope(ward_id, ward_ids), frozenset(kinds), limit, held)
    connection.execute(SESSION)
    try:
        rows = [connection.execute(each.statement.encode(), each.parameters).fetchall() for each in lookups]
    except QueryCanceled:
        raise _too_broad() from None
    return _hits(rows, text, frozenset(kinds), limit)


async def search_async(
    connection: AsyncConnection,
    text: str,
    vault: IdVault,
    *,
    held: frozenset[str],
    ward_id: int | None = None,
    ward_ids: Sequence[int] | None = None,
    kinds: Iterable[Kind] = Kind,
    limit: int = LIMIT,
) -> list[Hit]:
    """The same as `search`, on a connection of a web worker's pool (which has its plans and caches at hand)."""
    key = await vault.in_use_async(connection)
    lookups = plan(text, key, _scope(ward_id, ward_ids), frozenset(kinds), limit, held)
    await connection.execute(SESSION)
    try:
        rows = [
            await (await connection.execute(each.statement.encode(), each.parameters)).fetchall() for each in lookups
        ]
    except QueryCanceled:
        raise _too_broad() from None
    return _hits(rows, text, frozenset(kinds), limit)


def counts(hits: Sequence[Hit]) -> dict[str, object]:
    """What the audit log may say of a search: how many of which kind were found, and nothing of what was typed."""
    return {"found": dict(Counter(hit.kind.value for hit in hits))}


def wards_of(hits: Sequence[Hit], asked: int | None) -> set[int]:
    """Whose data a search told: the ward that was asked for, else those of the hits."""
    return {hit.ward_id for hit in hits} if asked is None else {asked}


def plan(
    text: str, vault: IdVault, wards: list[int] | None, kinds: frozenset[Kind], limit: int, held: frozenset[str]
) -> list[Lookup]:
    """The statements that answer a text within these wards (None: all), as far as its answer may be told.

    Raises:
        Forbidden: see `search`.
    """
    if Permission.PERSON_READ not in held:
        kinds -= {Kind.HOLDER}
        if not kinds:
            raise Forbidden(
                "vai trò của bạn không được hỏi về người · your role does not allow to ask for persons",
                parameter="kinds",
                hint="leave it out",
            )
    if wards == []:
        return []
    ids = Permission.IDENTITY_READ in held
    terms = [term for term in understand(text) if ids or not isinstance(term, Identity)]
    return [lookup for term in terms for lookup in _lookups(term, vault, wards, kinds, limit, ids=ids)]


def _lookups(
    term: Term, vault: IdVault, wards: list[int] | None, kinds: frozenset[Kind], limit: int, *, ids: bool
) -> Iterable[Lookup]:
    values: dict[str, Any] = {"limit": limit, "wards": wards, "ids": ids}

    def lookup(statement: str, table: str, sheet: str = "") -> Lookup:
        ward = f"AND {table}.ward_id = ANY (%(wards)s)" if wards is not None else ""
        return Lookup(statement.format(ward=ward, sheet=sheet), values)

    match term:
        case ParcelNumber() if kinds & {Kind.PARCEL, Kind.CERTIFICATE}:
            values |= _numbers(term)
            on_sheet = term.sheet is not None
            if Kind.PARCEL in kinds:
                yield lookup(queries.PARCEL_BY_NUMBER, "sheet", queries.ON_SHEET if on_sheet else "true")
                yield lookup(queries.PARCEL_BY_OLD_NUMBER, "number", queries.OLD_SHEET if on_sheet else "")
            on_paper = queries.PAPER_SHEET if on_sheet else queries.NO_SHEET_ON_PAPER
            yield lookup(queries.PARCEL_BY_PAPER_NUMBER, "certificate", on_paper)
        case ParcelCode(code) if Kind.PARCEL in kinds:
            values |= {"code": code}
            yield lookup(queries.PARCEL_BY_CODE, "parcel")
        case Serial(key, variants) if Kind.CERTIFICATE in kinds:
            values |= {"key": key, "variants": list(variants)}
            yield lookup(queries.CERTIFICATE_BY_SERIAL, "certificate")
        case Identity(numbers, padded) if Kind.HOLDER in kinds:
            values |= {
                "hashes": [vault.hash(each) for each in numbers],
                "padded": [vault.hash(padded)] if padded else [],
            }
            yield lookup(queries.HOLDER_BY_ID, "holder")
        case Name(key, plain) if Kind.HOLDER in kinds:
            values |= {"key": key, "plain": plain, "words": plain.split()}
            yield lookup(queries.HOLDER_BY_NAME, "holder")


def _numbers(term: ParcelNumber) -> dict[str, Any]:
    other = Match.OTHER_ORDER if term.other_order else None
    return {
        "parcel": spellings(term.parcel),
        "sheet": spellings(term.sheet) if term.sheet is not None else [],
        "as": other or Match.EXACT,
        "as_old": other or Match.OLD_NUMBER,
        "as_paper": other or Match.PAPER_NUMBER,
    }


def _scope(ward_id: int | None, ward_ids: Sequence[int] | None) -> list[int] | None:
    if ward_id is None:
        return None if ward_ids is None else list(ward_ids)
    return [ward_id] if ward_ids is None or ward_id in ward_ids else []


def _hits(found: list[list[tuple[Any, ...]]], text: str, kinds: frozenset[Kind], limit: int) -> list[Hit]:
    key = name_key(text)
    hits: dict[tuple[Kind, int], Hit] = {}
    for row in (row for rows in found for row in rows):
        kind, id_, label, ward, match, source, confidence, retired, name = row
        reason = Match(match)
        # A row that was written by hand may have a key that is not its name's.
        if name is not None and reason is Match.EXACT and name_key(name) != key:
            reason = Match.ACCENTLESS
        hit = Hit(Kind(kind), id_, _masked(kind, label), ward, reason, source, confidence, retired)
        known = hits.get((hit.kind, id_))
        if hit.kind in kinds and (known is None or RANK[reason] < RANK[known.match]):
            hits[hit.kind, id_] = hit
    return sorted(hits.values(), key=lambda hit: (RANK[hit.match], hit.retired))[:limit]


def _masked(kind: str, label: str) -> str:
    # People write ids into the cell of the name, too.
    return mask_ids(label) if kind == Kind.HOLDER else label


def _too_broad() -> UsageError:
    return UsageError(
        "câu tìm quá rộng · the search is too broad", hint="gõ thêm chữ hoặc chọn phường · type more or choose a ward"
    )
