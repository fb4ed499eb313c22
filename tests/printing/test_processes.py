"""OGC API – Processes, Part 1: what its abstract tests ask, of our server and worker."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import httpx
import pytest

from gisland.printing.products import PRODUCTS
from gisland.publish.processes import CONFORMANCE, EXCEPTIONS, REL
from gisland.security.permissions import Role
from tests.live import PASSWORD
from tests.printing import test_job_routes
from tests.printing.conftest import WHY
from tests.printing.test_job_routes import Office, wait

office = test_job_routes.office
INPUTS = {"ward": "11311", "group": "01", "reason": WHY}


@pytest.fixture
def client(office: Office) -> httpx.Client:
    return office.client(("admin", PASSWORD))


@pytest.fixture
def anybody(office: Office) -> httpx.Client:
    return office.client()


def links(document: dict[str, Any]) -> dict[str, str]:
    return {each["rel"]: each["href"] for each in document["links"]}


def run(client: httpx.Client, **more: Any) -> tuple[httpx.Response, dict[str, Any]]:
    """Execute a process, and wait for the job. Returns its results and its last status."""
    made = client.post("/ogc/processes/atlas/execution", json={"inputs": INPUTS} | more)
    assert made.status_code == 201, made.text
    done = wait(client, made.headers["Location"], "status")
    return client.get(f"{made.headers['Location']}/results"), done


def test_it_is_found_from_the_landing_page(client: httpx.Client, anybody: httpx.Client) -> None:
    found = links(client.get("/ogc").json())
    for each in ("processes", "job-list"):
        assert client.get(found[f"{REL}/{each}"]).status_code == 200
    # Whoever can have no jobs is not led to where they must sign in.
    assert links(anybody.get("/ogc").json()).keys() == found.keys() - {f"{REL}/job-list"}
    assert set(CONFORMANCE) <= set(anybody.get("/ogc/conformance").json()["conformsTo"])


def test_processes_are_listed_and_described(anybody: httpx.Client) -> None:
    document = anybody.get("/ogc/processes").json()
    assert [each["id"] for each in document["processes"]] == list(PRODUCTS)
    assert anybody.get("/ogc/processes", params={"limit": 1}).json()["processes"] == document["processes"][:1]
    assert links(document)["self"].endswith("/ogc/processes")
    for each in document["processes"]:
        assert {"id", "version", "title", "jobControlOptions", "outputTransmission"} <= each.keys()
        described = anybody.get(links(each)["self"]).json()
        assert described.items() >= each.items()
        assert described["inputs"]["ward"]["minOccurs"] == 1
        assert all({"title", "schema", "minOccurs"} <= put.keys() for put in described["inputs"].values())
        assert described["outputs"]["file"]["schema"]["contentMediaType"] == PRODUCTS[each["id"]].media_type
        assert links(each)[f"{REL}/execute"].endswith(f"/ogc/processes/{each['id']}/execution")
    english = anybody.get("/ogc/processes/atlas", params={"lang": "en"}).json()
    assert english["title"] == "Atlas of a residential group"


def test_a_process_is_executed_as_a_job(client: httpx.Client) -> None:
    made = client.post("/ogc/processes/atlas/execution", json={"inputs": INPUTS}, headers={"Prefer": "respond-async"})
    assert made.status_code == 201
    assert made.headers["Preference-Applied"] == "respond-async"
    status = made.json()
    assert (status["type"], status["processID"], status["status"]) == ("process", "atlas", "accepted")
    assert made.headers["Location"].endswith(f"/ogc/jobs/{status['jobID']}")
    early = client.get(f"{made.headers['Location']}/results")
    assert early.status_code in {200, 404}
    if early.status_code == 404:
        assert early.json()["type"] == f"{EXCEPTIONS}/result-not-ready"
    done = wait(client, made.headers["Location"], "status")
    assert (done["status"], done["progress"]) == ("successful", 100)
    times = [datetime.fromisoformat(done[name]) for name in ("created", "started", "finished")]
    assert times == sorted(times)
    file = client.get(links(done)[f"{REL}/results"])
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    assert file.content.startswith(b"%PDF")
    # One truth: it is the print of the REST API, too.
    assert client.get(f"/api/v1/prints/{done['jobID']}").json()["size_bytes"] == len(file.content)


def test_results_are_given_as_they_are_asked_for(client: httpx.Client) -> None:
    document, _ = run(client, response="document")
    value = document.json()["file"]
    assert (value["mediaType"], base64.b64decode(value["value"])[:4]) == ("application/pdf", b"%PDF")
    by_link = {"file": {"transmissionMode": "reference"}}
    empty, _ = run(client, outputs=by_link)
    assert (empty.status_code, empty.content) == (204, b"")
    href = empty.links["file"]["url"]
    assert client.get(href).content.startswith(b"%PDF")
    both, _ = run(client, outputs=by_link, response="document")
    assert both.json()["file"]["type"] == "application/pdf"
    assert client.get(both.json()["file"]["href"]).status_code == 200


def test_jobs_are_listed(client: httpx.Client) -> None:
    _, done = run(client)

    def listed(**given: Any) -> set[str]:
        answer = client.get("/ogc/jobs", params={"limit": 1000} | given)
        assert answer.status_code == 200, answer.text
        return {each["jobID"] for each in answer.json()["jobs"]}

    job = done["jobID"]
    assert job in listed() & listed(type="process") & listed(processID="atlas,x") & listed(status="successful,failed")
    assert job not in listed(type="wps") | listed(processID="x") | listed(status="failed,dismissed")
    created = done["created"]
    assert job in listed(datetime=f"{created[:10]}T00:00:00Z/..") & listed(minDuration=0) & listed(maxDuration=600)
    assert job not in listed(datetime="../2020-01-01T00:00:00Z") | listed(minDuration=100_000)
    assert len(client.get("/ogc/jobs", params={"limit": 1}).json()["jobs"]) == 1
    assert "self" in links(client.get("/ogc/jobs").json())


def test_a_job_is_dismissed(client: httpx.Client) -> None:
    made = client.post("/ogc/processes/atlas/execution", json={"inputs": INPUTS})
    gone = client.delete(made.headers["Location"])
    assert (gone.status_code, gone.json()["status"]) == (200, "dismissed")
    assert wait(client, made.headers["Location"], "status")["status"] == "dismissed"
    assert client.get(f"{made.headers['Location']}/results").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/processes/x", None, 404, "no-such-process"),
        ("POST", "/processes/x/execution", {"inputs": {}}, 404, "no-such-process"),
        ("GET", "/jobs/x", None, 404, "no-such-job"),
        ("GET", "/jobs/00000000-0000-4000-8000-000000000000", None, 404, "no-such-job"),
        ("GET", "/jobs/00000000-0000-4000-8000-000000000000/results", None, 404, "no-such-job"),
        ("DELETE", "/jobs/00000000-0000-4000-8000-000000000000", None, 404, "no-such-job"),
        ("POST", "/processes/atlas/execution", {"inputs": {"ward": 5}}, 400, ""),
        ("POST", "/processes/atlas/execution", {"inputs": INPUTS, "outputs": {"x": {}}}, 400, ""),
        ("POST", "/processes/atlas/execution", {"inputs": INPUTS, "response": "x"}, 400, ""),
        ("GET", "/jobs?status=x", None, 400, ""),
        ("GET", "/jobs?datetime=x", None, 400, ""),
        ("GET", "/jobs?limit=0", None, 400, ""),
        ("GET", "/jobs?x=1", None, 400, ""),
        ("GET", "/processes?f=xml", None, 400, ""),
    ],
)
def test_what_is_wrong_is_told(client: httpx.Client, method: str, path: str, body: Any, status: int, kind: str) -> None:
    answer = client.request(method, f"/ogc{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == (f"{EXCEPTIONS}/{kind}" if kind else "about:blank")


def test_who_is_let_in(office: Office, anybody: httpx.Client) -> None:
    police = office.hire("canh", Role.POLICE)
    for method, path in (("POST", "/processes/atlas/execution"), ("GET", "/jobs")):
        body = {"inputs": INPUTS} if method == "POST" else None
        assert anybody.request(method, f"/ogc{path}", json=body).status_code == 401
        assert police.request(method, f"/ogc{path}", json=body).status_code == 403


def test_it_is_in_the_openapi_document(anybody: httpx.Client) -> None:
    paths = anybody.get("/ogc/api").json()["paths"]
    assert {"get", "delete"} <= paths["/jobs/{jobID}"].keys()
    assert "post" in paths["/processes/{processID}/execution"]
    names = {each.get("name") for each in paths["/jobs"]["get"]["parameters"]}
    assert {"type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit"} <= names
