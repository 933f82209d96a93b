"""Work on an image or a case waits in the lane of whoever asks for it, not of its owner: each way to a queue."""

import uuid

import pytest
from signed_apart import apart
from typer.testing import CliRunner

from gateway.jobs.models import Step
from gateway.reports import commands, renderings
from gateway.users.models import User


@pytest.fixture
def film(upload, picture, case, worker) -> dict:
    """An analysed film of Alice's case."""
    sent = upload(picture(1), modality="mammography", case_id=case, view="CC", laterality="L").json()
    worker.infer(sent["job"]["id"])
    return sent


@pytest.fixture
def carol(film, case, colleague) -> dict[str, str]:
    """Carol's headers, who sees the case."""
    return colleague(case)


@pytest.fixture
def token(client, carol) -> dict[str, str]:
    """Headers of a program of Carol's."""
    made = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["read", "write"]}, headers=carol)
    return {"Authorization": f"Bearer {made.json()['secret']}"}


@pytest.fixture
def lanes(app):
    """The lanes in which steps of a name wait: whose, and whether a person waits."""

    def of(name: str) -> set[tuple[str, bool]]:
        with app.state.sessions() as session:
            names = {user.id: user.username for user in session.query(User)}
            waiting = session.query(Step).filter_by(name=name, state="queued").all()
            return {(names[step.owner_id], step.interactive) for step in waiting}

    return of


@pytest.fixture
def impatient(monkeypatch):
    """A request does not wait for its rendering."""
    monkeypatch.setattr(renderings, "_PATIENCE_S", 0)


@pytest.fixture
def version(client, alice, worker, film, case) -> str:
    """The path of a signed version whose renderings have been cancelled."""
    worker.render(film["job"]["id"])
    path = f"/api/v1/cases/{case}/reports"
    assert client.post(path, json=apart({}), headers=alice).status_code == 201
    with client.app.state.sessions.begin() as session:
        for step in session.query(Step).filter_by(name="render"):
            step.state, step.job.state = "cancelled", "cancelled"
    return f"{path}/1"


@pytest.mark.usefixtures("impatient")
def test_the_draft_of_a_case_and_the_report_of_an_image(client, carol, case, film, worker, lanes):
    assert client.get(f"/api/v1/cases/{case}/reports/draft", headers=carol).status_code == 503
    assert lanes("render") == {("carol", True)}
    worker.render(film["job"]["id"])
    report = client.get(f"/api/v1/jobs/{film['job']['id']}/report", headers=carol, params={"lang": "zh"})
    assert (report.status_code, lanes("render")) == (503, {("carol", True)})


@pytest.mark.usefixtures("impatient")
def test_a_signed_version(client, carol, version, lanes):
    assert client.get(version, headers=carol).status_code == 503
    assert lanes("render") == {("carol", True)}


def test_renderings_of_a_program_wait_after_people(client, token, version, lanes):
    assert client.post(f"{version}/renderings", json={}, headers=token).status_code == 202
    assert lanes("render") == {("carol", False)}


def test_renderings_of_a_command_wait_after_people(app, case, version, lanes, monkeypatch):
    monkeypatch.setattr(commands, "sessions_at", lambda _home: app.state.sessions)
    assert CliRunner().invoke(commands.app, ["render", case]).exit_code == 0
    assert lanes("render") == {("alice", False)}


def test_whoever_signs_waits_for_the_renderings(client, carol, worker, film, case, lanes):
    worker.render(film["job"]["id"])
    assert client.post(f"/api/v1/cases/{case}/reports", json=apart({}), headers=carol).status_code == 201
    assert lanes("render") == {("carol", True)}


def test_the_films_of_a_case_after_an_analysis(client, carol, film, worker, lanes):
    assert lanes("examination") == {("alice", True)}
    again = client.post(f"/api/v1/images/{film['image']['id']}/jobs", headers=carol).json()
    worker.infer(again["id"])
    assert lanes("examination") == {("carol", True)}


def test_the_films_of_a_case_after_a_correction(client, token, film, lanes):
    path = f"/api/v1/images/{film['image']['id']}"
    assert client.patch(path, json={"view": "MLO"}, headers=token).status_code == 200
    assert lanes("examination") == {("carol", False)}


def test_an_opinion_that_another_asks_for_again(client, alice, carol, film, case, worker, lanes):
    path = f"/api/v1/cases/{case}/reader-findings/{uuid.uuid4()}"
    box = {"x": 1, "y": 2, "width": 6, "height": 4}
    drawn = {"image_id": film["image"]["id"], "kind": "mass", "shape": "box", "box": box}
    assert client.put(path, json=drawn, headers=alice).status_code == 200
    assert client.post(f"{path}/opinion", headers=alice).status_code == 200
    assert lanes("region") == {("alice", True)}
    while (claim := worker.claim_next("mammo"))["step"] != "region":
        pass
    worker.post(claim["job_id"], "region", "fail", attempt=claim["attempt"], code="model_unavailable", detail="None.")
    assert client.post(f"{path}/opinion", headers=carol).status_code == 200
    assert lanes("region") == {("carol", True)}
