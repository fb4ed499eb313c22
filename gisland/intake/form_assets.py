"""Assets attached to land in form PL3-01 (columns 40–48): houses, apartments with their buildings, other works.

A flat is held by itself: its rights lie on the asset, not on the parcel that its tower stands on. What stands on the
land of its own holders is named by their certificate and needs no rights of its own.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from psycopg import Connection

from gisland.database.statements import statements
from gisland.intake import normalise
from gisland.intake.staging import Column, stage
from gisland.intake.tables import Row
from gisland.kit.text import name_key, plain_key

COLUMNS = {
    "asset_kind": Column("text"),
    "complex_name": Column("text"),
    "building_name": Column("text"),
    "asset_no": Column("text"),
    "footprint": Column("float8"),
    "floor_area": Column("float8"),
    "ownership_form": Column("text"),
    "ownership_term": Column("text"),
    "grade": Column("text"),
    "complex_key": Column("text"),
    "building_key": Column("text"),
}
FIELDS = [name for name in COLUMNS if not name.endswith("_key")]
# The complex of a building and the building of a flat are looked up first.
LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class Asset:
    """What a row says of an asset; areas in m². `kind` is None when its word is not in the list, or missing."""

    kind: str | None = None
    complex_name: str = ""
    building_name: str = ""
    number: str = ""
    footprint: float | None = None
    floor_area: float | None = None
    ownership_form: str = ""
    ownership_term: str = ""
    grade: str = ""

    @property
    def flat(self) -> tuple[str, ...]:
        """What tells a flat from the others on its parcel; nothing for anything else."""
        return (self.complex_name, self.building_name, self.number) if self.kind == "apartment" else ()

    def staged(self) -> tuple[object, ...]:
        """The columns from `asset_kind` to `building_key`."""
        return (*astuple(self), name_key(self.complex_name), name_key(self.building_name))


NOTHING = Asset()


def read_asset(row: Row, problems: dict[str, list[str]], place: str) -> Asset:
    """The asset of a row; `NOTHING` when it says none.

    Args:
        row: the row.
        problems: gathers the places of the rows whose asset has no kind (`asset_without_kind`), or none that is known
            (`unknown_asset`).
        place: how the row is called.
    """
    word = row.text("asset_kind")
    kind = row.table.match.layout.codes.get("asset_kind", {}).get(plain_key(word))
    names = [row.text(field) for field in ("complex_name", "building_name", "asset_no")]
    areas = [row.read(field, normalise.area, None) for field in ("footprint", "floor_area")]
    rest = [row.text(field) for field in ("ownership_form", "ownership_term", "grade")]
    if not any([word, *names, *rest]) and areas == [None, None]:
        return NOTHING
    if kind is None:
        problems["unknown_asset" if word else "asset_without_kind"].append(place)
    elif kind == "apartment" and not any(names[:2]):
        problems["apartment_alone"].append(place)
    if kind == "apartment_complex" and not names[0]:
        names[:2] = [names[1], ""]
    return Asset(kind, *names, *areas, *rest)  # type: ignore[arg-type] # texts and areas in their order


def judge_assets(connection: Connection, ids: dict[str, Any]) -> None:
    """Find the assets of the rows that are not seen and have their parcel: those that are there, and new ones."""
    connection.execute(SQL["asset_rows"])
    estates = connection.execute(SQL["estates"], ids).fetchall()
    stage(
        connection,
        "known_estate",
        {"id": Column("int8"), "name_key": Column("text")},
        ((asset_id, name_key(name)) for asset_id, name in estates),
    )
    connection.execute(SQL["asset_table"])
    for level in LEVELS:
        connection.execute(SQL["assets"], ids | {"level": level})
    connection.execute(SQL["asset_links"], ids)


SQL = statements("gisland.intake", "sql/form_assets.sql")
