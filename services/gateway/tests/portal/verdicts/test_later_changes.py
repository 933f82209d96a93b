"""Verdicts after another analysis or a signature."""

import pytest
from playwright.sync_api import expect
from signed_apart import APART
from verdict_page import line, press, said, target

pytestmark = pytest.mark.browser


class TestAnotherAnalysis:
    """Other findings stand where the reader saw some: nothing said of these must go to those."""

    @pytest.fixture
    def again(self, client, study):
        """Has an image analysed again."""

        def analyse(image: str, *result):
            job = client.post(f"/api/v1/images/{image}/jobs", headers=study.alice).json()["id"]
            study.analyse(job, *result)

        return analyse

    def look(self, page):
        page.evaluate("dispatchEvent(new Event('online'))")

    def test_takes_the_choice_back(self, opened, study, lesion, masses, picture, again):
        image = study.add(picture(54), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n")
        expect(target(page)).to_have_text("Chosen: RCC, finding 1")
        again(image, masses)
        self.look(page)
        expect(page.locator(".finding")).to_have_count(2)
        expect(target(page)).to_have_text("Nothing is chosen")
        press(page, "c")
        expect(line(page)).to_contain_text("nothing is chosen")
        assert said(study) == []

    def test_refuses_what_was_said_of_the_former_one(self, opened, study, lesion, masses, picture, again):
        image = study.add(picture(55), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n")
        again(image, masses)
        press(page, "c")  # the page does not know of it yet
        expect(line(page)).to_contain_text("RCC, finding 1: not saved. The image was analysed again")
        assert said(study) == []

    def test_keeps_what_was_typed(self, opened, study, lesion, masses, picture, again):
        image = study.add(picture(56), [lesion], laterality="R", view="CC")
        page = opened(1)
        page.locator(".finding").get_by_text("Comment", exact=True).click()
        page.get_by_label("Comment on RCC, finding 1").fill("Spiculated.")
        again(image, masses)
        self.look(page)
        expect(page.locator(".finding")).to_have_count(2)
        expect(page.get_by_label("Comment on RCC as a whole")).to_have_value("Spiculated.")


class TestASignedCase:
    @pytest.fixture
    def signed(self, study, lesion, picture, opened):
        """The page of a case that is signed."""
        study.add(picture(50), [lesion], laterality="R", view="CC")
        study.client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json=APART)
        return opened(1)

    def test_gives_the_focus_back_to_a_comment_that_asked_when_it_was_left(self, signed):
        page = signed
        page.locator(".finding").get_by_text("Comment", exact=True).click()
        comment = page.get_by_label("Comment on RCC, finding 1")
        comment.fill("Spiculated.")
        press(page, "Tab")
        expect(page.get_by_role("button", name="Leave it signed")).to_be_focused()
        press(page, "Enter")
        expect(page.locator("#supersede")).to_be_hidden()
        expect(comment).to_be_focused()

    def test_asks_before_a_verdict(self, signed, study):
        page, dialog = signed, signed.locator("#supersede")
        press(page, "n", "x")
        expect(dialog).to_contain_text("Dismiss: RCC, finding 1")
        expect(dialog).to_contain_text("Version 1 was signed by alice on")
        expect(page.get_by_role("button", name="Leave it signed")).to_be_focused()
        press(page, "c", "u", "Enter")
        expect(dialog).to_be_hidden()
        press(page, "c")
        expect(dialog).to_be_visible()
        press(page, "Escape")
        expect(dialog).to_be_hidden()
        assert (said(study), study.read()["state"]) == ([], "signed")
        press(page, "x")
        page.get_by_role("button", name="Change it").click()
        expect(line(page)).to_have_text("Dismissed: RCC, finding 1")
        expect(page.get_by_text("Something has changed since version 1 was signed")).to_be_visible()
        press(page, "c")  # it is superseded now: nothing is asked again
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")

    def test_asks_before_a_comment_and_keeps_it(self, signed, study):
        page, row = signed, signed.locator(".finding")
        row.get_by_text("Comment", exact=True).click()
        row.get_by_label("Comment on RCC, finding 1").fill("Round.")
        row.get_by_role("button", name="Save comment").click()
        expect(page.locator("#supersede")).to_contain_text("Comment: RCC, finding 1")
        page.get_by_role("button", name="Leave it signed").click()
        expect(row.get_by_label("Comment on RCC, finding 1")).to_have_value("Round.")
        expect(row.get_by_text("Not saved yet")).to_be_visible()
        assert study.read()["state"] == "signed"

    def test_asks_before_a_correction(self, signed, study):
        page = signed
        page.get_by_role("button", name="Correct side, view, kind or scale of RCC").click()
        page.locator("#edit").get_by_label("View").select_option("MLO")
        page.locator("#edit").get_by_role("button", name="Save").click()
        expect(page.locator("#supersede")).to_contain_text("Correct side, view, kind or scale: RCC")
        press(page, "Escape")
        assert study.read()["state"] == "signed"
        page.locator("#edit").get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Change it").click()
        expect(page.locator('.pane[data-view="RMLO"] .corner')).to_contain_text("RMLO")

    def test_asks_before_another_analysis_on_the_page_of_a_job(self, signed, study, picture, client):
        page = signed
        film = {"modality": "mammography", "laterality": "L", "view": "CC"}
        job = study.upload(picture(57), case_id=study.case, **film).json()["job"]["id"]
        claim = study.worker.claim(job)
        study.worker.post(job, "inference", "fail", attempt=claim["attempt"], code="internal_error", detail="Broken.")
        client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json=APART)
        page.goto(f"/jobs/{job}")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#supersede")).to_contain_text("Version 2 was signed by alice on")
        page.get_by_role("button", name="Leave it signed").click()
        assert study.read()["state"] == "signed"
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("button", name="Change it").click()
        expect(page.locator('[data-step="queue"][data-state="running"]')).to_be_visible()
        assert study.read()["state"] == "analysing"

    def test_asks_before_an_upload(self, signed, study, picture):
        page = signed
        page.goto(f"/new?case={study.case}")
        page.set_input_files("#files", [{"name": "a_LEFT_CC.png", "mimeType": "image/png", "buffer": picture(51)}])
        submit = page.locator('[data-role="submit"]')
        submit.click()
        expect(page.locator("#supersede")).to_contain_text("Add 1 image")
        page.get_by_role("button", name="Leave it signed").click()
        assert study.read()["state"] == "signed"
        submit.click()
        page.get_by_role("button", name="Change it").click()
        expect(page.locator('.entry[data-state="following"]')).to_have_count(1)
        assert len(study.read()["images"]) == 2

    def test_that_was_signed_in_another_window_meanwhile_asks_too(self, study, lesion, picture, opened):
        study.add(picture(52), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n")
        study.client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json=APART)
        press(page, "c")
        expect(page.locator("#supersede")).to_contain_text("Confirm: RCC, finding 1")
        press(page, "Enter")
        assert (said(study), study.read()["state"]) == ([], "signed")
