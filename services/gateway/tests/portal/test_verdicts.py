"""Verdicts in a real Chromium: what a key aims at, what a verdict shows, how it is undone, and what it supersedes."""

import re

import pytest
from playwright.sync_api import expect

from lobule.contracts.result import Box, Finding

pytestmark = pytest.mark.browser
DESK = {"width": 1300, "height": 900}


def line(page):
    """What the line below the films says of the last change."""
    return page.locator('.status-line [role="status"]')


def target(page):
    return page.locator('.status-line [data-role="target"]')


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def said(study) -> list[tuple]:
    """The verdicts of the case as the API shows them."""
    return [(review["finding_id"], review["verdict"], review["comment"]) for review in study.read()["reviews"]]


@pytest.fixture
def lesion():
    """One finding in the middle of a film."""
    return Finding(
        label="mass", probability=0.8, probability_malignant=0.8, box=Box(x=220, y=320, width=160, height=160)
    )


@pytest.fixture
def opened(logged_in, study):
    """Opens the case when so many findings are listed, and every picture is drawn."""

    def open_page(findings: int, **options):
        page = logged_in(study.url, **({"viewport": DESK} | options))
        expect(page.locator(".finding")).to_have_count(findings)
        images = len(study.read()["images"])
        expect(page.locator(".of-image")).to_have_count(images)
        return page

    return open_page


@pytest.fixture
def put(client, headers_of, study):
    """Has somebody else say something of a finding: Alice again, but in another window."""

    def send(finding: str, **review):
        job = study.read()["images"][0]["job"]["id"]
        answer = client.put(f"/api/v1/cases/{study.case}/reviews/{job}/{finding}", headers=study.alice, json=review)
        assert answer.status_code == 200

    return send


class TestWhatAKeyAimsAt:
    def test_nothing_before_something_is_chosen_nor_by_a_number_without_a_field(self, opened, study, lesion, picture):
        study.add(picture(1), [lesion], laterality="R", view="CC")
        page = opened(1)
        expect(target(page)).to_have_text("Nothing is chosen")
        press(page, "c")
        expect(line(page)).to_contain_text("No verdict was given: nothing is chosen.")
        press(page, "5")
        expect(line(page)).to_have_text("Field 1 is missing")
        assert said(study) == []

    def test_a_field_comes_onto_the_screen_before_it_can_be_judged(self, opened, study, lesion, picture):
        study.add(picture(2), [lesion], laterality="R", view="CC")
        study.add(picture(3), modality="histopathology", magnification="100X")
        page = opened(1)
        expect(page.locator(".pane:visible")).to_have_count(1)  # missing views have no pane
        press(page, "5")
        expect(page.locator(".pane:visible")).to_have_count(2)
        expect(page.locator(".pane[data-active]")).to_contain_text("field.png")
        expect(target(page)).to_have_text("Chosen: field.png as a whole")
        press(page, "c")
        expect(line(page)).to_have_text("Confirmed: field.png as a whole")
        press(page, "v")  # back to the film: the field is out of sight, and no target any longer
        expect(page.locator(".pane:visible")).to_have_count(1)
        expect(target(page)).to_have_text("Nothing is chosen")
        press(page, "x")
        expect(line(page)).to_contain_text("nothing is chosen")
        assert said(study) == [("image", "confirmed", "")]

    def test_the_fifth_field_hangs_when_it_is_chosen(self, opened, study, picture):
        for number in range(5):
            study.add(picture(10 + number), modality="histopathology", magnification="100X")
        page = opened(0)
        press(page, "v", "9")
        expect(page.locator(".pane:visible")).to_have_count(1)
        expect(page.locator(".pane:visible")).to_contain_text("field.png 5")

    def test_a_number_chooses_the_film_that_hangs(self, opened, study, lesion, picture):
        study.add(picture(4), [lesion], laterality="R", view="CC", probability=0.3)
        study.add(picture(5), [lesion], laterality="R", view="CC", probability=0.9)
        page = opened(2)
        pane = page.locator('.pane[data-view="RCC"]')
        expect(pane).to_contain_text("RCC 2")
        press(page, "1")
        expect(target(page)).to_have_text("Chosen: RCC 2 as a whole")
        expect(pane).to_contain_text("RCC 2")
        press(page, "1")
        expect(target(page)).to_have_text("Chosen: RCC as a whole")
        expect(pane).not_to_contain_text("RCC 2")
        press(page, "3")
        expect(line(page)).to_have_text("RMLO is missing")

    def test_a_finding_out_of_sight_is_shown_first(self, opened, study, lesion, picture):
        study.add(picture(6), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "f", "n", "n")
        expect(target(page)).to_have_text("Chosen: RCC, finding 1")
        pane = page.locator(".pane[data-active]")
        pane.focus()
        press(page, *["+"] * 6, *["ArrowLeft"] * 20)
        press(page, "c")
        expect(line(page)).to_contain_text("No verdict was given: RCC, finding 1 was out of sight.")
        assert said(study) == []
        press(page, "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        assert said(study) == [("f1", "confirmed", "")]

    def test_a_film_that_is_scrolled_away_is_shown_first(self, opened, study, lesion, picture):
        study.add(picture(7), [lesion], laterality="R", view="CC")
        page = opened(1, viewport={"width": 700, "height": 700})
        press(page, "n", "n")
        page.locator('[data-role="sign"]').scroll_into_view_if_needed()
        press(page, "x")
        expect(line(page)).to_contain_text("out of sight")
        expect(page.locator(".pane[data-active]")).to_be_in_viewport(ratio=0.5)
        assert said(study) == []

    def test_a_finding_that_the_threshold_hides_is_no_target(self, opened, study, masses, picture):
        study.add(picture(8), masses, laterality="R", view="CC")
        page = opened(2)
        page.locator(".finding").nth(1).locator('[data-role="go"]').click()
        expect(target(page)).to_have_text("Chosen: RCC, finding 2")
        page.locator("#threshold").fill("50")
        expect(target(page)).to_have_text("Nothing is chosen")
        press(page, "c")
        expect(line(page)).to_contain_text("nothing is chosen")
        assert said(study) == []

    def test_a_click_that_moves_a_film_aims_no_verdict(self, opened, study, lesion, picture):
        study.add(picture(9), [lesion], laterality="R", view="CC")
        study.add(picture(30), [lesion], laterality="L", view="CC", probability=0.1)
        page = opened(2)
        page.locator('.pane[data-view="LCC"]').click(position={"x": 30, "y": 60})
        expect(page.locator(".pane[data-active]")).to_have_attribute("data-view", "LCC")
        press(page, "c")
        expect(line(page)).to_contain_text("nothing is chosen")
        assert said(study) == []

    def test_keys_wait_while_a_dialog_is_open_or_something_is_typed(self, opened, study, lesion, picture):
        study.add(picture(31), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "n", "?")
        page.evaluate("document.activeElement.blur()")  # as after a click beside the dialog
        press(page, "c")
        press(page, "Escape")
        expect(page.locator("#shortcuts")).to_be_hidden()
        page.locator(".finding").get_by_text("Comment", exact=True).click()
        page.get_by_label("Comment on RCC, finding 1").focus()
        press(page, "c", "u", "Control+z")
        assert said(study) == []
        expect(line(page)).to_have_text("")

    def test_a_key_that_is_held_down_gives_one_verdict(self, opened, study, lesion, picture):
        study.add(picture(32), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "n")
        for _ in range(4):
            page.keyboard.down("c")
        page.keyboard.up("c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        press(page, "c")  # a key says it, and takes nothing back
        expect(line(page)).to_have_text("Nothing to change. Confirmed: RCC, finding 1")
        assert said(study) == [("f1", "confirmed", "")]

    def test_keys_before_the_case_is_there_do_nothing(self, logged_in, study, lesion, picture):
        study.add(picture(33), [lesion], laterality="R", view="CC")
        page = logged_in("/help")
        page.route("**/api/v1/cases/*", lambda route: page.wait_for_timeout(400) or route.continue_())
        page.goto(study.url, wait_until="domcontentloaded")
        press(page, "v", "c", "n", "u", "1")
        expect(page.locator(".finding")).to_have_count(1)
        assert said(study) == []


class TestWhatAVerdictShows:
    def test_its_row_its_mark_and_its_name(self, opened, study, lesion, picture):
        study.add(picture(34), [lesion], laterality="R", view="CC")
        study.add(picture(35), [lesion], laterality="L", view="CC", probability=0.1)
        page = opened(2)
        press(page, "f", "a")  # one image, all marks hidden
        page.get_by_role("button", name="Dismiss: LCC, finding 1").click()  # which is not on the screen
        expect(line(page)).to_have_text("Dismissed: LCC, finding 1")
        expect(page.locator(".finding[data-lit]")).to_contain_text("LCC, finding 1")
        expect(page.locator(".pane:visible")).to_have_attribute("data-view", "LCC")
        ink = """() => {
            const canvas = document.querySelector('.pane[data-active] .overlay');
            return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value);
        }"""
        assert page.evaluate(ink), "the mark shows for a moment, whatever is hidden"
        expect(page.locator(".finding[data-lit]")).to_have_count(0)
        page.wait_for_timeout(100)
        assert not page.evaluate(ink)

    def test_a_verdict_that_is_saved_late_calls_nobody_back(self, opened, study, lesion, picture):
        study.add(picture(36), [lesion, lesion], laterality="R", view="CC")
        page = opened(2)
        page.route("**/reviews/**", lambda route: page.wait_for_timeout(300) or route.continue_())
        press(page, "n", "n", "c", "n")
        expect(target(page)).to_have_text("Chosen: RCC, finding 2")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        expect(target(page)).to_have_text("Chosen: RCC, finding 2")
        press(page, "x")
        expect(line(page)).to_have_text("Dismissed: RCC, finding 2")
        assert said(study) == [("f1", "confirmed", ""), ("f2", "dismissed", "")]


class TestUndo:
    def test_by_key_after_moving_on(self, opened, study, lesion, picture):
        study.add(picture(40), [lesion], laterality="R", view="CC")
        study.add(picture(41), [lesion], laterality="L", view="CC", probability=0.1)
        page = opened(2)
        press(page, "n", "n", "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        press(page, "n", "n", "x")
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

    def test_in_the_midst_of_saving(self, opened, study, lesion, picture):
        study.add(picture(43), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "n", "c", "u")
        expect(line(page)).to_have_text("Undone: RCC, finding 1 is without a verdict again")
        assert said(study) == []

    def test_not_over_somebody_elses_word(self, opened, study, lesion, picture, put):
        study.add(picture(44), [lesion], laterality="R", view="CC")
        page = opened(1)
        press(page, "n", "n", "c")
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
        press(page, "n", "n")
        put("f2", verdict="dismissed")
        press(page, "c")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        expect(page.locator(".finding").nth(1)).to_have_attribute("data-verdict", "dismissed")
        assert said(study) == [("f1", "confirmed", ""), ("f2", "dismissed", "")]

    def test_another_verdict_on_the_same_finding_is_not_written_over(self, opened, study, masses, picture, put):
        study.add(picture(46), masses, laterality="R", view="CC")
        page = opened(2)
        press(page, "n", "n")
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
        press(page, "n", "n")
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
        press(page, "n", "n")
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
        study.client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json={})
        return opened(1)

    def test_asks_before_a_verdict(self, signed, study):
        page, dialog = signed, signed.locator("#supersede")
        press(page, "n", "n", "x")
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
        page.get_by_role("button", name="Correct side, view or kind of RCC").click()
        page.locator("#edit").get_by_label("View").select_option("MLO")
        page.locator("#edit").get_by_role("button", name="Save").click()
        expect(page.locator("#supersede")).to_contain_text("Correct side, view or kind: RCC")
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
        study.worker.say(job, "inference", "fail", attempt=claim["attempt"], code="internal_error", detail="Broken.")
        client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json={})
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
        press(page, "n", "n")
        study.client.post(f"/api/v1/cases/{study.case}/reports", headers=study.alice, json={})
        press(page, "c")
        expect(page.locator("#supersede")).to_contain_text("Confirm: RCC, finding 1")
        press(page, "Enter")
        assert (said(study), study.read()["state"]) == ([], "signed")
