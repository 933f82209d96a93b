"""Density: features that do not depend on the batch, a model that learns an order, and readings by patient."""

import numpy as np
import pytest

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.density.evaluate import labelled, measure, out_of_fold, results_document
from mammo_worker.density.features import CANVAS, build_network, canvas_features
from mammo_worker.density.model import fit


def case(number, side, density):
    attributes = {"density": density, "laterality": side}
    none = np.zeros((0, 4), np.float32)
    return AnnotatedFilm(
        f"{number}{side}", f"P_{number}", none, np.zeros(0, np.int32), None, lambda: none, None, attributes
    )


def made_up(patients=160, noise=0.7):
    """Two views of each patient, features that follow the density."""
    chance = np.random.default_rng(0)
    cases = [case(i, "L", str(1 + i % 4)) for i in range(patients) for _ in range(2)]
    known, true = labelled([*cases, case(999, "R", "0")])
    features = true[:, None] * np.array([1.0, -1.0, 0.0]) + chance.normal(0, noise, (len(true), 3))
    return known, features, true


def test_films_without_a_density_are_left_out():
    known, _, true = made_up()
    assert len(known) == len(true) == 320
    assert set(true.tolist()) == {0, 1, 2, 3}


def test_thresholds_give_every_category_its_share():
    cases, features, true = made_up()
    model = fit(features, true, [c.patient for c in cases])
    said = model.categories(model.expected(features))
    assert np.bincount(said, minlength=4) == pytest.approx([80] * 4, abs=25)
    assert np.corrcoef(said, true)[0, 1] > 0.8


def test_missing_category_is_told():
    with pytest.raises(ValueError, match="four"):
        fit(np.zeros((3, 2)), np.array([0, 1, 2]), ["a", "b", "c"])


def test_views_together_read_better_and_nobody_is_read_by_a_model_that_knows_him():
    cases, features, true = made_up()
    for fold in range(5):  # a feature that gives the truth away, but only on the patients of one fold
        leak = np.array([fold_of(c.patient) == fold for c in cases])
        films, _ = out_of_fold(cases, np.column_stack([np.zeros((len(true), 2)), true * leak]), true)
        assert np.ptp(films.expected[leak]) < 1e-6
    films, breasts = out_of_fold(cases, features, true)
    assert len(breasts.true) == 160
    by_film, by_breast = measure(films, "film"), measure(breasts, "breast")
    assert by_breast[0]["value"] > by_film[0]["value"] > 0.6
    assert "| yes |" in results_document(by_film + by_breast, breasts)


def test_features_do_not_depend_on_the_batch():
    net, chance = build_network(None), np.random.default_rng(0)
    canvases = chance.integers(0, 255, (3, *CANVAS, 2), np.uint8)
    canvases[2] = 0
    together = canvas_features(net, canvases)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together[1], canvas_features(net, canvases[1:2])[0], rtol=1e-3, atol=1e-4)
