"""Releases a model package from a cross-validation: each fold's network is measured on its held-out patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from lobule.contracts.models import ModelManifest
from lobule.words import counted
from lobule_ml.batch import tracked
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.document import own_card
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector, with_probabilities
from mammo_worker.evaluation.summary import measure
from mammo_worker.nn.config import TestTimeVariant
from mammo_worker.own_release import calibrated
from mammo_worker.packages import build_detector, write_package
from mammo_worker.training.folds import finished_folds, held_out_by, weights_of
from mammo_worker.training.learned import learned_patients
from mammo_worker.training.plan import TrainingPlan

Final = Literal["all", "ensemble"]


@dataclass(frozen=True)
class Origin:
    """The description of a package's origin.

    Attributes:
        version: Version of the package.
        licence: Licence of the weights.
        data: Name of the data set.
    """

    version: str
    licence: str
    data: str


def release_folds(
    runs: Path,
    plan: TrainingPlan,
    films: Sequence[AnnotatedFilm],
    package: Path,
    origin: Origin,
    *,
    fppi: float,
    final: Final,
    echo: Callable[[str], None],
) -> tuple[ModelManifest, dict[int, list[FilmResult]]]:
    """Calibrate and measure out of fold, and write the package.

    Probabilities and thresholds are fitted on the findings of all folds. The reported figures use a calibration that
    was fitted on the other folds, so no film is measured with a calibration fitted on it.

    Args:
        runs: Folder with `fold0`, `fold1` and so on, and with `all` if that network goes into the package.
        plan: Plan of the trainings.
        films: Films of all folds.
        package: Folder to write; its name is the package's.
        origin: Description of the package's origin.
        fppi: False positives per film at the working threshold.
        final: Content of the package: the network of the run `all`, which was trained on all patients, or the networks
            of all folds, whose findings are fused. A fused score is a mean between the scores on which it was
            calibrated.
        echo: Called with progress messages.

    Returns:
        The manifest, and the films of each fold with their findings and probabilities.

    Raises:
        ValueError: A training is not finished, a film is held out by no fold or by several, the run `all` was trained
            on other patients, or there are too few films for the calibration.
    """
    folds = finished_folds(runs)
    held_out = held_out_by(folds, films)
    weights, variants = _final_network(runs, folds, plan, films, final)
    found: dict[int, list[FilmResult]] = {}
    for number, (run, own) in enumerate(zip(folds, held_out, strict=True)):
        echo(f"{run.name}: {counted(len(own), 'film')}")
        detector = build_detector(plan.network, weights_of(run), plan.test_time_variants)
        found[number] = run_detector(detector, tracked(own, "films", len(own)))
    fitted = calibrated([film for of_fold in found.values() for film in of_fold], fppi)
    measured = {n: _with_probabilities_of_others(found, n, fppi) for n in found}
    name = f"{origin.data}, {len(folds)} folds by patient, out of fold"
    metrics = measure([film for of_fold in measured.values() for film in of_fold], name)
    patients = len({film.patient for film in films})

    def write(card: str) -> ModelManifest:
        return write_package(
            package,
            version=origin.version,
            config=plan.network,
            variants=variants,
            weights=weights,
            calibration=fitted.calibration,
            calibrated_on=f"{len(films)} films of {patients} patients, out of fold",
            thresholds=fitted.thresholds,
            breasts=fitted.of_breasts(),
            trained_on=f"{len(films)} films of {patients} patients: {origin.data}.",
            licence=origin.licence,
            metrics=metrics,
            card=card,
        )

    return write(own_card(write(""))), measured


def _final_network(
    runs: Path, folds: Sequence[Path], plan: TrainingPlan, films: Sequence[AnnotatedFilm], final: Final
) -> tuple[list[NDArray[Any]], Sequence[TestTimeVariant]]:
    """The weights and variants of the package."""
    variants = plan.test_time_variants
    if final == "ensemble":
        weights = [array for run in folds for array in weights_of(run)]
        return weights, [replace(v, network=n) for n in range(len(folds)) for v in variants]
    run = runs / "all"
    if not (run / AVERAGE_FILE).is_file():
        raise ValueError(f"{run} is not finished; train it without --fold, or release with --final ensemble")
    if set(learned_patients(run)) != {film.patient for film in films}:
        raise ValueError(f"{run} learned from other patients than those of the folds")
    return weights_of(run), variants


def _with_probabilities_of_others(found: dict[int, list[FilmResult]], number: int, fppi: float) -> list[FilmResult]:
    """Add probabilities to the films of a fold, by a calibration that was fitted on the other folds."""
    others = [film for n, of_fold in found.items() if n != number for film in of_fold]
    fitted = calibrated(others, fppi)
    return with_probabilities(found[number], fitted.calibration, fitted.thresholds)
