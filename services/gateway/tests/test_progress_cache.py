"""Polls of progress are answered from memory until something is written, and never to somebody else."""

import pytest

from gateway.jobs import progress_cache


@pytest.fixture(autouse=True)
def long_memory(monkeypatch):
    monkeypatch.setattr(progress_cache, "MAX_AGE_S", 3600)


@pytest.fixture
def asked(app, monkeypatch):
    """How often progress was computed."""
    computed = []
    board = app.state.progress
    real = board.of
    monkeypatch.setattr(board, "of", lambda session, job: computed.append(job.id) or real(session, job))
    return computed


def poll(client, job, headers, **more):
    return client.get(f"/api/v1/jobs/{job}/progress", headers=headers | more)


@pytest.fixture
def done(job, worker, app):
    worker.infer(job)
    worker.render(job)
    return job


def test_the_same_poll_is_answered_from_memory(client, alice, done, asked):
    first, again = poll(client, done, alice), poll(client, done, alice)
    assert len(asked) == 1
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert poll(client, done, alice, **{"If-None-Match": first.headers["etag"]}).status_code == 304
    assert len(asked) == 1


def test_what_is_written_is_seen_at_once(client, alice, job, asked, worker):
    assert poll(client, job, alice).json()["state"] == "queued"
    worker.infer(job)
    assert poll(client, job, alice).json()["steps"][2]["state"] == "done"
    assert len(asked) == 2


def test_another_login_has_answers_of_its_own(client, alice, done, headers_of, asked):
    assert poll(client, done, alice).status_code == 200
    assert poll(client, done, headers_of("bob")).status_code == 404
    assert poll(client, done, {}).status_code == 401
    assert client.get(f"/api/v1/jobs/{done}/progress", headers=alice | {"Accept-Language": "zh"}).status_code == 200
    assert len(asked) == 2


def test_a_login_that_was_ended_has_no_answer(client, alice, root, done, user_id):
    assert poll(client, done, alice).status_code == 200
    client.patch(f"/api/v1/users/{user_id('alice')}", json={"active": False}, headers=root)
    assert poll(client, done, alice).status_code == 401


def test_what_was_computed_before_a_change_is_not_kept(app, client, alice, done, monkeypatch):
    board, real = app.state.progress, app.state.progress.of

    def change_meanwhile(session, job):
        progress = real(session, job)
        client.post("/api/v1/cases", json={"pseudonym": "P-9"}, headers=alice)
        return progress

    monkeypatch.setattr(board, "of", change_meanwhile)
    poll(client, done, alice)
    computed = []
    monkeypatch.setattr(board, "of", lambda session, job: computed.append(1) or real(session, job))
    poll(client, done, alice)
    assert computed == [1]


def test_memory_is_bounded(client, alice, done, asked, monkeypatch):
    monkeypatch.setattr(progress_cache, "MAX_ENTRIES", 2)
    for language in ("de", "fr", "it", "nl", "en"):
        poll(client, done, alice, **{"Accept-Language": language})
    assert poll(client, done, alice, **{"Accept-Language": "en"}).status_code == 200
    assert len(asked) == 5
