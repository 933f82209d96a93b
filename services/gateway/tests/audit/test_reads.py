"""Who read which patient's data is in the audit log: once for a person, an object and an hour."""

from datetime import timedelta

import pytest

from gateway.audit import reads
from gateway.clock import now


def _away(*_):
    raise OSError("the database is away")


@pytest.fixture
def read_events(app, client, root):
    def events():
        app.state.data_reads.write()
        found = client.get("/api/v1/audit", params={"action": "data.read", "limit": 500}, headers=root)
        return [
            (e["actor_name"], e["target_type"], e["target_id"], e["detail"]["route"]) for e in found.json()["items"]
        ]

    return events


def test_a_case_is_one_event_an_hour_whatever_was_read_of_it(client, alice, case, colleague, read_events, monkeypatch):
    carol = colleague(case)
    for _ in range(2):
        client.get(f"/api/v1/cases/{case}", headers=alice)
        client.get(f"/cases/{case}", headers=alice)
        client.get(f"/api/v1/cases/{case}", headers=carol)
    of_case = [event for event in read_events() if event[2] == case]
    assert sorted((name, kind) for name, kind, _, _ in of_case) == [("alice", "case"), ("carol", "case")]
    monkeypatch.setattr(reads, "now", lambda: now() + timedelta(hours=1))
    client.get(f"/api/v1/cases/{case}", headers=alice)
    assert len([event for event in read_events() if event[2] == case]) == 3


def test_a_read_that_could_not_be_written_is_written_later(app, client, alice, case, read_events, monkeypatch):
    client.get(f"/api/v1/cases/{case}", headers=alice)
    with monkeypatch.context() as away:
        away.setattr(reads.ReadJournal, "events", _away)
        with pytest.raises(OSError, match="away"):
            app.state.data_reads.write()
    assert [event[2] for event in read_events()].count(case) == 1


def test_a_read_that_found_no_room_is_noted_the_next_time(app, client, alice, case, read_events, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(app.state.data_reads, "_put", lambda _noted: False)
        client.get(f"/api/v1/cases/{case}", headers=alice)
    client.get(f"/api/v1/cases/{case}", headers=alice)
    assert [event[2] for event in read_events()].count(case) == 1


def test_a_read_that_is_dropped_is_noted_the_next_time(app, client, alice, case, read_events, monkeypatch):
    client.get(f"/api/v1/cases/{case}", headers=alice)
    with monkeypatch.context() as away:
        away.setattr(reads.ReadJournal, "events", _away)
        away.setattr(app.state.data_reads, "_put", lambda _noted: False)
        with pytest.raises(OSError, match="away"):
            app.state.data_reads.write()
    client.get(f"/api/v1/cases/{case}", headers=alice)
    assert [event[2] for event in read_events()].count(case) == 1


def test_films_pages_and_lists(client, alice, upload, read_events):
    sent = upload().json()
    image, job = sent["image"]["id"], sent["job"]["id"]
    for path in (f"/api/v1/images/{image}/film", f"/jobs/{job}", "/", "/api/v1/jobs", f"/api/v1/jobs/{job}/progress"):
        assert client.get(path, headers=alice).status_code == 200, path
    assert {event[1:] for event in read_events()} == {
        ("image", image, "/api/v1/images/{image_id}/film"),
        ("job", job, "/jobs/{job_id}"),
        (None, None, "/"),
        (None, None, "/api/v1/jobs"),
    }


def test_what_is_refused_or_of_no_patient_is_no_read(client, alice, case, headers_of, read_events):
    client.get(f"/api/v1/cases/{case}", headers=headers_of("bob"))
    client.get(f"/api/v1/cases/{case}")
    for path in ("/api/v1/users/me", "/api/v1/models", "/account", "/static/mark.svg", "/healthz"):
        assert client.get(path, headers=alice).status_code == 200, path
    assert read_events() == []


def test_what_is_read_by_post(client, alice, upload, case, worker, read_events):
    sent = upload(case_id=case).json()
    worker.infer(sent["job"]["id"])
    said = {"breasts": {"right": {"bi_rads": 2}}}
    assert client.post(f"/api/v1/cases/{case}/reports/text", json=said, headers=alice).status_code == 200
    assert ("alice", "case", case, "/api/v1/cases/{case_id}/reports/text") in read_events()


def test_resources_of_fhir_are_noted_with_their_case(client, alice, case, read_events):
    assert client.get(f"/fhir/DiagnosticReport/{case}", headers=alice).status_code == 200
    assert read_events() == [("alice", "resource", case, "/fhir/{resource_type}/{resource_id}")]
