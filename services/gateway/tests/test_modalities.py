"""Modalities that workers announce: what is learnt of them, and what a bad one stops."""

import pytest

from gateway.images.models import Image
from gateway.modalities.models import AnnouncedModality
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.models import WorkerAnnouncement
from lobule.modalities import HISTOPATHOLOGY, MAMMOGRAPHY

TOY = ModalitySpec(name="toy", queue="toy", titles={"en": "Toy", "zh": "玩具"}, formats=("PNG",), evidence="image")


def announced(app, *specs: ModalitySpec) -> set[str]:
    for spec in specs:
        app.state.progress_cache.announce_modality(spec)
    return set(app.state.modalities.learn())


def test_one_bad_announcement_stops_no_other(app, client, alice):
    app.state.redis.set("lobule:modality:bad", "{}")
    app.state.redis.set("lobule:worker:histo:bad", "{}")
    assert "toy" in announced(app, TOY)
    assert client.get("/api/v1/models", headers=alice).status_code == 200


@pytest.mark.parametrize("queue", ["report", "pictures"])
def test_no_modality_takes_from_the_queues_of_the_report_service(app, queue):
    thief = TOY.model_dump_json().replace('"queue":"toy"', f'"queue":"{queue}"')
    assert queue in thief
    app.state.redis.set("lobule:modality:toy", thief)
    assert "toy" not in app.state.modalities.learn()


def test_a_packaged_modality_stays_the_evidence_that_it_is(app):
    announced(app, MAMMOGRAPHY.model_copy(update={"evidence": "tissue"}))
    assert app.state.modalities.known()["mammography"].evidence == "film"
    announced(app, HISTOPATHOLOGY.model_copy(update={"formats": ("PNG",)}))
    assert app.state.modalities.known()["histopathology"].formats == ("PNG",)


def test_a_stored_one_that_cannot_be_read_leaves_the_others(app, client, alice, upload):
    announced(app, TOY)
    case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).json()["id"]
    sent = upload(modality="toy", case_id=case).json()
    image = sent["image"]["id"]
    assert client.post(f"/api/v1/jobs/{sent['job']['id']}/cancel", headers=alice).status_code == 200
    app.state.redis.flushall()
    with app.state.sessions.begin() as session:
        session.get(AnnouncedModality, "toy").document = {"of": "another version"}
    assert {each["name"] for each in client.get("/api/v1/modalities", headers=alice).json()} == {
        "histopathology",
        "mammography",
    }
    assert client.get(f"/api/v1/cases/{case}", headers=alice).status_code == 200
    with app.state.sessions() as session:
        assert session.get(Image, image).spec.evidence == "image"
    again = client.post(f"/api/v1/images/{image}/jobs", headers=alice)
    assert (again.status_code, again.json()["code"]) == (422, "unknown_modality")


def test_the_series_of_an_announced_one_stays_without_workers(app, client):
    announced(app, TOY)
    app.state.progress_cache.announce(WorkerAnnouncement(worker="w", queue="toy", modality="toy"))
    assert 'lobule_workers{queue="toy"} 1.0' in client.get("/metrics").text
    app.state.redis.flushall()
    assert 'lobule_workers{queue="toy"} 0.0' in client.get("/metrics").text
