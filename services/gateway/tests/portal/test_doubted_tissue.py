"""What of a field is in doubt is said before it is chosen and when it is signed; so are scale and carcinoma."""

import re

import pytest
from film_pane import placed
from playwright.sync_api import expect

from lobule.contracts.notices import TO_CHECK
from lobule.contracts.tissue import Tissue
from lobule.words import Words, make_notice

pytestmark = pytest.mark.browser

VALUES = {"um": "0.24", "usual": "0.24", "magnification": "200X", "percent": "63%", "share": "40%"}
OF_TISSUE = [(what, code) for what in ("scale", "magnification", "tissue", "map", "unread") for code in TO_CHECK[what]]


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_doubt_stands_beside_conclusion_and_name_and_is_open_when_signing(logged_in, study, picture, locale):
    words = Words("zh" if locale == "zh-CN" else "en")
    notices = {code: make_notice(code, **VALUES) for _, code in OF_TISSUE}
    for number, (code, notice) in enumerate(notices.items()):
        study.add(picture(number), (), 0.1, modality="histopathology", name=f"{code}.png", notices=[notice])
    page = logged_in(study.url, locale=locale)
    said = page.locator('[data-role="conclusion"] [data-role="unevaluated"]')
    for what, code in OF_TISSUE:
        sentence = words("findings.of_image", image=f"{code}.png", value=words.notice(notices[code]))
        expect(said).to_contain_text(sentence)
        page.locator(".of-image").get_by_text(f"{code}.png").click()
        corner = page.locator(".pane:visible .corner").filter(has_text=f"{code}.png")
        expect(corner.locator('[data-role="doubt"]')).to_have_text(words(f"doubts.{what}"))
    page.locator('.panel [data-role="sign"]').click()
    open_still = page.locator('#signing [data-role="doubted"]')
    expect(open_still.locator("button")).to_have_count(len(notices))
    expect(page.locator('#signing [data-role="settled"]')).to_be_hidden()


def test_fields_whose_maps_mark_something_stand_in_one_sentence(logged_in, study, picture):
    """A series of fields would fill the panel with it."""
    for number, percent in enumerate(("33%", "84%", "9%")):
        notices = [make_notice("tumour_map_disagrees", percent=percent)]
        study.add(picture(number), (), 0.1, modality="histopathology", name=f"f{number}.png", notices=notices)
    said = logged_in(study.url).locator('[data-role="conclusion"] [data-role="unevaluated"]')
    words = Words("en").notice(make_notice("tumour_map_disagrees", percent="84%"))
    expect(said).to_have_text(f"f0.png, f1.png and f2.png: {words}")


def tissue(source: str) -> Tissue:
    return Tissue(
        model="tissue-lite0 1.0.0",
        um_per_pixel=0.5,
        scale_source=source,
        probability_tumour=0.914,
        tumour_share=0.3,
        marked_from=0.25,
        unlike_training=0.5,
    )


def test_a_field_that_was_refused_says_what_it_looks_like(logged_in, study, picture, worker):
    job = study.upload(picture(9), modality="histopathology", case_id=study.case).json()["job"]["id"]
    refused = {"code": "not_histology", "reason": "blank", "detail": "Blank."}
    assert worker.post(job, "inference", "fail", attempt=worker.claim(job)["attempt"], **refused).status_code == 204
    note = logged_in(study.url).locator('.pane:visible [data-role="note"]')
    expect(note).to_contain_text("It shows almost nothing but bare glass or a white page.")


def test_a_row_without_a_number_tells_the_probability_of_carcinoma_unless_it_is_in_doubt(logged_in, study, picture):
    coarse, unlike = make_notice("scale_too_coarse", um="4"), make_notice("unlike_training")
    study.add(picture(1), modality="histopathology", name="coarse.png", tissue=tissue("given"), notices=[coarse])
    study.add(picture(2), modality="histopathology", name="unlike.png", tissue=tissue("given"), notices=[unlike])
    study.add(picture(3), modality="histopathology", name="clear.png", tissue=tissue("given"))
    page = logged_in(study.url)
    said = page.locator(".of-image [data-role='tumour']")
    expect(said).to_have_text(["Invasive carcinoma: 91% where it is likeliest (0.2 mm)", "", ""])
    page.locator(".of-image").get_by_text("unlike.png").click()
    expect(page.locator(".of-image[data-chosen] [data-role='notices']")).to_contain_text("91%")


@pytest.mark.parametrize(
    ("source", "words", "said"),
    [
        ("given", " µm", "0.5 µm per pixel (given with the image)"),
        ("magnification", "≈ ", "0.5 µm per pixel (taken from the magnification)"),
        ("estimated", None, "0.5 µm per pixel (estimated from the picture)"),
    ],
)
def test_a_field_has_a_scale_bar_in_micrometres_unless_its_scale_is_a_guess(
    logged_in, study, picture, source, words, said
):
    study.add(picture(3), modality="histopathology", tissue=tissue(source))
    page = logged_in(study.url)
    expect(page.locator('[data-role="film-facts"]')).to_contain_text(said)
    bar, pane = page.locator(".pane:visible .scale"), page.locator(".pane:visible")
    if words is None:
        expect(bar).to_be_hidden()
        return
    expect(bar).to_contain_text(words)
    length = float(re.search(r"\d+", bar.inner_text())[0])
    scale, *_ = placed(pane)
    assert bar.bounding_box()["width"] == pytest.approx(length / 0.5 * scale, abs=2)
