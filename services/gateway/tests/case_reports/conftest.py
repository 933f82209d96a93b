"""A case with one film, its signature, and a report service."""

import itertools
import threading

import pytest
from signed_apart import apart

from gateway.jobs.models import Rendering


@pytest.fixture
def job(upload, picture, case) -> str:
    """The job of the case's only image."""
    return upload(picture(3), modality="mammography", case_id=case, view="CC", laterality="L").json()["job"]["id"]


@pytest.fixture
def sign(client, alice, case):
    def send(headers=None, **said):
        return client.post(f"/api/v1/cases/{case}/reports", json=apart(said), headers=alice | (headers or {}))

    return send


@pytest.fixture
def serve(worker):
    """Plays the report service in a thread until the test ends: renders whatever is asked for, as text."""
    ended = threading.Event()

    def work():
        while not ended.wait(0.02):
            with worker.client.app.state.sessions() as session:
                waiting = [r.id for r in session.query(Rendering) if r.step("render").state == "queued"]
            for rendering in waiting:
                claim = worker.claim(rendering, "render")
                request = claim["render"]
                subject = request["case"]["pseudonym"] if request["case"] else request["image"]["result_prefix"]
                wanted = itertools.product(request["languages"], request["forms"])
                files = {f"report.{lang}.{form}": f"{subject} {lang} {form}".encode() for lang, form in wanted}
                worker.leave_rendering(rendering, claim, files)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join(10)


@pytest.fixture
def answer_next(client, worker):
    """Plays the report service for the next rendering that waits: leaves its file, or fails."""

    def answer(said: bytes | None, *, says: bool = True) -> str:
        while True:
            with client.app.state.sessions() as session:
                waiting = [(r.id, r.key) for r in session.query(Rendering) if r.step("render").state == "queued"]
            if waiting:
                break
        rendering, key = waiting[0]
        claim = worker.claim(rendering, "render")
        if said is None:
            failure = {"attempt": claim["attempt"], "code": "internal_error", "detail": "It broke."}
            worker.post(rendering, "render", "fail", **failure)
        else:
            [language], [form] = claim["render"]["languages"], claim["render"]["forms"]
            worker.leave_rendering(rendering, claim, {f"report.{language}.{form}": said}, says=says)
        return key

    return answer
