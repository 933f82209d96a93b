"""What keeps a signature from being sent: contradictions, passwords, changes by others."""

import re

import pytest
from playwright.sync_api import expect
from signing_dialog import PASSWORD, alert, choose, sign, state, submit

pytestmark = pytest.mark.browser


class TestContradiction:
    def test_no_sign_of_malignancy_against_a_confirmed_finding(self, study, masses, picture, read, say):
        study.add(picture(66), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        page = read()
        box = alert(page, "contradiction")
        choose(page, "not_sure")
        expect(box).to_be_hidden()
        choose(page, "no_sign_of_malignancy")
        expect(box).to_contain_text("Right breast: BI-RADS 2, although this is confirmed: RCC, finding 1.")
        expect(page.locator(".panel .against")).to_have_text(
            "Right breast: BI-RADS 2, although this is confirmed: RCC, finding 1."
        )
        expect(page.get_by_label("Comment in the report")).to_have_value(re.compile("^Right breast: Confirmed"))
        submit(page)
        problem = alert(page, "stands-problem")
        expect(problem).to_contain_text("say why in the comment and tick the box")
        expect(page.get_by_role("checkbox", name="My conclusion stands")).to_be_focused()
        page.keyboard.press("Space")
        expect(problem).to_be_hidden()
        submit(page)
        expect(problem).to_be_visible()
        expect(page.get_by_label("Comment in the report")).to_be_focused()
        page.get_by_label("Comment in the report").fill("Known fibroadenoma, proven by biopsy.")
        assert study.read()["reports"] == []
        submit(page)
        expect(page.locator(".versions")).to_contain_text("Version 1")
        [report] = study.read()["reports"]
        assert (report["conclusion"], report["comment"]) == (
            "no_sign_of_malignancy",
            "Known fibroadenoma, proven by biopsy.",
        )

    def test_two_contradictions_follow_each_other_as_the_language_has_it(self, study, masses, picture, read, say):
        study.add(picture(67), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        page = read(dialog=False, locale="zh-CN")
        for name, value in (("bi_rads", 1), ("recommendation", "biopsy")):
            page.locator(f'[name="{name}-R"][value="{value}"]').check(force=True)
        expect(page.locator(".panel .against")).to_have_text(re.compile("。右乳：.+。$"))

    def test_another_conclusion_asks_anew(self, study, masses, picture, read, say):
        study.add(picture(67), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        page = read()
        choose(page, "no_sign_of_malignancy")
        page.get_by_role("checkbox", name="My conclusion stands").check()
        choose(page, "malignancy_suspected")
        choose(page, "no_sign_of_malignancy")
        expect(page.get_by_role("checkbox", name="My conclusion stands")).not_to_be_checked()

    def test_malignancy_suspected_with_everything_dismissed(self, study, masses, picture, read, say):
        study.add(picture(68), masses, laterality="R", view="CC")
        say(0, "0", "dismissed")
        say(0, "1", "dismissed")
        page = read()
        choose(page, "malignancy_suspected")
        expect(alert(page, "contradiction")).to_contain_text(
            "Right breast: BI-RADS 4, but nothing that the system found supports it. "
            "You dismissed: RCC, finding 1 and RCC, finding 2."
        )


class TestWhoSigns:
    def test_who_logged_in_a_while_ago_confirms_it_and_loses_nothing(self, study, masses, picture, read, time_passes):
        study.add(picture(70), masses, laterality="R", view="CC")
        page = read()
        choose(page, "malignancy_suspected")
        page.get_by_label("Comment in the report").fill("Seen.")
        time_passes()
        submit(page)
        confirm, password = page.locator("#confirm"), page.get_by_label("Your password")
        expect(password).to_be_focused()
        password.fill("wrong password")
        page.keyboard.press("Enter")
        expect(confirm.get_by_role("alert")).to_have_text("The password is incorrect. Please try again.")
        expect(password).to_be_focused()
        expect(password).to_have_value("")
        assert study.read()["reports"] == []
        page.keyboard.press("Escape")
        expect(confirm).to_be_hidden()
        expect(alert(page, "problem")).to_have_text(
            "You logged in too long ago for this. Please confirm your identity to continue."
        )
        expect(page.get_by_label("Comment in the report")).to_have_value("Seen.")
        submit(page)
        expect(password).to_be_focused()
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#signing")).to_be_hidden()
        expect(page.locator('.status-line [role="status"]')).to_have_text("Version 1 is signed.")
        expect(page.get_by_role("link", name="Open version 1")).to_be_focused()
        sent = study.read()["reports"][0]
        assert (sent["conclusion"], sent["comment"]) == ("malignancy_suspected", "Seen.")
        expect(password).to_have_value("")

    @pytest.mark.usefixtures("long_pauses")
    def test_too_many_wrong_ones(self, app, study, masses, picture, read, time_passes):
        app.state.throttle._attempts = 1
        study.add(picture(71), masses, laterality="R", view="CC")
        page = read()
        choose(page, "not_sure")
        time_passes()
        submit(page)
        for _ in range(2):
            expect(page.get_by_label("Your password")).to_be_focused()
            page.get_by_label("Your password").fill("wrong password")
            page.locator('#confirm [data-role="submit"]').click()
            expect(page.get_by_label("Your password")).to_have_value("")
        expect(page.locator("#confirm").get_by_role("alert")).to_contain_text("There were too many failed logins.")

    def test_a_double_click_signs_once(self, study, masses, picture, read):
        study.add(picture(73), masses, laterality="R", view="CC")
        page = read()
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/reports") else None)
        page.route("**/reports", lambda route: page.wait_for_timeout(200) or route.continue_())
        choose(page, "not_sure")
        page.locator('#signing [data-role="submit"]').dblclick()
        page.keyboard.press("Escape")  # too late to call it back
        expect(page.locator(".versions li")).to_have_count(1)
        assert len(sent) == 1

    def test_and_on_to_the_next_case_that_waits(self, study, client, alice, upload, worker, masses, picture, read):
        other = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-NEXT"}).json()["id"]
        worker.infer(upload(picture(78), case_id=other).json()["job"]["id"])
        study.add(picture(79), masses, laterality="R", view="CC")
        page = read(dialog=False)
        state(page, bi_rads=4, density="c", recommendation="biopsy")
        sign(page)
        page.get_by_role("button", name="Sign, open the next case").click()
        page.wait_for_url(f"**/cases/{other}")
        [report] = study.read()["reports"]
        assert report["breasts"]["right"] == {"bi_rads": 4, "density": "c", "recommendation": "biopsy"}
        assert report["comment"].endswith("Recommended: biopsy.")


class TestChangesMeanwhile:
    @pytest.fixture
    def changed(self, client, study, masses, picture, read, say):
        """The dialog, filled in; meanwhile somebody dismissed a finding."""
        study.add(picture(74), masses, laterality="R", view="CC")
        page = read()
        choose(page, "malignancy_suspected")
        page.get_by_label("Comment in the report").fill("Seen.")
        say(0, "0", "dismissed")
        return page

    def test_are_not_signed_unseen(self, changed, study):
        submit(changed)
        expect(alert(changed, "stale")).to_contain_text("Somebody else has changed this case.")
        assert study.read()["reports"] == []
        expect(changed.locator('[name="bi_rads-R"]:checked')).to_have_count(0)
        expect(changed.locator("#signing")).to_contain_text("RCC, finding 2")
        expect(changed.get_by_label("Comment in the report")).to_have_value("Seen.")
        choose(changed, "malignancy_suspected")
        submit(changed)
        expect(changed.locator(".versions")).to_contain_text("Version 1")

    def test_that_the_page_sees_first_are_said_in_the_dialog(self, changed, study):
        """The page looks at the case again now and then; that must not renew what the reader is about to sign."""
        changed.evaluate("dispatchEvent(new Event('online'))")  # look now
        expect(alert(changed, "stale")).to_contain_text("Somebody else has changed this case.")
        expect(changed.locator('[name="bi_rads-R"]:checked')).to_have_count(0)
        submit(changed)
        expect(alert(changed, "conclusion-problem")).to_be_visible()
        assert study.read()["reports"] == []
