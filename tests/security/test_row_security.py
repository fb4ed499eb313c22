"""What the roles that read reach: nothing without a scope, and without a policy only what the doctor knows of.

Asked of the catalogue of the database itself, so that what is made tomorrow is asked, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection, sql

from gisland.database import Role, Scope, connect, conninfo
from gisland.database.migrate import admin_conninfo
from gisland.security.doctor import SQL
from gisland.settings import Settings
from tests.conftest import clone_of

# Nobody's secret, or of the whole service: some of their rows are seen by everybody (gisland/sql/policies.sql).
FOR_ALL = {"unit", "unit_successor", "residential_group", "map_sheet", "change"}
MADE = {
    "forgotten": "CREATE TABLE {0}.forgotten (id int)",
    "owners": "CREATE VIEW {0}.owners AS SELECT 1 AS id",
    "kept": "CREATE MATERIALIZED VIEW {0}.kept AS SELECT 1 AS id",
    "readers": "CREATE VIEW {0}.readers WITH (security_invoker) AS SELECT 1 AS id",
}

# What has a policy, or asks as its reader.
GUARDED = """
    SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE has_any_column_privilege('gisland_app', c.oid, 'SELECT')
       AND (relrowsecurity AND relforcerowsecurity
            OR EXISTS (SELECT FROM pg_options_to_table(reloptions) WHERE option_name = 'security_invoker'))
"""
SCHEMAS = """
    SELECT nspname FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'published') ORDER BY 1
"""


@pytest.fixture(scope="module")
def filled(demo_ward: Settings) -> Iterator[Settings]:
    with clone_of(demo_ward) as settings:
        yield settings


@pytest.fixture(scope="module")
def lost(filled: Settings) -> Iterator[Connection]:
    """A transaction of the application that was begun for nobody."""
    with psycopg.connect(conninfo(filled, Role.APP, scope=Scope())) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("role", [Role.APP, Role.STAFF, Role.PUBLIC])
def test_what_a_role_reads_without_a_policy_is_known(filled: Settings, role: Role) -> None:
    """In whichever schema: a table, and a view that reads as its owner, who sees all rows."""
    with psycopg.connect(admin_conninfo(filled)) as connection:
        assert connection.execute(SQL["open_tables"]).fetchall() == []
        schemas = [schema for (schema,) in connection.execute(SCHEMAS).fetchall()]
        assert {"registry", "search", "verification", "published_staff"} < set(schemas)
        for schema in schemas:
            for kind, made in MADE.items():
                connection.execute(f"{made.format(schema)}; GRANT SELECT (id) ON {schema}.{kind} TO {role}".encode())
            names = {f"{schema}.{kind}" for kind in ("forgotten", "owners", "kept")}
            found = {name for (name,) in connection.execute(SQL["open_tables"]).fetchall()}
            assert {name if "." in name else f"public.{name}" for name in found} == names, schema
            connection.rollback()


def test_without_a_scope_nothing_is_seen(lost: Connection) -> None:
    asked = {each for each in lost.execute(GUARDED).fetchall() if each[1] not in FOR_ALL}
    assert {("verification", "status_in_reach"), ("registry", "holder"), ("printing", "job")} < asked
    seen = set()
    for schema, name in asked:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, name))
        row = lost.execute(query).fetchone()
        assert row is not None
        if row[0]:
            seen.add(f"{schema}.{name}")
    assert seen == set()


def test_layers_and_the_application_are_told_the_same_statuses(filled: Settings) -> None:
    """What an officer prints and sends is what the layers show: all of it within a ward, be it for a group only."""
    with psycopg.connect(conninfo(filled, Role.MIGRATOR)) as connection:
        connection.execute("SET ROLE gisland_owner")
        told: dict[int, str] = dict(
            connection.execute("SELECT holder_id, status FROM verification.holder_status").fetchall()
        )
        group, of_group = connection.execute(
            "SELECT residential_group_id, array_agg(DISTINCT holder_id) FROM registry.holding"
            "  JOIN registry.parcel ON parcel.id = parcel_id"
            " WHERE holding.retired_by IS NULL AND parcel.retired_by IS NULL AND residential_group_id IS NOT NULL"
            " GROUP BY 1 ORDER BY 1 LIMIT 1"
        ).fetchone() or (0, [])
        wards = [ward for (ward,) in connection.execute("SELECT DISTINCT ward_id FROM registry.holder").fetchall()]
    assert len({told[holder] for holder in of_group}) > 3
    assert len(of_group) < len(told)
    for reached, expected in (
        (Scope(everywhere=True), told),
        (Scope(wards=frozenset(wards)), told),
        (Scope(groups=frozenset({group})), {holder: told[holder] for holder in of_group}),
    ):
        with psycopg.connect(conninfo(filled, Role.APP, scope=reached)) as connection:
            seen: dict[int, str] = dict(
                connection.execute("SELECT holder_id, status FROM verification.status_in_reach").fetchall()
            )
        assert seen == expected


DEFINERS = """
    SELECT p.oid::regprocedure::text,
           (SELECT option_value FROM pg_options_to_table(proconfig) WHERE option_name = 'search_path')
      FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
     WHERE prosecdef AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
"""


def test_what_runs_as_its_owner_looks_into_no_table_of_its_caller(filled: Settings) -> None:
    """Unless it is named as the last one, the schema of temporary tables is looked into first."""
    with connect(filled, Role.APP) as connection:
        found = dict(connection.execute(DEFINERS).fetchall())
    assert "publish.flush()" in found
    assert {name: path for name, path in found.items() if not (path or "").endswith(", pg_temp")} == {}
