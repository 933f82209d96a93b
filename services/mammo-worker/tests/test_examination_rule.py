"""What a film by itself requires of its breast, whatever a model says of its films together."""

import pytest

from lobule.contracts.result import DisplayImage, ImageInfo, ModelInfo, Result, Thresholds
from lobule.words import make_notice
from lobule_ml.calibration import Logistic
from mammo_worker.examination.breasts import read_breast
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.suspicion.breast import BreastCalibration, BreastModel

SHA = "0" * 64
CLEAR, UNSURE = "no_sign_of_malignancy", "not_sure"
THRESHOLDS = Thresholds(low=0.2, high=0.6, finding=0.3)


def film(view, probability, *notices):
    by_number = THRESHOLDS.assess(probability)
    in_doubt = by_number == CLEAR and "polarity_doubted" in notices
    result = Result(
        image=ImageInfo(sha256=SHA, file_name="a", modality="mammography", width=300, height=500),
        model=ModelInfo(name="m", version="1", weights_sha256=SHA, calibration="c", trained_on="t"),
        thresholds=THRESHOLDS,
        assessment=UNSURE if in_doubt else by_number,
        probability_malignant=probability,
        display=DisplayImage(file="display.png", width=300, height=500),
        notices=[make_notice(code) for code in notices],
    )
    return ExaminedFilm(view, "L", view, result, None, None, [])


@pytest.mark.parametrize("probability", [0.1, 0.3])
def test_a_film_whose_picture_is_in_doubt_is_not_cleared_by_the_other_view(probability):
    number = BreastCalibration(BreastModel(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), 0.6), THRESHOLDS)
    models = ExaminationModels(breast=number, detector=("m", "1"))
    other = film("MLO", 0.02)
    assert read_breast("L", [film("CC", probability), other], 0, models).verdict.assessment == CLEAR
    doubted = read_breast("L", [film("CC", probability, "polarity_doubted"), other], 0, models)
    assert doubted.verdict.assessment == UNSURE
