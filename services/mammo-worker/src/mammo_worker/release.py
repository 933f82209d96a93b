"""Turns a training run into a measured model package with its results document."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.manifest import CalibrationSection, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.model_package import ModelPackage, open_package
from lobule_ml.batch import tracked
from lobule_ml.packages import half_precision, read_weights, write_description
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.state import saved_step
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.splits import split_of
from mammo_worker.evaluation.document import model_card
from mammo_worker.evaluation.metrics import FilmResult
from mammo_worker.evaluation.run import run_detector, working_score_at
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.inference import Detector
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant
from mammo_worker.package_evaluation import HELD_OUT, counts_of, evaluate_package, held_out_films, write_results
from mammo_worker.packages import (
    build_detector,
    load_detector,
    read_config,
    read_networks,
    read_variants,
    write_package,
)
from mammo_worker.suspicion.held_out import Fitted, fit
from mammo_worker.training.learned import learned_patients
from mammo_worker.training.plan import TrainingPlan

LICENCE = "Apache-2.0; trained on CC BY 3.0 and CC BY 4.0 data, see the attribution."
CBIS_DDSM = "CBIS-DDSM mass training films (seven tenths of the patients, by hash)"
TRAINED_ON = f"{CBIS_DDSM} and CDD-CESM low-energy images with a mass."
TRAINED_ON_CBIS_DDSM = f"{CBIS_DDSM}."
CALIBRATED_ON = "CBIS-DDSM's training films of the patients that the network has not learned from"
MEASURING = "measuring without each patient in turn, and on mini-MIAS"

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
) -> ModelManifest:
    """Calibrate and measure on the patients that are held out of the training, write package and documents.

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
        findings_of: Folder of such a package that finds the masses; the run's network then only gives the numbers of
            films.

    Raises:
        ValueError: The run has seen other patients than the public sets' training patients, the other package has
            another network or other patients, or both packages are given.
    """
    if fuse is not None and findings_of is not None:
        raise ValueError("give a package to fuse or a package that finds the masses, not both")
    trained_on = _trained_on(run, data)
    weights = [w.astype(np.float32) for w in half_precision(read_weights(run / AVERAGE_FILE))]
    config, variants = plan.network, plan.test_time_variants
    if fuse is not None:
        other = _of_same_patients(open_package(fuse), config)
        weights, variants = [*weights, *_arrays(other.networks)], (*variants, *_renumbered(other.variants, 1))
        trained_on = f"First network: {trained_on} Second network: {other.trained_on}"
    elif findings_of is not None:
        other = _of_same_patients(open_package(findings_of), config)
        finding = [v for v in other.variants if v.purpose == "findings"]
        kept = sorted({v.network for v in finding})  # another network for films is replaced
        finders = [replace(v, network=kept.index(v.network)) for v in finding]
        numbering = [replace(v, purpose="film") for v in _renumbered(variants, len(kept))]
        weights = [*_arrays(other.networks[n] for n in kept), *weights]
        config, variants = other.config, (*finders, *numbering)
        if trained_on != other.trained_on:
            trained_on = f"Findings: {other.trained_on} Numbers of films: {trained_on}"
    detector = build_detector(config, weights, variants)
    found, fitted = _calibrated(detector, data, fppi, echo)

    def write(metrics: list[dict[str, Any]], card: str) -> ModelManifest:
        return write_package(
            package,
            version=version,
            config=config,
            variants=variants,
            weights=weights,
            calibration=fitted.calibration,
            calibrated_on=CALIBRATED_ON,
            thresholds=fitted.thresholds,
            breasts=fitted.of_breasts() | HELD_OUT,
            trained_on=trained_on,
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
    """
    package = open_package(folder)
    detector = load_detector(package)
    found, fitted = _calibrated(detector, data, fppi, echo)
    before = package.manifest
    manifest = before.model_copy(
        update={
            "version": version,
            "input": NetworkInput.model_validate(
                {**before.input.values(), "preprocessing_version": PREPROCESSING_VERSION}
            ),
            "calibration": CalibrationSection.model_validate(
                {
                    **before.calibration.values(),
                    "description": f"Logistic regression on {CALIBRATED_ON}.",
                    **fitted.calibration.to_dict(),
                    **fitted.of_breasts(),
                    **HELD_OUT,
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


def _calibrated(detector: Detector, data: Path, fppi: float, echo: Echo) -> tuple[list[FilmResult], Fitted]:
    """What a detector says of the films that it has not learned from, and the calibration fitted on them."""
    echo("calibrating on the films that the network has not learned from")
    films = held_out_films(data)
    found = run_detector(detector, tracked(films, "films", len(films)))
    validation = [film for film in found if split_of(film.patient) == "validation"]
    return found, fit(found, working_score_at(validation, fppi))


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


@dataclass(frozen=True)
class _Other:
    """The networks of a package that has learned from the same patients."""

    config: MaskRCNNConfig
    networks: list[list[NDArray[Any]]]
    variants: list[TestTimeVariant]
    trained_on: str


def _of_same_patients(package: ModelPackage, config: MaskRCNNConfig) -> _Other:
    """Read the networks of a package to use beside a run's.

    Raises:
        ValueError: The package has another network or has learned from other patients.
    """
    name, theirs, trained_on = package.manifest.name, read_config(package), package.manifest.trained_on
    if _as_built(theirs) != _as_built(config):
        raise ValueError(f"the package {name} has another network and cannot be used with this run")
    if trained_on not in (TRAINED_ON, TRAINED_ON_CBIS_DDSM):
        raise ValueError(f"the package {name} has learned from other patients, so the untouched fifth would be none")
    return _Other(theirs, read_networks(package), read_variants(package.manifest), trained_on)


def _arrays(networks: Iterable[list[NDArray[Any]]]) -> list[NDArray[Any]]:
    """The arrays of networks, one network after another."""
    return [w.astype(np.float32) for network in networks for w in network]


def _as_built(config: MaskRCNNConfig) -> MaskRCNNConfig:
    """A configuration without what changes neither weights nor outputs: the canvas, and how masks were learned."""
    mask = None if config.mask is None else replace(config.mask, supervision="none")
    return replace(config, canvas=(64, 64), mask=mask)


def _renumbered(variants: Sequence[TestTimeVariant], first: int) -> list[TestTimeVariant]:
    """The variants with the networks numbered from `first` on."""
    return [replace(v, network=v.network + first) for v in variants]
