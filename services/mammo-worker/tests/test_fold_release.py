"""A package from the folds of a cross-validation: what each network has not learned from calibrates and measures it."""

import csv

import numpy as np
import pytest
from invented_findings import detections_of
from typer.testing import CliRunner

from lobule.model_package import open_package
from lobule_ml.packages import read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker import fold_release
from mammo_worker.cli import app
from mammo_worker.configs import toy
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.evaluation.metrics import triage_auc
from mammo_worker.fold_release import Origin, release_folds
from mammo_worker.training.learned import write_learned

pytestmark = pytest.mark.usefixtures("few_resamples")

PATIENTS = [f"P{i}" for i in range(60)]
PLAN = toy.plan().training


@pytest.fixture
def films():
    boxes, labels = np.zeros((0, 4)), np.zeros(0, int)
    return [AnnotatedFilm(f"{p}.png", p, lambda: None, boxes, labels, None) for p in PATIENTS]


@pytest.fixture
def runs(tmp_path, films, monkeypatch):
    """Finished runs of five folds and of everybody, each with weights of its own; `detections_of` looks at the
    films."""
    arrays = [np.linspace(-1, 1, 36).reshape(3, 3, 4), np.zeros(4)]  # no network is built from them
    for number, name in enumerate(["fold0", "fold1", "fold2", "fold3", "fold4", "all"]):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        np.savez(folder / AVERAGE_FILE, *[w + 0.25 * number for w in arrays])
        write_learned(folder, [f for f in films if name == "all" or fold_of(f.patient) != number])
    monkeypatch.setattr(fold_release, "tracked", lambda own, *_: own)
    monkeypatch.setattr(fold_release, "build_detector", lambda _config, weights, _variants: weights[0].mean())
    monkeypatch.setattr(fold_release, "run_detector", lambda detector, own: read_by(detector, own))
    return tmp_path / "runs"


READ = []


def read_by(detector, own):
    """What is said of films, each read noted with the mean weight of the network that reads it."""
    READ.append((detector, [film.patient for film in own]))
    return [detections_of(film) for film in own]


def released(runs, films, final="all"):
    origin = Origin("1.0.0", "by agreement", "own.csv")
    package = runs.parent / final
    said, found = release_folds(runs, PLAN, films, package, origin, fppi=0.5, final=final, echo=lambda _: None)
    return open_package(package), said, found


def test_each_film_is_read_by_the_network_that_has_not_learned_from_it(runs, films):
    package, manifest, found = released(runs, films)
    start = read_weights(runs / "fold0" / AVERAGE_FILE)[0].mean()
    for number, (mean, patients) in enumerate(READ[-5:]):
        assert mean == pytest.approx(start + 0.25 * number, abs=1e-3)
        assert {fold_of(patient) for patient in patients} == {number}
    assert sorted(film.patient for of_fold in found.values() for film in of_fold) == sorted(PATIENTS)
    assert manifest.trained_on == "60 films of 60 patients: own.csv."
    assert {metric["data"] for metric in manifest.metrics} == {"own.csv, 5 folds by patient, out of fold"}
    kept = read_weights(package.weights)[0]
    np.testing.assert_allclose(kept, read_weights(runs / "all" / AVERAGE_FILE)[0], atol=2e-3)


def test_figures_are_those_of_a_calibration_that_was_fitted_on_the_other_folds(runs, films, monkeypatch):
    fitted = []
    real = fold_release.calibrated

    def noted(of, fppi):
        fitted.append({film.patient for film in of})
        return real(of, fppi)

    monkeypatch.setattr(fold_release, "calibrated", noted)
    _, manifest, found = released(runs, films)
    everyone, *others = fitted
    assert everyone == set(PATIENTS)
    for number, known in enumerate(others):
        assert not known & {film.patient for film in found[number]}
    auc = next(m.value for m in manifest.metrics if m.title.startswith("triage AUC"))
    assert auc == pytest.approx(triage_auc([film for of_fold in found.values() for film in of_fold]), abs=1e-4)


def test_the_networks_of_the_folds_are_fused(runs, films):
    package, manifest, _ = released(runs, films, "ensemble")
    assert [view["network"] for view in manifest.input["views"]] == [0, 1, 2, 3, 4]
    assert len(read_weights(package.weights)) == 5 * len(read_weights(runs / "all" / AVERAGE_FILE))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda runs, _: (runs / "fold3" / AVERAGE_FILE).unlink(), "fold3 not finished"),
        (lambda runs, films: write_learned(runs / "fold1", films), "held out by no fold or by several"),
        (lambda runs, _: (runs / "all" / AVERAGE_FILE).unlink(), "all is not finished"),
        (lambda runs, films: write_learned(runs / "all", films[1:]), "learned from other patients"),
    ],
)
def test_what_does_not_fit_together_is_refused(runs, films, spoil, message):
    spoil(runs, films)
    with pytest.raises(ValueError, match=message):
        released(runs, films)
    assert not (runs.parent / "all").exists()


def test_the_command_writes_package_and_findings(runs, films, tmp_path, monkeypatch):
    monkeypatch.setattr("mammo_worker.data.training_set.own_films", lambda _: films)
    command = ["release-folds", str(runs), "--data", str(tmp_path / "own.csv"), "--package", str(tmp_path / "new")]
    command += ["--plan", "toy", "--licence", "by agreement", "--predictions", str(tmp_path / "found.csv")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert open_package(tmp_path / "new").manifest.licence == "by agreement"
    with (tmp_path / "found.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["fold"] for row in rows} == {"0", "1", "2", "3", "4"}
    assert all(0 < float(row["film_probability"]) < 1 for row in rows)
