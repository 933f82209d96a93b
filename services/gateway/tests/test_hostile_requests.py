"""Requests that no honest client sends, and what is removed while somebody waits for it."""

import base64
import json
import threading

import pytest
from fastapi.testclient import TestClient
from starlette.concurrency import run_in_threadpool

from gateway.cases import repository as cases
from gateway.errors import ProblemError
from gateway.jobs.models import Rendering
from gateway.reports import renderings
from lobule.one_line import in_one_line


def test_deeply_nested_json_is_no_answer_of_a_security_key(client):
    grant = {"username": "alice", "password": "correct horse battery staple", "credential": "[" * 10_000}
    assert client.post("/login", data=grant, follow_redirects=False).status_code == 303, "she has no security key"


def test_a_case_that_was_deleted_before_it_is_locked_is_not_found(app, client):
    with app.state.sessions.begin() as session, pytest.raises(ProblemError) as refused:
        cases.locked(session, "gone")
    assert (refused.value.status, refused.value.code) == (404, "not_found")


class TestCharacters:
    """Neither PostgreSQL nor UTF-8 knows them; on SQLite they are refused alike."""

    @pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
    def gateway(self, request, make_app):
        url = None if request.param == "sqlite" else request.getfixturevalue("migrated_postgres_url")
        with TestClient(make_app(url), raise_server_exceptions=False) as client:
            yield client

    def test_nul_and_half_characters(self, gateway, picture):
        grant = {"username": "alice", "password": "correct horse battery staple"}
        token = gateway.post("/api/v1/auth/token", json=grant).json()["access_token"]
        gateway.headers["Authorization"] = f"Bearer {token}"
        case = gateway.post("/api/v1/cases", json={"pseudonym": "P-1"}).json()["id"]

        def upload(**fields):
            data = {"modality": "histopathology"} | fields
            return gateway.post("/api/v1/images", data=data, files={"file": ("a.png", picture())})

        image = upload(case_id=case).json()["image"]["id"]
        answers = [
            gateway.get("/api/v1/cases/%00"),
            gateway.get("/api/v1/cases?q=%00"),
            gateway.get("/api/v1/jobs/a%00/report"),
            gateway.delete("/api/v1/images/%00"),
            gateway.patch(f"/api/v1/images/{image}", json={"case_id": "\0"}),
            gateway.post("/api/v1/cases", json={"pseudonym": "P\0"}),
            gateway.post("/api/v1/auth/token", json=grant | {"username": "\0"}),
            upload(case_id="\0"),
            upload(case_id=case, replaces="\0"),
        ]
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(422, "invalid_request")] * len(answers)
        half = gateway.post(
            "/api/v1/auth/token",
            content=json.dumps(grant | {"password": "\ud800"}),
            headers={"Content-Type": "application/json"},
        )
        assert (half.status_code, half.json()["code"]) == (401, "wrong_credentials")

    def test_values_that_cannot_be_bound(self, gateway):
        grant = {"username": "root", "password": "correct horse battery staple"}
        token = gateway.post("/api/v1/auth/token", json=grant).json()["access_token"]
        gateway.headers["Authorization"] = f"Bearer {token}"
        answers = [
            gateway.get("/api/v1/cases", params={"sort": sort, "cursor": cursor(*values)})
            for sort, values in (
                ("newest", ["0001-01-01T00:00:00+14:00", "a"]),
                ("newest", ["9999-12-31T23:59:59-14:00", "a"]),
                ("images", [10**30, "a"]),
                ("images", [True, "a"]),
                ("state", [10**30, "2026-01-01T00:00:00+00:00", "a"]),
            )
        ]
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(422, "cursor_invalid")] * len(answers)
        for name in ("since", "until"):
            for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
                refused = gateway.get("/api/v1/audit", params={name: moment})
                assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        assert gateway.get("/api/v1/audit", params={"since": "0001-01-01T00:00:00Z"}).status_code == 200


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


class TestRemovedMeanwhile:
    def test_reports_that_show_the_image_go_with_it(self, app, client, alice, upload, case, worker, picture):
        kept, gone = (upload(picture(n), case_id=case).json() for n in (1, 2))
        for job in (kept["job"]["id"], gone["job"]["id"]):
            worker.infer(job)
            worker.render(job)
        asked = {
            "draft": f"/api/v1/cases/{case}/reports/draft?format=pdf",
            "report": f"/api/v1/jobs/{gone['job']['id']}/report?format=pdf",
        }
        answers = {}
        threads = [
            threading.Thread(target=lambda n=name: answers.update({n: client.get(asked[n], headers=alice)}))
            for name in asked
        ]
        for thread in threads:
            thread.start()
        while renderings_of(app) < len(asked):
            pass
        assert client.delete(f"/api/v1/images/{gone['image']['id']}", headers=alice).status_code == 204
        for thread in threads:
            thread.join()
        assert {name: answer.status_code for name, answer in answers.items()} == {"draft": 404, "report": 404}
        assert renderings_of(app) == 0

    @pytest.mark.parametrize(
        ("asked", "removed", "status"),
        [
            ("cases/{case}/reports/draft", "case", 404),
            ("cases/{case}/reports/draft", "image", 503),
            ("cases/{case}/reports/1", "case", 404),
            ("jobs/{job}/report", "case", 404),
            ("jobs/{job}/report", "image", 404),
        ],
    )
    def test_no_report_is_made_of_what_is_removed_just_before(
        self, app, client, alice, upload, case, worker, monkeypatch, asked, removed, status
    ):
        """Its request, with all that the report says, would stay in the database."""
        app.state.settings.delete_signed_cases = True
        sent = upload(case_id=case).json()
        worker.infer(sent["job"]["id"])
        worker.render(sent["job"]["id"])
        if asked.endswith("/1"):
            signed = {"conclusion": "not_sure", "acknowledged": ["unreviewed", "contradiction"]}
            assert client.post(f"/api/v1/cases/{case}/reports", json=signed, headers=alice).status_code == 201
        fetch = renderings.fetch

        async def remove_and_fetch(*given):
            path = f"cases/{case}" if removed == "case" else f"images/{sent['image']['id']}"
            answer = await run_in_threadpool(client.delete, f"/api/v1/{path}", headers=alice)
            assert answer.is_success, answer.text
            return await fetch(*given)

        monkeypatch.setattr("gateway.reports.renderings.fetch", remove_and_fetch)
        path = asked.format(case=case, job=sent["job"]["id"])
        answer = client.get(f"/api/v1/{path}?format=pdf&lang=zh", headers=alice)
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == ("not_found" if status == 404 else "report_not_ready")
        assert renderings_of(app) == 0

    def test_what_a_worker_leaves_afterwards_goes_when_it_says_so(self, app, client, alice, upload, worker):
        sent = upload().json()
        claim = worker.claim(sent["job"]["id"])
        assert client.delete(f"/api/v1/images/{sent['image']['id']}", headers=alice).status_code == 204
        worker.leave_result(claim)
        answer = worker.post(claim["job_id"], "inference", "complete", attempt=1)
        assert answer.json()["code"] == "attempt_not_current"
        assert [*app.state.store.entries("jobs"), *app.state.store.entries("images")] == []

    def test_diagnose_says_that_it_was_removed(self, app, client, alice, picture):
        form = {"username": "alice", "password": "correct horse battery staple"}
        answers = []

        def send():
            answers.append(client.post("/api/v1/diagnose", data=form, files={"file": ("a.png", picture())}))

        thread = threading.Thread(target=send)
        thread.start()
        while not (found := client.get("/api/v1/jobs", headers=alice).json()["items"]):
            pass
        image = found[0]["image_id"]
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
        thread.join()
        assert (answers[0].status_code, answers[0].json()["code"]) == (404, "not_found")


def renderings_of(app) -> int:
    with app.state.sessions() as session:
        return session.query(Rendering).count()


class TestLostObjects:
    def test_a_result_that_is_lost_or_damaged_is_said(self, app, client, alice, job, worker):
        worker.infer(job)
        key = f"jobs/{job}/inference/1/result.json"
        app.state.store.put(key, b"{")
        assert client.get(f"/api/v1/jobs/{job}/result", headers=alice).json()["code"] == "result_unreadable"
        app.state.store.delete(key)
        assert client.get(f"/api/v1/jobs/{job}/result", headers=alice).json()["code"] == "result_unreadable"

    def test_a_rendering_that_is_lost_is_made_again(self, app, client, alice, case, upload, worker):
        worker.infer(upload(case_id=case).json()["job"]["id"])
        path = f"/api/v1/cases/{case}/reports"
        assert client.post(path, json={}, headers=alice).status_code == 201
        with app.state.sessions() as session:
            wanted = session.query(Rendering).filter(Rendering.key.endswith("en:html")).one().id

        def render(content: bytes) -> None:
            while (claim := worker.post(wanted, "render", "claim", worker="t")).status_code != 200:
                pass
            worker.store.put(f"{claim.json()['output_prefix']}/report.en.html", content)
            worker.post(wanted, "render", "complete", attempt=claim.json()["attempt"])

        render(b"first")
        assert client.get(f"{path}/1?format=html&lang=en", headers=alice).content == b"first"
        app.state.store.delete(f"jobs/{wanted}")
        thread = threading.Thread(target=render, args=(b"again",))
        thread.start()
        assert client.get(f"{path}/1?format=html&lang=en", headers=alice).content == b"again"
        thread.join()


def test_an_image_that_a_colleague_adds_is_the_case_owner_s(client, alice, colleague, case, upload, picture):
    carol = colleague(case)
    sent = upload(picture(7), headers=carol, case_id=case).json()
    assert client.get(f"/api/v1/images/{sent['image']['id']}", headers=alice).status_code == 200
    assert client.get(f"/api/v1/jobs/{sent['job']['id']}", headers=alice).status_code == 200
    own = client.post("/api/v1/cases", json={"pseudonym": "R"}, headers=carol).json()["id"]
    moved = client.patch(f"/api/v1/images/{sent['image']['id']}", json={"case_id": own}, headers=carol)
    assert moved.json()["code"] == "invalid_request"


class TestNamesInALine:
    """With a mark that turns the direction of writing, one patient's name looks like another's."""

    TURNED = ("P-1\u202e2", "P-1\r\nP-2", "P\u20662", "P\x852", "P\u20282", "P\x1b[2J")

    @pytest.mark.parametrize("name", TURNED)
    def test_they_have_no_breaks_and_turn_no_letters(self, client, alice, case, root, name):
        new_user = {"username": "erin", "password": "a long enough password 7", "display_name": name}
        for method, path, who, body in (
            ("POST", "/api/v1/cases", alice, {"pseudonym": name}),
            ("PATCH", f"/api/v1/cases/{case}", alice, {"pseudonym": name}),
            ("POST", "/api/v1/groups", root, {"name": name}),
            ("POST", "/api/v1/users", root, new_user),
        ):
            answer = client.request(method, path, headers=who, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), path

    @pytest.mark.parametrize("name", ["P-2026-0042", "患者　一", "Zoë\xa0Šimić", "علي", "a\u200db"])
    def test_every_writing_is_taken(self, client, alice, name):
        answer = client.post("/api/v1/cases", headers=alice, json={"pseudonym": name})
        assert (answer.status_code, answer.json()["pseudonym"]) == (201, name)

    def test_those_of_the_provider_of_single_sign_on_lose_them(self):
        assert in_one_line("Dr\u202e Lee\n") == "Dr Lee"
