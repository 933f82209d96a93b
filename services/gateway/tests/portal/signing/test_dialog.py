"""The signing dialog: what is open, and the comment."""

import re

import pytest
from playwright.sync_api import expect
from signing_dialog import alert, choose, sign, submit

pytestmark = pytest.mark.browser


class TestWhatIsOpen:
    def test_nothing_is_chosen_and_nothing_is_signed_without_a_choice(self, study, masses, picture, read):
        study.add(picture(60), masses, laterality="R", view="CC")
        page = read()
        expect(page.locator(":checked[type=radio]")).to_have_count(0)
        expect(page.locator("#signing")).to_contain_text("The system's conclusion: Malignancy suspected.")
        submit(page)
        expect(alert(page, "conclusion-problem")).to_contain_text("Please state category, density and recommendation")
        incomplete = page.locator("#signing").get_by_role("button", name="Right breast")
        expect(incomplete).to_be_focused()
        assert study.read()["reports"] == []
        incomplete.click()
        expect(page.locator('.panel [name="bi_rads-R"]').first).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_role("radio", name="0: incomplete")).to_be_checked()

    def test_a_case_without_a_film_of_a_breast_asks_for_the_conclusion_alone(self, study, picture, read):
        study.add(picture(59), modality="histopathology")
        page = read()
        expect(page.get_by_role("radio")).to_have_count(3)
        expect(page.locator('.panel [data-role="breasts"]')).to_be_hidden()
        expect(page.locator("#signing :checked")).to_have_count(0)
        submit(page)
        expect(alert(page, "conclusion-problem")).to_have_text("Please choose your conclusion.")
        expect(page.get_by_role("radio").first).to_be_focused()
        page.locator('#signing [value="not_sure"]').check()
        submit(page)
        expect(page.locator(".versions")).to_contain_text("Version 1")
        [report] = study.read()["reports"]
        assert (report["conclusion"], report["breasts"]) == ("not_sure", None)

    def test_what_is_next_comes_after_a_signature(self, client, study, picture, read):
        """The signed report and the next case; a draft of what is signed would be taken for it."""
        study.add(picture(58), modality="histopathology")
        page = read()
        bar = page.locator(".sign-bar")
        expect(bar.get_by_role("button", name="Next case")).to_be_hidden()
        page.locator('#signing [value="not_sure"]').check()
        submit(page)
        expect(page.locator(".versions")).to_contain_text("Version 1")
        expect(page.get_by_role("link", name="Draft report")).to_be_hidden()
        report = bar.get_by_role("link", name="Signed report")
        expect(report).to_have_attribute("href", re.compile(rf"/cases/{study.case}/reports/1\?format=html"))
        following = client.post("/api/v1/cases", headers=study.alice, json={"pseudonym": "P-NEXT"}).json()["id"]
        film = study.upload(picture(57), modality="histopathology", case_id=following).json()
        study.worker.infer(film["job"]["id"])
        bar.get_by_role("button", name="Next case").click()
        expect(page).to_have_url(re.compile(following))

    def test_findings_without_a_verdict_and_images_not_assessed_are_named(self, study, masses, picture, read, say):
        study.add(picture(61), masses, laterality="R", view="CC")
        study.add(picture(62), [], laterality="L", view="CC", probability=0.1)
        broken = study.upload(
            picture(63), modality="mammography", case_id=study.case, laterality="L", view="MLO"
        ).json()
        job = broken["job"]["id"]
        claim = study.worker.claim(job)
        study.worker.post(job, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="In colour.")
        say(0, "1", "dismissed")
        page = read()
        dialog = page.locator("#signing")
        expect(dialog.get_by_text("Without a verdict:").get_by_role("button")).to_have_text(["RCC, finding 1"])
        expect(dialog.get_by_text("Not assessed:").get_by_role("button")).to_have_text(["LMLO"])
        page.get_by_label("Comment in the report").fill("Half written")
        dialog.get_by_role("button", name="RCC, finding 1").click()
        expect(dialog).to_be_hidden()
        expect(page.locator('.status-line [data-role="target"]')).to_have_text("Chosen: RCC, finding 1")
        expect(page.locator('.finding[data-chosen] [data-role="go"]')).to_be_focused()
        page.keyboard.press("c")
        expect(page.locator('.status-line [role="status"]')).to_have_text("Confirmed: RCC, finding 1")
        sign(page)
        expect(page.get_by_label("Comment in the report")).to_have_value("Half written")
        expect(dialog.get_by_text("Without a verdict:")).to_be_hidden()
        dialog.get_by_role("button", name="LMLO").click()
        expect(page.locator(".pane[data-active]")).to_have_attribute("data-view", "LMLO")

    def test_films_of_an_earlier_examination_are_not_asked_for(self, study, masses, picture, read):
        study.add(picture(76), masses, laterality="R", view="CC", study_date="2023-05-01")
        study.add(picture(77), [], laterality="R", view="CC", probability=0.1, study_date="2026-03-01")
        study.fail_together()
        page = read()
        choose(page, "not_sure")
        expect(page.get_by_text("No marked finding lacks a verdict, every image was assessed.")).to_be_visible()
        expect(page.get_by_text("Without a verdict:")).to_be_hidden()

    def test_it_says_when_nothing_is_open(self, study, masses, picture, read, say):
        study.add(picture(64), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        say(0, "1", "dismissed")
        study.fail_together()
        page = read()
        choose(page, "not_sure")
        expect(page.get_by_text("No marked finding lacks a verdict, every image was assessed.")).to_be_visible()

    def test_a_comment_that_is_not_saved_is_named(self, study, masses, picture, read):
        study.add(picture(65), masses, laterality="R", view="CC")
        page = read(dialog=False)
        page.route("**/reviews/**", lambda route: route.abort())
        row = page.locator(".finding").nth(1)
        row.get_by_text("Comment", exact=True).click()
        row.get_by_label("Comment on RCC, finding 2").fill("A node.")
        sign(page)
        expect(page.get_by_text("With a comment that is not saved:").get_by_role("button")).to_have_text(
            ["RCC, finding 2"]
        )


def test_a_comment_for_the_report_is_not_left_behind(study, masses, picture, read):
    study.add(picture(75), masses, laterality="R", view="CC")
    page = read()
    page.get_by_label("Comment in the report").fill("Half written")
    page.keyboard.press("Escape")
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.accept())
    page.get_by_role("link", name="Worklist").first.click()
    page.wait_for_url(re.compile("/$"))
    assert asked == ["beforeunload"]
