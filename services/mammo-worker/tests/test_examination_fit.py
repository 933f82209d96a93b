"""Fitting pairs and breasts on made-up patients, by patient; tables that cannot be read."""

import numpy as np
import pytest

from lobule.contracts.result import Thresholds
from lobule_ml.calibration import Logistic, sigmoid
from mammo_worker.calibration import Calibration
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.examination.breast_document import results_document
from mammo_worker.examination.breast_release import breast_values, fit, measure_once, scale_values
from mammo_worker.examination.findings_csv import (
    FilmFindings,
    KnownBreast,
    known_breasts,
    read_findings,
    read_probabilities,
)
from mammo_worker.examination.fit_breast import (
    FORMS,
    chosen_form,
    compared,
    fit_breast,
    fit_form,
    measure,
    out_of_fold,
    thresholds_of,
)
from mammo_worker.examination.fit_pairs import fit_pairs, measure_geometry, measure_pairs, pair_table
from mammo_worker.examination.lesions import lengths, lesion_names, measure_films
from mammo_worker.examination.models import installed_models, write_model
from mammo_worker.examination.suspicion import BreastEvidence, FilmEvidence

SAME = Calibration(Logistic((1.0,), 0.0), Logistic((1.0,), 0.0), Logistic((1.0, 0.0), 0.0), 0.1)


def breasts(count=200, seed=0):
    """Breasts whose views each tell a part of the truth; a third has one view."""
    chance = np.random.default_rng(seed)
    made = []
    for i in range(count):
        malignant = bool(chance.random() < 0.5)
        views = ["CC", "MLO"][: 1 if i % 3 == 0 else 2]
        films = [
            FilmEvidence(view, float(p), np.array([p]))
            for view in views
            for p in [sigmoid(1.2 * malignant - 0.6 + chance.normal(0, 1.2))]
        ]
        pairs = {(0, 1): np.array([[0.8]])} if len(films) == 2 else {}
        made.append(KnownBreast(f"P{i // 2}", "LR"[i % 2], BreastEvidence(films, pairs), malignant))
    return made


def test_fitted_breast_rises_and_two_views_tell_more_than_one():
    known = breasts()
    model = fit_breast(known, 0.6)
    assert min(*model.one.weights, *model.two.weights) >= 0
    said = compared(known, 0.6)
    rows = measure(known, said, rounds=40)
    forms = {form.name for form in FORMS}
    assert {row["rule"] for row in rows} == {"maximum", "mean logit", "noisy-or", "gradient boosting", *forms}
    auc = {(row["breasts"].split(",")[0], row["rule"]): row["auc"] for row in rows}
    assert 0.65 < auc["all", "logistic, views"] < auc["two views", "mean logit"] + 0.1
    assert chosen_form(known, said).name != "most suspicious view, calibrated", "both views tell a part of the truth"
    assert all(row["interval_95"][0] <= row["auc"] <= row["interval_95"][1] for row in rows)


def test_nobody_is_read_by_a_model_that_knows_him():
    """Truth that follows the patient's number alone cannot be learned from other patients."""
    known = breasts()
    said = out_of_fold(known, fit_form(0.6))
    turned = [
        KnownBreast(b.patient, b.laterality, b.evidence, not b.malignant) if b.patient == "P0" else b for b in known
    ]
    again = out_of_fold(turned, fit_form(0.6))
    own = [i for i, b in enumerate(known) if b.patient == "P0"]
    assert again[own] == pytest.approx(said[own], abs=1e-12)
    assert not np.allclose(again, said)


def test_thresholds_keep_their_shares():
    known = breasts()
    said = out_of_fold(known, fit_form(0.6))
    thresholds = thresholds_of(known, said)
    malignant = np.array([b.malignant for b in known])
    assert np.mean(said[malignant] >= thresholds.low) >= 0.95
    assert np.mean(said[~malignant] < thresholds.high) >= 0.85


def test_a_form_spreads_its_weights():
    known = breasts()
    one, two, shared = fit_breast(known, 0.6, FORMS[1]).two.weights
    assert one == two > 0.0
    assert shared == 0.0
    assert fit_breast(known, 0.6, FORMS[0]).two.weights[1:] == (0.0, 0.0)


def test_the_model_is_measured_beside_the_rules_on_other_patients(tmp_path):
    fitted = fit(breasts(), 0.6, rounds=20)
    measured = measure_once(fitted, breasts(seed=1), Thresholds(low=0.2, high=0.7), rounds=20)
    assert {row["model less"] for row in measured.differences} == {"maximum", "mean logit", "noisy-or"}
    for row in measured.differences:
        assert row["interval_95"][0] <= row["difference of AUC"] <= row["interval_95"][1]
    counted = sum(
        row["not_sure"] + row["no_sign_of_malignancy"] + row["malignancy_suspected"] for row in measured.states
    )
    assert counted == 2 * 200, "by the model and by the rule"
    assert "Measured once" in results_document(fitted, measured, "1.0")
    write_model(tmp_path / "breast.json", breast_values(fitted, measured, "films"))
    write_model(tmp_path / "scale.json", scale_values(fitted, by_model=True))
    models = installed_models(tmp_path)
    assert models.breast == fitted.model
    assert [population.name for population in models.populations] == ["enriched", "screening"]


def test_too_few_breasts_are_refused():
    with pytest.raises(ValueError, match="two views"):
        fit_breast(breasts(12), 0.6)


def case(patient, view, draw_film, malignant=True):
    """A drawn film with two lesions."""
    film = draw_film(height=400, width=260, bits=8, seed=int(patient[1:]))
    at = 20 * (int(patient[1:]) % 4)
    boxes = np.array([[60 + at, 120, 90 + at, 150], [100, 200 + at, 120, 220 + at]], np.float32)
    attributes = {"view": view, "laterality": "L"}
    labels = np.full(2, 2, np.int32)
    return AnnotatedFilm(f"{patient}_{view}", patient, boxes, labels, malignant, lambda: film, None, attributes)


@pytest.fixture
def films(draw_film):
    cases = [case(f"P{i}", view, draw_film, i % 2 == 0) for i in range(6) for view in ("CC", "MLO")]
    return cases, measure_films(cases, {c.name: ["1", "2"] for c in cases})


def test_pairs_are_fitted_and_measured(films):
    _, measured = films
    table = pair_table(measured)
    assert int(table.same.sum()) == 12
    assert set(table.kinds) == {"same lesion", "other lesion of the breast", "lesion of another patient", "tissue"}
    fitted = fit_pairs(table)
    rows = measure_pairs(Logistic(tuple(fitted["weights"]), fitted["bias"]), table)
    assert rows[0]["wrong pairs"] == "all"
    assert rows[0]["true"] == 12
    assert rows[0]["auc"] > 0.5
    assert pair_table(measured).features == pytest.approx(table.features)
    geometry = measure_geometry(measured, dict.fromkeys(measured, 5.0))
    assert [row["n"] for row in geometry] == [6, 6, 12, 12]


def test_evidence_of_known_breasts(films):
    cases, measured = films
    found = FilmFindings(np.array([[60.0, 120, 90, 150]]), np.array([0.8]), np.array([0.5]))
    known = known_breasts(cases, measured, {cases[0].name: found}, SAME, Logistic((0.0,) * 5, 0.0))
    assert [b.malignant for b in known] == [True, False] * 3
    assert known[0].evidence.films[0].probability == pytest.approx(0.4)
    assert known[0].evidence.pairs[0, 1].shape == (1, 0)
    assert known[1].evidence.films[0].probability == 0.0
    capped = known_breasts(cases, measured, {cases[0].name: found}, SAME, None, dict.fromkeys(measured, 0.3))
    assert capped[0].evidence.films[0].findings.tolist() == [0.3]
    assert capped[0].evidence.pairs == {}


def test_tables_are_read_and_wrong_ones_refused(tmp_path):
    path = tmp_path / "findings.csv"
    path.write_text("film,patient,fold,x1,y1,x2,y2,score,malignant\na,P1,0,1,2,3,4,0.2,0.5\na,P1,0,5,6,7,8,0.9,0.1\n")
    found, patients = read_findings(path)
    assert patients == {"P1"}
    assert found["a"].scores.tolist() == [0.9, 0.2]
    assert found["a"].boxes[0].tolist() == [5, 6, 7, 8]
    path.write_text("film,probability\na,0.25\n")
    assert read_probabilities(path) == {"a": 0.25}
    with pytest.raises(ValueError, match="not a table of findings"):
        read_findings(path)
    path.write_text("film\na\n")
    with pytest.raises(ValueError, match="not a table of films"):
        read_probabilities(path)


def test_lesions_that_the_tables_do_not_tell_apart_have_no_name(tmp_path):
    (tmp_path / "lesions.csv").write_text("image,abnormality_id\na,1\na,2\nb,1\nb,1\nc,\n")
    (tmp_path / "index.csv").write_text("image,orig_rows\na,5000\n")
    assert lesion_names(tmp_path) == {"a": ["1", "2"], "b": [None, None], "c": [None]}
    assert lengths(tmp_path) == {"a": 5.0}
