"""Where a role can be given: the wards in force, and their residential groups."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

WARDS = "SELECT id, code, name FROM registry.unit WHERE level = 'ward' AND valid_to IS NULL ORDER BY code"
GROUPS = """
    SELECT id, ward_id, code, name FROM registry.residential_group ORDER BY code COLLATE registry.vietnamese_numbers
"""


@dataclass(frozen=True)
class Group:
    """A residential group."""

    id: int
    code: str
    label: str


@dataclass(frozen=True)
class Ward:
    """A ward with its residential groups."""

    id: int
    code: str
    label: str
    groups: tuple[Group, ...]


def list_places(connection: Connection) -> list[Ward]:
    """All wards in force, by their codes."""
    groups: dict[int, list[Group]] = {}
    for group, ward, code, name in connection.execute(GROUPS):
        groups.setdefault(ward, []).append(Group(group, code, f"{code} {name}" if name != code else code))
    return [
        Ward(ward, code, f"{code} {name}", tuple(groups.get(ward, ())))
        for ward, code, name in connection.execute(WARDS)
    ]
