"""Reading a case: hanging, verdicts, keyboard."""

import re

import numpy as np
import pytest
from film_pane import canvas, pane_of, reach, show_only
from playwright.sync_api import expect

from lobule.contracts.pictures import PictureFacts
from lobule.contracts.result import Box, BreastArea

pytestmark = pytest.mark.browser


WIDTH, HEIGHT = 600, 800  # of the film that `study` draws


class TestHanging:
    def test_views_that_are_missing_are_named(self, logged_in, study, picture):
        study.add(picture(16), laterality="R", view="CC")
        page = logged_in(study.url)
        expect(page.locator('.pane[data-view="RCC"] .corner')).to_contain_text("RCC")
        expect(page.locator(".pane:visible")).to_have_count(1)
        missing = page.locator('[data-role="missing"] a')
        expect(missing).to_have_text(["LCC is missing", "RMLO is missing", "LMLO is missing"])

    def test_films_fill_their_panes_with_the_breast_at_one_scale(self, logged_in, study, app, picture):
        """Two films of which the breast is a half of each: cropped, it is larger, at the seam, and as large in both."""
        half = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
        half[100:300, :150] = np.linspace(80, 160, 150)
        areas = [
            BreastArea(box=Box(x=x, y=190, width=310, height=420), tips=[(x, 400), (x + 310, 400)])
            for x in (0, WIDTH - 310)
        ]
        images = [
            study.add(picture(47), laterality="L", view="CC", display=half, breast=areas[0]),
            study.add(picture(48), laterality="R", view="CC", display=half[:, ::-1], breast=areas[1]),
        ]
        no_deeper = PictureFacts(width=WIDTH, height=HEIGHT).model_dump_json().encode()
        for image in images:
            app.state.store.put(f"images/{image}/film/facts.json", no_deeper)
        page = logged_in(study.url, viewport={"width": 1440, "height": 900})
        left, right = (page.locator(f'.pane[data-view="{view}"]') for view in ("LCC", "RCC"))
        for pane in (left, right):
            element = pane.element_handle()
            page.wait_for_function(f"pane => pane.dataset.scale > 1.2 * pane.clientHeight / {HEIGHT}", arg=element)
        show_only(page)

        def breast(pane):
            rows, columns = np.nonzero(canvas(pane)[..., 0] > 60)
            return columns.min(), columns.max() + 1, rows.max() + 1 - rows.min()

        width = right.evaluate("pane => pane.clientWidth")
        assert breast(left)[0] == 0, "the chest wall is at the seam"
        assert breast(right)[1] == width
        tall = [breast(pane)[2] for pane in (left, right)]
        assert abs(tall[0] - tall[1]) <= 2
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("k")
        expect(page.get_by_role("button", name="Crop to the breast")).to_have_attribute("aria-pressed", "false")
        assert breast(left)[2] < 0.7 * tall[0]
        page.keyboard.press("Space")  # all in one row
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="CC views")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Shift+Space")
        expect(page.get_by_role("button", name="In one row")).to_have_attribute("aria-pressed", "true")

    def test_an_analysis_that_does_not_end_is_cancelled_and_the_verdict_is_incomplete(self, logged_in, study, picture):
        study.add(picture(49), laterality="R", view="CC")
        study.upload(picture(50), modality="mammography", case_id=study.case, laterality="L", view="CC")
        page = logged_in(study.url)
        pane = page.locator('.pane[data-view="LCC"]')
        expect(pane).to_contain_text("Waiting for the analysis")
        pane.get_by_role("button", name="Cancel this analysis").click()
        expect(pane).to_contain_text("The analysis was cancelled.")
        expect(pane.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.locator('.said [data-role="of"]')).to_contain_text("incomplete: 1 not assessed")

    def test_another_layout_shows_films_whole(self, logged_in, study, picture):
        for colour, side in ((51, "R"), (52, "L")):
            study.add(picture(colour), laterality=side, view="CC")
        page = logged_in(study.url, viewport={"width": 1440, "height": 900})
        pane = pane_of(page)
        fitted = pane.get_attribute("data-scale")
        page.locator(".case-bar h1").click()  # the keys are for the page
        page.keyboard.press("+")
        expect(pane).not_to_have_attribute("data-scale", fitted)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="In one row")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Shift+Space")
        expect(pane).to_have_attribute("data-scale", fitted)
        expect(page.locator('[data-role="film-facts"]')).to_contain_text("Hanging 1 of 5")

    def test_a_film_stands_beside_a_field(self, logged_in, study, picture):
        study.add(picture(17), laterality="R", view="CC")
        study.add(picture(18), modality="histopathology", magnification="100X", probability=0.1)
        page = logged_in(study.url)
        page.get_by_role("button", name="Side by side").click()
        panes = page.locator(".pane:visible")
        expect(panes).to_have_count(2)
        expect(panes.nth(0)).to_contain_text("RCC")
        expect(panes.nth(1)).to_contain_text("field.png")

    def test_a_field_has_the_same_name_in_the_list_and_in_the_reasons(self, logged_in, study, picture):
        for number in (20, 21):
            study.add(picture(number), modality="histopathology", magnification="100X", probability=0.9)
        page = logged_in(study.url)
        expect(page.locator(".findings .of-image b")).to_have_text(["field.png", "field.png 2"])
        reasons = page.locator('[data-role="reasons"]')
        for name in ("field.png:", "field.png 2:"):
            expect(reasons).to_contain_text(name)
        expect(page.locator(".threshold")).to_be_hidden()

    def test_a_case_is_renamed_and_deleted_with_what_it_holds(self, logged_in, study, picture):
        study.add(picture(18))
        page = logged_in(study.url)
        page.get_by_role("button", name="About this case").click()
        about = page.locator("#about")
        about.get_by_label("Pseudonym").fill("P-RENAMED")
        about.get_by_role("button", name="Rename the case").click()
        expect(page.get_by_role("heading", name="P-RENAMED")).to_be_visible()
        assert study.read()["pseudonym"] == "P-RENAMED"
        page.get_by_role("button", name="About this case").click()
        about.get_by_role("button", name="Delete the case…").click()
        expect(about.get_by_text("This deletes for good: 1 image and 1 analysis.")).to_be_visible()
        about.get_by_role("button", name="Delete it").click()
        expect(page.get_by_role("link", name="P-RENAMED")).to_have_count(0)
        page.wait_for_url("**/")
        assert study.client.get(f"/api/v1/cases/{study.case}", headers=study.alice).status_code == 404

    def test_side_and_view_can_be_corrected(self, logged_in, study, picture):
        study.add(picture(19))
        page = logged_in(study.url)
        page.get_by_role("button", name="Correct side, view, kind or scale of field.png").click()
        page.locator("#edit").get_by_label("Side").select_option("L")
        page.locator("#edit").get_by_label("View").select_option("MLO")
        page.get_by_role("button", name="Save").click()
        expect(page.locator('.pane[data-view="LMLO"] .depth')).to_have_text(re.compile("bit|depth"))

    def test_the_scale_of_a_field_can_be_corrected(self, logged_in, study, picture):
        study.add(picture(19), modality="histopathology", um_per_pixel="0.5")
        page = logged_in(study.url)
        page.get_by_role("button", name="Correct side, view, kind or scale of field.png").click()
        scale = page.locator("#edit").get_by_label("Micrometres per pixel")
        expect(scale).to_have_value("0.5")
        scale.fill("0.25")
        with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            page.get_by_role("button", name="Save").click()
        assert study.read()["images"][0]["um_per_pixel"] == 0.25


class TestReviewing:
    def test_verdicts_comments_and_signature(self, logged_in, study, masses, picture):
        study.add(picture(20), masses, laterality="R", view="CC")
        page = logged_in(study.url)
        first, second = page.locator(".finding").nth(0), page.locator(".finding").nth(1)
        expect(first.locator(".row-head")).to_have_text(re.compile(r"RCC, finding 1\s*Malignancy suspected\s*70%"))
        expect(first).to_contain_text("Malignancy: likely")
        expect(first).to_contain_text(
            "Presence of a mass: likely, 80%. If it is a mass: more likely malignant than benign."
        )
        expect(second.locator(".row-head")).to_have_text(re.compile(r"RCC, finding 2\s*No sign of malignancy\s*5%"))
        assert [row.get_attribute("data-assessment") for row in page.locator(".finding").all()] == [
            "malignancy_suspected",
            "no_sign_of_malignancy",
        ], "the colour follows the suspicion"
        first.get_by_role("button", name="Confirm: RCC, finding 1").click()
        expect(first.get_by_role("button", name="Confirmed: RCC, finding 1")).to_have_attribute("aria-pressed", "true")
        second.get_by_role("button", name="Dismiss: RCC, finding 2").click()
        expect(second).to_have_attribute("data-verdict", "dismissed")
        second.get_by_text("Comment", exact=True).click()
        second.get_by_label("Comment on RCC, finding 2").fill("A lymph node.")
        second.get_by_role("button", name="Save comment").click()
        expect(second.locator('[data-role="status"]')).to_have_text("Saved")
        assert {(r["finding_id"], r["verdict"], r["comment"]) for r in study.read()["reviews"]} == {
            ("f1", "confirmed", ""),
            ("f2", "dismissed", "A lymph node."),
        }
        expect(page.get_by_text("2 of 2 reviewed")).to_be_visible()
        for name in ("0: incomplete, further imaging needed", "b: scattered fibroglandular tissue", "further imaging"):
            choice = page.get_by_role("radio", name=name, exact=True)
            choice.wait_for()  # `force` waits for nothing
            choice.check(force=True)
        page.get_by_role("button", name="Sign report").click()
        page.get_by_role("button", name="Sign as alice").click()
        expect(page.locator(".versions")).to_contain_text("Version 1")
        expect(page.locator(".versions")).to_contain_text("Not sure")
        assert study.read()["state"] == "signed"
        first.get_by_role("button", name="Confirmed: RCC, finding 1").click()  # takes it back
        page.get_by_role("button", name="Change it").click()
        expect(page.get_by_text("Something has changed since version 1 was signed")).to_be_visible()
        expect(page.get_by_role("button", name="Sign a new version")).to_be_visible()

    def test_the_threshold_never_hides_without_saying_so(self, logged_in, study, masses, picture):
        study.add(picture(22), masses, laterality="R", view="CC", working=0.5)
        page = logged_in(study.url)
        hidden = page.locator('[data-role="hidden"]')
        # the model's working threshold
        expect(hidden).to_have_text("1 weaker mark is hidden: its probability is below 50%.")
        expect(page.locator(".finding")).to_have_count(1)
        page.get_by_role("button", name="Show all").click()
        expect(page.locator(".finding")).to_have_count(2)
        expect(hidden).to_have_text("All marks are shown.")
        page.locator("#threshold").fill("90")
        expect(hidden).to_have_text("2 weaker marks are hidden: their probability is below 90%.")
        expect(page.locator(".finding")).to_have_count(0)


class TestKeyboard:
    def test_a_case_can_be_read_and_signed_without_a_mouse(self, logged_in, study, masses, picture):
        study.add(picture(23), masses, laterality="R", view="CC")
        page = logged_in(study.url)
        pane_of(page)
        expect(page.locator(".finding")).to_have_count(len(masses))  # only what is there can be gone to
        page.keyboard.press("?")
        expect(page.locator("#shortcuts")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#shortcuts")).to_be_hidden()
        page.keyboard.press("n")
        expect(page.locator(".finding[data-chosen]")).to_contain_text("RCC, finding 1")
        page.keyboard.press("c")
        expect(page.locator(".finding").nth(0)).to_have_attribute("data-verdict", "confirmed")
        page.keyboard.press("n")
        expect(page.locator(".finding[data-chosen]")).to_contain_text("RCC, finding 2")
        assert page.locator(".status-line").bounding_box()["height"] < 60, "what is told takes the films no room"
        page.keyboard.press("x")
        expect(page.locator(".finding").nth(1)).to_have_attribute("data-verdict", "dismissed")
        for name, key in (("4: suspicious", "4"), ("c: heterogeneously dense", "c"), ("biopsy", "ArrowRight")):
            choice = page.get_by_role("radio", name=name, exact=True)
            reach(page, page.get_by_role("radiogroup").filter(has=choice))
            for _ in range(7):
                page.keyboard.press(key)
                if choice.is_checked() or key != "ArrowRight":
                    break
            expect(choice).to_be_checked()
            expect(choice).to_be_focused()
        reach(page, page.get_by_role("button", name="Sign report"))
        page.keyboard.press("Enter")
        expect(page.locator("#signing")).to_be_visible()
        expect(page.locator('#signing [data-role="submit"]')).to_be_focused()
        comment = page.get_by_label("Comment in the report")
        expect(comment).to_have_value(re.compile("BI-RADS 4: suspicious"))
        comment.focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("no shortcut here: n c x")
        expect(comment).to_have_value("no shortcut here: n c x")
        reach(page, page.locator('#signing [data-role="submit"]'))
        page.keyboard.press("Enter")
        expect(page.locator(".versions")).to_contain_text("Version 1")

    def test_single_keys_can_be_switched_off(self, logged_in, study, masses, picture):
        study.add(picture(24), masses, laterality="R", view="CC")
        page = logged_in(study.url)
        pane_of(page)
        page.keyboard.press("?")
        page.get_by_label("Single-key shortcuts are on").uncheck()
        page.get_by_role("button", name="Close").click()
        page.keyboard.press("n")
        page.keyboard.press("n")
        expect(page.locator("[data-chosen]")).to_have_count(0)


def test_the_last_verdict_is_undone_after_the_page_was_left(logged_in, study, masses, picture):
    study.add(picture(46), masses[:1], laterality="R", view="CC")
    page = logged_in(study.url, viewport={"width": 1300, "height": 900})
    line = page.locator('.status-line [role="status"]')
    page.get_by_role("button", name="Confirm: RCC, finding 1").click()
    expect(line).to_have_text("Confirmed: RCC, finding 1")
    page.get_by_role("button", name="Dismiss: RCC, finding 1").click()
    expect(line).to_have_text("Dismissed: RCC, finding 1")
    page.reload()
    page.get_by_role("button", name="Undo the last change").click()
    expect(line).to_have_text("Undone: RCC, finding 1 is confirmed again")
    page.reload()
    expect(page.get_by_role("button", name="Confirmed: RCC, finding 1")).to_be_visible()
    expect(page.get_by_role("button", name="Undo the last change")).to_be_hidden()
