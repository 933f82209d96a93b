"""Which finding a key judges, and what a verdict shows."""

import pytest
from film_pane import ink
from playwright.sync_api import expect
from verdict_page import line, press, said, target

pytestmark = pytest.mark.browser


class TestWhatAKeyAimsAt:
    def test_nothing_before_something_is_chosen_nor_by_a_number_without_a_field(self, opened, study, lesion, picture):
        """A case of films lacks no field, so the keys of fields say nothing there."""
        study.add(picture(1), [lesion], laterality="R", view="CC")
        page = opened(1)
        expect(target(page)).to_have_text("Nothing is chosen")
        press(page, "c")
        expect(line(page)).to_contain_text("No verdict was given: nothing is chosen.")
        press(page, "5", "9")
        expect(line(page)).to_contain_text("No verdict was given: nothing is chosen.")
        press(page, "4")
        expect(line(page)).to_have_text("LMLO is missing")
        expect(target(page)).to_have_text("Nothing is chosen")
        assert said(study) == []

    def test_long_messages_change_the_size_of_no_film(self, opened, study, lesion, picture):
        study.add(picture(1), [lesion], laterality="R", view="CC")
        page = opened(1)
        size = "() => [...document.querySelectorAll('.pane:not([hidden])')].map((pane) => pane.offsetHeight)"
        height = page.evaluate(size)
        page.evaluate("() => { document.querySelector('.status-line p').textContent = 'Not saved. '.repeat(60); }")
        assert page.evaluate(size) == height
        expect(line(page)).to_be_in_viewport(ratio=1)

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
        press(page, "1")
        expect(line(page)).to_be_empty()  # a case of fields lacks no view
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
        press(page, "f", "n")
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
        press(page, "n")
        page.locator('[data-role="sign"]').scroll_into_view_if_needed()
        press(page, "x")
        expect(line(page)).to_contain_text("out of sight")
        expect(page.locator(".pane[data-active]")).to_be_in_viewport(ratio=0.5)
        assert said(study) == []

    def test_the_bar_of_a_finding_is_as_long_as_its_suspicion(self, opened, study, masses, picture):
        study.add(picture(8), masses, laterality="R", view="CC")
        page = opened(2)
        bars = page.locator(".finding .strength i").evaluate_all(
            "bars => bars.map((bar) => [bar.clientHeight, bar.clientWidth / bar.parentElement.clientWidth])"
        )
        stated = [int(text.removesuffix("%")) / 100 for text in page.locator(".finding .percent").all_inner_texts()]
        assert [height for height, _ in bars] == [3, 3]
        assert [length for _, length in bars] == pytest.approx(stated, abs=0.05)

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
        press(page, "n", "?")
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
        press(page, "n")
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
        assert ink(page, ".pane[data-active]"), "the mark shows for a moment, whatever is hidden"
        expect(page.locator(".finding[data-lit]")).to_have_count(0)
        assert not ink(page, ".pane[data-active]")

    def test_a_verdict_that_is_saved_late_calls_nobody_back(self, opened, study, lesion, picture):
        study.add(picture(36), [lesion, lesion], laterality="R", view="CC")
        page = opened(2)
        page.route("**/reviews/**", lambda route: page.wait_for_timeout(300) or route.continue_())
        press(page, "n", "c", "n")
        expect(target(page)).to_have_text("Chosen: RCC, finding 2")
        expect(line(page)).to_have_text("Confirmed: RCC, finding 1")
        expect(target(page)).to_have_text("Chosen: RCC, finding 2")
        press(page, "x")
        expect(line(page)).to_have_text("Dismissed: RCC, finding 2")
        assert said(study) == [("f1", "confirmed", ""), ("f2", "dismissed", "")]
