"""A breast's number never falls where suspicion rises: drawn at random, with every model that can be fitted."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobule.contracts.result import Thresholds
from lobule.errors import AnalysisError
from lobule.model_package import open_package
from lobule_ml.calibration import Logistic, sigmoid
from mammo_worker.examination.models import installed_models
from mammo_worker.settings import MammoSettings
from mammo_worker.suspicion.breast import RULES, BreastCalibration, BreastModel, FilmEvidence, by_rule

P = st.floats(0.0, 1.0)
LEAST = st.sampled_from(["no_sign_of_malignancy", "no_sign_of_malignancy", "not_sure"])
FILM = st.builds(FilmEvidence, st.sampled_from(["CC", "MLO"]), P, LEAST)
WEIGHT = st.floats(0.0, 3.0)
BIAS = st.floats(-3.0, 3.0)
PART = st.builds(lambda weight, bias: Logistic((weight,), bias), WEIGHT, BIAS)
MODEL = st.builds(BreastModel, PART, PART, st.floats(0.05, 0.9))
CALIBRATION = st.builds(
    lambda model, a, b: BreastCalibration(model, Thresholds(low=min(a, b), high=max(a, b))), MODEL, P, P
)


def films(*told):
    return [FilmEvidence(view, p) for view, p in told]


@given(CALIBRATION, st.lists(FILM, min_size=1, max_size=4), FILM)
@settings(max_examples=300, deadline=None)
def test_one_more_suspicious_film_never_lowers_the_number(number, before, more):
    more = replace(more, probability=max(more.probability, number.model.suspicious), least="malignancy_suspected")
    after = number([*before, more])
    assert after >= number(before) - 1e-12
    assert number.thresholds.assess(after) == "malignancy_suspected", "as the film is"


@given(CALIBRATION, st.lists(FILM, min_size=1, max_size=4), st.integers(0, 3), P)
@settings(max_examples=300, deadline=None)
def test_a_film_that_becomes_more_suspicious_never_lowers_the_number(number, before, which, p):
    one = before[which % len(before)]
    others = [film for film in before if film is not one]
    assert number([*others, replace(one, probability=max(one.probability, p))]) >= number(before) - 1e-12
    doubted = number([*others, replace(one, least="not_sure")])
    assert doubted >= number(before) - 1e-12
    assert number.thresholds.assess(doubted) != "no_sign_of_malignancy"


@given(MODEL, st.lists(FILM, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_films_does_not_matter(model, told):
    assert model(told[::-1]) == pytest.approx(model(told), abs=1e-12)


def test_clear_second_view_can_lower_the_number():
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((1.2,), 0.0), 0.8)
    assert model(films(("CC", 0.7), ("MLO", 0.05))) < model(films(("CC", 0.7)))


def test_the_number_is_that_of_the_mean_log_odds_of_the_views():
    model = BreastModel(Logistic((1.0,), 0.5), Logistic((2.0,), 0.0), 0.9)
    assert model(films(("CC", 0.5))) == pytest.approx(sigmoid(0.5))
    assert model(films(("CC", 0.5), ("MLO", 0.8))) == pytest.approx(sigmoid(2.0 * np.log(4.0) / 2))
    assert model(films(("CC", 0.5), ("CC", 0.2), ("MLO", 0.8))) == model(films(("CC", 0.5), ("MLO", 0.8)))


def test_model_that_could_fall_is_refused_and_others_come_back_whole():
    one = Logistic((1.0,), 0.1)
    with pytest.raises(ValueError, match="increase"):
        BreastModel(one, Logistic((-0.1,), 0.0), 0.5)
    with pytest.raises(ValueError, match="one weight"):
        BreastModel(one, Logistic((1.0, 0.5), 0.0), 0.5)
    number = BreastCalibration(BreastModel(one, Logistic((0.5,), -0.2), 0.5), Thresholds(low=0.1, high=0.6))
    assert BreastCalibration.from_dict(json.loads(json.dumps(number.to_dict()))) == number


def test_no_film_has_no_number():
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), 0.5)
    with pytest.raises(ValueError, match="without a film"):
        model([])
    for rule in RULES:
        with pytest.raises(ValueError, match="without a film"):
            by_rule(rule, [])


def test_plain_rules():
    shown = films(("CC", 0.8), ("MLO", 0.2))
    assert by_rule("maximum", shown) == pytest.approx(0.8)
    assert by_rule("mean logit", shown) == pytest.approx(0.5)
    assert by_rule("noisy-or", shown) == pytest.approx(1 - 0.2 * 0.8)


def test_models_that_are_damaged_are_refused(tmp_path):
    for text in ("{", "{}", '{"features": ["x"], "weights": [1], "bias": 0}'):
        (tmp_path / "pairs.json").write_text(text)
        with pytest.raises(AnalysisError, match="damaged"):
            installed_models(tmp_path)
    manifest = open_package(MammoSettings().package).manifest
    for name in ("breast", "scale"):
        section = manifest.calibration.model_copy(update={name: {}})
        with pytest.raises(AnalysisError, match="damaged"):
            installed_models(manifest=manifest.model_copy(update={"calibration": section}))


def test_breasts_are_calibrated_in_the_package_and_for_its_results_alone():
    def result_of(name, version):
        return SimpleNamespace(model=SimpleNamespace(name=name, version=version))

    models = installed_models()
    manifest = open_package(MammoSettings().package).manifest
    assert models.pairs is not None
    assert models.breast is not None
    assert [population.name for population in models.populations] == ["enriched", "screening"]
    assert models.breast.model.suspicious == manifest.thresholds.high
    assert models.breast_for([result_of(manifest.name, manifest.version)]) is models.breast
    assert models.breast_for([result_of(manifest.name, manifest.version), result_of(manifest.name, "1.0")]) is None
    section = manifest.calibration.model_copy(update={"breast": None, "scale": None})
    other = installed_models(manifest=manifest.model_copy(update={"calibration": section}))
    assert (other.breast, other.populations) == (None, ())
