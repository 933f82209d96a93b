"""What the single films say of a breast where the side of one is in doubt."""

from dataclasses import replace

from dicom_objects import analysed, examination_of, finding

from lobule.contracts.result import Box
from lobule.words import make_notice


def test_a_film_whose_side_is_in_doubt_may_be_of_the_other_breast(film):
    clear = analysed(film(), laterality="L")
    other = analysed(film(), finding(1, Box(x=1, y=1, width=3, height=3)), job="job-2", laterality="R")
    whole = replace(examination_of([clear, other]), breasts=[])
    assert whole.assessment_of("L") == "no_sign_of_malignancy"
    other.result.notices.append(make_notice("laterality_conflict", side="R"))
    assert whole.assessment_of("L") == "not_sure"
