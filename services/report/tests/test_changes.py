"""What a report says of a lesion since the earlier examination."""

from datetime import date

import pytest

from lobule.contracts.case import CaseImage
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionChange, LesionMark
from lobule.words import Words
from report.changes import changes_of

EARLIER = date(2024, 11, 19)


@pytest.fixture
def images(mammogram):
    """A film of today and one of 2024, of the same breast and view, whose first findings are 18 and 12 mm long."""

    def film(job: str, side: float, *, prior: bool, **said) -> tuple[CaseImage, object]:
        result = mammogram[0]
        first, *others = result.findings
        box = first.box.model_copy(update={"width": side, "height": side / 2})
        image = result.image.model_copy(update={"pixel_spacing_mm": (0.1, 0.1), "view": "CC", "laterality": "L"} | said)
        found = [first.model_copy(update={"box": box}), *others]
        day = EARLIER if prior else date(2026, 11, 24)
        entry = CaseImage(image_id=job, job_id=job, image=image, state="assessed", study_date=day, is_prior=prior)
        return entry, result.model_copy(update={"image": image, "findings": found})

    def both(now=None, **then):
        return {"now": film("now", 180, prior=False, **(now or {})), "then": film("then", 120, prior=True, **then)}

    return both


def reading(first: str, change: str, *, known: bool, sizes: bool = True) -> ExaminationReading:
    prior = LesionMark(job_id="then", finding_id=first, view="CC") if known else None
    lesion = Lesion(
        marks=[LesionMark(job_id="now", finding_id=first, view="CC")],
        probability_malignant=0.7,
        same_lesion=None,
        place=None,
        change=LesionChange(
            change=change,  # type: ignore[arg-type]
            growth=None,
            growth_mm=5.2 if known and sizes else None,
            before_mm=12.4 if known and sizes else None,
            now_mm=17.6 if known and sizes else None,
            earlier="then" if known else None,
            prior=prior,
        ),
    )
    breast = BreastReading(
        laterality="L", views=["CC"], assessment="not_sure", probability_malignant=0.7, bi_rads=0, lesions=[lesion]
    )
    return ExaminationReading(method="rule", breasts=[breast], assessment="not_sure", probability_malignant=0.7)


def test_sizes_then_and_now_are_those_of_the_joint_reading(images, mammogram):
    first = mammogram[0].findings[0].id
    [change] = changes_of(reading(first, "grown", known=True), images(), Words("en")).values()
    assert change.sizes == (12.4, 17.6)
    assert change.words == "12 → 18 mm, +6 mm since 19 Nov 2024", "the growth is the difference of the sizes as shown"


def test_sizes_on_the_detector_are_named_as_such(images, mammogram):
    first, plane = mammogram[0].findings[0].id, {"spacing_plane": "detector"}
    [change] = changes_of(reading(first, "grown", known=True), images(plane, **plane), Words("en")).values()
    assert change.words == "12 → 18 mm on the detector, +6 mm since 19 Nov 2024"


def test_without_comparable_sizes_the_change_is_said_alone(images, mammogram):
    first = mammogram[0].findings[0].id
    [change] = changes_of(reading(first, "grown", known=True, sizes=False), images(), Words("en")).values()
    assert (change.words, change.sizes) == ("larger since 19 Nov 2024", ())


def test_a_new_lesion_is_new_since_the_latest_film_of_its_view(images, mammogram):
    first = mammogram[0].findings[0].id
    [change] = changes_of(reading(first, "new", known=False), images(), Words("zh")).values()
    assert change.words == "2024年11月19日 后新发"


def test_a_new_lesion_is_new_since_the_film_that_it_was_compared_with(images, mammogram):
    told = reading(mammogram[0].findings[0].id, "new", known=False)
    told.breasts[0].lesions[0].change.earlier = "then"
    entry, result = images()["then"]
    later = entry.model_copy(update={"job_id": "repeated", "study_date": date(2026, 11, 2)})
    [change] = changes_of(told, {**images(), "repeated": (later, result)}, Words("en")).values()
    assert change.words == "new since 19 Nov 2024"


def test_nothing_is_said_of_what_nobody_can_compare(images, mammogram):
    first = mammogram[0].findings[0].id
    assert changes_of(reading(first, "not_comparable", known=False), images(), Words("en")) == {}
    assert changes_of(None, images(), Words("en")) is None
