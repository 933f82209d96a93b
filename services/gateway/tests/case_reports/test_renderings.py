"""Renderings, each by itself: failures, and what is made again."""

import threading

import pytest
from played_worker import INTERNAL
from sqlalchemy import update
from typer.testing import CliRunner

from gateway.jobs.models import Rendering
from gateway.reports import case_endpoints, commands
from gateway.reports.models import CaseReport


def test_a_rendering_that_fails_says_so_and_is_tried_again(client, alice, case, worker, job, answer_next):
    worker.infer(job)
    path = f"/api/v1/cases/{case}/reports/draft"
    for _ in range(2):
        thread = threading.Thread(target=answer_next, args=(None,))
        thread.start()
        answer = client.get(path, headers=alice)
        thread.join(10)
        assert (answer.status_code, answer.json()["code"]) == (500, "report_failed")
        assert "It broke." in answer.json()["detail"]


@pytest.mark.usefixtures("serve")
def test_a_draft_of_an_earlier_version_of_the_program_is_not_served(app, client, alice, case, worker, job, monkeypatch):
    worker.infer(job)
    path = f"/api/v1/cases/{case}/reports/draft?format=json"

    def drafts() -> int:
        assert client.get(path, headers=alice).status_code == 200
        with app.state.sessions() as session:
            return session.query(Rendering).filter(Rendering.key.contains(":draft:")).count()

    assert [drafts(), drafts()] == [1, 1]
    monkeypatch.setattr(case_endpoints, "__version__", "99.0.0")
    assert [drafts(), drafts()] == [2, 2]


def test_a_report_of_a_case_waits_for_a_report_service_that_knows_all_of_it(client, alice, case, worker, job, sign):
    worker.infer(job)
    worker.render(job)
    sign()
    with client.app.state.sessions() as session:
        rendering = session.query(Rendering).first().id
    address = f"/internal/v1/jobs/{rendering}/steps/render/claim"
    old = client.post(address, json={"worker": "old"}, headers={"Authorization": f"Bearer {INTERNAL}"})
    assert (old.status_code, old.json()["code"]) == (409, "not_claimable")
    assert [worker.claim_next("report", version) for version in (None, "4", "5")] == [None] * 3
    claim = worker.claim_next("report")
    assert (claim["step"], claim["render"]["case"]["case_id"]) == ("render", case)


class TestEachRenderingAlone:
    @pytest.fixture
    def path(self, case, sign, worker, job, answer_next) -> str:
        """A signed version of which the English page alone could not be rendered."""
        worker.infer(job)
        sign()
        for _ in range(8):
            with worker.client.app.state.sessions() as session:
                waiting = next(r.key for r in session.query(Rendering) if r.step("render").state == "queued")
            answer_next(None if waiting.endswith(":en:html") else b"first")
        return f"/api/v1/cases/{case}/reports/1"

    def states(self, client, alice, path):
        [shown] = client.get(path.removesuffix("/1"), headers=alice).json()
        return {(r["language"], r["form"]): (r["state"], r["code"]) for r in shown["renderings"]}

    def test_one_that_fails_takes_no_other_with_it(self, client, alice, path, answer_next):
        states = self.states(client, alice, path)
        assert states.pop(("en", "html")) == ("failed", "internal_error")
        assert set(states.values()) == {("done", None)}
        for language, form in states:
            answer = client.get(path, params={"format": form, "lang": language}, headers=alice)
            assert (answer.status_code, answer.content) == (200, b"first")

    def test_what_failed_is_tried_again_alone(self, client, alice, path, answer_next):
        shown = client.post(f"{path}/renderings", json={}, headers=alice)
        assert shown.status_code == 202
        assert [r["state"] for r in shown.json()["renderings"]].count("queued") == 1
        assert answer_next(b"second").endswith(":en:html")
        assert client.get(path, params={"format": "html", "lang": "en"}, headers=alice).content == b"second"
        assert set(self.states(client, alice, path).values()) == {("done", None)}

    def test_everything_anew_keeps_what_was_there_until_it_is_replaced(self, client, alice, path, answer_next):
        wanted = {"languages": ["en"], "forms": ["pdf"], "anew": True}
        assert client.post(f"{path}/renderings", json=wanted, headers=alice).status_code == 202
        answer_next(None)
        assert self.states(client, alice, path)["en", "pdf"] == ("failed", "internal_error")
        client.post(f"{path}/renderings", json=wanted, headers=alice)
        answer_next(b"second")
        assert client.get(path, params={"format": "pdf", "lang": "en"}, headers=alice).content == b"second"

    def test_only_a_person_who_may_sign_has_everything_rendered_anew(
        self, client, alice, root, case, path, new_user, headers_of
    ):
        new_user("rhea", role="reader")
        group = client.post("/api/v1/groups", json={"name": "Unit"}, headers=root).json()["id"]
        for name in ("alice", "rhea"):
            client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
        client.put(f"/api/v1/cases/{case}/group", json={"group_id": group}, headers=alice)
        made = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["read", "write"]}, headers=alice)
        token = {"Authorization": f"Bearer {made.json()['secret']}"}
        for headers, code in ((headers_of("rhea"), "forbidden"), (token, "login_required")):
            refused = client.post(f"{path}/renderings", json={"anew": True}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, code)
            assert client.post(f"{path}/renderings", json={}, headers=headers).status_code == 202

    def test_administrators_render_by_command_and_the_log_knows(
        self, client, alice, case, path, answer_next, headers_of, tmp_path, monkeypatch
    ):
        for name in ("LOBULE_DATABASE_URL", "LOBULE_DATABASE_URL_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LOBULE_SECRET_KEY", client.app.state.settings.secret_key.get_secret_value())

        def run(*arguments):
            return CliRunner().invoke(commands.app, ["render", "--home", str(tmp_path), *arguments])

        done = run(case)
        assert (done.exit_code, done.output) == (0, "The report service renders 1 signed version.\n")
        assert answer_next(b"second").endswith(":en:html")
        assert run("--all", "--anew", "--language", "zh", "--form", "pdf").exit_code == 0
        assert answer_next(b"third").endswith(":zh:pdf")
        events = client.get("/api/v1/audit", params={"action": "report.render"}, headers=headers_of("root")).json()
        assert [event["detail"]["anew"] for event in events["items"]] == [True, False]
        assert events["items"][0]["actor_name"].startswith("command line: ")
        for wrong in ([], ["no-such-case"], ["--all", case], ["--all", "--form", "docx"]):
            assert run(*wrong).exit_code == 1
        with client.app.state.sessions.begin() as session:
            session.execute(update(CaseReport).values(sha256="x"))
        altered = run("--all", "--anew")
        assert (altered.exit_code, "differs from what was signed" in altered.output) == (1, True)

    def test_a_page_in_the_browser_is_a_page_with_a_way_to_try_again(self, client, cookie_of, path, answer_next):
        client.cookies.set(*cookie_of("alice"))
        thread = threading.Thread(target=answer_next, args=(None,))
        thread.start()
        target = f"{path}?format=html&lang=en"
        answer = client.get(target, headers={"Accept": "text/html", "Accept-Language": "zh"})
        thread.join(10)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
        assert f'href="{target.replace("&", "&amp;")}"' in answer.text
        assert "重试" in answer.text
        assert "report_failed" in answer.text

    def test_a_program_gets_a_problem_document(self, client, bearer_of, path, answer_next):
        thread = threading.Thread(target=answer_next, args=(None,))
        thread.start()
        answer = client.get(f"{path}?format=html&lang=en", headers=bearer_of("alice") | {"Accept": "text/html"})
        thread.join(10)
        assert (answer.status_code, answer.json()["code"]) == (500, "report_failed")

    def test_whoever_is_logged_out_gets_a_page_too(self, client, path):
        answer = client.get(path, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
        assert (answer.status_code, "You are logged out" in answer.text) == (401, True)

    def test_what_was_altered_is_not_rendered(self, client, alice, path):
        with client.app.state.sessions.begin() as session:
            altered = session.query(CaseReport).one().content | {"pseudonym": "P-2"}
            session.execute(update(CaseReport).values(content=altered))
        wanted = {"anew": True}
        answer = client.post(f"{path}/renderings", json=wanted, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (500, "report_altered")
