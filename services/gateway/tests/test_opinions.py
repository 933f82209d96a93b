"""Opinions of regions that readers draw: asked for once, given by a worker, gone when the region changes."""

import uuid

import pytest

from gateway.jobs.models import Opinion
from lobule.contracts.region import RegionOpinion, RegionRequest
from lobule.contracts.result import ModelInfo, Thresholds

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


@pytest.fixture
def case(client, alice) -> str:
    return client.post("/api/v1/cases", json={"pseudonym": "P-ASK"}, headers=alice).json()["id"]


@pytest.fixture
def image(upload, picture, case, worker):
    """An analysed film."""
    answer = upload(picture(1), modality="mammography", case_id=case, laterality="R", view="CC").json()
    worker.infer(answer["job"]["id"])
    return answer["image"]


@pytest.fixture
def draw(client, alice, case):
    def put(image, name=None, **box):
        where = {"x": 1, "y": 2, "width": 6, "height": 4} | box
        said = {"image_id": image["id"], "kind": "mass", "shape": "box", "box": where}
        name = name or str(uuid.uuid4())
        answer = client.put(f"/api/v1/cases/{case}/reader-findings/{name}", json=said, headers=alice)
        assert answer.status_code == 200, answer.text
        return name

    return put


@pytest.fixture
def opinion(client, alice, case):
    """What the API says of the opinion of a finding; asks for it by `method="post"`."""

    def call(name, method="get", headers=alice):
        path = f"/api/v1/cases/{case}/reader-findings/{name}/opinion?lang=en"
        return getattr(client, method)(path, headers=headers)

    return call


MODEL = ModelInfo(name="regions", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing")
SCALE = {"mm_per_pixel": 0.05, "coarsest_mm_per_pixel": 0.1, "scale_assumed": False}
ANSWER = RegionOpinion(
    outcome="answered",
    kind="mass",
    probability_kind=0.9,
    probability_malignant=0.7,
    assessment="malignancy_suspected",
    thresholds=Thresholds(low=0.1, high=0.6),
    model=MODEL,
    **SCALE,
)


def claim_region(worker) -> dict:
    """The next opinion that is waited for; the reading of the case's films is left to others."""
    while (claim := worker.claim_next("mammo"))["step"] != "region":
        pass
    return claim


def answer(worker, claim: dict, said: RegionOpinion = ANSWER):
    worker.store.put(f"{claim['output_prefix']}/region.json", said.model_dump_json().encode())
    return worker.post(claim["job_id"], "region", "complete", attempt=claim["attempt"])


def test_asked_once_answered_and_gone_when_the_region_changes(image, draw, opinion, worker):
    name = draw(image)
    assert opinion(name).json() == {"state": "none", "error": None, "opinion": None, "text": []}
    asked = opinion(name, "post")
    assert (asked.status_code, asked.json()["state"]) == (200, "queued")
    claim = claim_region(worker)
    request = RegionRequest.model_validate(claim["region"])
    assert (request.box.x, request.box.height, request.image.sha256) == (1, 4, image["sha256"])
    assert opinion(name, "post").json()["state"] == "running", "asking again does not begin anew"
    assert answer(worker, claim).status_code == 204
    said = opinion(name).json()
    assert (said["state"], said["opinion"]["kind"]) == ("done", "mass")
    assert said["text"][:2] == [
        "On the scale of drawn regions, 70%: Malignancy suspected.",
        "It looks like a mass rather than calcifications (90%).",
    ]
    assert opinion(name, "post").json() == said
    draw(image, name, x=2)
    assert opinion(name).json()["state"] == "none"


def test_gone_when_the_finding_is_drawn_on_another_film(app, image, draw, opinion, upload, picture, case, worker):
    """Nobody could read it, nor delete it before the film."""
    fields = {"modality": "mammography", "case_id": case, "laterality": "R", "view": "MLO"}
    other = upload(picture(2), **fields).json()
    worker.infer(other["job"]["id"])
    name = draw(image)
    opinion(name, "post")
    claim = claim_region(worker)
    assert answer(worker, claim).status_code == 204
    draw(other["image"], name)
    assert opinion(name).json()["state"] == "none"
    with app.state.sessions() as session:
        assert session.query(Opinion).count() == 0
    assert not list(app.state.store.entries(claim["output_prefix"]))


def test_a_changed_region_fences_the_attempt_under_way(image, draw, opinion, worker):
    name = draw(image)
    opinion(name, "post")
    old = claim_region(worker)
    draw(image, name, x=2)
    assert opinion(name, "post").json()["state"] == "queued"
    assert answer(worker, old).status_code == 409
    new = claim_region(worker)
    assert new["region"]["box"]["x"] == 2
    coarse = RegionOpinion(outcome="too_coarse", **SCALE | {"mm_per_pixel": 0.3, "scale_assumed": True})
    assert answer(worker, new, coarse).status_code == 204
    assert opinion(name).json()["text"] == [
        "No opinion: this film has 0.3 mm a pixel, and at most 0.1 mm are needed.",
        "The file does not say its scale: 0.3 mm a pixel was assumed, by the usual height of a film.",
    ]


def test_what_failed_is_told_and_tried_again(image, draw, opinion, worker):
    name = draw(image)
    opinion(name, "post")
    claim = claim_region(worker)
    worker.post(claim["job_id"], "region", "fail", attempt=claim["attempt"], code="model_unavailable", detail="None.")
    assert opinion(name).json()["error"]["code"] == "model_unavailable"
    assert opinion(name, "post").json()["state"] == "queued"


def test_others_and_other_images_get_none(image, draw, opinion, headers_of, upload, picture, case):
    name = draw(image)
    assert opinion(name, "post", headers_of("bob")).status_code == 404
    assert opinion(str(uuid.uuid4()), "post").status_code == 404
    field = upload(picture(5), case_id=case).json()["image"]
    refused = opinion(draw(field), "post")
    assert (refused.status_code, refused.json()["reason"]) == (422, "no_opinions")


def test_an_erased_region_takes_its_opinion_along(image, draw, opinion, worker, client, alice, case, app):
    name = draw(image)
    opinion(name, "post")
    claim = claim_region(worker)
    assert answer(worker, claim).status_code == 204
    assert client.delete(f"/api/v1/cases/{case}/reader-findings/{name}", headers=alice).status_code == 204
    with app.state.sessions() as session:
        assert session.query(Opinion).all() == []
    assert not [entry for entry in app.state.store.entries("jobs") if claim["job_id"] in entry.key]


def test_what_is_asked_again_is_recorded_once(image, draw, opinion, client, root):
    name = draw(image)
    for _ in range(3):
        assert opinion(name, "post").status_code == 200
    found = client.get("/api/v1/audit", params={"action": "finding.ask"}, headers=root).json()["items"]
    assert len(found) == 1


def test_a_program_waits_behind_people(app, image, draw, opinion, client, alice):
    made = client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read", "write"]}, headers=alice).json()
    names = draw(image), draw(image, y=3)
    assert opinion(names[0], "post").status_code == 200
    assert opinion(names[1], "post", {"Authorization": f"Bearer {made['secret']}"}).status_code == 200
    with app.state.sessions() as session:
        found = {each.token_id: each.steps[0].interactive for each in session.query(Opinion)}
    assert found == {None: True, made["id"]: False}


def test_a_removed_image_takes_its_opinions_along(image, draw, opinion, worker, client, alice, app):
    name = draw(image)
    opinion(name, "post")
    claim = claim_region(worker)
    assert client.delete(f"/api/v1/images/{image['id']}", headers=alice).status_code == 204
    with app.state.sessions() as session:
        assert session.query(Opinion).all() == []
    assert answer(worker, claim).status_code == 409
