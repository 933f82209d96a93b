import re
from pathlib import Path

import pytest

import gateway.portal

STATIC = Path(gateway.portal.__file__).parent / "static"
FIRST_VIEW_BYTES = 100_000


def markup_problems(page: str) -> list[str]:
    """What a strict content security policy would refuse, or what comes from another host."""
    patterns = [
        r"<script(?![^>]*\bsrc=)[^>]*>",
        r"<style",
        r"\sstyle=",
        r"\son\w+=",
        r"javascript:",
        r"(?:src|href)=.?https?:",
    ]
    return [match for pattern in patterns for match in re.findall(pattern, page)]


def scripts_of(name: str) -> set[str]:
    """A module and all that it imports."""
    found, to_read = set(), {name}
    while to_read:
        module = to_read.pop()
        found.add(module)
        imports = re.findall(r"from '\./([\w.]+)'", (STATIC / module).read_text("utf-8"))
        to_read |= set(imports) - found
    return found


class TestLogin:
    @pytest.mark.parametrize("path", ["/", "/new", "/jobs/some-id"])
    def test_pages_ask_to_log_in_and_come_back(self, client, path):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/login?next={path}"

    def test_whoever_is_logged_in_needs_no_form(self, portal):
        assert portal.get("/login").headers["Location"] == "/"

    def test_a_wrong_password_is_said_and_the_name_kept(self, client):
        answer = client.post("/login", data={"username": 'al"><b>', "password": "wrong"})
        assert answer.status_code == 401
        assert 'role="alert"' in answer.text
        assert 'value="al&#34;&gt;&lt;b&gt;"' in answer.text

    def test_log_out_ends_the_session(self, portal):
        token = re.search(r'name="csrf" value="(\w+)"', portal.get("/").text)
        assert token
        assert portal.post("/logout", data={"csrf": token[1]}).status_code == 303
        assert portal.get("/").status_code == 303


class TestWorklist:
    def test_says_that_it_is_empty(self, portal):
        assert "Nothing here yet" in portal.get("/").text

    def test_shows_states_and_assessments(self, portal, job, worker, upload, picture):
        worker.infer(job)
        worker.render(job)
        waiting = upload(picture(7), name="<i>next.png").json()["job"]["id"]
        page = portal.get("/").text
        assert "Malignancy suspected" in page
        assert "90.0%" in page
        assert "Waiting" in page
        assert page.index(f"/jobs/{waiting}") < page.index(f"/jobs/{job}")
        assert "&lt;i&gt;next.png" in page
        assert 'data-live="true"' in page

    def test_pages_older_jobs(self, portal, upload, picture, monkeypatch):
        monkeypatch.setattr("gateway.portal.endpoints._PAGE_LENGTH", 1)
        jobs = [upload(picture(colour)).json()["job"]["id"] for colour in (1, 2)]
        first = portal.get("/").text
        older = re.search(r'href="(/\?cursor=[^"]+)"', first)
        assert older
        assert jobs[1] in first
        assert jobs[0] not in first
        second = portal.get(older[1]).text
        assert jobs[0] in second
        assert jobs[1] not in second


class TestJob:
    def test_names_the_image_and_its_job(self, portal, job):
        page = portal.get(f"/jobs/{job}").text
        assert f'data-job-id="{job}"' in page
        assert "field.png" in page

    def test_another_users_job_is_not_found(self, portal, upload, headers_of, picture):
        other = upload(picture(9), headers_of("bob")).json()["job"]["id"]
        answer = portal.get(f"/jobs/{other}")
        assert answer.status_code == 404
        assert "or it is not yours" in answer.text


class TestPolicy:
    @pytest.mark.parametrize("path", ["/login", "/", "/new", "/jobs/{job}", "/jobs/nothing"])
    def test_nothing_is_inlined_and_nothing_comes_from_elsewhere(self, portal, job, path):
        if path == "/login":
            portal.cookies.clear()
        answer = portal.get(path.format(job=job))
        assert markup_problems(answer.text) == []
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("path", ["/login", "/", "/new", "/jobs/{job}"])
    def test_the_first_view_is_light_and_whole(self, portal, job, path):
        if path == "/login":
            portal.cookies.clear()
        page = portal.get(path.format(job=job)).text
        named = set(re.findall(r'(?:src|href)="/static/([\w.]+)"', page))
        needed = named | {module for name in named if name.endswith(".js") for module in scripts_of(name)}
        sizes = [len(portal.get(f"/static/{name}").raise_for_status().content) for name in sorted(needed)]
        assert "portal.css" in needed
        assert len(page.encode()) + sum(sizes) < FIRST_VIEW_BYTES


class TestErrors:
    def test_a_person_gets_a_page(self, client):
        answer = client.get("/no-such-page", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
        assert markup_problems(answer.text) == []

    @pytest.mark.parametrize(("path", "accept"), [("/no-such-page", "*/*"), ("/api/v1/nothing", "text/html")])
    def test_a_program_gets_a_problem_document(self, client, path, accept):
        answer = client.get(path, headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
