"""Overlays lie on the pixels that the result names, however the film is turned and however deep it is."""

import gzip
import math

import cv2
import numpy as np
import pytest
from film_pane import canvas, follows, marks, pane_of, placed, show_only
from playwright.sync_api import expect

from lobule.contracts.pictures import NamedWindow, PictureFacts, Samples
from lobule.contracts.result import Box, Finding, Hanging

pytestmark = pytest.mark.browser


WIDTH, HEIGHT = 600, 800  # of the film that `study` draws


MARKED = 25  # half of what a line's dark rim differs from the films of these tests, at least
OUTLINE_REACH = 2  # CSS pixels from the edge of a region to the outside of its line: half of line and rim


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
            drawn = (marks(page, pane) > 20).astype(np.uint8)
            scale, x, y = placed(pane, ratio)
            scales.add(scale)
            points = (np.array(masses[0].outline) + 0.5) * scale + (x, y) - 0.5
            known = cv2.polylines(np.zeros_like(drawn), [np.rint(points * 16).astype(np.int32)], True, 1, shift=4)
            assert known.sum() > 200
            reach = OUTLINE_REACH * ratio
            half = math.ceil(max(1, scale / 2))  # of a pixel of the film: an outline has its steps, the line has not
            assert follows(drawn, known, reach, half), f"at scale {scale}"

            show_only(page, "boxes")
            rows, columns = np.nonzero(marks(page, pane) > MARKED)
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
            heated = marks(page, pane)
            rows, columns = np.nonzero(heated > heated.max() / 2)
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
            rows, columns = np.nonzero(pixels)
            return np.array([columns.min() - x, rows.min() - y, columns.max() + 1 - x, rows.max() + 1 - y]) / scale

        show_only(page, "heat")
        expect(pane).to_have_attribute("data-heat", "")  # it is loaded when it is wanted first
        page.locator('[data-role="opacity"]').fill("100")
        heat = reach(marks(page, pane) > 127)  # half of what it differs from the black film around
        show_only(page, "boxes")
        line = OUTLINE_REACH / scale * np.array([1, 1, -1, -1])
        boxes = reach(marks(page, pane) > MARKED) + line
        show_only(page)
        film = reach(canvas(pane)[..., 0] > 127)
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
            row = canvas(pane)[round(y + 400 * scale), :, 0].astype(int)
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
        assert canvas(pane)[round(y) + 50, round(x) + 50, 0] == round(2100 / 4000 * 255)
        choice.select_option("Window 2")
        assert canvas(pane)[round(y) + 50, round(x) + 50, 0] == round(300 / 400 * 255)

    def test_a_film_of_8_bits_says_so(self, logged_in, study, app, picture):
        image = study.add(picture(15), laterality="R", view="CC")
        app.state.store.put(
            f"images/{image}/film/facts.json", PictureFacts(width=9, height=9).model_dump_json().encode()
        )
        page = logged_in(study.url)
        expect(pane_of(page).locator(".depth")).to_have_text("8 bit")
