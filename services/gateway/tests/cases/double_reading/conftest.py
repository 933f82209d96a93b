"""A case of a group whose members read it apart from each other."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from reading_by_two import READERS, RECALL
from signed_apart import apart


@pytest.fixture
def app(make_app):
    return make_app(double_reading="recall")


@pytest.fixture
def people(client, new_user, headers_of, root):
    """The headers of everybody; Alice, Bob and Carol are of one group."""
    new_user("carol")
    new_user("pacs", role="service")
    group = client.post("/api/v1/groups", headers=root, json={"name": "Screening"}).json()["id"]
    for name in (*READERS, "pacs"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    return {name: headers_of(name) for name in (*READERS, "pacs")} | {"root": root, "group": group}


@pytest.fixture
def film(client, people, upload, worker, picture):
    """Adds an analysed film with two findings to a case; returns its job's id."""

    def add(case: str, number: int, **said) -> str:
        said = {"view": "CC", "laterality": "R", "modality": "mammography", "case_id": case} | said
        job = upload(picture(number), headers=people["alice"], **said).json()["job"]["id"]
        worker.infer(job, findings=2)
        worker.render(job)
        return job

    return add


@pytest.fixture
def shared(client, people, film):
    """A case of Alice's group with one film; its id and its job's."""
    new = {"pseudonym": "P-1", "group_id": people["group"]}
    case = client.post("/api/v1/cases", headers=people["alice"], json=new).json()["id"]
    return case, film(case, 3)


@pytest.fixture
def here(client: TestClient, people, shared):
    """Asks for something of the case, as somebody."""

    def ask(method: str, name: str, path: str = "", **arguments):
        headers = people[name] | arguments.pop("headers", {})
        if path in ("/reads", "/arbitration") and "json" in arguments:
            arguments["json"] = apart(arguments["json"])  # no worker reads the films together
        return client.request(method, f"/api/v1/cases/{shared[0]}{path}", headers=headers, **arguments)

    return ask


@pytest.fixture
def read(here):
    """Signs a read, as somebody."""
    return lambda name, said=RECALL, **arguments: here("POST", name, "/reads", json=said, **arguments)


@pytest.fixture
def mark(here, shared, client, people):
    """Somebody's verdict, and what they draw."""

    def do(name: str, finding: str = "f1", verdict: str = "confirmed"):
        image = client.get(f"/api/v1/jobs/{shared[1]}", headers=people[name]).json()["image_id"]
        said = here("PUT", name, f"/reviews/{shared[1]}/{finding}", json={"verdict": verdict, "comment": f"by {name}"})
        box = {"x": 1, "y": 1, "width": 3, "height": 3}
        drawn = {"image_id": image, "kind": "mass", "shape": "box", "box": box, "comment": f"of {name}"}
        return said, here("PUT", name, f"/reader-findings/{uuid4()}", json=drawn)

    return do
