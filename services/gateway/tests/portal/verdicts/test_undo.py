"""Undoing verdicts, and verdicts while others change the case."""

import re

import pytest
from playwright.sync_api import expect
from verdict_page import line, press, said, target

pytestmark = pytest.mark.browser


class TestUndo:
    def test_by_key_after_moving_on(self, opened, study, lesion, picture):
        study.add(picture(40), [lesion], laterality="R", view="CC")
        study.add(picture(41), [lesion], laterality="L", view="CC", probability=0.1)
        page = opened(2)
        press(page, "n", "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        press(page, "n", "x")
        expect(line(page)).to_have_text("Dismissed: LCC, finding 1")
        press(page, "1", "u")
        expect(line(page)).to_have_text("Undone: LCC, finding 1 is without a verdict again")
        expect(target(page)).to_have_text("Chosen: LCC, finding 1")
        assert said(study) == [("f1", "confirmed", "")]
        press(page, "Control+z")
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is without a verdict again")
        assert said(study) == []
        press(page, "u")
        expect(line(page)).to_have_text("There is nothing to undo.")

    def test_by_button_and_the_log_knows(self, opened, study, lesion, picture, client, headers_of):
        study.add(picture(42), [lesion], laterality="R", view="CC")
        page = opened(1)
        undo = page.get_by_role("button", name="Undo the last change")
        expect(undo).to_be_hidden()
        page.get_by_role("button", name="Confirm: RCC, finding 1").click()
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        page.get_by_role("button", name="Dismiss: RCC, finding 1").click()
        expect(line(page)).to_have_text("Dismissed: RCC, finding 1")
        undo.click()
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is confirmed again")
        assert said(study) == [("f1", "confirmed", "")]
        undo.focus()
        press(page, "Enter")
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is without a verdict again")
        expect(undo).to_be_hidden()
        expect(page.locator('.finding [data-role="go"]')).to_be_focused()
        events = client.get("/api/v1/audit", params={"action": "finding.review"}, headers=headers_of("root")).json()
        steps = [(event["detail"]["was"], event["detail"]["verdict"]) for event in events["items"]]
        assert steps == [
            ("confirmed", None),
            ("dismissed", "confirmed"),
            ("confirmed", "dismissed"),
            (None, "confirmed"),
        ]

    def test_after_a_reload_the_button_says_what_it_undoes(self, opened, study, lesion, picture):
        study.add(picture(47), [lesion], laterality="R", view="CC")
        page = opened(1)
        what = page.get_by_text("the last change: RCC, finding 1")
        press(page, "n", "x")
        expect(line(page)).to_have_text("Dismissed: RCC, finding 1")
        expect(what).to_have_class("hidden")
        page.reload()
        expect(what).not_to_have_class("hidden")
        press(page, "u")
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is without a verdict again")

    def test_in_the_midst_of_saving(self, opened, study, lesion, picture):
        study.add(picture(43), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "c", "u")
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is without a verdict again")
        assert said(study) == []

    def test_not_over_somebody_elses_word(self, opened, study, lesion, picture, put):
        study.add(picture(44), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        put("f1", verdict="dismissed", comment="a lymph node")
        press(page, "u")
        expect(line(page)).to_contain_text("RCC, finding 1: not saved. alice has changed this verdict")
        assert said(study) == [("f1", "dismissed", "a lymph node")]
        expect(page.get_by_role("button", name="Undo the last change")).to_be_hidden()


class TestConflicts:
    def test_a_change_elsewhere_in_the_case_is_no_obstacle(self, opened, study, masses, picture, put):
        study.add(picture(45), masses, laterality="R", view="CC")
        page = opened(2)
        press(page, "n")
        put("f2", verdict="dismissed")
        press(page, "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        expect(page.locator(".finding").nth(1)).to_have_attribute("data-verdict", "dismissed")
        assert said(study) == [("f1", "confirmed", ""), ("f2", "dismissed", "")]

    def test_another_verdict_on_the_same_finding_is_not_written_over(self, opened, study, masses, picture, put):
        study.add(picture(46), masses, laterality="R", view="CC")
        page = opened(2)
        press(page, "n")
        put("f1", verdict="dismissed")
        press(page, "c")
        expect(line(page)).to_contain_text("RCC, finding 1: not saved. alice has changed this verdict")
        assert said(study) == [("f1", "dismissed", "")]
        press(page, "c")  # now that it was seen
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")

    def test_a_network_that_is_away_loses_no_comment(self, opened, study, masses, picture):
        study.add(picture(47), masses, laterality="R", view="CC")
        page = opened(2)
        page.route("**/reviews/**", lambda route: route.abort())
        row = page.locator(".finding").nth(0)
        row.get_by_text("Comment", exact=True).click()
        text = row.get_by_label("Comment on RCC, finding 1")
        text.fill("Spiculated.")
        row.get_by_role("button", name="Save comment").click()
        expect(line(page)).to_contain_text("RCC, finding 1: not saved. Lobule cannot be reached.")
        expect(row.get_by_text("Not saved yet")).to_be_visible()
        page.locator("#threshold").fill("90")  # hides the row
        expect(page.locator(".finding")).to_have_count(0)
        page.get_by_role("button", name="Show all").click()
        expect(text).to_have_value("Spiculated.")
        asked = []
        page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.dismiss())
        page.get_by_role("link", name="Worklist").first.click()
        expect(text).to_have_value("Spiculated.")
        page.wait_for_timeout(100)
        assert asked == ["beforeunload"]
        page.unroute("**/reviews/**")
        row.get_by_role("button", name="Save comment").click()
        expect(line(page)).to_have_text("Comment saved: RCC, finding 1")
        assert said(study) == [("f1", None, "Spiculated.")]

    def test_a_link_waits_for_what_is_being_saved(self, opened, study, masses, picture):
        study.add(picture(48), masses, laterality="R", view="CC")
        page = opened(2)
        page.route("**/reviews/**", lambda route: page.wait_for_timeout(300) or route.continue_())
        row = page.locator(".finding").nth(0)
        row.get_by_text("Comment", exact=True).click()
        row.get_by_label("Comment on RCC, finding 1").fill("Round.")
        page.get_by_role("link", name="Worklist").first.click()
        page.wait_for_url(re.compile("/$"))
        assert said(study) == [("f1", None, "Round.")]
