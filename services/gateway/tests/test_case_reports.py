"""Signing, versions, drafts, and renderings that are made when somebody asks."""

import hashlib
import itertools
import threading

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from gateway.jobs.models import Rendering
from gateway.reports import commands
from gateway.reports.models import CaseReport


@pytest.fixture
def case(client, alice) -> str:
    return client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=alice).json()["id"]


@pytest.fixture
def job(upload, picture, case) -> str:
    """The job of the case's only image."""
    return upload(picture(3), modality="mammography", case_id=case, view="CC", laterality="L").json()["job"]["id"]


@pytest.fixture
def sign(client, alice, case):
    def send(headers=None, **said):
        return client.post(f"/api/v1/cases/{case}/reports", json=said, headers=alice | (headers or {}))

    return send


@pytest.fixture
def read(client, alice, case):
    return lambda: client.get(f"/api/v1/cases/{case}", headers=alice).json()


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
                for language in request["languages"]:
                    for form in request["forms"]:
                        subject = request["case"]["pseudonym"] if request["case"] else request["image"]["result_prefix"]
                        name = f"{claim['output_prefix']}/report.{language}.{form}"
                        worker.store.put(name, f"{subject} {language} {form}".encode())
                worker.say(rendering, "render", "complete", attempt=claim["attempt"])

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join(10)


class TestSign:
    def test_makes_a_numbered_version(self, sign, read, worker, job):
        worker.infer(job)
        answer = sign(conclusion="not_sure", comment="  see ultrasound ")
        assert answer.status_code == 201
        assert answer.headers["location"].endswith("/reports/1")
        signed = answer.json()
        assert (signed["version"], signed["signed_by"], signed["comment"]) == (1, "alice", "see ultrasound")
        assert not signed["superseded"]
        states = {(r["language"], r["form"]): r["state"] for r in signed["renderings"]}
        assert states == dict.fromkeys(itertools.product(("en", "zh"), ("html", "pdf", "png", "json")), "queued")
        assert (read()["state"], read()["signed_version"]) == ("signed", 1)

    def test_content_is_frozen_and_has_the_fingerprint(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        signed = sign().json()
        content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice)
        assert hashlib.sha256(content.content).hexdigest() == signed["sha256"]
        image = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"][0]["id"]
        client.patch(f"/api/v1/images/{image}", json={"laterality": "R"}, headers=alice)
        assert client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).content == content.content
        assert content.json()["images"][0]["image"]["laterality"] == "L"

    def test_a_signed_report_cannot_be_changed_in_the_database_layer(self, client, sign, worker, job):
        worker.infer(job)
        sign()
        with pytest.raises(AssertionError, match="never changes"), client.app.state.sessions.begin() as session:
            session.query(CaseReport).one().comment = "other"

    @pytest.mark.parametrize("change", ["review", "image", "correction", "again"])
    def test_every_later_change_supersedes_it(
        self, client, alice, case, sign, read, worker, job, upload, picture, change
    ):
        worker.infer(job)
        sign()
        if change == "review":
            path = f"/api/v1/cases/{case}/reviews/{job}/image"
            client.put(path, json={"verdict": "confirmed"}, headers=alice)
        elif change == "image":
            upload(case_id=case)
        elif change == "correction":
            client.patch(f"/api/v1/images/{read()['images'][0]['id']}", json={"view": "MLO"}, headers=alice)
        else:
            again = client.post(f"/api/v1/images/{read()['images'][0]['id']}/jobs", headers=alice).json()["id"]
            worker.infer(again)
        assert read()["state"] in ("ready", "analysing")
        assert read()["signed_version"] == 1
        assert read()["reports"][0]["superseded"]

    def test_the_next_version(self, client, alice, case, sign, read, worker, job):
        worker.infer(job)
        sign()
        assert sign().json()["code"] == "case_not_signable", "nothing has changed"
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "dismissed"}, headers=alice)
        reviews = client.get(f"/api/v1/cases/{case}/reviews", headers=alice).json()
        assert [(r["job_id"], r["finding_id"], r["verdict"]) for r in reviews] == [(job, "image", "dismissed")]
        assert sign(conclusion="no_sign_of_malignancy").json()["version"] == 2
        assert [(r["version"], r["superseded"]) for r in read()["reports"]] == [(2, False), (1, True)]
        assert read()["state"] == "signed"

    def test_a_report_that_renders_late_changes_nothing(self, sign, read, worker, job):
        worker.infer(job)
        sign()
        worker.render(job)
        assert read()["state"] == "signed"

    def test_not_before_the_time(self, client, alice, sign, job):
        assert sign().json()["code"] == "case_not_signable"
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        assert sign().json()["code"] == "conclusion_needed"
        assert sign(conclusion="not_sure").status_code == 201

    def test_not_unseen(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        seen = client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=alice)
        assert sign({"If-Match": seen}).json()["code"] == "case_changed"

    def test_not_by_others(self, client, case, headers_of):
        bob = headers_of("bob")
        assert client.post(f"/api/v1/cases/{case}/reports", json={}, headers=bob).status_code == 404
        for path in ("", "/draft", "/1", "/1/content"):
            assert client.get(f"/api/v1/cases/{case}/reports{path}", headers=bob).status_code == 404


@pytest.mark.usefixtures("serve")
class TestRead:
    def get(self, client, headers, path, **params):
        return client.get(path, headers=headers, params=params)

    def test_a_version_in_every_form_and_language(self, client, alice, case, sign, worker, job):
        worker.infer(job)
        sign()
        path = f"/api/v1/cases/{case}/reports/1"
        for lang in ("en", "zh"):
            for form, media_type in (("pdf", "application/pdf"), ("html", "text/html; charset=utf-8")):
                answer = self.get(client, alice, path, format=form, lang=lang)
                assert answer.content == f"P-1 {lang} {form}".encode()
                assert answer.headers["content-type"] == media_type
                assert answer.headers["content-language"] == lang
        chinese = {"Accept": "application/pdf", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
        assert client.get(path, headers=alice | chinese).content == b"P-1 zh pdf"
        saved = self.get(client, alice, path, format="pdf", download=True)
        assert saved.headers["content-disposition"].endswith('-1.pdf"')
        assert self.get(client, alice, f"/api/v1/cases/{case}/reports/2").status_code == 404
        assert self.get(client, alice, path, format="docx").status_code == 422

    def test_a_draft_is_made_anew_only_where_something_changed(self, client, alice, case, worker, job):
        path = f"/api/v1/cases/{case}/reports/draft"
        assert self.get(client, alice, path).json()["code"] == "report_not_ready"
        worker.infer(job)
        for _ in range(2):
            assert self.get(client, alice, path, lang="zh").content == b"P-1 zh html"
        assert self.renderings(client) == 1
        client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"comment": "hm"}, headers=alice)
        assert self.get(client, alice, path, lang="zh").status_code == 200
        assert self.renderings(client) == 2

    def test_a_jobs_report_in_other_forms(self, client, alice, worker, job):
        path = f"/api/v1/jobs/{job}/report"
        assert self.get(client, alice, path, format="pdf").json()["code"] == "report_not_ready"
        worker.infer(job)
        worker.render(job)
        assert self.get(client, alice, path, format="html").content == b"<html>"
        assert self.renderings(client) == 0
        pdf = self.get(client, alice, path, format="pdf")
        assert pdf.content.endswith(b"en pdf")
        assert self.get(client, alice, path, format="html", lang="zh").content.endswith(b"zh html")
        assert self.get(client, alice, path, format="pdf").content == pdf.content
        assert self.renderings(client) == 2
        assert len(client.get("/api/v1/jobs", headers=alice).json()["items"]) == 1, "renderings are no analyses"

    def test_two_who_ask_at_once_share_one_rendering(self, client, alice, case, worker, job):
        worker.infer(job)
        path = f"/api/v1/cases/{case}/reports/draft"
        answers: list = []
        askers = [threading.Thread(target=lambda: answers.append(self.get(client, alice, path))) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(20)
        assert [answer.status_code for answer in answers] == [200] * 4
        assert self.renderings(client) == 1

    def renderings(self, client) -> int:
        with client.app.state.sessions() as session:
            return session.query(Rendering).count()


@pytest.fixture
def answer_next(client, worker):
    """Plays the report service for the next rendering that waits: leaves its file, or fails."""

    def answer(said: bytes | None) -> str:
        while True:
            with client.app.state.sessions() as session:
                waiting = [(r.id, r.key) for r in session.query(Rendering) if r.step("render").state == "queued"]
            if waiting:
                break
        rendering, key = waiting[0]
        claim = worker.claim(rendering, "render")
        if said is None:
            failure = {"attempt": claim["attempt"], "code": "internal_error", "detail": "It broke."}
            worker.say(rendering, "render", "fail", **failure)
        else:
            [language], [form] = claim["render"]["languages"], claim["render"]["forms"]
            worker.store.put(f"{claim['output_prefix']}/report.{language}.{form}", said)
            worker.say(rendering, "render", "complete", attempt=claim["attempt"])
        return key

    return answer


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

    def test_administrators_render_by_command_and_the_log_knows(
        self, client, alice, case, path, answer_next, headers_of, tmp_path, monkeypatch
    ):
        for name in ("LOBULE_DATABASE_URL", "LOBULE_DATABASE_URL_FILE"):
            monkeypatch.delenv(name, raising=False)

        def run(*arguments):
            return CliRunner().invoke(commands.app, ["render", "--home", str(tmp_path), *arguments])

        done = run(case)
        assert (done.exit_code, done.output.split()[0]) == (0, "1")
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

    def test_a_program_gets_a_problem_document(self, client, alice, path, answer_next):
        thread = threading.Thread(target=answer_next, args=(None,))
        thread.start()
        answer = client.get(f"{path}?format=html&lang=en", headers=alice | {"Accept": "text/html"})
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


LEFT = {"bi_rads": 4, "density": "c", "recommendation": "biopsy"}


class TestBreasts:
    @pytest.mark.parametrize(
        ("breasts", "conclusion"),
        [
            ({"left": {"bi_rads": 4}}, "malignancy_suspected"),
            ({"left": {"bi_rads": 1}, "right": {"bi_rads": 6}}, "malignancy_suspected"),
            ({"left": {"bi_rads": 2}, "right": {"bi_rads": 0}}, "not_sure"),
            ({"right": {"bi_rads": 3}}, "not_sure"),
            ({"left": {"bi_rads": 2}, "right": {"bi_rads": 1}}, "no_sign_of_malignancy"),
        ],
    )
    def test_the_most_suspicious_breast_makes_the_conclusion(self, sign, worker, job, breasts, conclusion):
        worker.infer(job, findings=1)
        signed = sign(breasts=breasts)
        assert (signed.status_code, signed.json()["conclusion"]) == (201, conclusion)

    def test_are_in_the_signed_content_and_in_the_list(self, client, alice, case, sign, read, worker, job):
        worker.infer(job)
        assert sign(breasts={"left": LEFT}, conclusion="not_sure").status_code == 201
        [report] = read()["reports"]
        assert (report["breasts"], report["conclusion"]) == ({"right": None, "left": LEFT}, "not_sure")
        content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).json()
        assert content["signature"]["breasts"]["left"] == LEFT

    @pytest.mark.parametrize("breasts", [{}, {"left": {"bi_rads": 7}}, {"left": {"density": "a"}}, {"left": None}])
    def test_are_checked(self, sign, worker, job, breasts):
        worker.infer(job)
        assert sign(breasts=breasts).status_code == 422

    def test_a_version_that_was_signed_without_them_says_so(self, app, sign, read, worker, job):
        worker.infer(job)
        sign()
        with app.state.sessions.begin() as session:
            content = session.query(CaseReport).one().content
            before = {key: value for key, value in content["signature"].items() if key != "breasts"}
            session.execute(update(CaseReport).values(content=content | {"signature": before}))
        assert read()["reports"][0]["breasts"] is None

    def test_a_draft_in_words_names_what_was_confirmed(self, client, alice, case, worker, job):
        worker.infer(job, findings=2)
        client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=alice, json={"verdict": "confirmed"})
        client.put(f"/api/v1/cases/{case}/reviews/{job}/1", headers=alice, json={"verdict": "dismissed"})
        said = {"breasts": {"left": LEFT, "right": {"bi_rads": 1}}}
        answer = client.post(f"/api/v1/cases/{case}/reports/text", headers=alice, json=said)
        assert answer.status_code == 200
        right, left = answer.json()["en"].split("\n")
        assert right == "Right breast: No marked finding was confirmed. BI-RADS 1: negative."
        assert left.startswith("Left breast: Confirmed: a mark")
        assert left.count("LCC") == 1
        assert left.endswith("Density c: heterogeneously dense. BI-RADS 4: suspicious. Recommended: biopsy.")
        assert answer.json()["zh"].startswith("右乳：未确认任何标记。BI-RADS 1 类：阴性。")

    def test_a_draft_in_words_is_no_business_of_others(self, client, case, headers_of):
        answer = client.post(
            f"/api/v1/cases/{case}/reports/text", headers=headers_of("bob"), json={"breasts": {"left": LEFT}}
        )
        assert answer.status_code == 404
