"""pgbench running the very statement that a page of items runs: what is lost above it is the web server's share."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from gisland.database.cluster_host import client_program
from gisland.database.dump import without_password
from gisland.errors import GislandError

Query: TypeAlias = tuple[str, Sequence[Any] | Mapping[str, Any]]
"""A statement with psycopg's placeholders, and their values."""

PLACEHOLDER = re.compile(r"%\((\w+)\)[sbt]|%([sbt])|%%")
TEXT = re.compile(r"'(?:[^']|'')*'")


def script(queries: Sequence[Query]) -> str:
    """The script of one transaction: one of the queries, drawn by chance.

    The queries are one statement with different values, as gisland's own query builder gives them. Numbers become
    variables and so parameters of the prepared statement, as they are in gisland; texts stand in the statement, because
    pgbench has no text variables: those that differ as a list from which one is drawn.

    Raises:
        ValueError: the queries differ in more than their values.
    """
    statements = {statement for statement, _ in queries}
    if len(statements) != 1:
        raise ValueError("pgbench can run one statement only")
    columns = list(zip(*(_values(*query) for query in queries), strict=True))
    variables: dict[tuple[Any, ...], str] = {}
    for column in columns:
        if all(isinstance(each, int | float) for each in column):
            variables.setdefault(column, f"p{len(variables) + 1}")
    lines = [rf"\set drawn random(1, {len(queries)})"]
    lines += [rf"\set {name} {_drawn(column)}" for column, name in variables.items()]
    terms = (f":{variables[column]}" if column in variables else _text(column) for column in columns)
    # Cut texts first: `:MI` within a quoted format would be taken for a variable.
    statement = TEXT.sub(lambda text: re.sub(r":(?=\w)", "' || ':' || '", text[0]), statements.pop())
    statement = PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else next(terms), statement)
    return "\n".join([*lines, " ".join(statement.split()) + ";", ""])


def _values(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    """The value of each placeholder, in the order of the statement."""
    names = [found[1] for found in PLACEHOLDER.finditer(statement) if found[0] != "%%"]
    if isinstance(parameters, Mapping):
        return [parameters[name] for name in names]
    return list(parameters)


def _drawn(values: Sequence[float]) -> str:
    if len(set(values)) == 1:
        return repr(values[0])
    cases = " ".join(f"when :drawn = {number} then {value!r}" for number, value in enumerate(values, start=1))
    return f"case {cases} end"


def _text(values: Sequence[str | None]) -> str:
    if len(set(values)) == 1:
        return _literal(values[0])
    return f"(ARRAY[{', '.join(map(_literal, values))}])[:drawn]"


def _literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def run(info: str, text: str, *, connections: int, seconds: float) -> float:
    """Run a script for some seconds, at least one; with none of them each connection runs it once, to see that it can.

    Returns:
        Transactions per second, without the time to connect.

    Raises:
        GislandError: pgbench is missing or a transaction failed.
    """
    info, env = without_password(info)
    with TemporaryDirectory() as folder:
        file = Path(folder, "page.sql")
        file.write_text(text, encoding="utf-8")
        command = [client_program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={file}"]
        amount = f"--time={max(1, round(seconds))}" if seconds else "--transactions=1"
        command += [f"--client={connections}", "--jobs=1", amount, info]
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    found = re.search(r"^tps = ([\d.]+)", told.stdout, re.MULTILINE)
    if told.returncode or found is None:
        raise GislandError(f"pgbench failed: {told.stderr.strip()[-300:]}")
    return float(found[1])
