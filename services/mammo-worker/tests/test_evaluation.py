"""Measures on films whose answers are known by hand."""

import csv
import json

import numpy as np
import pytest

from lobule.contracts.result import Thresholds
from mammo_worker.calibration import (
    Calibration,
    Logistic,
    logit,
    sensitivity_threshold,
    specificity_threshold,
)
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.document import bars_table
from mammo_worker.evaluation.metrics import (
    FilmResult,
    average_precision_50,
    bootstrap,
    coco_ap,
    froc,
    match_film,
    overlaps,
    reference_measures,
    triage_auc,
)
from mammo_worker.evaluation.predictions import write_coco, write_csv
from mammo_worker.evaluation.run import fit_calibration, run_detector, working_score_at
from mammo_worker.evaluation.summary import markdown_table, measure, triage_table


def film(boxes, scores, truth=((0, 0, 10, 10),), labels=(2,), patient="P1", malignant=None, mal_film=True, p=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    kinds = np.full(len(boxes), 0.9) if malignant is None else np.array(malignant, float)
    truth = np.array(truth, float).reshape(-1, 4)
    scores = np.array(scores, float)
    said = None if p is None else Thresholds(low=0.3, high=0.7).assess(p)
    return FilmResult("f", patient, truth, np.array(labels), mal_film, boxes, scores, kinds, np.zeros(2), p, said)


HIT, HALF, MISS = (0, 0, 10, 10), (0, 0, 10, 4), (50, 50, 60, 60)


def test_rules_differ_where_they_should():
    inner = np.array([[3.0, 3, 7, 7]])
    truth = np.array([[0.0, 0, 10, 10]])
    found = {rule: bool(overlaps(inner, truth, rule)[0, 0]) for rule in ("IoU >= 0.2", "OR >= 0.5", "centre hit")}
    assert found == {"IoU >= 0.2": False, "OR >= 0.5": True, "centre hit": True}
    half = np.array([HALF], float)
    assert overlaps(half, truth, "IoU >= 0.2")[0, 0]
    assert not overlaps(half, truth, "IoU >= 0.5")[0, 0]


def test_a_second_finding_on_a_mass_is_neither_hit_nor_false():
    finds, false = match_film(film([HIT, HIT, MISS], [0.9, 0.8, 0.7]), "IoU >= 0.5")
    assert finds.tolist() == [0, -1, -1]
    assert false.tolist() == [False, False, True]


def test_froc_by_hand():
    films = [film([HIT, MISS], [0.9, 0.5]), film([MISS], [0.7], patient="P2")]
    curve = froc(films, "IoU >= 0.5")
    assert curve.at(0.0) == 0.5
    assert curve.at(1.0) == 0.5
    assert curve.fppi.tolist() == [0.0, 0.5, 1.0]
    assert curve.threshold_at(0.5) == 0.7


def test_own_average_precision_agrees_with_coco():
    chance = np.random.default_rng(0)
    films = []
    for i in range(30):
        truth = [(20, 20, 60, 60), (100, 100, 150, 140)][: 1 + i % 2]
        boxes = [np.array(t) + chance.integers(-12, 12, 4) for t in truth]
        boxes.append(chance.integers(0, 80, 4) + np.array([0, 0, 90, 90]))
        films.append(film(boxes, chance.uniform(0, 1, len(boxes)), truth, (1,) * len(truth), f"P{i}"))
    ap50, ap = coco_ap(films)
    assert average_precision_50(films) == pytest.approx(ap50, abs=1e-6)
    assert 0.05 < ap < ap50 < 1


def test_reference_measures_by_hand():
    films = [film([HIT, MISS], [0.9, 0.5]), film([HIT], [0.9], labels=(1,), patient="P2")]
    low, high = reference_measures(films, "OR >= 0.5", 0.4), reference_measures(films, "OR >= 0.5", 0.6)
    assert low.mean_sensitivity == 1.0
    assert low.fppi == 0.5
    assert low.mean_ap == pytest.approx((1 / 3 + 0) / 2)  # one of three malignant findings has the right class
    assert high.fppi == 0


def test_bootstrap_draws_patients():
    films = [film([HIT], [0.9], patient=f"P{i // 2}") for i in range(8)]
    assert bootstrap(films, lambda f: froc(f, "IoU >= 0.5").at(1), 50) == (1.0, 1.0)
    mixed = films + [film([MISS], [0.9], patient=f"Q{i}") for i in range(4)]
    low, high = bootstrap(mixed, lambda f: froc(f, "IoU >= 0.5").at(1), 200)
    assert low < 8 / 12 < high


def test_auc_and_its_absence():
    films = [film([], [], mal_film=m, p=p) for m, p in ((True, 0.9), (False, 0.2), (True, 0.4), (False, 0.5))]
    assert triage_auc(films) == 0.75
    assert np.isnan(triage_auc(films[:1]))


def test_thresholds_keep_their_promise():
    p, positive = [0.1, 0.3, 0.5, 0.7, 0.2, 0.25, 0.35, 0.6], [True] * 4 + [False] * 4
    low, high = sensitivity_threshold(p, positive, 0.75), specificity_threshold(p, positive, 0.75)
    assert np.mean(np.array(p[:4]) >= low) >= 0.75
    assert np.mean(np.array(p[4:]) < high) >= 0.75
    assert (low, high) == (0.3, 0.6)


def test_calibration_recovers_a_known_slope_and_round_trips():
    chance = np.random.default_rng(0)
    p = chance.uniform(0.02, 0.98, 4000)
    truth = chance.uniform(size=4000) < 1 / (1 + np.exp(-(2 * logit(p) - 1)))
    model = Logistic.fit(logit(p), truth)
    assert model.weights[0] == pytest.approx(2, abs=0.3)
    assert model.bias == pytest.approx(-1, abs=0.2)
    whole = Calibration(model, model, Logistic((1.0, 0.5), 0.1), 0.25)
    assert Calibration.from_dict(whole.to_dict()) == whole


def test_fit_calibration_orders_hits_over_misses():
    chance = np.random.default_rng(0)
    films = []
    for i in range(40):
        kind = i % 2
        scores = (0.6 + 0.3 * chance.uniform(), 0.3 * chance.uniform())
        malignancy = 0.3 + 0.4 * kind + 0.2 * chance.uniform()
        found = film(
            [HIT, MISS], scores, labels=(1 + kind,), patient=f"P{i}", malignant=[malignancy] * 2, mal_film=kind == 1
        )
        object.__setattr__(found, "features", logit(np.array([malignancy, malignancy])))
        films.append(found)
    working = working_score_at(films, 0.5)
    calibration, thresholds = fit_calibration(films, working)
    assert calibration.mass(logit(np.array([0.8])))[0] > 0.6 > calibration.mass(logit(np.array([0.1])))[0]
    assert thresholds.low <= thresholds.high
    assert calibration.working_score == working
    assert 0 < working < 0.6


def test_tables_carry_rule_and_interval():
    chance = np.random.default_rng(0)
    films = [
        film([HIT, MISS], [0.5 + chance.uniform() / 2, 0.3], patient=f"P{i}", mal_film=i % 2 == 0, p=chance.uniform())
        for i in range(12)
    ]
    rows = measure(films, "drawn", rounds=20)
    assert all(row["rule"] and row["data"] == "drawn" for row in rows)
    assert next(r for r in rows if r["metric"].startswith("AP50"))["value"] == 1.0
    text = markdown_table(rows)
    assert text.count("\n") == len(rows) + 2
    states = triage_table(films)
    assert sum(v for row in states for k, v in row.items() if k != "films") == 12


def test_bars_are_judged_by_what_was_measured():
    rows = [
        {"data": "d", "metric": "AP50, class-agnostic", "rule": "IoU >= 0.5, COCO", "value": 0.61},
        {"data": "d", "metric": "FPPI at the working threshold", "rule": "every finding is false", "value": 0.9},
    ]
    lines = bars_table(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].endswith("| no |")
    assert lines[3].endswith("| yes |")


def test_predictions_as_csv_and_coco(tmp_path):
    found = film([[10, 10, 20, 30]], [0.75], malignant=[0.25])
    write_csv([(2, [found])], tmp_path / "p.csv")
    (row,) = csv.DictReader((tmp_path / "p.csv").open())
    assert (row["fold"], row["y2"], row["score"], row["malignant"]) == ("2", "30.0", "0.75", "0.25")
    write_coco([found], tmp_path / "p.json")
    document = json.loads((tmp_path / "p.json").read_text())
    assert document["annotations"][0]["bbox"] == [10, 10, 10, 20]
    assert document["annotations"][0]["category_id"] == 1
    assert document["images"][0]["patient"] == found.patient


def test_a_film_that_cannot_be_read_is_named_and_passed_over():
    def broken():
        raise ValueError("it is cut off")

    nothing = np.zeros((0, 4), np.float32)
    unreadable = AnnotatedFilm("a.png", "P", nothing, np.zeros(0, np.int32), False, broken)
    refused = []
    assert run_detector(None, [unreadable], refused=refused) == []
    assert refused == ["a.png: it is cut off"]
    with pytest.raises(ValueError, match="cut off"):
        run_detector(None, [unreadable])
