"""Results, reports, and the simple interface."""

import threading

import pytest

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

PASSWORD = "correct horse battery staple"


@pytest.fixture
def finished(job, worker):
    worker.infer(job)
    worker.render(job)
    return job


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/html", "text/html; charset=utf-8"),
        ("image/png", "image/png"),
        ("application/json", "application/json"),
        ("*/*", "image/png"),
        ("application/xml, text/html;q=0.9, */*;q=0.1", "text/html; charset=utf-8"),
        ("application/*", "application/json"),
        ("*/*, image/png;q=0", "text/html; charset=utf-8"),
        ("image/*;q=0, text/*; q=0.000, */*", "application/json"),
        ("*/*;q=0, text/html", "text/html; charset=utf-8"),
    ],
)
def test_the_report_comes_as_asked_for(client, alice, finished, accept, media_type):
    answer = client.get(f"/api/v1/jobs/{finished}/report", headers=alice | {"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


def test_unknown_media_type(client, alice, finished):
    for accept in ("application/xml", "image/png;q=0", "*/*;q=0", "image/png;q=x"):
        answer = client.get(f"/api/v1/jobs/{finished}/report", headers=alice | {"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_format_and_download(client, alice, finished):
    answer = client.get(f"/api/v1/jobs/{finished}/report?format=html&download=true", headers=alice)
    assert answer.headers["content-disposition"].endswith('.html"')


def test_too_early(client, alice, job):
    assert client.get(f"/api/v1/jobs/{job}/report", headers=alice).json()["code"] == "report_not_ready"
    assert client.get(f"/api/v1/jobs/{job}/result", headers=alice).json()["code"] == "result_not_ready"


def test_what_will_never_come_has_a_code_of_its_own(client, alice, job):
    assert client.post(f"/api/v1/jobs/{job}/cancel", headers=alice).status_code == 200
    for part in ("report", "result", "result/display.png"):
        answer = client.get(f"/api/v1/jobs/{job}/{part}", headers=alice).json()
        assert (answer["code"], answer["values"]) == ("analysis_ended", {"state": "cancelled"})


def test_only_named_pictures_can_be_fetched(client, alice, finished):
    assert (
        client.get(f"/api/v1/jobs/{finished}/result/display.png", headers=alice).headers["content-type"] == "image/png"
    )
    assert client.get(f"/api/v1/jobs/{finished}/result/result.json", headers=alice).status_code == 404


def diagnose(client, picture, prefer="", **fields):
    data = {"username": "alice", "password": PASSWORD} | fields
    headers = {"Accept": "text/html"} | ({"Prefer": prefer} if prefer else {})
    return client.post("/api/v1/diagnose", data=data, files={"file": ("a.png", picture())}, headers=headers)


def test_diagnose_waits_for_the_report(client, picture, worker, clean_redis):
    from redis import Redis

    answers = []
    asking = threading.Thread(target=lambda: answers.append(diagnose(client, picture)))
    asking.start()
    while not Redis.from_url(clean_redis).llen("histo"):
        pass
    with client.app.state.sessions() as session:
        from gateway.jobs.models import Job

        job = session.query(Job).one().id
    worker.infer(job)
    worker.render(job)
    asking.join(10)
    assert (answers[0].status_code, answers[0].content) == (200, b"<html>")
    again = diagnose(client, picture)
    assert (again.status_code, again.content) == (200, b"<html>"), "a second time it is answered from the report"


def test_diagnose_answers_with_the_job_when_patience_ends(client, alice, picture):
    answer = diagnose(client, picture, prefer="wait=0")
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"
    assert client.get(answer.headers["location"], headers=alice).json()["state"] == "queued"


def test_diagnose_tells_why_it_failed(client, picture, worker):
    job = diagnose(client, picture, prefer="wait=0").json()["id"]
    claim = worker.claim(job)
    worker.post(job, "inference", "fail", attempt=claim["attempt"], code="not_histology", detail="Not an H&E field.")
    with client.app.state.sessions.begin() as session:
        from gateway.jobs.models import Job

        assert session.get_one(Job, job).state == "failed"
    answer = client.get(f"/api/v1/jobs/{job}")
    assert answer.status_code == 401, "a job's address is no key"
    worker_is_quiet = diagnose(client, picture, prefer="wait=0")
    assert worker_is_quiet.status_code == 202, "asking again is trying again"
    claim = worker.claim(job)
    asking: list = []
    thread = threading.Thread(target=lambda: asking.append(diagnose(client, picture, prefer="wait=20")))
    thread.start()
    worker.post(job, "inference", "fail", attempt=claim["attempt"], code="not_histology", detail="Not an H&E field.")
    while thread.is_alive():  # where it came after the failure, it started another try
        if (claim := worker.post(job, "inference", "claim", worker="test")).status_code == 200:
            failure = {"attempt": claim.json()["attempt"], "code": "not_histology", "detail": "Not an H&E field."}
            worker.post(job, "inference", "fail", **failure)
        thread.join(0.1)
    assert (asking[0].status_code, asking[0].json()["code"]) == (422, "not_histology")


def test_diagnose_needs_the_right_password_before_anything_is_stored(client, picture):
    answer = diagnose(client, picture, password="wrong password 1")
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    fields = {"file": ("a.png", picture())}
    assert client.post("/api/v1/diagnose", files=fields).json()["code"] == "wrong_credentials"
