"""What each database role may touch, as PostgreSQL itself says."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege

from gisland.database import Role
from tests.factories import add_evidence, make_holder, make_ward, one

Open = Callable[[Role], Connection]

READABLE = """
    SELECT format('%%I.%%I', nspname, relname)
      FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'v', 'm', 'p', 'S') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
       AND has_schema_privilege(%(role)s, n.oid, 'USAGE')
       AND CASE relkind WHEN 'S' THEN has_sequence_privilege(%(role)s, pg_class.oid, 'SELECT,USAGE,UPDATE')
           ELSE has_any_column_privilege(%(role)s, pg_class.oid, 'SELECT,INSERT,UPDATE') END
"""
# PostGIS's own, and the styles that QGIS looks for: free of data.
POSTGIS = {"public.geometry_columns", "public.geography_columns", "public.spatial_ref_sys", "public.layer_styles"}


def readable(connection: Connection, role: Role) -> set[str]:
    """All tables, views and sequences of which a role may see or write anything."""
    return {row[0] for row in connection.execute(READABLE, {"role": role.value})} - POSTGIS


def test_public_reaches_published_and_nothing_else(open_connection: Open) -> None:
    assert {name.partition(".")[0] for name in readable(open_connection(Role.BACKUP), Role.PUBLIC)} == {"published"}


def test_staff_reaches_the_read_models_and_nothing_else(open_connection: Open) -> None:
    schemas = {name.partition(".")[0] for name in readable(open_connection(Role.BACKUP), Role.STAFF)}
    assert schemas == {"published", "published_staff"}


def test_publisher_reaches_no_personal_column(open_connection: Open) -> None:
    query = """
        SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema IN ('registry', 'verification', 'intake', 'security', 'audit')
           AND has_column_privilege('gisland_publisher', format('%I.%I', table_schema, table_name),
                                    column_name, 'SELECT')
    """
    seen = set(open_connection(Role.BACKUP).execute(query).fetchall())
    assert ("parcel", "geom") in seen
    personal = {"full_name", "name_key", "birth_date", "birth_year", "gender", "id_cipher", "id_hash", "id_masked"}
    personal |= {"address", "serial", "serial_key", "book_no", "gcn_code", "scan_file", "raw_result", "raw_note"}
    assert not {(table, column) for table, column in seen if column in personal}
    assert not {table for table, _ in seen} & {"holder", "evidence", "account", "event", "batch", "source_row"}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.STAFF])
def test_readers_cannot_leave_their_role(open_connection: Open, role: Role) -> None:
    connection = open_connection(role)
    for other in Role:
        if other is not role:
            with pytest.raises(InsufficientPrivilege), connection.transaction():
                connection.execute(f"SET ROLE {other.value}")


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.STAFF])
def test_readers_create_nothing(open_connection: Open, role: Role) -> None:
    connection = open_connection(role)
    for statement in ("CREATE TEMPORARY TABLE t (a int)", "CREATE TABLE public.t (a int)", "CREATE SCHEMA t"):
        with pytest.raises(InsufficientPrivilege), connection.transaction():
            connection.execute(statement)


def test_evidence_and_audit_are_append_only(open_connection: Open) -> None:
    connection = open_connection(Role.APP)
    ward = make_ward(connection)
    add_evidence(connection, make_holder(connection, ward, national_id="999190000001"), "verified")
    connection.execute("INSERT INTO audit.event (subject, tag) VALUES ('test', 'unit:added')")
    for statement in (
        "UPDATE verification.evidence SET result = 'sent'",
        "DELETE FROM verification.evidence",
        "UPDATE audit.event SET subject = 'x'",
        "DELETE FROM audit.event",
        "TRUNCATE audit.event",
    ):
        with pytest.raises(InsufficientPrivilege), connection.transaction():
            connection.execute(statement)
    migrator = open_connection(Role.MIGRATOR)
    connection.commit()
    migrator.execute("SET ROLE gisland_owner")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        migrator.execute("DELETE FROM audit.event")


def test_no_application_role_is_superuser(open_connection: Open) -> None:
    query = """
        SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s) AND (rolsuper OR rolbypassrls OR rolcreaterole)
    """
    assert one(open_connection(Role.BACKUP), query, [role.value for role in Role]) == 0
