"""What is known of a document's content: its hash and size. The same content is filed once in a ward."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.registry.conftest import WHY, Api
from tests.registry.land import Land
from tests.registry.test_record_commands import Run, gisland

__all__ = ["gisland"]
DIGEST = hashlib.sha256(b"scan").hexdigest()


def test_the_same_content_is_filed_once_in_a_ward(api: Api) -> None:
    ward = api.ward()
    made = api.make("documents", ward_id=ward, kind="HD", content_hash=DIGEST, size_bytes=4)
    assert (made["content_hash"], made["size_bytes"]) == (DIGEST, 4)
    assert api.client.get(f"documents/{made['id']}").json() == made
    again = api.post("documents", ward_id=ward, kind="QD", content_hash=DIGEST)
    assert again.status_code == 409
    assert again.json()["constraint"] == "document_content"
    assert "with this content" in again.json()["detail"]
    # In another ward it is another document; none is in the way that counts no more or whose content is not known.
    api.make("documents", ward_id=api.ward(), kind="HD", content_hash=DIGEST)
    for _ in range(2):
        api.make("documents", ward_id=ward, kind="HD")
    assert api.post(f"documents/{made['id']}/retire", version=made["version"]).status_code == 200
    api.make("documents", ward_id=ward, kind="HD", content_hash=DIGEST)


@pytest.mark.parametrize(
    "said",
    [
        {"content_hash": DIGEST[:-1]},
        {"content_hash": DIGEST.upper()},
        {"content_hash": "x" * 64},
        {"size_bytes": -1},
        {"size_bytes": 2**53},
        {"size_bytes": "4"},
    ],
)
def test_what_is_no_hash_or_size_is_refused(api: Api, said: dict[str, object]) -> None:
    refused = api.post("documents", ward_id=api.ward(), kind="HD", **said)
    assert refused.status_code in (400, 422)
    assert next(iter(said)) in refused.text


def test_content_does_not_change(api: Api) -> None:
    made = api.make("documents", ward_id=api.ward(), kind="HD", content_hash=DIGEST)
    refused = api.patch(f"documents/{made['id']}", content_hash=hashlib.sha256(b"other").hexdigest())
    assert refused.status_code in (400, 422)


def test_a_command_reads_them_from_the_file(gisland: Run, land: Land, tmp_path: Path) -> None:
    scan = tmp_path / "DD 123456-GCN.pdf"
    scan.write_bytes(b"%PDF-1.7 " + b"x" * 100_000)
    said = {"change": WHY, "ward_id": land.ward, "kind": "GCN"}
    done = gisland("create", "document", "-", "--file", str(scan), said=said)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["content_hash"] == hashlib.sha256(scan.read_bytes()).hexdigest()
    assert (made["size_bytes"], made["file_name"]) == (100_009, "DD 123456-GCN.pdf")
    again = gisland("create", "document", "-", "--file", str(scan), said=said)
    assert again.returncode != 0
    assert "with this content" in again.stderr
    # What is said counts; only a document has a file.
    said |= {"file_name": "b.pdf", "content_hash": DIGEST}
    made = json.loads(gisland("create", "document", "-", "--file", str(scan), said=said).stdout)
    assert (made["content_hash"], made["file_name"]) == (DIGEST, "b.pdf")
    assert gisland("create", "holder", "-", "--file", str(scan), said=said).returncode == 2
    assert gisland("create", "document", "-", "--file", str(tmp_path / "none.pdf"), said=said).returncode == 1
