"""The reading page in a real Chromium: the viewer's registration and depth, and the clinician's word on findings."""

import base64
import gzip
import math
import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from lobule.contracts.pictures import NamedWindow, PictureFacts, Samples
from lobule.contracts.result import Box, Finding, Hanging

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 600, 800  # of the film that `study` draws
PASSWORD = "correct horse battery staple"
OUTLINE_REACH = 2  # CSS pixels from the edge of a region to the outside of its line: half of line and rim
OVERLAYS = ("boxes", "outlines", "heat", "tags")


def show_only(page, *names):
    for name in OVERLAYS:
        page.locator(f'[data-shown="{name}"]').set_checked(name in names)


def reach(page, target):
    """Go with Tab to an element, or to what lies within it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element.contains(document.activeElement)"):
            return
    raise AssertionError("Tab does not lead there")


def pane_of(page):
    pane = page.locator('.pane[data-view="RCC"]')
    expect(pane).to_have_attribute("data-scale", re.compile("."))
    return pane


def canvas(page, pane, name) -> np.ndarray:
    """What is drawn on one of a pane's canvases, RGBA."""
    page.wait_for_timeout(120)  # the next frame
    size, values = pane.evaluate(
        """(pane, name) => {
            const canvas = pane.querySelector(`canvas.${name}`);
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let text = '';
            for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
            return [[canvas.height, canvas.width], btoa(text)];
        }""",
        name,
    )
    return np.frombuffer(base64.b64decode(values), np.uint8).reshape(*size, 4)


def placed(pane, ratio=1.0) -> tuple[float, float, float]:
    """Scale and offset of the film in a pane, in device pixels."""
    return tuple(ratio * float(pane.get_attribute(f"data-{name}")) for name in ("scale", "x", "y"))


def follows(drawn: np.ndarray, known: np.ndarray, reach: int, error: int) -> bool:
    """Whether a line that reaches so far to both sides follows a curve, but for an error; in pixels of the screen."""

    def widened(line: np.ndarray, by: int) -> np.ndarray:
        return cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1)))

    return bool(np.all(drawn <= widened(known, reach + error)) and np.all(known <= widened(drawn, error)))


class TestRegistration:
    @pytest.mark.parametrize("ratio", [1, 2])
    def test_outlines_and_boxes_cover_the_pixels_that_the_result_names(self, logged_in, study, masses, ratio, picture):
        study.add(picture(11), masses[:1], laterality="R", view="CC")
        page = logged_in(study.url, viewport={"width": 1300, "height": 900}, device_scale_factor=ratio)
        pane = pane_of(page)
        page.keyboard.press("f")  # one image: room to zoom in
        scales = set()
        for keys in ([], ["+", "+"], ["+", "+", "+"], ["0", "-"]):
            for key in keys:
                page.keyboard.press(key)
            show_only(page, "outlines")
            drawn = (canvas(page, pane, "overlay")[..., 3] > 20).astype(np.uint8)
            scale, x, y = placed(pane, ratio)
            scales.add(scale)
            points = (np.array(masses[0].outline) + 0.5) * scale + (x, y) - 0.5
            known = cv2.polylines(np.zeros_like(drawn), [np.rint(points * 16).astype(np.int32)], True, 1, shift=4)
            assert known.sum() > 200
            reach = OUTLINE_REACH * ratio
            half = math.ceil(max(1, scale / 2))  # of a pixel of the film: an outline has its steps, the line has not
            assert follows(drawn, known, reach, half), f"at scale {scale}"

            show_only(page, "boxes")
            rows, columns = np.nonzero(canvas(page, pane, "overlay")[..., 3] > 127)
            box, (height, width) = masses[0].box, drawn.shape
            edges = [
                (columns.min() + reach, box.x * scale + x, width),
                (rows.min() + reach, box.y * scale + y, height),
                (columns.max() + 1 - reach, (box.x + box.width) * scale + x, width),
                (rows.max() + 1 - reach, (box.y + box.height) * scale + y, height),
            ]
            whole = [(seen, wanted) for seen, wanted, size in edges if reach < wanted < size - reach]
            assert len(whole) >= 2
            assert all(abs(seen - wanted) <= 1 for seen, wanted in whole), f"at scale {scale}"
        assert len(scales) == 4

    def test_the_heat_map_lies_where_its_evidence_is(self, logged_in, study, picture):
        heat = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
        heat[100:160, 80:200] = 255
        study.add(picture(12), heat=heat, laterality="R", view="CC")
        page = logged_in(study.url, viewport={"width": 1300, "height": 900})
        pane = pane_of(page)
        for key in ("f", "+"):
            page.keyboard.press(key)
            show_only(page, "heat")
            expect(pane).to_have_attribute("data-heat", "")
            page.locator('[data-role="opacity"]').fill("100")
            rows, columns = np.nonzero(canvas(page, pane, "overlay")[..., 3] > 127)
            scale, x, y = placed(pane)
            wanted = np.array([160 * scale + x, 200 * scale + y, 400 * scale + x, 320 * scale + y])
            seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert np.abs(seen - wanted).max() <= 1

    def test_a_click_finds_the_finding_below_it(self, logged_in, study, masses, picture):
        study.add(picture(13), masses, laterality="R", view="CC")
        page = logged_in(study.url)
        pane = pane_of(page)
        scale, x, y = placed(pane)
        box = pane.bounding_box()
        page.mouse.click(box["x"] + x + 440 * scale, box["y"] + y + 630 * scale)
        expect(page.locator(".finding[data-chosen]")).to_contain_text("RCC, finding 2")


class TestTurning:
    @pytest.mark.parametrize(
        "hanging",
        [Hanging(mirrored=True), Hanging(rotation=180), Hanging(rotation=90), Hanging(rotation=270, mirrored=True)],
    )
    def test_a_film_is_hung_upright_with_everything_on_it(self, logged_in, study, app, picture, hanging):
        """The same bright rectangle in display image, samples, heat map and box: all must come to lie on each other."""
        box = Box(x=40, y=100, width=160, height=80)
        half = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
        half[50:90, 20:100] = 255
        finding = Finding(label="malignant", probability=0.8, probability_malignant=0.7, box=box)
        image = study.add(picture(17), [finding], heat=half, display=half, hanging=hanging, laterality="R", view="CC")
        deep = np.kron(half, np.ones((2, 2), np.uint16)).astype(np.uint16) * 16
        samples = Samples(width=WIDTH, height=HEIGHT, offset=0, step=1, low=0, high=4080)
        prefix = f"images/{image}/film"
        app.state.store.put(f"{prefix}/samples.u16", gzip.compress(deep.astype("<u2").tobytes()))
        facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=12, samples=samples)
        app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())
        page = logged_in(study.url, viewport={"width": 1300, "height": 900})
        pane = pane_of(page)
        expect(pane.locator(".depth")).to_have_text("12 bit")
        hung = np.rot90(deep, -hanging.rotation // 90)
        rows, columns = np.nonzero(hung[:, ::-1] if hanging.mirrored else hung)
        known = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        scale, x, y = placed(pane)

        def reach(pixels):
            rows, columns = np.nonzero(pixels > 127)
            return np.array([columns.min() - x, rows.min() - y, columns.max() + 1 - x, rows.max() + 1 - y]) / scale

        show_only(page, "heat")
        expect(pane).to_have_attribute("data-heat", "")  # it is loaded when it is wanted first
        page.locator('[data-role="opacity"]').fill("100")
        heat = reach(canvas(page, pane, "overlay")[..., 3])
        show_only(page, "boxes")
        line = OUTLINE_REACH / scale * np.array([1, 1, -1, -1])
        boxes = reach(canvas(page, pane, "overlay")[..., 3]) + line
        film = reach(canvas(page, pane, "image")[..., 0])
        for seen in (film, heat, boxes):
            assert np.abs(seen - known).max() <= 1.5 / scale


class TestDepth:
    def test_a_deep_film_shows_what_8_bits_do_not_hold(self, logged_in, study, app, picture):
        image = study.add(picture(14), laterality="R", view="CC")
        samples = np.full((HEIGHT, WIDTH), 2000, np.uint16)
        samples[:, WIDTH // 2 :] = 2012
        facts = PictureFacts(
            width=WIDTH,
            height=HEIGHT,
            bits=12,
            samples=Samples(width=WIDTH, height=HEIGHT, offset=0, step=1, low=0, high=4000),
        )
        prefix = f"images/{image}/film"
        app.state.store.put(f"{prefix}/samples.u16", gzip.compress(samples.astype("<u2").tobytes()))
        app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())
        page = logged_in(study.url)
        pane = pane_of(page)
        expect(pane.locator(".depth")).to_have_text("12 bit")
        show_only(page)

        def halves():
            scale, x, y = placed(pane)
            row = canvas(page, pane, "image")[round(y + 400 * scale), :, 0].astype(int)
            return row[round(x + 100 * scale)], row[round(x + 500 * scale)]

        left, right = halves()
        assert abs(left - 2000 / 4000 * 255) <= 1
        assert abs(right - left) <= 1
        page.get_by_label("Contrast (window)").fill("500")
        left, right = halves()
        assert abs((right - left) - 12 / 800 * 255) <= 1.01
        assert right > left
        page.keyboard.press("i")
        inverted = halves()
        assert inverted == (255 - left, 255 - right)
        page.keyboard.press("r")
        assert abs(halves()[0] - 2000 / 4000 * 255) <= 1

    def test_the_windows_of_the_file_can_be_chosen(self, logged_in, study, app, picture):
        image = study.add(picture(18), laterality="R", view="CC")
        windows = [NamedWindow(low=0, high=4000, name="NORMAL"), NamedWindow(low=1800, high=2200)]
        samples = Samples(width=WIDTH, height=HEIGHT, offset=0, step=1, low=0, high=4000, windows=windows)
        facts = PictureFacts(width=WIDTH, height=HEIGHT, bits=12, samples=samples)
        prefix = f"images/{image}/film"
        grey = np.full((HEIGHT, WIDTH), 2100, "<u2")
        app.state.store.put(f"{prefix}/samples.u16", gzip.compress(grey.tobytes()))
        app.state.store.put(f"{prefix}/facts.json", facts.model_dump_json().encode())
        page = logged_in(study.url)
        pane = pane_of(page)
        expect(pane.locator(".depth")).to_have_text("12 bit")
        show_only(page)
        choice = page.get_by_label("Window", exact=True)
        expect(choice.locator("option:checked")).to_have_text("NORMAL")
        _, x, y = placed(pane)
        assert canvas(page, pane, "image")[round(y) + 50, round(x) + 50, 0] == round(2100 / 4000 * 255)
        choice.select_option("Window 2")
        assert canvas(page, pane, "image")[round(y) + 50, round(x) + 50, 0] == round(300 / 400 * 255)

    def test_a_film_of_8_bits_says_so(self, logged_in, study, app, picture):
        image = study.add(picture(15), laterality="R", view="CC")
        app.state.store.put(
            f"images/{image}/film/facts.json", PictureFacts(width=9, height=9).model_dump_json().encode()
        )
        page = logged_in(study.url)
        expect(pane_of(page).locator(".depth")).to_have_text("8 bit")


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
        images = [
            study.add(picture(47), laterality="L", view="CC", display=half),
            study.add(picture(48), laterality="R", view="CC", display=half[:, ::-1]),
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
            rows, columns = np.nonzero(canvas(page, pane, "image")[..., 0] > 60)
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

    def test_side_and_view_can_be_corrected(self, logged_in, study, picture):
        study.add(picture(19))
        page = logged_in(study.url)
        page.get_by_role("button", name="Correct side, view or kind of field.png").click()
        page.locator("#edit").get_by_label("Side").select_option("L")
        page.locator("#edit").get_by_label("View").select_option("MLO")
        page.get_by_role("button", name="Save").click()
        expect(page.locator('.pane[data-view="LMLO"] .depth')).to_have_text(re.compile("bit|depth"))


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
            page.get_by_role("radio", name=name, exact=True).check(force=True)
        page.get_by_role("button", name="Sign report").click()
        page.get_by_label("Your password").fill(PASSWORD)
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
        expect(hidden).to_have_text("1 weaker mark is hidden: the probability of a mass there is below 50%.")
        expect(page.locator(".finding")).to_have_count(1)
        page.get_by_role("button", name="Show all").click()
        expect(page.locator(".finding")).to_have_count(2)
        expect(hidden).to_have_text("All marks are shown.")
        page.locator("#threshold").fill("90")
        expect(hidden).to_have_text("2 weaker marks are hidden: the probability of a mass there is below 90%.")
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
        page.keyboard.press("n")  # the image, then its findings
        expect(page.locator("[data-chosen]")).to_have_count(1)
        page.keyboard.press("n")
        expect(page.locator(".finding[data-chosen]")).to_contain_text("RCC, finding 1")
        page.keyboard.press("c")
        expect(page.locator(".finding").nth(0)).to_have_attribute("data-verdict", "confirmed")
        page.keyboard.press("n")
        page.keyboard.press("x")
        expect(page.locator(".finding").nth(1)).to_have_attribute("data-verdict", "dismissed")
        for name in ("4: suspicious", "c: heterogeneously dense", "biopsy"):
            choice = page.get_by_role("radio", name=name, exact=True)
            reach(page, page.get_by_role("radiogroup").filter(has=choice))
            for _ in range(7):
                page.keyboard.press("ArrowRight")
                if choice.is_checked():
                    break
            expect(choice).to_be_checked()
        reach(page, page.get_by_role("button", name="Sign report"))
        page.keyboard.press("Enter")
        expect(page.locator("#signing")).to_be_visible()
        expect(page.get_by_label("Your password")).to_be_focused()
        comment = page.get_by_label("Comment in the report")
        expect(comment).to_have_value(re.compile("BI-RADS 4: suspicious"))
        comment.focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("no shortcut here: n c x")
        expect(comment).to_have_value("no shortcut here: n c x")
        page.get_by_label("Your password").focus()
        page.keyboard.type(PASSWORD)
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
