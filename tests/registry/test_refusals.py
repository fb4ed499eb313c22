"""What the database refuses has words; what Python knows of its code lists is what the database knows."""

from __future__ import annotations

import re

from psycopg import Connection

from gisland.registry.kinds import KINDS
from gisland.registry.refusals import SENSELESS, STANDING, TAKEN

UNIQUE = """
    SELECT c.relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relnamespace = 'registry'::regnamespace AND indisunique AND NOT indisprimary
"""
CHECKS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'registry'::regnamespace AND contype = 'c'
"""
RAISED = "SELECT prosrc FROM pg_proc WHERE pronamespace = 'registry'::regnamespace"


def test_every_constraint_has_its_words(app_connection: Connection) -> None:
    assert {name for (name,) in app_connection.execute(UNIQUE)} == TAKEN.keys()
    raised = {name for (text,) in app_connection.execute(RAISED) for name in re.findall(r"CONSTRAINT = '(\w+)'", text)}
    assert {name for name, _ in app_connection.execute(CHECKS)} | raised == SENSELESS.keys() | STANDING.keys()


def test_code_lists_are_those_of_the_database(app_connection: Connection) -> None:
    known = {
        name: set(re.findall(r"'(\w+)'::text", text))
        for name, text in app_connection.execute(CHECKS)
        if " = ANY (ARRAY['" in text and name not in {"parcel_geom_check", "unit_successor_part_check"}
    }
    said = {}
    for model in {each for kind in KINDS.values() for each in (kind.record, *kind.parts.values())}:
        schema = model.model_json_schema()
        table = model.table  # type: ignore[attr-defined]  # each record class names its table
        for name, field in schema["properties"].items():
            options = [field, *field.get("anyOf", []), schema.get("$defs", {}).get(field.get("$ref", "")[8:], {})]
            if values := [value for option in options for value in option.get("enum", [])]:
                said[f"{table}_{name}_check"] = set(values)
    assert said == known
