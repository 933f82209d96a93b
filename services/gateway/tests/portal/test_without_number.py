"""A field whose number decides nothing is not sure and has no number: no list and no page shows one."""

import pytest
from playwright.sync_api import expect

from gateway.cases.assessment import conclude
from lobule.contracts.case import ImageEvidence
from lobule.contracts.notices import WITHOUT_NUMBER
from lobule.words import make_notice


def image(modality: str, assessment: str, number: float | None) -> ImageEvidence:
    return ImageEvidence(
        job_id=modality,
        file_name=f"{modality}.png",
        modality=modality,
        evidence="film" if modality == "mammography" else "tissue",
        state="assessed",
        assessment=assessment,
        probability_malignant=number,
    )


COARSE = image("histopathology", "not_sure", None)


def test_a_case_that_such_a_field_decides_has_no_number():
    assert conclude([COARSE]).probability_malignant is None
    decided = conclude([image("mammography", "no_sign_of_malignancy", 0.1), COARSE])
    assert (decided.assessment, decided.probability_malignant) == ("not_sure", None)


def test_a_film_with_the_same_assessment_gives_the_number():
    assert conclude([image("mammography", "not_sure", 0.5), COARSE]).probability_malignant == 0.5


@pytest.mark.browser
@pytest.mark.parametrize("code", sorted(WITHOUT_NUMBER))
def test_worklist_and_reading_page_say_that_there_is_none(logged_in, client, alice, study, picture, code):
    study.add(
        picture(3),
        (),
        0.99,
        modality="histopathology",
        assessment="not_sure",
        notices=[make_notice(code, um="4")],
    )
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert (case["assessment"], case["probability_malignant"]) == ("not_sure", None)
    page = logged_in("/?sort=suspicion")
    expect(page.locator("tbody .suspicion")).to_have_text("no number")
    page.goto(study.url)
    panel = page.locator(".panel")
    expect(panel.locator('.verdict-line [data-role="assessment"]')).to_have_text("Not sure")
    expect(panel.locator('.verdict-line [data-role="percent"]')).to_be_empty()
    expect(panel.locator('[data-role="of"]')).to_have_text("There is no number for the suspicion of malignancy.")
    expect(panel.locator('.of-image [data-role="percent"]')).to_have_text("–")


@pytest.mark.browser
def test_the_reading_page_says_in_words_what_its_percentages_are(logged_in, study, masses, picture):
    study.add(picture(4), masses, laterality="R", view="CC")
    study.fail_together()
    panel = logged_in(study.url).locator(".panel")
    expect(panel.locator('[data-role="of"]')).to_contain_text("Malignancy: ")
    legend = panel.locator(".of-percent")
    expect(legend).to_have_text("Suspicion of malignancy")
    percent = panel.locator('.finding [data-role="percent"]').first
    expect(percent).to_contain_text("%")
    assert legend.bounding_box()["y"] < percent.bounding_box()["y"]
