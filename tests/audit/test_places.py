"""Every place that writes to the audit log, and what it says there: read by a person, and never personal data.

A new place fails here until somebody has read what it notes and put it into the list.
"""

from __future__ import annotations

import ast
from pathlib import Path

from gisland.audit.log import Tag

PACKAGE = Path(__file__).parents[2] / "gisland"

# file → what it notes, for each of its places. Free texts (reasons, file names, paths) pass `mask_ids`; what people
# typed to search is never noted, neither are values of filters.
REVIEWED = {
    "audit/alerts/store.py": ["alert id, rule, severity", "alert id, masked note"],
    "audit/commands.py": ["counts"],
    "audit/events.py": ["names of filters, a count", "names of filters"],
    "audit/retention.py": ["month, counts, hash"],
    "bench/audit.py": ["change id, kind"],
    "database/commands.py": ["masked file name, bytes"],
    "intake/staging.py": ["batch id, masked file name, layout, counts"],
    "publish/layers.py": ["layer", "layer, whether public, count"],
    "registry/check.py": ["kind, a count"],
    "registry/changes.py": ["change id, kind"],
    "registry/identity.py": ["holder id, masked reason"],
    "registry/records.py": ["kind, ids, count, names of filters"],
    "printing/orders.py": ["job id, print id, pages, hash"],
    "printing/press.py": [
        "product, print id, counts, paper, scale, data version, whether names are in it, masked reason, hash"
    ],
    "publish/refreshing.py": ["layer, count"],
    "publish/export.py": ["layer, format, whether filtered, masked reason"],
    "registry/search_commands.py": ["ward id, counts by kind"],
    "registry/search_routes.py": ["ward id, counts by kind"],
    "registry/timeline.py": ["parcel id"],
    "registry/units.py": ["unit code", "unit code"],
    "security/accounts.py": [
        *("account name", "account name", "account name, kind of change"),
        *("account name, kind of change, counts", "account name, count", "account name, kind of change"),
        "whether accounts, grants or tokens, account id, a count",
    ],
    "security/grants.py": ["grant id, account name, role, ward, group"],
    "security/guards.py": ["masked path, permission"],
    "security/identity.py": ["nothing: a token that is none"],
    "security/proofs.py": ["token id"],
    "security/sessions.py": ["session id"],
    "security/sign_in.py": ["account name, by what", "masked name if there is such an account, part of a keyed hash"],
    "security/tokens.py": ["token id, permissions, ward ids, days, account name", "token id"],
    "security/rotation.py": ["name of the key, counts"],
    "verification/lists.py": ["list id, counts"],
    "verification/sending.py": ["list id, counts"],
}
# Tags of acts that other rooms bring; until then nothing is noted under them.
TO_COME: set[Tag] = set()
# Words that name personal columns: none of them is put into an event.
PERSONAL = {
    "full_name",
    "name_key",
    "birth_date",
    "birth_year",
    "national_id",
    "id_masked",
    "id_hash",
    "address",
    "phone",
}


def calls(path: Path) -> list[ast.Call]:
    """Calls that write an event: `record(…)` of the log, and `execute(INSERT, …)` where INSERT is the log's."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "gisland.audit.log"
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        said = ast.unparse(node.func)
        plain = said == "record" and "record" in names
        insert = said.endswith(".execute") and node.args and ast.unparse(node.args[0]) == "INSERT" and "INSERT" in names
        if said == "log.record" or plain or insert:
            found.append(node)
    return found


def sources() -> dict[str, Path]:
    paths = (path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts)
    return {str(path.relative_to(PACKAGE)): path for path in paths if path.name != "log.py"}


def test_every_place_has_been_read() -> None:
    found = {name: len(calls(path)) for name, path in sources().items() if calls(path)}
    assert found == {name: len(said) for name, said in REVIEWED.items()}


def test_no_other_statement_writes_events() -> None:
    files = [*sources().items(), *((str(path.relative_to(PACKAGE)), path) for path in PACKAGE.rglob("*.sql"))]
    writing = {name for name, path in files if "INSERT INTO audit.event" in path.read_text(encoding="utf-8")}
    # What staff were given of a layer, in the transaction that gave it: numbers only. Of a change by SQL: who.
    assert writing == {"sql/audit.sql", "sql/history.sql"}


def test_no_place_names_a_personal_column() -> None:
    for name, path in sources().items():
        for call in calls(path):
            said = {each.value for each in ast.walk(call) if isinstance(each, ast.Constant)}
            said |= {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
            said |= {each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute)}
            assert not said & PERSONAL, f"{name}:{call.lineno}"


def test_every_tag_is_used_or_waited_for() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources().values())
    statements = "".join((PACKAGE / "sql" / name).read_text(encoding="utf-8") for name in ("audit.sql", "history.sql"))
    unused = {tag for tag in Tag if f"Tag.{tag.name}" not in text and f"'{tag.value}'" not in statements}
    assert unused == TO_COME


def test_tags_are_of_one_form() -> None:
    assert all(len(tag.value.split(":")) == 2 for tag in Tag)
