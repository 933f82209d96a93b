"""Releases a model package from custom films, calibrated and measured on patients outside its training data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lobule.contracts.models import ModelManifest
from lobule.words import counted
from lobule_ml.batch import tracked
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.training_set import data_sets
from mammo_worker.evaluation.document import own_card
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector, with_probabilities, working_score_at
from mammo_worker.evaluation.summary import measure
from mammo_worker.inference import Detector
from mammo_worker.packages import build_detector, write_package
from mammo_worker.suspicion.held_out import Fitted, fit
from mammo_worker.training.folds import weights_of
from mammo_worker.training.learned import learned_patients
from mammo_worker.training.plan import TrainingPlan


def release_own(
    run: Path,
    plan: TrainingPlan,
    calibration: Sequence[Path],
    test: Sequence[Path],
    package: Path,
    *,
    version: str,
    licence: str,
    fppi: float,
    echo: Callable[[str], None],
) -> ModelManifest:
    """Calibrate, measure if there are test films, and write the package.

    Args:
        run: Folder of a finished training.
        plan: Plan of the training.
        calibration: Data sets for calibration and thresholds.
        test: Data sets for measurements; empty for a package without figures.
        package: Folder to write; its name is the package's.
        version: Version of the package.
        licence: Licence of the weights.
        fppi: False positives per calibration film at the working threshold.
        echo: Called with progress messages.

    Raises:
        ValueError: The training is not finished, a patient is in two of the three parts, or there are too few films for
            the calibration.
    """
    if not (run / AVERAGE_FILE).is_file():
        raise ValueError(f"{run} contains no {AVERAGE_FILE}, so its training is not finished")
    learned = learned_patients(run)
    to_calibrate, to_test = data_sets(calibration), data_sets(test)
    _apart({"training": set(learned), "calibration": _patients(to_calibrate), "test": _patients(to_test)})
    weights = weights_of(run)
    variants = plan.test_time_variants
    detector = build_detector(plan.network, weights, variants)
    echo(f"calibrating on {counted(len(to_calibrate), 'film')}")
    fitted = calibrated(_found(detector, to_calibrate), fppi)
    metrics: list[dict[str, Any]] = []
    if to_test:
        echo(f"measuring on {counted(len(to_test), 'film')}")
        results = with_probabilities(_found(detector, to_test), fitted.calibration, fitted.thresholds)
        metrics = measure(results, ", ".join(path.name for path in test))
    trained_on = f"{len(learned)} own films of {len(set(learned))} patients."
    calibrated_on = f"{len(to_calibrate)} own films of {len(_patients(to_calibrate))} other patients"

    def write(card: str) -> ModelManifest:
        return write_package(
            package,
            version=version,
            config=plan.network,
            variants=variants,
            weights=weights,
            calibration=fitted.calibration,
            calibrated_on=calibrated_on,
            thresholds=fitted.thresholds,
            breasts=fitted.of_breasts(),
            trained_on=trained_on,
            licence=licence,
            metrics=metrics,
            card=card,
        )

    return write(own_card(write("")))


def calibrated(films: Sequence[FilmResult], fppi: float) -> Fitted:
    """`held_out.fit`, with a message about the films that it needs.

    Raises:
        ValueError: There are too few films for the calibration.
    """
    try:
        return fit(films, working_score_at(films, fppi))
    except ValueError as error:
        raise ValueError(
            "calibration needs films with benign and with malignant masses, and findings of the network on and off "
            f"them; here: {error}"
        ) from None


def _found(detector: Detector, films: Sequence[AnnotatedFilm]) -> list[FilmResult]:
    return run_detector(detector, tracked(films, "films", len(films)))


def _patients(films: Sequence[AnnotatedFilm]) -> set[str]:
    return {film.patient for film in films}


def _apart(parts: dict[str, set[str]]) -> None:
    names = list(parts)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if shared := sorted(parts[one] & parts[other]):
                raise ValueError(
                    f"{len(shared)} patients of the {other} films are also in the {one}: {', '.join(shared[:5])}"
                )
