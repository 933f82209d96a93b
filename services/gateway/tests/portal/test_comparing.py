"""Films can be compared: one scale, or words where there is none, and the marker of each film, which names its side."""

import numpy as np
import pytest
from film_pane import pane_of, placed
from playwright.sync_api import expect

from lobule.contracts.result import Box, BreastArea

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 600, 800  # of the film that `study` draws
VIEWPORT = {"width": 1440, "height": 900}


ONE_SCALE = """() => {
    const scales = [...document.querySelectorAll('.pane:not([hidden])')].map(({ dataset }) => Number(dataset.scale));
    return scales.length === 2 && Math.abs(scales[0] - scales[1]) < 1e-6;
}"""


def test_films_without_spacing_have_one_scale_and_one_that_is_zoomed_alone_says_so(logged_in, study, picture):
    """The breast is a quarter of one film and most of the other: each would fill its pane at another scale."""
    for number, side, tall in ((81, "R", 0.25), (82, "L", 0.9)):
        box = Box(x=0, y=10, width=WIDTH * tall, height=HEIGHT * tall)
        study.add(
            picture(number),
            [],
            breast=BreastArea(box=box, tips=[(0, 100), (box.width, 100)]),
            laterality=side,
            view="CC",
        )
    page = logged_in(study.url, viewport=VIEWPORT)
    pane_of(page)
    expect(page.locator('[data-role="film-facts"]')).to_contain_text("no spacing in the file: compared by pixels")
    page.wait_for_function(ONE_SCALE)
    page.locator('[data-act="link"]').click()
    other = page.locator('.pane:not([data-active]):visible [data-role="scale"]')
    expect(other).to_be_empty()
    pane = page.locator(".pane:not([data-active]):visible")
    pane.hover()
    page.mouse.wheel(0, -300)
    expect(page.locator(".pane:not([data-active]):visible")).to_contain_text("not at the scale of")


def test_a_film_of_which_the_breast_is_not_known_does_not_make_the_others_smaller(logged_in, study, picture):
    """It is shown whole, and says that its scale is another one."""
    box = Box(x=0, y=200, width=WIDTH / 2, height=HEIGHT / 2)
    study.add(picture(87), [], breast=BreastArea(box=box, tips=[(0, 400), (300, 400)]), laterality="R", view="CC")
    study.add(picture(88), [], laterality="L", view="CC")
    page = logged_in(study.url, viewport=VIEWPORT)
    page.wait_for_function("""() => {
        const [known, whole] = [...document.querySelectorAll('.pane:not([hidden])')];
        return Number(known?.dataset.scale) > 1.2 * Number(whole?.dataset.scale);
    }""")
    whole = page.locator('.pane[data-view="LCC"]')
    expect(whole).to_contain_text("not at the scale of RCC")


def test_a_field_has_no_scale_of_a_film(logged_in, study, picture):
    """In a pane, too, in which a film was zoomed alone before."""
    for number, side in ((84, "R"), (85, "L")):
        study.add(picture(number), [], laterality=side, view="CC")
    study.add(picture(86), modality="histopathology", magnification="100X", probability=0.1)
    page = logged_in(study.url, viewport=VIEWPORT)
    pane_of(page)
    page.locator('[data-act="link"]').click()
    second = page.locator(".pane:visible").nth(1)
    second.hover()
    page.mouse.wheel(0, -300)
    scales = page.locator('.pane:visible [data-role="scale"]')
    expect(scales.filter(has_text="not at the scale of")).to_have_count(1)
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".pane:visible").nth(1)).to_contain_text("field.png")
    expect(scales.filter(has_text="not at the scale of")).to_have_count(0)


def test_the_marker_of_a_film_stands_beside_its_name_while_it_is_out_of_sight(logged_in, study, picture):
    display = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    display[100:300, 150:] = 120
    for left in (40, 55, 70):
        display[40:60, left : left + 8] = 250  # three letters
    area = BreastArea(box=Box(x=300, y=190, width=300, height=420), tips=[(300, 400), (600, 400)])
    study.add(picture(83), [], display=display, breast=area, laterality="R", view="CC")
    page = logged_in(study.url, viewport=VIEWPORT)
    pane = pane_of(page)
    marker = pane.locator(".marker")
    expect(marker).to_be_visible()  # cropped to the breast
    lit = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .some((value, at) => at % 4 === 0 && value > 200)"""
    assert marker.evaluate(lit), "the letters are drawn"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("k")  # the whole film
    expect(marker).to_be_hidden()


def test_thumbnails_are_called_what_they_show(logged_in, study, picture):
    for number, (day, side) in enumerate((("2026-11-28", "R"), ("2026-11-28", "L"), ("2024-10-31", "R"))):
        study.add(picture(50 + number), [], laterality=side, view="CC", study_date=day)
    study.add(picture(53), modality="histopathology", name="core biopsy of the left breast.jpg")
    page = logged_in(study.url, viewport=VIEWPORT)
    thumbs = page.locator(".thumb")
    expect(thumbs).to_have_count(4)
    expect(thumbs.filter(has_text="RCC 2024")).to_have_count(1)
    names = "all => all.map((one) => [one.ariaLabel, one.querySelector('[data-role=name]').textContent])"
    assert [pair for pair in thumbs.evaluate_all(names) if pair[1] not in pair[0]] == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_names_and_dates_of_narrow_panes_are_whole(logged_in, study, picture, locale):
    for number, (side, view) in enumerate((("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))):
        study.add(picture(60 + number), [], laterality=side, view=view, study_date="2026-11-28")
    for number in range(2):
        study.add(picture(70 + number), modality="histopathology", name=f"SOB_M_DC-14-10926-100-00{number}.jpg")
    page = logged_in(study.url, viewport={"width": 1280, "height": 800}, locale=locale)
    pane_of(page)
    page.locator('[data-layout="row"]').click()
    corners = page.locator(".pane:visible .corner")
    expect(corners).to_have_count(4)
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight).length"
    assert corners.evaluate_all(cut) == 0
    page.keyboard.press("6")
    expect(corners.nth(1)).to_contain_text("SOB_M")
    page.set_viewport_size({"width": 1000, "height": 800})
    assert corners.evaluate_all(cut) == 0


def test_films_that_are_not_zoomed_are_panned_together(logged_in, study, picture):
    """Each stayed where it was until one of them was zoomed."""
    for number, side, left in ((93, "R", 300), (94, "L", 0)):
        area = BreastArea(box=Box(x=left, y=200, width=300, height=400), tips=[(300, 400), (300, 400)])
        study.add(picture(number), [], breast=area, laterality=side, view="CC", spacing=(0.1, 0.1), plane="detector")
    page = logged_in(study.url, viewport=VIEWPORT)
    panes = [pane_of(page), page.locator('.pane[data-view="LCC"]')]
    page.wait_for_function(ONE_SCALE)
    hung = [placed(pane) for pane in panes]
    box = panes[0].bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="middle")
    page.mouse.move(x - 80, y + 60, steps=4)
    page.mouse.up(button="middle")
    for pane, before, by in zip(panes, hung, (-80, 80), strict=True):
        expect(pane).not_to_have_attribute("data-x", str(before[1]))
        assert placed(pane) == pytest.approx((before[0], before[1] + by, before[2] + 60), abs=1)
    page.locator('.rail [data-act="reset"]').click()
    for pane, before in zip(panes, hung, strict=True):
        expect(pane).to_have_attribute("data-x", f"{before[1]:g}")
        assert placed(pane) == before
