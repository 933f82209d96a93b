"""What keeps a breast from being called negative, and the suggested category."""

from dataclasses import replace

import pytest

from lobule.contracts.examination import Lesion, LesionChange, LesionMark, Standing
from lobule.contracts.result import DisplayImage, ImageInfo, ModelInfo, Result, Thresholds
from lobule.words import make_notice
from lobule_ml.calibration import Logistic
from mammo_worker.examination.breasts import read_breast
from mammo_worker.examination.explain import reasons, reasons_since, suggested_category
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.rule import Verdict, verdict_of
from mammo_worker.suspicion.breast import BreastCalibration, BreastModel

SHA = "0" * 64


KINDS = ("implant", "male_patient", "partial_view", "synthesised_view", "polarity_doubted", "few_pixels")
THRESHOLDS = Thresholds(low=0.2, high=0.6, finding=0.3)


def film(view, *notices, probability=0.1):
    result = Result(
        image=ImageInfo(sha256=SHA, file_name="a", modality="mammography", width=300, height=500),
        model=ModelInfo(name="m", version="1", weights_sha256=SHA, calibration="c", trained_on="t"),
        thresholds=THRESHOLDS,
        assessment=THRESHOLDS.assess(probability),
        probability_malignant=probability,
        display=DisplayImage(file="display.png", width=300, height=500),
        notices=[make_notice(code) for code in notices],
    )
    return ExaminedFilm(view, "L", view, result, None, None, [])


def breast(probability=0.1, notices=(), alone=()):
    """Of both views; `alone` are the notices of a magnified film that is not compared with them."""
    assessment = "malignancy_suspected" if probability > 0.6 else "no_sign_of_malignancy"
    beside = [verdict_of(film("CC", *alone).result)] if alone else []
    reading = read_breast("L", [film("CC", *notices), film("MLO")], 0, ExaminationModels(), beside)
    return replace(reading, verdict=Verdict(assessment, probability))


def changed(change):
    mark = LesionMark(job_id="j", finding_id="f1", view="CC")
    what = LesionChange(change=change, growth=None, growth_mm=None, prior=None)
    return [Lesion(marks=[mark], probability_malignant=0.1, same_lesion=None, place=None, change=what)]


@pytest.mark.parametrize(
    ("change", "category"), [("stable", 1), ("smaller", 1), ("not_comparable", 1), ("new", 0), ("grown", 0)]
)
def test_a_lesion_that_is_new_or_has_grown_is_not_called_benign(change, category):
    since = list(reasons_since(changed(change), compared=True))
    assert suggested_category(breast(), Verdict("not_sure", 0.1) if since else None) == category


@pytest.mark.parametrize("notice", KINDS)
def test_a_kind_of_film_that_was_not_evaluated_is_not_called_negative(notice):
    reading = breast(notices=[notice])
    assert suggested_category(reading) == 0
    assert "not_evaluated" in [reason.code for reason in reasons(reading)]
    assert "not_evaluated" not in [reason.code for reason in reasons(breast())]
    assert suggested_category(breast(0.97, notices=[notice])) == 4, "a suspicion stands"
    assert suggested_category(breast(alone=[notice])) == 0, "whatever view it is of"


@pytest.mark.parametrize("probability", [0.05, 0.3])
@pytest.mark.parametrize("notice", KINDS)
def test_a_kind_of_film_that_was_not_evaluated_is_not_cleared_by_the_other_view(notice, probability):
    """A breast with an implant was called "no sign of malignancy", beside the suggestion of category 0."""
    number = BreastCalibration(BreastModel(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), 0.6), THRESHOLDS)
    models = ExaminationModels(breast=number, detector=("m", "1"))
    other = film("MLO", probability=0.02)
    for notices, said in (((), "no_sign_of_malignancy"), ((notice,), "not_sure")):
        shown = film("CC", *notices, probability=probability)
        assert read_breast("L", [shown, other], 0, models).verdict.assessment == said
    beside = verdict_of(film("CC", notice, probability=0.05).result)
    assert read_breast("L", [film("CC", probability=0.02), other], 0, models, [beside]).verdict.assessment == "not_sure"


def test_category_5_is_a_probability_among_the_patients_of_the_site():
    def standing(probability, population):
        return Standing(population=population, prevalence=0.4, probability_malignant=probability, place=10)

    assert suggested_category(breast(0.97)) == 4
    assert suggested_category(breast(0.97), standings=[standing(0.97, "enriched")]) == 4
    assert suggested_category(breast(0.97), standings=[standing(0.94, "site")]) == 4
    assert suggested_category(breast(0.97), standings=[standing(0.95, "site")]) == 5
