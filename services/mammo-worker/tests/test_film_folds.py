"""A package whose network for films has learned from all patients: folds calibrate and measure its numbers."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from invented_findings import detections_of

from lobule.contracts.result import Thresholds
from lobule.model_package import open_package
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker import composition, release
from mammo_worker import package_evaluation as measurement
from mammo_worker.calibration import Calibration, Logistic
from mammo_worker.configs import toy
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of, split_of
from mammo_worker.evaluation.run import fit_calibration
from mammo_worker.nn import config as networks
from mammo_worker.package_evaluation import evaluate_package
from mammo_worker.packages import write_package
from mammo_worker.training.learned import write_learned
from mammo_worker.training.plan import Phase, TrainingPlan

pytestmark = pytest.mark.usefixtures("few_resamples")

PATIENTS = [f"P{i}" for i in range(60)]
NETWORK = toy.network((64, 64))
SHIFT = 0.05  # between what the networks of two folds say


def film(patient, view="CC"):
    malignant = int(patient[1:]) % 2 == 0
    return AnnotatedFilm(
        f"{patient}_{view}.png",
        patient,
        np.array([[0, 0, 10, 10]], np.float32),
        np.array([2 if malignant else 1], np.int32),
        malignant,
        lambda: None,
        attributes={"laterality": "L", "view": view},
    )


FILMS = [film(patient, view) for patient in PATIENTS for view in ("CC", "MLO")]
CESM = [replace(film("P0"), name="c.png", patient="C1")]


def read_by(number, films, refused=None):
    """What network `number` says of films: the more, the higher its number."""
    found = [replace(detections_of(f), laterality="L", view=f.attributes["view"]) for f in films]
    return [replace(f, features=f.features + SHIFT * number) for f in found]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of runs of all folds and of all patients, and of a package that finds masses; no network is built."""
    for module in (release, measurement):
        monkeypatch.setattr(module, "cbis_ddsm", lambda _: FILMS)
        monkeypatch.setattr(module, "run_detector", read_by)
        monkeypatch.setattr(module, "tracked", lambda films, *_: films)
    monkeypatch.setattr(release, "cdd_cesm", lambda _: CESM)
    monkeypatch.setattr(release, "build_detector", lambda _config, weights, _variants: round(float(weights[-1][0]), 2))
    monkeypatch.setattr(release, "load_detector", lambda _: 9)
    monkeypatch.setattr(measurement, "load_detector", lambda _: 9)
    for number, name in enumerate(["fold0", "fold1", "fold2", "fold3", "fold4", "all"]):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        np.savez(run / AVERAGE_FILE, np.full(3, 9 if name == "all" else number, np.float32))
        write_learned(run, [f for f in FILMS + CESM if name == "all" or fold_of(f.patient) != number])
    plain = Logistic((1.0,), 0.0)
    write_package(
        tmp_path / "finder",
        version="1.0.0",
        config=NETWORK,
        variants=[networks.TestTimeVariant((64, 64), False)],
        weights=[np.full(3, 7, np.float32)],
        calibration=Calibration(plain, plain, Logistic((1.0, 1.0), 0.0), 0.5),
        calibrated_on="nothing",
        thresholds=Thresholds(low=0.2, high=0.6, finding=0.3),
        trained_on=composition.TRAINED_ON,
        licence="l",
        metrics=[],
        card="# finder\n",
    )
    return tmp_path


def released(folder, **options):
    given = {"findings_of": folder / "finder", "folds": folder / "runs"} | options
    return release.release(
        folder / "runs" / "all",
        TrainingPlan(NETWORK, (Phase(1),)),
        folder,
        folder / "new",
        folder / "docs",
        version="2.0.0",
        fppi=0.5,
        echo=lambda _: None,
        **given,
    )


def by_their_folds():
    return [found for f in FILMS for found in read_by(fold_of(f.patient), [f])]


def test_films_are_calibrated_on_what_the_networks_of_their_folds_say(folder):
    manifest = released(folder)
    with (folder / "new" / "out_of_fold.csv").open() as stream:
        kept = {row["film"]: float(row["instance_logit"]) for row in csv.DictReader(stream)}
    assert kept == {f.name: pytest.approx(f.features[1], abs=1e-5) for f in by_their_folds()}
    stored = Calibration.from_dict(manifest.calibration.values())
    marks = [f for f in by_their_folds() if split_of(f.patient) != "train"]
    expected, thresholds = fit_calibration(by_their_folds(), stored.working_score, marks=marks)
    for part in ("film", "mass", "malignant"):
        assert getattr(stored, part).weights == pytest.approx(getattr(expected, part).weights, rel=1e-3)
    assert manifest.thresholds.low == pytest.approx(thresholds.low, abs=1e-3)
    assert manifest.trained_on == f"Findings: {composition.TRAINED_ON} Numbers of films: {composition.TRAINED_ON_ALL}"
    assert len(manifest.calibration.values()["scale"]["malignant"]) == len(PATIENTS)


def test_figures_are_those_of_the_folds(folder):
    manifest = released(folder)
    out = [m for m in manifest.metrics if "120 films out of fold" in m.values()["data"]]
    assert len(out) == 4
    tested = sum(split_of(patient) == "test" for patient in PATIENTS)
    document = (folder / "docs" / "mammography.md").read_text("utf-8")
    assert f"{2 * tested} films of {tested} patients" in document
    assert "five folds by patient" in document
    states = document.split("### Triage in three states")[1]
    malignant = next(line for line in states.splitlines() if line.startswith("| malignant"))
    assert sum(map(int, malignant.split("|")[2:5])) == 60, "the states of all films, not only of the fifth"
    assert "60 breasts of 60 patients" in (folder / "docs" / "breasts.md").read_text("utf-8")
    again = evaluate_package(open_package(folder / "new"), folder)
    assert manifest.with_metrics(again.metrics).metrics == manifest.metrics


def test_no_film_is_measured_by_a_calibration_that_knows_its_fold(folder, monkeypatch):
    manifest, known = released(folder), []
    real = measurement.cross_fitted.__globals__["fit"]

    def noted(films, working_score, *, marks):
        known.append(({f.patient for f in films}, {f.patient for f in marks}))
        return real(films, working_score, marks=marks)

    monkeypatch.setitem(measurement.cross_fitted.__globals__, "fit", noted)
    evaluate_package(open_package(folder / "new"), folder)
    left_out = [set(PATIENTS) - films for films, _ in known]
    assert [{fold_of(patient) for patient in patients} for patients in left_out] != []
    assert all(len({fold_of(patient) for patient in patients}) == 1 for patients in left_out)
    assert set.union(*left_out) == set(PATIENTS)
    assert all(not marks & out for (_, marks), out in zip(known, left_out, strict=True))
    assert manifest.calibration.values()["folds"] == 5


def test_a_package_is_calibrated_anew_from_the_features_that_it_keeps(folder, monkeypatch):
    before = released(folder)
    options = {"version": "2.0.1", "fppi": 0.5, "echo": lambda _: None}
    after = release.recalibrate(folder / "new", folder, folder / "docs", **options)
    assert after.calibration == before.calibration
    assert after.metrics == before.metrics
    monkeypatch.setattr(release, "PREPROCESSING_VERSION", "another")
    with pytest.raises(ValueError, match="train the folds' networks again"):
        release.recalibrate(folder / "new", folder, folder / "docs", **options)
    (folder / "new" / "out_of_fold.csv").unlink()
    with pytest.raises(ValueError, match="release the package again with --folds"):
        evaluate_package(open_package(folder / "new"), folder)


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (lambda _: None, {"findings_of": None}, "give the package that finds the masses"),
        (lambda runs: write_learned(runs / "all", FILMS[2:]), {}, "not learned from exactly the patients"),
        (lambda runs: (runs / "fold2" / AVERAGE_FILE).unlink(), {}, "fold2 not finished"),
        (lambda runs: write_learned(runs / "fold2", FILMS), {}, "held out by no fold"),
    ],
)
def test_what_does_not_fit_together_is_refused(folder, spoil, options, message):
    spoil(folder / "runs")
    with pytest.raises(ValueError, match=message):
        released(folder, **options)
    assert not (folder / "new").exists()


def test_features_of_other_films_are_refused(folder, monkeypatch):
    released(folder)
    monkeypatch.setattr(measurement, "cbis_ddsm", lambda _: [*FILMS, replace(FILMS[0], name="other.png")])
    with pytest.raises(ValueError, match=r"lacks 1 films, such as other\.png"):
        evaluate_package(open_package(folder / "new"), folder)
