"""What the browser polls: cheap, moving, and honest about what is not known."""

import time

from lobule.contracts.activity import activity
from lobule.contracts.progress import ReportedProgress


def get(client, alice, job, **headers):
    return client.get(f"/api/v1/jobs/{job}/progress", headers=alice | headers)


def step(answer, name):
    return next(step for step in answer.json()["steps"] if step["name"] == name)


def test_the_four_steps_in_order(client, alice, job):
    answer = get(client, alice, job)
    assert [step["name"] for step in answer.json()["steps"]] == ["upload", "queue", "inference", "report"]
    assert [step["state"] for step in answer.json()["steps"]] == ["done", "running", "waiting", "waiting"]
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["seconds_left"] is None, "nothing was measured yet"


def test_unchanged_progress_is_answered_with_304(client, alice, job, worker):
    first = get(client, alice, job)
    again = get(client, alice, job, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    worker.claim(job)
    assert get(client, alice, job, **{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_fraction_moves_with_what_the_worker_says(client, alice, job, worker, app):
    claim = worker.claim(job)
    board = app.state.progress_cache
    for done in (0.25, 0.75):
        reported = ReportedProgress(
            attempt=claim["attempt"], fraction=done, activity=activity("patches", done=round(done * 40), total=40)
        )
        board.write_progress(job, "inference", reported)
        deadline = time.monotonic() + 10  # the last answer is given again for a moment
        while step(get(client, alice, job), "inference")["fraction"] != done:
            assert time.monotonic() < deadline, f"{done} is not told"
            time.sleep(0.05)
    doing = step(get(client, alice, job), "inference")
    assert (doing["activity_code"], doing["activity_values"]) == ("patches", {"done": 30, "total": 40})
    assert doing["activity"] == "patch 30 of 40"


def test_what_an_earlier_attempt_said_is_not_shown(client, alice, job, worker, app):
    claim = worker.claim(job)
    app.state.progress_cache.write_progress(
        job, "inference", ReportedProgress(attempt=claim["attempt"] - 1, fraction=0.9, activity=activity("drawing"))
    )
    assert step(get(client, alice, job), "inference")["fraction"] == 0.0


def test_time_left_comes_from_measured_history(client, alice, upload, worker, picture):
    for colour in range(3):
        job = upload(picture(colour)).json()["job"]["id"]
        worker.infer(job)
        worker.render(job)
    client.app.state.progress._history._known.clear()  # it remembers for ten seconds
    waiting = upload(picture(10)).json()["job"]["id"]
    left = get(client, alice, waiting).json()
    assert step(get(client, alice, waiting), "inference")["seconds_left"] is not None
    assert left["seconds_left"] is None, "no worker is ready: the wait in the queue is unknown"
    assert left["steps"][1]["activity"] == "waiting for a worker to start"


def test_the_place_in_the_queue(client, alice, upload, picture, app):
    from lobule.contracts.models import WorkerAnnouncement

    app.state.progress_cache.announce(WorkerAnnouncement(worker="w", queue="histo", modality="histopathology"))
    jobs = [upload(picture(colour)).json()["job"]["id"] for colour in range(3)]
    assert step(get(client, alice, jobs[0]), "queue")["activity"] == "next in line"
    assert step(get(client, alice, jobs[2]), "queue")["activity"] == "2 images ahead"


def test_no_redis_is_no_error(client, alice, job, worker, app, monkeypatch):
    from redis.exceptions import ConnectionError

    def away(*_arguments):
        raise ConnectionError("away")

    worker.claim(job)
    monkeypatch.setattr(app.state.progress_cache, "read_progress", away)
    monkeypatch.setattr(app.state.progress_cache, "workers", away)
    assert get(client, alice, job).json()["state"] == "running"
