"""Scripts, login, jobs and worklist in the browser."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def step(where, name: str):
    return where.locator(f'[data-step="{name}"]')


class TestScriptsThatDoNotArrive:
    def test_the_page_is_loaded_once_more(self, open_page, session_cookie):
        page = open_page("/help", cookie=session_cookie)
        page.route("**/core/api.js", lambda route: route.abort("connectionreset"), times=1)
        with page.expect_response("**/core/api.js"):
            page.goto("/new")
        page.wait_for_function("sessionStorage.length === 0")
        expect(page.locator("#unloaded")).to_be_hidden()

    def test_where_that_does_not_help_it_is_said(self, open_page, session_cookie):
        page = open_page("/help", cookie=session_cookie)
        page.route("**/core/api.js", lambda route: route.abort("connectionreset"))
        page.goto("/new")
        expect(page.locator("#unloaded")).to_contain_text("did not load completely")


class TestLogin:
    def test_a_wrong_password_is_told_and_focus_waits_for_the_right_one(self, open_page):
        page = open_page("/new")
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        page.keyboard.type("correct horse battery staple")
        page.keyboard.press("Enter")
        page.wait_for_url("**/new")

    def test_the_language_can_be_switched(self, open_page):
        page = open_page("/login")
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("heading", name="登录")).to_be_visible()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


class TestJob:
    def test_from_queue_to_report(self, logged_in, job, worker):
        page = logged_in(f"/jobs/{job}")
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        claim = worker.claim(job)
        expect(step(page, "inference")).to_have_attribute("data-state", "running")
        worker.leave_result(claim)
        worker.post(job, "inference", "complete", attempt=claim["attempt"])
        worker.render(job)
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.locator("#report")).to_contain_text("90%")
        expect(page.locator("#report")).to_be_focused()
        assert page.locator('[data-role="picture"]').evaluate("image => image.naturalWidth") == 80

    def test_survives_a_network_that_goes_away(self, logged_in, job, worker):
        page = logged_in(f"/jobs/{job}")
        expect(step(page, "queue")).to_have_attribute("data-state", "running")
        page.context.set_offline(True)
        expect(page.locator('[data-role="connection"]')).to_contain_text("checking again in")
        worker.infer(job)
        worker.render(job)
        page.context.set_offline(False)
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.locator('[data-role="connection"]')).to_be_hidden()

    def test_a_report_that_fails_leaves_the_conclusion(self, logged_in, job, worker):
        page = logged_in(f"/jobs/{job}")
        worker.infer(job)
        claim = worker.claim(job, "report")
        worker.post(job, "report", "fail", attempt=claim["attempt"], code="internal_error", detail="No paper.")
        expect(step(page, "report")).to_have_attribute("data-state", "failed")
        expect(page.get_by_role("heading", name="Malignancy suspected")).to_be_visible()
        expect(page.get_by_role("link", name="Full report")).to_be_hidden()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


class TestWorklist:
    @pytest.fixture
    def case(self, client, alice, upload, picture):
        case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-7"}).json()["id"]
        return case, upload(picture(70), case_id=case).json()["job"]["id"]

    def test_changes_by_itself(self, logged_in, case, worker):
        page = logged_in("/")
        expect(page.get_by_text("Step 1 of ", exact=False)).to_be_visible()
        worker.infer(case[1])
        worker.render(case[1])
        expect(page.locator("#list tbody .assessment")).to_have_text("Malignancy suspected")

    def test_filters_while_one_types(self, logged_in, case):
        page = logged_in("/")
        page.get_by_label("Search pseudonym").fill("nobody")
        expect(page.get_by_role("heading", name="No matching cases")).to_be_visible()
        assert "q=nobody" in page.url
        page.get_by_label("Search pseudonym").fill("p-7")
        expect(page.get_by_role("link", name="P-7")).to_be_visible()
        page.get_by_label("Assessment").select_option("not_sure")
        expect(page.get_by_role("heading", name="No matching cases")).to_be_visible()

    def test_says_that_it_is_not_up_to_date(self, logged_in, case):
        page = logged_in("/")
        page.context.set_offline(True)
        expect(page.locator("#contact")).to_contain_text("not up to date")
        page.context.set_offline(False)
        expect(page.locator("#contact")).to_be_hidden()
