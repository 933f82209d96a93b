"""A breast's number never falls where suspicion rises: drawn at random, with every model that can be fitted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobule.errors import AnalysisError
from lobule_ml.calibration import Logistic
from mammo_worker.examination.models import ExaminationModels, installed_models
from mammo_worker.examination.suspicion import (
    RULES,
    BreastEvidence,
    BreastModel,
    FilmEvidence,
    by_rule,
)

P = st.floats(0.0, 1.0)
FILM = st.tuples(st.sampled_from(["CC", "MLO"]), P, st.lists(P, max_size=3))
WEIGHT = st.floats(0.0, 3.0)
BIAS = st.floats(-3.0, 3.0)
MODEL = st.builds(
    lambda a, b, c, d, e, f, s: BreastModel(Logistic((a,), b), Logistic((c, d, e), f), s),
    WEIGHT, BIAS, WEIGHT, WEIGHT, WEIGHT, BIAS, st.floats(0.05, 0.9),
)  # fmt: skip


def evidence(films, together=0.6):
    """Films as FILM draws them; every two findings of different views are one lesion alike."""
    shown = [FilmEvidence(view, p, np.array(found, float)) for view, p, found in films]
    pairs = {
        (i, j): np.full((len(a.findings), len(b.findings)), together)
        for i, a in enumerate(shown)
        for j, b in enumerate(shown)
        if (a.view, b.view) == ("CC", "MLO")
    }
    return BreastEvidence(shown, pairs)


@given(MODEL, st.lists(FILM, min_size=1, max_size=4), FILM)
@settings(max_examples=300, deadline=None)
def test_one_more_suspicious_film_never_lowers_the_number(model, films, more):
    view, p, found = more
    more = (view, max(p, model.suspicious), found)
    assert model(evidence([*films, more])) >= model(evidence(films)) - 1e-12


@given(MODEL, st.lists(FILM, min_size=1, max_size=4), st.integers(0, 3), P)
@settings(max_examples=300, deadline=None)
def test_more_suspicious_film_or_finding_never_lowers_the_number(model, films, which, p):
    before = model(evidence(films))
    view, own, found = films[which % len(films)]
    others = [film for i, film in enumerate(films) if i != which % len(films)]
    assert model(evidence([*others, (view, max(own, p), found)])) >= before - 1e-12
    assert model(evidence([*others, (view, own, [*found, p])])) >= before - 1e-12
    assert model(evidence([*others, (view, own, [max(f, p) for f in found])])) >= before - 1e-12


@given(MODEL, st.lists(FILM, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_surer_pairs_never_lower_the_number_and_order_does_not_matter(model, films):
    assert model(evidence(films, 0.9)) >= model(evidence(films, 0.2)) - 1e-12
    assert model(evidence(films[::-1])) == pytest.approx(model(evidence(films)), abs=1e-12)


def test_clear_second_view_can_lower_the_number():
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((0.6, 0.6, 0.0), 0.0), 0.3)
    alone = model(evidence([("CC", 0.7, [])]))
    assert model(evidence([("CC", 0.7, []), ("MLO", 0.05, [])])) < alone


def test_lesion_on_both_views_raises_the_number():
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((0.5, 0.3, 0.2), 0.0), 0.5)
    one = model(evidence([("CC", 0.4, [0.4]), ("MLO", 0.4, [])]))
    assert model(evidence([("CC", 0.4, [0.4]), ("MLO", 0.4, [0.4])])) > one


def test_model_that_could_fall_is_refused_and_others_come_back_whole():
    with pytest.raises(ValueError, match="increase"):
        BreastModel(Logistic((1.0,), 0.0), Logistic((0.5, -0.1, 0.2), 0.0), 0.5)
    model = BreastModel(Logistic((1.0,), 0.1), Logistic((0.5, 0.1, 0.2), -0.2), 0.5)
    assert BreastModel.from_dict(model.to_dict()) == model
    with pytest.raises(ValueError, match="features"):
        BreastModel.from_dict({**model.to_dict(), "two": {"weights": [1.0], "bias": 0.0}})


def test_no_film_has_no_number():
    model = BreastModel(Logistic((1.0,), 0.0), Logistic((0.5, 0.3, 0.2), 0.0), 0.5)
    with pytest.raises(ValueError, match="without a film"):
        model(BreastEvidence([], {}))
    for rule in RULES:
        with pytest.raises(ValueError, match="without a film"):
            by_rule(rule, BreastEvidence([], {}))


def test_plain_rules():
    films = evidence([("CC", 0.8, []), ("MLO", 0.2, [])])
    assert by_rule("maximum", films) == pytest.approx(0.8)
    assert by_rule("mean logit", films) == pytest.approx(0.5)
    assert by_rule("noisy-or", films) == pytest.approx(1 - 0.2 * 0.8)


def test_models_that_are_damaged_are_refused(tmp_path):
    assert installed_models(tmp_path) == ExaminationModels(density=installed_models().density)
    for text in ("{", "{}", '{"features": ["x"], "weights": [1], "bias": 0}'):
        (tmp_path / "pairs.json").write_text(text)
        with pytest.raises(AnalysisError, match="damaged"):
            installed_models(tmp_path)
    assert installed_models().pairs is not None
