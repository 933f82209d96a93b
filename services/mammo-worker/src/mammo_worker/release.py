"""Turns a training run into a measured model package with its results document."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lobule.contracts.manifest import CalibrationSection, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.model_package import ModelPackage, open_package
from lobule_ml.batch import tracked
from lobule_ml.packages import write_description
from lobule_ml.training.state import saved_step
from mammo_worker.composition import (
    TRAINED_ON,
    TRAINED_ON_ALL,
    TRAINED_ON_ALL_CBIS_DDSM,
    TRAINED_ON_CBIS_DDSM,
    composed,
)
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.splits import split_of
from mammo_worker.evaluation.document import model_card
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector, working_score_at
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.inference import Detector
from mammo_worker.out_of_fold import Features, out_of_fold, read_features, write_features
from mammo_worker.package_evaluation import HELD_OUT, counts_of, evaluate_package, held_out_films, write_results
from mammo_worker.packages import build_detector, load_detector, write_package
from mammo_worker.suspicion.held_out import Fitted, fit
from mammo_worker.training.folds import finished_folds, held_out_by, weights_of
from mammo_worker.training.learned import learned_patients
from mammo_worker.training.plan import TrainingPlan

LICENCE = "Apache-2.0; trained on CC BY 3.0 and CC BY 4.0 data, see the attribution."
CALIBRATED_ON = "CBIS-DDSM's training films of the patients that the network has not learned from"
CALIBRATED_ON_FOLDS = (
    "all CBIS-DDSM training films, each read by the network of a fold that has not learned from its patient; for "
    "findings, on the films of the patients that their network has not learned from"
)
MEASURING = "measuring without each patient or fold in turn, and on mini-MIAS"

Echo = Callable[[str], None]


def release(
    run: Path,
    plan: TrainingPlan,
    data: Path,
    package: Path,
    docs: Path,
    *,
    version: str,
    fppi: float,
    echo: Echo,
    fuse: Path | None = None,
    findings_of: Path | None = None,
    folds: Path | None = None,
) -> ModelManifest:
    """Calibrate and measure on patients that are held out of the training, write package and documents.

    Args:
        run: Folder of a finished training.
        plan: Plan of the training.
        data: Folder of the data sets.
        package: Folder of the package to write.
        docs: Folder of the results documents.
        version: Version of the package.
        fppi: False positives per validation film at the working threshold.
        echo: Called with a message at each stage.
        fuse: Folder of a package of the same network and training patients, whose findings are fused with the run's.
        findings_of: Folder of a package of the same network and the training patients that finds the masses; the run's
            network then only gives the numbers of films.
        folds: Folder with the runs of a cross-validation by the same plan, which calibrate and measure the numbers of
            films, so that the run may learn from all patients; only with `findings_of`.

    Raises:
        ValueError: The run has seen other patients than it may, the other package has another network or other
            patients, or the options do not fit together.
    """
    if fuse is not None and findings_of is not None:
        raise ValueError("give a package to fuse or a package that finds the masses, not both")
    if folds is not None and findings_of is None:
        raise ValueError(
            "folds measure the numbers of films; give the package that finds the masses, too (--findings-of)"
        )
    trained_on = _trained_on(run, data) if folds is None else _trained_on_all(run, data)
    networks = composed(weights_of(run), plan, trained_on, fuse=fuse, findings_of=findings_of)
    held_out, features = HELD_OUT, None
    if folds is not None:
        runs = finished_folds(folds)
        echo("reading every film by the network of its fold")
        write_features(package, _read_by_folds(runs, plan, data))
        held_out, features = {**HELD_OUT, "folds": len(runs)}, read_features(package)
    detector = build_detector(networks.config, networks.weights, networks.variants)
    found, fitted = _calibrated(detector, data, fppi, echo, features)

    def write(metrics: list[dict[str, Any]], card: str) -> ModelManifest:
        return write_package(
            package,
            version=version,
            config=networks.config,
            variants=networks.variants,
            weights=networks.weights,
            calibration=fitted.calibration,
            calibrated_on=CALIBRATED_ON if folds is None else CALIBRATED_ON_FOLDS,
            thresholds=fitted.thresholds,
            breasts=fitted.of_breasts() | held_out,
            trained_on=networks.trained_on,
            licence=LICENCE,
            metrics=metrics,
            card=card,
        )

    manifest = write([], "# not yet measured\n")
    echo(MEASURING)
    measured = evaluate_package(ModelPackage(package, manifest, ""), data, detector, found=found)
    manifest = manifest.with_metrics(measured.metrics)
    counts = f"{counts_of(measured.films)}; {saved_step(run)} training steps."
    manifest = write(measured.metrics, model_card(manifest, counts))
    write_results(manifest, measured, docs)
    return manifest


def _read_by_folds(folds: Sequence[Path], plan: TrainingPlan, data: Path) -> list[FilmResult]:
    """The results of each fold's network for the films of its held-out patients."""
    read: list[FilmResult] = []
    for run, films in zip(folds, held_out_by(folds, cbis_ddsm(data / "cbis_ddsm_mass")), strict=True):
        detector = build_detector(plan.network, weights_of(run), plan.test_time_variants)
        read += run_detector(detector, tracked(films, f"films of {run.name}", len(films)))
    return read


def recalibrate(folder: Path, data: Path, docs: Path, *, version: str, fppi: float, echo: Echo) -> ModelManifest:
    """Calibrate films and breasts of a package again, such as after a change of the films' preparation.

    The weights do not change.

    Args:
        folder: Folder of the package, which is changed.
        data: Folder of the data sets.
        docs: Folder of the results documents.
        version: New version of the package.
        fppi: False positives per validation film at the working threshold.
        echo: Called with progress messages.

    Raises:
        ValueError: The package is calibrated on folds, which have read films of another preparation.
    """
    package = open_package(folder)
    before = package.manifest
    section = before.calibration.values()
    if "folds" in section and before.input.values().get("preprocessing_version") != PREPROCESSING_VERSION:
        raise ValueError(
            "the numbers of films were calibrated on folds that read films of another preparation; train the folds' "
            "networks again, and release the package with --folds"
        )
    detector = load_detector(package)
    features = read_features(folder) if "folds" in section else None
    found, fitted = _calibrated(detector, data, fppi, echo, features)
    calibrated_on = CALIBRATED_ON if features is None else CALIBRATED_ON_FOLDS
    manifest = before.model_copy(
        update={
            "version": version,
            "input": NetworkInput.model_validate(
                {**before.input.values(), "preprocessing_version": PREPROCESSING_VERSION}
            ),
            "calibration": CalibrationSection.model_validate(
                {
                    **HELD_OUT,
                    **section,
                    "description": f"Logistic regression on {calibrated_on}.",
                    **fitted.calibration.to_dict(),
                    **fitted.of_breasts(),
                }
            ),
            "thresholds": fitted.thresholds,
        }
    )
    echo(MEASURING)
    measured = evaluate_package(replace(package, manifest=manifest), data, detector, found=found)
    manifest = manifest.with_metrics(measured.metrics)
    counts = f"{counts_of(measured.films)}; the weights are those of {before.version}, calibrated anew."
    write_description(folder, manifest, model_card(manifest, counts))
    write_results(manifest, measured, docs)
    return manifest


def _calibrated(
    detector: Detector, data: Path, fppi: float, echo: Echo, features: Features | None
) -> tuple[list[FilmResult], Fitted]:
    """A detector's results for the films that its findings' network has not learned from, and the calibration.

    Films and breasts are calibrated on these films, or, with features, on all films by their features out of fold.
    """
    echo("calibrating on the films that the network has not learned from")
    films = held_out_films(data)
    found = run_detector(detector, tracked(films, "films", len(films)))
    working_score = working_score_at([film for film in found if split_of(film.patient) == "validation"], fppi)
    if features is None:
        return found, fit(found, working_score)
    described = out_of_fold(cbis_ddsm(data / "cbis_ddsm_mass"), features, found)
    return found, fit(described, working_score, marks=found)


def _trained_on(run: Path, data: Path) -> str:
    """The training data of a run, in words.

    Raises:
        ValueError: The run has learned from other patients, or does not tell from which.
    """
    learned = set(learned_patients(run))
    of_cbis = {c.patient for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == "train"}
    of_cesm = {c.patient for c in cdd_cesm(data / "cdd_cesm")}
    others = sorted(learned - of_cbis - of_cesm)
    if others:
        raise ValueError(
            f"{run} has learned from patients that are no training patients of CBIS-DDSM or CDD-CESM: {others[0]}"
        )
    return TRAINED_ON if learned & of_cesm else TRAINED_ON_CBIS_DDSM


def _trained_on_all(run: Path, data: Path) -> str:
    """The training data, in words, of a run that has learned from all patients.

    Raises:
        ValueError: The run has learned from fewer patients or others, or does not tell from which.
    """
    learned = set(learned_patients(run))
    of_cbis = {film.patient for film in cbis_ddsm(data / "cbis_ddsm_mass")}
    of_cesm = {film.patient for film in cdd_cesm(data / "cdd_cesm")}
    if learned not in (of_cbis, of_cbis | of_cesm):
        raise ValueError(f"{run} has not learned from exactly the patients of the folds; train it without --fold")
    return TRAINED_ON_ALL if learned & of_cesm else TRAINED_ON_ALL_CBIS_DDSM
