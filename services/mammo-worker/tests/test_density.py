"""Density: features that do not depend on the batch, a model that learns an order, and readings by patient."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lobule.contracts.result import FilmDensity
from lobule.errors import AnalysisError
from lobule.model_package import open_package
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.density.document import results_document
from mammo_worker.density.evaluate import (
    compare,
    labelled,
    measure,
    out_of_fold,
    read_predictions,
    write_predictions,
)
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
from mammo_worker.films.looks import digital_look


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
    model = fit(features[None], true, [c.patient for c in cases])
    said = model.categories(model.expected(features))
    assert np.bincount(said, minlength=4) == pytest.approx([80] * 4, abs=25)
    assert np.corrcoef(said, true)[0, 1] > 0.8


def test_missing_category_is_told():
    with pytest.raises(ValueError, match="four"):
        fit(np.zeros((1, 3, 2)), np.array([0, 1, 2]), ["a", "b", "c"])


def test_two_views_improve_the_reading_and_no_patient_is_read_by_a_model_trained_on_them():
    cases, features, true = made_up()
    for fold in range(5):  # a feature that gives the truth away, but only on the patients of one fold
        leak = np.array([fold_of(c.patient) == fold for c in cases])
        films, _ = out_of_fold(cases, np.column_stack([np.zeros((len(true), 2)), true * leak])[None], true)
        assert np.ptp(films.expected[leak]) < 1e-6
    films, breasts = out_of_fold(cases, features[None], true)
    assert len(breasts.true) == 160
    by_film, by_breast = measure(films, "film"), measure(breasts, "breast")
    assert by_breast[0]["value"] > by_film[0]["value"] > 0.6
    assert "| yes |" in results_document(by_film + by_breast, breasts, "Not measured.")


def test_copies_are_fitted_on_and_films_as_they_are_are_predicted():
    cases, features, true = made_up()
    changed = features * np.array([0.2, 1.0, 1.0])  # only the second feature survives the change
    alone, both = (out_of_fold(cases, f, true)[0] for f in (features[None], np.stack([features, changed])))
    said = fit(np.stack([features, changed]), true, [c.patient for c in cases])
    shift = [np.ptp(said.expected(f)[:8] - said.expected(features)[:8]) for f in (features, changed)]
    assert shift[0] == 0 < shift[1]
    assert np.corrcoef(both.expected, true)[0, 1] == pytest.approx(np.corrcoef(alone.expected, true)[0, 1], abs=0.05)
    assert (both.expected != alone.expected).any()


def test_two_versions_are_compared_film_by_film(tmp_path):
    cases, features, true = made_up()
    good, _ = out_of_fold(cases, features[None], true)
    bad, _ = out_of_fold(cases, features[None] + np.random.default_rng(1).normal(0, 3, features.shape), true)
    cases = [replace(c, name=f"{c.name} {i}") for i, c in enumerate(cases)]
    write_predictions(cases, bad, tmp_path / "bad.csv")
    read = read_predictions(tmp_path / "bad.csv", cases)
    assert read.predicted.tolist() == bad.predicted.tolist()
    assert all(row["difference"] > 0 and row["interval_95"][0] > 0 for row in compare(good, read))
    assert {(row["difference"], *row["interval_95"]) for row in compare(read, read)} == {(0.0, 0.0, 0.0)}
    with pytest.raises(ValueError, match="other films"):
        read_predictions(tmp_path / "bad.csv", cases[1:])


def drawn_film():
    """A breast that becomes darker towards the skin, with a bright disc."""
    grey = np.zeros((120, 60), np.uint8)
    for radius, level in zip(range(50, 10, -2), range(40, 200, 8), strict=True):
        cv2.ellipse(grey, (0, 60), (radius, radius), 0, -90, 90, level, -1)
    cv2.circle(grey, (20, 60), 6, 250, -1)
    return grey


def test_a_digital_look_depends_on_its_seed_alone_and_keeps_the_breast_where_it_is():
    grey = drawn_film()
    first, second, other = (digital_look(grey, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    np.testing.assert_array_equal(first[..., 0] > 0, grey > 0)
    assert not digital_look(np.zeros_like(grey), np.random.default_rng(0)).any()


def test_digital_looks_are_darker_and_flatter_than_the_film():
    grey = drawn_film()
    rim, core = grey == 40, (grey > 150) & (grey < 250)
    looks = [digital_look(grey, np.random.default_rng(seed))[..., 0].astype(float) for seed in range(20)]
    steps = [look[core].mean() - look[rim].mean() for look in looks]
    assert np.mean(steps) < 0.8 * (grey[core].mean() - grey[rim].mean())
    assert np.std([np.median(look[grey > 0]) for look in looks]) > 10


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
    model = fit(np.tile(features, (5, 1))[None], np.tile(np.arange(4), 5), [str(i) for i in range(20)])
    write_package(tmp_path / "toy", version="0.1", network=net, model=model, metrics=[], card="# toy\n")
    reader = DensityReader(open_package(tmp_path / "toy"))
    for canvas, expected in zip(canvases, model.expected(features), strict=True):
        said = reader(canvas)
        assert said.expected == pytest.approx(expected, abs=0.02)
        assert said.category == reader.category(said.expected)
    assert installed_thresholds(tmp_path / "toy") == pytest.approx(model.thresholds, abs=1e-6)
    assert (installed_thresholds(tmp_path / "none"), installed_density(tmp_path / "none")) == (None, None)
    fewer = fit(np.tile(features[:, :5], (5, 1))[None], np.tile(np.arange(4), 5), [str(i) for i in range(20)])
    write_package(tmp_path / "fewer", version="0.1", network=net, model=fewer, metrics=[], card="# toy\n")
    with pytest.raises(AnalysisError) as refused:
        installed_density(tmp_path / "fewer")
    assert refused.value.code == "model_unavailable"
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
