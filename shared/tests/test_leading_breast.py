"""Lists name the breast whose number they show, not the one with the most suspicious finding."""

import pytest

from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark, LesionPlace, LesionSite

PLACE = LesionPlace(across=None, along="upper", clock=None, depth="posterior", retroareolar=False)


def breast(side, number, assessment="not_sure", lesion=None):
    mark = LesionMark(job_id="a", finding_id="f1", view="MLO")
    found = Lesion(marks=[mark], probability_malignant=lesion, same_lesion=None, place=PLACE) if lesion else None
    return BreastReading(
        laterality=side,
        views=["MLO"],
        assessment=assessment,
        probability_malignant=number,
        bi_rads=0,
        lesions=[found] if found else [],
    )


@pytest.mark.parametrize(
    ("breasts", "site"),
    [
        ([breast("R", 0.27, lesion=0.29), breast("L", 0.36, lesion=0.22)], LesionSite(laterality="L", place=PLACE)),
        ([breast("R", 0.27, lesion=0.29), breast("L", 0.36)], LesionSite(laterality="L", place=None)),
        ([breast("R", 0.1, "no_sign_of_malignancy", 0.1), breast("L", None)], LesionSite(laterality="L", place=None)),
        ([breast("R", 0.1, "no_sign_of_malignancy", 0.1)], None),
        ([], None),
    ],
)
def test_the_breast_that_determines_the_assessment_leads(breasts, site):
    reading = ExaminationReading(method="model", breasts=breasts, assessment="not_sure", probability_malignant=0.36)
    assert reading.leading() == site
