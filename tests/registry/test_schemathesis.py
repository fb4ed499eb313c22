"""schemathesis asks the running API whatever its document allows, and more: no answer departs from it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from gisland.database import Role, connect
from tests.live import LiveServer
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


@pytest.mark.parametrize(
    ("phases", "examples"),
    [("examples,fuzzing", 3), pytest.param("examples,coverage,fuzzing", 50, marks=pytest.mark.proof)],
)
def test_api_keeps_to_its_document(registry_server: LiveServer, api: Api, phases: str, examples: int) -> None:
    with connect(registry_server.settings, Role.MIGRATOR) as connection:
        connection.execute("SET ROLE gisland_owner")
        connection.execute(UNCOUNTED)
    ward = api.ward()
    parcel, holder = api.parcel(ward), api.holder(ward, national_id="999190000555")
    on = {"ward_id": ward, "parcel_id": parcel["id"]}
    api.make("holdings", **on, holder_id=holder["id"], role="current_user")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{registry_server.url}/api/v1/openapi.json"),
        *("--url", registry_server.url, "--auth", ":".join(registry_server.admin)),
        *("--phases", phases, "--max-examples", str(examples), "--seed", "1", "--no-color"),
        *("--checks", ",".join(CHECKS), "--workers", "2", "--request-timeout", "30"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) > 50
