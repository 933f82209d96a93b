"""Density: features that do not depend on the batch, a model that learns an order, and readings by patient."""

import numpy as np
import pytest

from lobule.contracts.result import FilmDensity
from lobule.errors import AnalysisError
from lobule.model_package import open_package
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.density.document import results_document
from mammo_worker.density.evaluate import labelled, measure, out_of_fold
from mammo_worker.density.features import CANVAS, canvas_features
from mammo_worker.density.model import fit
from mammo_worker.density.package import (
    DensityReader,
    breast_density,
    installed_density,
    installed_thresholds,
    rounded_network,
    write_package,
)


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


def test_two_views_improve_the_reading_and_no_patient_is_read_by_a_model_trained_on_them():
    cases, features, true = made_up()
    for fold in range(5):  # a feature that gives the truth away, but only on the patients of one fold
        leak = np.array([fold_of(c.patient) == fold for c in cases])
        films, _ = out_of_fold(cases, np.column_stack([np.zeros((len(true), 2)), true * leak]), true)
        assert np.ptp(films.expected[leak]) < 1e-6
    films, breasts = out_of_fold(cases, features, true)
    assert len(breasts.true) == 160
    by_film, by_breast = measure(films, "film"), measure(breasts, "breast")
    assert by_breast[0]["value"] > by_film[0]["value"] > 0.6
    assert "| yes |" in results_document(by_film + by_breast, breasts, "Not measured.")


@pytest.fixture(scope="module")
def net():
    return rounded_network(None)


def test_features_do_not_depend_on_the_batch(net):
    chance = np.random.default_rng(0)
    canvases = chance.integers(0, 255, (3, *CANVAS, 2), np.uint8)
    canvases[2] = 0
    together = canvas_features(net, canvases)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together[1], canvas_features(net, canvases[1:2])[0], rtol=1e-3, atol=1e-4)


def test_package_reads_as_what_was_fitted(tmp_path, net):
    chance = np.random.default_rng(0)
    canvases = chance.integers(0, 255, (4, *CANVAS, 2), np.uint8)
    features = canvas_features(net, canvases)
    model = fit(np.tile(features, (5, 1)), np.tile(np.arange(4), 5), [str(i) for i in range(20)])
    write_package(tmp_path / "toy", version="0.1", network=net, model=model, metrics=[], card="# toy\n")
    reader = DensityReader(open_package(tmp_path / "toy"))
    for canvas, expected in zip(canvases, model.expected(features), strict=True):
        said = reader(canvas)
        assert said.expected == pytest.approx(expected, abs=0.02)
        assert said.category == reader.category(said.expected)
    assert installed_thresholds(tmp_path / "toy") == pytest.approx(model.thresholds, abs=1e-6)
    assert (installed_thresholds(tmp_path / "none"), installed_density(tmp_path / "none")) == (None, None)
    (tmp_path / "toy" / "weights.npz").write_bytes(b"other")
    with pytest.raises(AnalysisError, match="refused"):
        installed_density(tmp_path / "toy")


def test_a_breast_is_as_dense_as_the_mean_of_its_films():
    def film(expected):
        return FilmDensity(category="b", expected=expected, model="toy 1")

    thresholds = (0.5, 1.5, 2.5)
    assert breast_density([film(1.0), film(2.4)], thresholds) == "c"
    assert breast_density([film(1.0), None], thresholds) == "b"
    assert breast_density([None], thresholds) is None
    assert breast_density([film(1.0)], None) is None
