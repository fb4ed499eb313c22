"""The document of the schema is that of the schema there is."""

from __future__ import annotations

import re

from psycopg import Connection

from gisland.database.docs import describe
from gisland.settings import PROJECT_DIR

WRITTEN = PROJECT_DIR / "data" / "registry.md"


def test_written_document_is_up_to_date(app_connection: Connection) -> None:
    assert WRITTEN.read_text(encoding="utf-8") == describe(app_connection), "run: make docs"


def test_document_tells_tables_columns_keys_and_meanings(app_connection: Connection) -> None:
    text = describe(app_connection)
    assert "## registry.parcel\n\nThửa đất (LA_SpatialUnit) · Parcel" in text
    assert re.search(r"\| `legal_area_m2` \| `numeric\(14,1\)` \| Diện tích pháp lý .+ · Area on paper", text)
    assert "    map_sheet ||--o{ parcel : map_sheet_id\n" in text
    assert "    asset |o--o{ asset : parent_id\n" in text
    assert "UNIQUE (map_sheet_id, parcel_no) WHERE (retired_by IS NULL)" in text


def test_diagram_is_one_that_mermaid_reads(app_connection: Connection) -> None:
    diagram = describe(app_connection).partition("```mermaid\n")[2].partition("```")[0]
    line = re.compile(r"erDiagram|    \w+ \{|        \w+ \w+( PK| FK)?|    \}|    \w+ (\|\||\|o)--o\{ \w+ : \w+")
    assert [each for each in diagram.splitlines() if not line.fullmatch(each)] == []
