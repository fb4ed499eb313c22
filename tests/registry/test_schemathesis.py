"""schemathesis asks the running API whatever its document allows, and more: no answer departs from it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from gisland.database import Role, connect
from gisland.settings import Settings
from tests.conftest import clone_of
from tests.live import LiveServer, start_server
from tests.registry.conftest import Api

# Not its "missing_required_header": it does not know 428 (RFC 6585); test_api.py does.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)


# Whoever shows wrong credentials all the time has to wait (security/test_lockout); here it would hide other answers.
UNCOUNTED = """
    CREATE OR REPLACE FUNCTION security.uncounted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE OR REPLACE TRIGGER uncounted BEFORE INSERT ON security.attempt
        FOR EACH ROW EXECUTE FUNCTION security.uncounted();
"""


@pytest.fixture
def api_server(server: Settings) -> Iterator[LiveServer]:
    """A server in processes of its own, as it is run."""
    with clone_of(server) as settings, start_server(settings) as live:
        yield live


@pytest.mark.parametrize(
    ("phases", "examples"),
    [("examples,fuzzing", 1), pytest.param("examples,coverage,fuzzing", 50, marks=pytest.mark.proof)],
)
def test_api_keeps_to_its_document(api_server: LiveServer, phases: str, examples: int) -> None:
    with connect(api_server.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(UNCOUNTED)
    with httpx.Client(base_url=f"{api_server.url}/api/v1/", auth=api_server.admin, timeout=30) as client:
        api = Api(client)
        ward = api.ward()
        parcel, holder = api.parcel(ward), api.holder(ward, national_id="999190000555")
        on = {"ward_id": ward, "parcel_id": parcel["id"]}
        api.make("holdings", **on, holder_id=holder["id"], role="current_user")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{api_server.url}/api/v1/openapi.json"),
        *("--url", api_server.url, "--auth", ":".join(api_server.admin)),
        *("--phases", phases, "--max-examples", str(examples), "--seed", "1", "--no-color"),
        *("--checks", ",".join(CHECKS), "--workers", "2", "--request-timeout", "30"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) > 50
