import re

import pytest
from fastapi.testclient import TestClient

PAGES = ["/login", "/", "/new", "/jobs", "/models", "/api", "/help", "/cases/{case}", "/jobs/{job}"]


@pytest.fixture
def case(client, alice):
    """A case of Alice's without images: its id."""
    answer = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-<1>"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


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


class TestLogin:
    @pytest.mark.parametrize("path", ["/", "/new", "/jobs/some-id", "/cases/some-id", "/models", "/api", "/help"])
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


class TestLanguage:
    def test_follows_the_browser(self, client):
        page = client.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
        assert '<html lang="zh-Hans">' in page
        assert "登录" in page

    def test_a_choice_is_remembered_and_leads_back(self, client):
        answer = client.post("/language", data={"language": "zh", "next": "/login"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
        assert "登录" in client.get("/login").text

    def test_leads_nowhere_else_and_takes_no_other_language(self, client):
        answer = client.post("/language", data={"language": "xx", "next": "//evil.example"})
        assert answer.headers["Location"] == "/"
        assert "Set-Cookie" not in answer.headers

    def test_a_wrong_password_is_told_in_it(self, client):
        headers = {"Accept-Language": "zh"}
        answer = client.post("/login", data={"username": "alice", "password": "wrong"}, headers=headers)
        assert "用户名或密码不正确" in answer.text


class TestWorklist:
    def test_says_that_it_is_empty(self, portal):
        assert "No cases yet" in portal.get("/").text

    def test_shows_what_became_of_each_case(self, portal, case, upload, worker, picture):
        waiting = upload(picture(7), case_id=case).json()["job"]["id"]
        page = portal.get("/").text
        assert "P-&lt;1&gt;" in page
        assert "Being analysed" in page
        assert 'data-live="true"' in page
        worker.infer(waiting)
        worker.render(waiting)
        page = portal.get("/").text
        assert "Malignancy suspected" in page
        assert "<b>90</b>" in page
        assert "Ready to read" in page
        assert 'data-live="false"' in page

    def test_filters_and_sorts(self, portal, alice):
        for name in ("Q-2", "Q-1", "Z-9"):
            portal.post("/api/v1/cases", headers=alice, json={"pseudonym": name})
        page = portal.get("/?q=q-&sort=pseudonym").text
        assert page.index("Q-1") < page.index("Q-2")
        assert "Z-9" not in page
        assert "No matching cases" in portal.get("/?state=signed").text
        assert portal.get("/?state=nonsense&sort=nonsense&assessment=").status_code == 200

    def test_pages_keep_the_filters(self, portal, alice, monkeypatch):
        monkeypatch.setattr("gateway.portal.worklist._PAGE_LENGTH", 1)
        for name in ("Q-1", "Q-2"):
            portal.post("/api/v1/cases", headers=alice, json={"pseudonym": name})
        first = portal.get("/?q=Q&sort=pseudonym").text
        more = re.search(r'href="(/\?q=Q[^"]+cursor=[^"]+)"', first)
        assert more
        second = portal.get(more[1].replace("&amp;", "&")).text
        assert "Q-2" in second
        assert ">Q-1<" not in second


class TestCase:
    def test_names_the_case(self, portal, case):
        page = portal.get(f"/cases/{case}").text
        assert f'data-case-id="{case}"' in page
        assert "P-&lt;1&gt;" in page

    @pytest.mark.parametrize("path", ["/cases/{}", "/new?case={}"])
    def test_another_users_case_is_not_found(self, portal, client, headers_of, path):
        other = client.post("/api/v1/cases", headers=headers_of("bob"), json={"pseudonym": "B"}).json()["id"]
        answer = portal.get(path.format(other))
        assert answer.status_code == 404
        assert "or it belongs to another user" in answer.text

    def test_images_can_be_added_to_it(self, portal, case):
        assert f'data-case-id="{case}"' in portal.get(f"/new?case={case}").text


class TestCompression:
    @pytest.mark.parametrize("accepts", ["gzip", "deflate, GZIP;q=0.5", "gzip; q=1.0, br", "br, gzip;q=0.001"])
    def test_the_page_of_a_case_is_compressed_and_repeats_nothing_of_its_query(self, portal, case, accepts):
        page = portal.get(f"/cases/{case}?x=chosen-text", headers={"Accept-Encoding": accepts})
        assert page.headers["Content-Encoding"] == "gzip"
        assert {"Accept-Encoding", "Accept-Language", "Cookie"} <= set(page.headers["Vary"].split(", "))
        assert "P-&lt;1&gt;" in page.text
        assert "chosen-text" not in page.text

    @pytest.mark.parametrize("accepts", ["identity", "gzip;q=0", "br, gzip; q=0.000, identity", "gzippy", ""])
    def test_whoever_takes_no_gzip_gets_none(self, portal, case, accepts):
        for path in (f"/cases/{case}", "/words/en/reading/signing.js"):
            page = portal.get(path, headers={"Accept-Encoding": accepts})
            assert "Content-Encoding" not in page.headers
            assert "Accept-Encoding" in page.headers["Vary"]

    @pytest.mark.parametrize("path", ["/", "/login", "/jobs?x=y", "/account"])
    def test_pages_that_repeat_their_address_are_not(self, portal, path):
        assert "Content-Encoding" not in portal.get(path, headers={"Accept-Encoding": "gzip"}).headers


class TestJobs:
    def test_lists_single_images(self, portal, job, worker):
        assert "Waiting" in portal.get("/jobs").text
        worker.infer(job)
        worker.render(job)
        page = portal.get("/jobs").text
        assert f"/jobs/{job}" in page
        assert "90%" in page

    def test_leaves_the_images_of_cases_to_the_worklist(self, portal, case, upload, picture):
        upload(picture(31), case_id=case, name="of-a-case.png")
        assert "of-a-case.png" not in portal.get("/jobs").text

    def test_names_the_image_and_its_job(self, portal, job):
        page = portal.get(f"/jobs/{job}").text
        assert f'data-job-id="{job}"' in page
        assert "field.png" in page

    def test_another_users_job_is_not_found(self, portal, upload, headers_of, picture):
        other = upload(picture(9), headers_of("bob")).json()["job"]["id"]
        answer = portal.get(f"/jobs/{other}")
        assert answer.status_code == 404
        assert "or it belongs to another user" in answer.text


class TestApi:
    def test_shows_every_operation_of_the_document(self, portal):
        page = portal.get("/api").text
        paths = portal.get("/api/v1/openapi.json").json()["paths"]
        shown = set(re.findall(r"</b> <code>([^<]+)</code>", page))
        assert shown == set(paths)
        assert "magnification" in page


class TestPolicy:
    def test_nothing_is_inlined_and_nothing_comes_from_elsewhere(self, portal, job, case):
        for path in [*PAGES[1:], "/jobs/nothing", "/login"]:
            if path == "/login":
                portal.cookies.clear()
            answer = portal.get(path.format(job=job, case=case))
            assert markup_problems(answer.text) == [], path
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
            for name in re.findall(r'(?:src|href)="/static/([\w/.-]+)"', answer.text):
                assert portal.get(f"/static/{name}").status_code == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status", "words"),
        [
            ("GET", "/?cursor=nonsense", 422, "Not possible"),
            ("GET", "/new?case=" + "x" * 99, 422, "Not possible"),
            ("POST", "/help", 405, "Not possible"),
            ("POST", "/logout", 403, "The page is out of date"),
        ],
    )
    def test_whatever_goes_wrong_is_said_on_a_page(self, portal, method, path, status, words):
        answer = portal.request(method, path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert words in answer.text
        assert portal.request(method, path).headers["content-type"] == "application/problem+json"

    def test_a_crash_is_a_page_too(self, app, session_cookie, monkeypatch):
        def crash(*_args, **_keywords):
            raise RuntimeError("a bug")

        monkeypatch.setattr("gateway.cases.repository.worklist", crash)
        with TestClient(app, raise_server_exceptions=False) as client:
            client.cookies.set(*session_cookie)
            page = client.get("/", headers={"Accept": "text/html"})
            assert (page.status_code, "Something went wrong" in page.text) == (500, True)
            assert "a bug" not in page.text
            assert client.get("/").json()["code"] == "internal_error"

    def test_a_person_gets_a_page(self, client):
        answer = client.get("/no-such-page", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert "This page does not exist" in answer.text
        assert markup_problems(answer.text) == []

    @pytest.mark.parametrize(("path", "accept"), [("/no-such-page", "*/*"), ("/api/v1/nothing", "text/html")])
    def test_a_program_gets_a_problem_document(self, client, path, accept):
        answer = client.get(path, headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
