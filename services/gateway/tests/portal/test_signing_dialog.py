"""The signing dialog in a real Chromium: it chooses nothing, names what is open, asks again, and wants the password."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
DESK = {"width": 1300, "height": 900}


@pytest.fixture
def read(logged_in, study):
    """Opens the case, and its signing dialog where it is asked for."""

    def open_page(dialog=True, **options):
        page = logged_in(study.url, **({"viewport": DESK} | options))
        expect(page.locator(".of-image").first).to_be_visible()
        if dialog:
            sign(page)
        return page

    return open_page


def sign(page):
    page.locator('.panel [data-role="sign"]').click()
    expect(page.locator("#signing")).to_be_visible()


def submit(page):
    page.locator('#signing [data-role="submit"]').click()


CATEGORIES = {"malignancy_suspected": 4, "not_sure": 0, "no_sign_of_malignancy": 2}


def state(page, side="R", bi_rads=2, density="b", recommendation="further_imaging"):
    """State all of a breast in the panel."""
    for field, value in (("bi_rads", bi_rads), ("density", density), ("recommendation", recommendation)):
        page.locator(f'.panel [name="{field}-{side}"][value="{value}"]').check(force=True)


def choose(page, assessment):
    """State a category of the right breast that means this, and open the dialog again."""
    page.keyboard.press("Escape")
    expect(page.locator("#signing")).to_be_hidden()
    state(page, bi_rads=CATEGORIES[assessment])
    sign(page)


def alert(page, name):
    return page.locator(f'#signing [data-role="{name}"]')


@pytest.fixture
def say(client, study):
    """Gives verdicts before the page is opened, by the place of the image and the finding."""

    def send(image: int, finding: str, verdict: str):
        job = study.read()["images"][image]["job"]["id"]
        target = f"/api/v1/cases/{study.case}/reviews/{job}/{finding}"
        assert client.put(target, headers=study.alice, json={"verdict": verdict}).status_code == 200

    return send


class TestWhatIsOpen:
    def test_nothing_is_chosen_and_nothing_is_signed_without_a_choice(self, study, masses, picture, read):
        study.add(picture(60), masses, laterality="R", view="CC")
        page = read()
        expect(page.locator(":checked[type=radio]")).to_have_count(0)
        expect(page.locator("#signing")).to_contain_text(
            "The system's conclusion: Malignancy suspected. Please choose your own."
        )
        submit(page)
        expect(alert(page, "conclusion-problem")).to_contain_text("Please state category, density and recommendation")
        incomplete = page.locator("#signing").get_by_role("button", name="Right breast")
        expect(incomplete).to_be_focused()
        expect(alert(page, "password-problem")).to_have_text("Please enter your password to sign.")
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
        page.get_by_label("Your password").fill(PASSWORD)
        submit(page)
        expect(page.locator(".versions")).to_contain_text("Version 1")
        [report] = study.read()["reports"]
        assert (report["conclusion"], report["breasts"]) == ("not_sure", None)

    def test_findings_without_a_verdict_and_images_not_assessed_are_named(self, study, masses, picture, read, say):
        study.add(picture(61), masses, laterality="R", view="CC")
        study.add(picture(62), [], laterality="L", view="CC", probability=0.1)
        broken = study.upload(
            picture(63), modality="mammography", case_id=study.case, laterality="L", view="MLO"
        ).json()
        job = broken["job"]["id"]
        claim = study.worker.claim(job)
        study.worker.say(job, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="In colour.")
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
        page = read()
        choose(page, "not_sure")
        expect(page.get_by_text("Every marked finding has a verdict, every image was assessed.")).to_be_visible()
        expect(page.get_by_text("Without a verdict:")).to_be_hidden()

    def test_it_says_when_nothing_is_open(self, study, masses, picture, read, say):
        study.add(picture(64), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        say(0, "1", "dismissed")
        page = read()
        choose(page, "not_sure")
        expect(page.get_by_text("Every marked finding has a verdict, every image was assessed.")).to_be_visible()

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


class TestContradiction:
    def test_no_sign_of_malignancy_against_a_confirmed_finding(self, study, masses, picture, read, say):
        study.add(picture(66), masses, laterality="R", view="CC")
        say(0, "0", "confirmed")
        page = read()
        box = alert(page, "contradiction")
        choose(page, "not_sure")
        expect(box).to_be_hidden()
        choose(page, "no_sign_of_malignancy")
        expect(box).to_contain_text("Right breast: BI-RADS 2, but you confirmed: RCC, finding 1.")
        expect(page.locator(".panel .against")).to_have_text(
            "Right breast: BI-RADS 2, but you confirmed: RCC, finding 1."
        )
        expect(page.get_by_label("Comment in the report")).to_have_value(re.compile("^Right breast: Confirmed"))
        page.get_by_label("Your password").fill(PASSWORD)
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


class TestPassword:
    def test_a_wrong_one_is_told_beside_its_field(self, study, masses, picture, read):
        study.add(picture(70), masses, laterality="R", view="CC")
        page = read()
        choose(page, "malignancy_suspected")
        page.get_by_label("Comment in the report").fill("Seen.")
        password = page.get_by_label("Your password")
        password.fill("wrong password")
        submit(page)
        expect(alert(page, "password-problem")).to_have_text("The password is incorrect. Please try again.")
        expect(password).to_be_focused()
        expect(password).to_have_value("")
        expect(page.get_by_label("Comment in the report")).to_have_value("Seen.")
        assert study.read()["reports"] == []
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#signing")).to_be_hidden()
        expect(page.locator('.status-line [role="status"]')).to_have_text("Version 1 is signed.")
        expect(page.get_by_role("link", name="Open version 1")).to_be_focused()
        sent = study.read()["reports"][0]
        assert (sent["conclusion"], sent["comment"]) == ("malignancy_suspected", "Seen.")
        expect(page.locator('#signing [name="password"]')).to_have_value("")

    def test_too_many_wrong_ones(self, app, study, masses, picture, read):
        app.state.throttle._attempts = 1
        study.add(picture(71), masses, laterality="R", view="CC")
        page = read()
        choose(page, "not_sure")
        for _ in range(2):
            page.get_by_label("Your password").fill("wrong password")
            submit(page)
            expect(page.locator('#signing [data-role="submit"]')).to_be_enabled()
        expect(alert(page, "problem")).to_contain_text("There were too many failed logins.")

    def test_none_where_the_hospital_asks_for_none(self, app, study, masses, picture, read):
        app.state.settings.signing_requires_password = False
        study.add(picture(72), masses, laterality="R", view="CC")
        page = read()
        expect(page.get_by_label("Your password")).to_have_count(0)
        choose(page, "not_sure")
        submit(page)
        expect(page.locator(".versions")).to_contain_text("Version 1")

    def test_a_double_click_signs_once(self, study, masses, picture, read):
        study.add(picture(73), masses, laterality="R", view="CC")
        page = read()
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/reports") else None)
        page.route("**/reports", lambda route: page.wait_for_timeout(200) or route.continue_())
        choose(page, "not_sure")
        page.get_by_label("Your password").fill(PASSWORD)
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
        page.get_by_label("Your password").fill(PASSWORD)
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
        page.get_by_label("Your password").fill(PASSWORD)
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
        changed.get_by_label("Your password").fill(PASSWORD)
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
