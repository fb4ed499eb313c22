"""The schema as a document, from the database itself: what it says of tables, columns, keys and constraints.

The text is the same for the same schema, so that a test can tell when the written one is old.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from psycopg import Connection

SCHEMAS = ("registry", "verification")
# Each table has these: in a diagram they would be all that one sees.
COMMON = {"version", "updated_at", "changed_by", "created_by", "retired_by", "ward_id", "batch_id"}

COLUMNS = """
    SELECT relnamespace::regnamespace::text, relname, coalesce(obj_description(c.oid), ''), attname,
           format_type(atttypid, atttypmod), attnotnull, coalesce(col_description(c.oid, attnum), '')
      FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
     WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind IN ('r', 'v')
     ORDER BY relnamespace::regnamespace::text, relname COLLATE "C", attnum
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, contype, pg_get_constraintdef(k.oid),
           ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY u(attnum, n)
                   JOIN pg_attribute USING (attnum) WHERE attrelid = conrelid ORDER BY n),
           confrelid::regclass::text
      FROM pg_constraint k
     WHERE connamespace::regnamespace::text = ANY (%s) AND contype IN ('p', 'f', 'u', 'c') AND conrelid <> 0
     ORDER BY conrelid::regclass::text COLLATE "C", contype, pg_get_constraintdef(k.oid) COLLATE "C"
"""
INDEXES = """
    SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid)
      FROM pg_index JOIN pg_class c ON c.oid = indrelid
     WHERE relnamespace::regnamespace::text = ANY (%s) AND indisunique
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
     ORDER BY 1, 2
"""
HEAD = """# Sổ đăng ký đất đai · The registry

Do `make docs` lập từ chính CSDL; đừng sửa tay · Made by `make docs` from the database itself; do not edit.

What makes no sense is refused by the constraints listed here; what reality breaks is accepted, and is a finding.
Each table of `registry` except `change` has its former states in `history.<table>`. The diagram leaves out the columns
that most tables have (`version`, `updated_at`, `changed_by`, `created_by`, `retired_by`, `ward_id`).
"""


@dataclass(frozen=True)
class Column:
    """A column as the database knows it."""

    name: str
    type: str
    required: bool
    meaning: str


@dataclass(frozen=True)
class Constraint:
    """A primary key (p), foreign key (f), unique (u) or check (c) constraint."""

    type: str
    text: str
    columns: tuple[str, ...]
    target: str


Columns = dict[str, list[Column]]
Constraints = dict[str, list[Constraint]]


def describe(connection: Connection) -> str:
    """The document, in Markdown with a Mermaid diagram."""
    columns: Columns = defaultdict(list)
    meanings: dict[str, str] = {}
    for schema, table, meaning, *column in connection.execute(COLUMNS, [list(SCHEMAS)]).fetchall():
        meanings[f"{schema}.{table}"] = meaning
        columns[f"{schema}.{table}"].append(Column(*column))
    constraints: Constraints = defaultdict(list)
    for table, kind, text, names, target in connection.execute(CONSTRAINTS, [list(SCHEMAS)]).fetchall():
        constraints[table].append(Constraint(kind, text, tuple(names), target))
    for table, text in connection.execute(INDEXES, [list(SCHEMAS)]).fetchall():
        constraints[table].append(Constraint("u", "UNIQUE " + text.partition(" USING btree ")[2], (), ""))
    parts = [HEAD, _diagram(columns, constraints)]
    parts += [_table(name, meanings[name], columns[name], constraints[name]) for name in columns]
    return "\n".join(parts)


def _diagram(columns: Columns, constraints: Constraints) -> str:
    lines = ["```mermaid", "erDiagram"]
    for table, its in columns.items():
        lines.append(f"    {_short(table)} {{")
        keys = {name: "FK" for each in constraints[table] if each.type == "f" for name in each.columns}
        keys |= {name: "PK" for each in constraints[table] if each.type == "p" for name in each.columns}
        for column in its:
            if column.name not in COMMON:
                kind = column.type.partition("(")[0].replace(" ", "_")
                lines.append(f"        {kind} {column.name} {keys.get(column.name, '')}".rstrip())
        lines.append("    }")
    for table, its in columns.items():
        required = {column.name for column in its if column.required}
        links = {
            each.columns[0]: each
            for each in constraints[table]
            if each.type == "f" and each.columns[0] not in COMMON and each.target in columns
        }
        for name, link in links.items():
            one = "||" if name in required else "|o"
            lines.append(f"    {_short(link.target)} {one}--o{{ {_short(table)} : {name}")
    return "\n".join([*lines, "```", ""])


def _table(name: str, meaning: str, columns: list[Column], constraints: list[Constraint]) -> str:
    lines = [f"## {name}", "", meaning, "", "| Cột · Column | Kiểu · Type | Nghĩa · Meaning |", "|---|---|---|"]
    for column in columns:
        required = " NOT NULL" if column.required else ""
        lines.append(f"| `{column.name}` | `{column.type}{required}` | {column.meaning.replace('|', '&#124;')} |")
    if constraints:
        lines += ["", *(f"- `{each.text}`" for each in constraints)]
    return "\n".join([*lines, ""])


def _short(table: str) -> str:
    return table.removeprefix("registry.").replace(".", "_")
