"""Films and breasts are calibrated together on made-up patients, and measured by patient."""

from dataclasses import replace

import numpy as np
import pytest

from lobule_ml.calibration import sigmoid
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.suspicion.breast import BreastCalibration
from mammo_worker.suspicion.document import measure
from mammo_worker.suspicion.fit import fit_breast
from mammo_worker.suspicion.held_out import cross_fitted, fit


def film_results(count=120, seed=0):
    """Films of patients, two a breast but for every third one, each of which tells a part of the truth."""
    chance = np.random.default_rng(seed)
    made = []
    for i in range(count):
        malignant = bool(chance.random() < 0.5)
        for view in ["CC", "MLO"][: 1 if i % 3 == 0 else 2]:
            seen = 1.2 * malignant - 0.6 + chance.normal(0, 1.2)
            score, box = float(sigmoid(seen)), np.array([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]])
            made.append(
                FilmResult(
                    f"P{i // 2}_{i % 2}_{view}",
                    f"P{i // 2}",
                    box[:1],
                    np.array([2 if malignant else 1]),
                    malignant,
                    box,
                    np.array([0.5 + score / 2, score / 3]),
                    np.array([score, 0.2]),
                    np.array([seen, seen / 2]),
                    laterality="LR"[i % 2],
                    view=view,
                )
            )
    return made


def test_films_and_breasts_are_calibrated_together():
    films = film_results()
    fitted = fit(films, 0.4)
    assert fitted.calibration.working_score == 0.4
    assert (len(fitted.breasts), sum(b.views == 2 for b in fitted.breasts)) == (120, 80)
    numbers = np.array([fitted.breast(b.films) for b in fitted.breasts])
    malignant = np.array([b.malignant for b in fitted.breasts])
    assert np.mean(numbers[malignant] >= fitted.breast.thresholds.low) >= 0.98
    plain = np.array([fitted.breast.model(b.films) for b in fitted.breasts])
    assert np.mean(plain[~malignant] < fitted.breast.thresholds.high) >= 0.88
    suspected = [b for b in fitted.breasts if max(f.probability for f in b.films) >= fitted.thresholds.high]
    assert np.mean([not b.malignant for b in suspected]) < 0.5
    benign = sum(not b.malignant for b in fitted.breasts)
    assert sum(not b.malignant for b in suspected) <= 0.1 * benign, "a suspected film makes its breast suspected"
    assert all(fitted.breast(b.films) >= fitted.breast.thresholds.high for b in suspected)
    kept = fitted.of_breasts()
    assert BreastCalibration.from_dict(kept["breast"]) == fitted.breast
    assert kept["scale"]["malignant"] == malignant.tolist()


def test_both_views_tell_more_than_one():
    read = cross_fitted(film_results(240), 0.4).breasts
    rows = {("two views" in row["breasts"], row["number"]): row for row in measure("all", read, 40)}
    assert rows[True, "the model"]["auc"] > rows[False, "the model"]["auc"] - 0.02
    assert rows[True, "the model"]["log_loss"] < rows[True, "maximum"]["log_loss"]
    assert all(row["interval_95"][0] <= row["auc"] <= row["interval_95"][1] for row in rows.values())


def test_nobody_is_read_by_a_calibration_that_knows_him():
    """What is known of a patient changes how others are read, and not how he is."""
    films = film_results(60)
    turned = [replace(f, malignant_film=not f.malignant_film) if f.patient == "P0" else f for f in films]
    first, second = (cross_fitted(told, 0.4) for told in (films, turned))
    for one, other in zip(first.films, second.films, strict=True):
        assert (one.probability == other.probability) == (one.patient == "P0")
    own = [(b.probability, b.assessment) for b in first.breasts if b.known.patient == "P0"]
    assert own == [(b.probability, b.assessment) for b in second.breasts if b.known.patient == "P0"]


def test_without_views_or_with_few_breasts_the_rule_stays():
    films = film_results()
    assert fit([replace(f, view="") for f in films], 0.4).breast is None
    assert fit(films[:20], 0.4).of_breasts() == {}
    with pytest.raises(ValueError, match="two views"):
        fit_breast(fit(films[:20], 0.4).breasts, 0.6)
